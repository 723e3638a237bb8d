#!/usr/bin/env bash
# Installs what the tests need and runs them all: tests/run.sh [pytest arguments]
#
# Python packages go into .venv-tests. MariaDB's server, Chromium with a font, and Redis come from apt-get where they are
# missing (as root, or by sudo where it asks nothing); where that is not possible, this says what to
# install and exits 2. The packages hold programs only: no service is started and none is touched. MariaDB's
# Spider engine is unpacked into .spider for the same reason.
# Four processes share the tests, each with a database server of its own, for they wait a good part of their time;
# `--numprocesses 0` makes it one.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=ops/environment.sh
source "$root/ops/environment.sh"

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

unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE PYTEST_ADDOPTS
cd "$root"
mapfile -t packages < <(missing_packages)
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
exec "$root/.venv-tests/bin/python" -m pytest --numprocesses 4 "$@" </dev/null
