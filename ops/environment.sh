# shellcheck shell=bash
# Virtual environments for deploy_lego.sh and tests/run.sh; sourced, not run. Needs $root and bash's `set -e`.
#
# An environment is built aside, in .venvs/<fingerprint of its requirements and interpreter>, and only when
# it is whole does the link (.venv) point to it. So an interrupted or failed installation changes nothing,
# an app that runs keeps its packages, and unchanged requirements cost nothing.

: "${root:?the repository folder}"

# Prints the interpreter to use: $PYTHON, or the first on the PATH that is new enough. Where that is of an
# activated environment, it is the one the environment was made from: ours may be the one that is active.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import os, sys; print(os.path.realpath(sys._base_executable))'
            return
        fi
    done
    return 1
}

# Installs Debian packages, as root or through sudo without a question; otherwise says what to install.
install_packages() {
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        sudo=(sudo -n)
    fi
    if ! command -v apt-get >/dev/null || ! "${sudo[@]}" true 2>/dev/null; then
        echo "These packages are missing. Install them and try again: sudo apt-get install $*" >&2
        return 2
    fi
    # A source that does not answer is given up within seconds; what other sources have is installed all the same.
    local quick=(-q -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10
        -o DPkg::Lock::Timeout=300)
    "${sudo[@]}" apt-get update "${quick[@]}" >&2 || true
    if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${quick[@]}" "$@" >&2; then
        echo "apt-get could not install $*. If it reaches no package source, name a mirror in /etc/apt/sources.list, or bring" \
            "the .deb files here and install them with: apt-get install ./*.deb; then try again" >&2
        return 2
    fi
}

# install_with_pip PYTHON ARGUMENTS…: installs requirements from the index that pip is configured with, from a folder of
# wheels, or both. pip would try an index that it cannot reach again and again for every package, and then say that there
# is no such version: so it is asked first, once, for a package that every installation needs. One that cannot be reached
# is known in seconds; to hear the answer of one that can, a busy machine may need a minute.
install_with_pip() {
    local python=$1 pip chosen from=() lacks='' words
    shift
    pip=("$python" -m pip --disable-pip-version-check --no-input)
    chosen=$("${pip[@]}" config list)
    if ! grep -q "[.]no-index='\?\(1\|[Tt]rue\|[Yy]es\|[Oo]n\)" <<<"$chosen" &&
        ! words=$(PIP_FIND_LINKS='' timeout 90 "${pip[@]}" index versions --retries 0 --timeout 5 Flask 2>&1); then
        if ! grep -q "[.]find-links='[^']" <<<"$chosen"; then
            echo "$words" >&2
            echo "the package index cannot be reached: PIP_INDEX_URL names a mirror; or bring the packages in a folder, as README.md" \
                "says under \"Without a network\", and set PIP_NO_INDEX=1 PIP_FIND_LINKS=/that/folder" >&2
            return 2
        fi
        # There is a folder of wheels: it has what is needed, or pip says what it lacks.
        from=(--no-index) lacks='the package index cannot be reached, and '
    fi
    if ! "${pip[@]}" install --no-deps --quiet "${from[@]}" "$@"; then
        echo "${lacks}pip could not install the packages (see above); README.md says under \"Without a network\" how to bring them" \
            "in a folder of wheels" >&2
        return 2
    fi
}

# make_environment LINK REQUIREMENTS...: makes $root/LINK an environment with exactly these packages.
make_environment() {
    local link=$root/$1 python version key built requirement requirements arguments=()
    shift
    requirements=("${@/#/$root/}")
    if ! python=$(find_python); then
        install_packages python3 python3-venv
        python=$(find_python) || { echo "Python 3.11 or newer is needed; PYTHON=/path/to/python3 names one" >&2; return 2; }
    fi
    version=$("$python" -c 'import platform; print(platform.python_version())')
    # The folder is part of the key: an environment that was moved does not work.
    key=$({ echo "$root $python $version"; cat "${requirements[@]}"; } | sha256sum | cut -c1-16)
    built=$root/.venvs/$key
    if [ ! -e "$built/complete" ]; then
        "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages "python${version%.*}-venv"
        rm -rf "$built"
        "$python" -m venv "$built"
        for requirement in "${requirements[@]}"; do
            arguments+=(--requirement "$requirement")
        done
        install_with_pip "$built/bin/python" "${arguments[@]}"
        "$built/bin/python" -m pip check --disable-pip-version-check >&2
        "$built/bin/python" -m pip list --disable-pip-version-check --format freeze | wc -l >"$built/complete"
    fi
    if [ -d "$link" ] && [ ! -L "$link" ]; then
        mv -T "$link" "$link.replaced-$(date +%s)"
    fi
    ln -s ".venvs/$key" "$link.new.$$"
    mv -fT "$link.new.$$" "$link"
    echo "Python $version, $(cat "$built/complete") packages"
}

# Removes environments that no link points to: .venv, .venv-tests, or that of a copy of the code that is served.
remove_old_environments() {
    local built used
    used=$(readlink -f "$root/.venv" "$root/.venv-tests" "$root"/.releases/*/.venv || true)
    for built in "$root"/.venvs/*/; do
        grep -qxF -- "${built%/}" <<<"$used" || rm -rf "$built"
    done
}

# fetch_spider: unpacks MariaDB's Spider engine of the installed server's version into $root/.spider, unless the server
# has it. Installing Debian's package would also install, and start, a service.
fetch_spider() {
    local version folder=$root/.spider
    if compgen -G "/usr/lib*/m*/plugin/ha_spider.so" >/dev/null; then
        return
    fi
    version=$(dpkg-query --show --showformat '${Version}' mariadb-server-core 2>/dev/null) ||
        { echo "MariaDB's Spider engine is missing (Debian: mariadb-plugin-spider)" >&2; return 2; }
    if [ -e "$folder/ha_spider.so" ] && [ "$(cat "$folder/version")" = "$version" ]; then
        return
    fi
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    (
        cd "$folder.new" || exit
        if ! apt-get download -q "mariadb-plugin-spider=$version" >&2; then
            if [ "$(id -u)" = 0 ]; then apt-get update -q >&2; else sudo -n apt-get update -q >&2; fi
            apt-get download -q "mariadb-plugin-spider=$version" >&2
        fi
        dpkg --extract ./*.deb package
        cp package/usr/lib/mysql/plugin/ha_spider.so .
        rm -rf package ./*.deb
        echo "$version" >version
    )
    rm -rf "$folder"
    mv -T "$folder.new" "$folder"
}
