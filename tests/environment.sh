# shellcheck shell=bash
# What tests and benchmarks need, for tests/run.sh and benchmarks/run.sh; sourced after ops/environment.sh, not run.

: "${root:?the repository folder}"
# Whoever needs more than tests do adds the names of Debian packages here.
more_packages=()

# Prints the Debian packages that hold what is not installed.
missing_packages() {
    command -v git >/dev/null || echo git
    command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null || echo mariadb-server-core
    command -v mariadb >/dev/null && command -v mariadb-dump >/dev/null || echo mariadb-client
    command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null ||
        command -v chromium-browser >/dev/null || echo chromium-headless-shell
    # Without letters of its own a page is laid out anyhow, but not as anybody sees it.
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name 'DejaVuSans.ttf' -print -quit 2>/dev/null)" ] ||
        echo fonts-dejavu-core
    command -v redis-check-rdb >/dev/null || echo redis-tools # the server's program, without its service
}

# Installs what all tests need, and the packages in the array more_packages.
install_what_is_missing() {
    local packages
    mapfile -t packages < <(missing_packages)
    packages+=("${more_packages[@]}")
    if [ ${#packages[@]} -gt 0 ]; then
        install_packages "${packages[@]}" </dev/null
    fi
    (
        flock 9
        fetch_spider
    ) </dev/null 9<"$root/ops"
    (
        flock 9
        make_environment .venv-tests requirements.txt requirements-dev.txt
    ) </dev/null 9<"$root/tests"
}
