#!/usr/bin/env bash
# Measures imports, refreshes and pages beside what they are compared with, and writes docs/BENCHMARKS.md:
#   benchmarks/run.sh [--facts 68e6] [--shape 24|1]… [--engine embedded|mysql|columnar]… [--part PART]… [--report FILE]
#
# With 24 facts a group of product, marketplace, month and metric, and a tenth as many facts with one a group. PARTS:
#   usual      on MariaDB: summaries as they are made by hand, and a live join, three times each
#   refreshes  nothing to do, all months, one month after an import of 100,000 facts, the bare aggregation
#   pages      not cached and cached, of a large and a small installation in turns
#   kept       kept pages against a view that returns a constant, and fifty readers at once
#   imports    facts and lines into empty installations, beside a bare load of the same
#   paint      only if named: the dashboard in Chromium
#   workbook   only if named: a workbook of 200,000 rows
# columnar, facts on MariaDB and summaries in files, is measured only if named. What it needs is installed, as for
# tests/run.sh, and ApacheBench. Servers are its own, in a temporary folder.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
cd "$root"
PATH=$PATH:/usr/sbin:/sbin
module=benchmarks.run
case ${1:-} in
    --help | -h) sed -n '2,/^set/{/^#/s/^# \?//p}' "${BASH_SOURCE[0]}" && exit 0 ;;
    cluster) module=benchmarks.cluster && shift ;;
esac

# shellcheck source=ops/environment.sh
source "$root/ops/environment.sh"
# shellcheck source=tests/environment.sh
source "$root/tests/environment.sh"

unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
command -v ab >/dev/null || more_packages+=(apache2-utils) # ApacheBench, without the server
install_what_is_missing
exec "$root/.venv-tests/bin/python" -m "$module" "$@" </dev/null
