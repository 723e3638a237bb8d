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

# shellcheck source=tests/environment.sh
source "$root/tests/environment.sh"

unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE PYTEST_ADDOPTS
cd "$root"
install_what_is_missing
exec "$root/.venv-tests/bin/python" -m pytest --numprocesses 4 "$@" </dev/null
