#!/usr/bin/env bash
# Measures imports, refreshes and pages on both engines and writes docs/BENCHMARKS.md:
#   benchmarks/run.sh [--facts 68e6] [--engine embedded|mysql] [--runs 5] [--report FILE]
# It needs what the tests need; tests/run.sh --collect-only installs that. Servers are its own, in a temporary folder.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
cd "$root"
PATH=$PATH:/usr/sbin:/sbin
python=${LEGO_BENCHMARK_PYTHON:-$root/.venv-tests/bin/python}
[ -x "$python" ] || { echo "benchmarks/run.sh: no environment; run tests/run.sh --collect-only first" >&2; exit 2; }
exec "$python" -m benchmarks.run "$@"
