#!/usr/bin/env bash
# Measures an import and a full refresh with one plain server, and with a head and 1, 2 and 3 data nodes, and writes
# docs/CLUSTER-BENCHMARK.md:
#   benchmarks/cluster.sh [--facts 10e6] [--nodes 3] [--runs 3] [--report FILE]
# It needs what the tests need; tests/run.sh --collect-only installs that. Servers are its own, in a temporary folder.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
cd "$root"
PATH=$PATH:/usr/sbin:/sbin
python=${LEGO_BENCHMARK_PYTHON:-$root/.venv-tests/bin/python}
[ -x "$python" ] || { echo "benchmarks/cluster.sh: no environment; run tests/run.sh --collect-only first" >&2; exit 2; }
exec "$python" -m benchmarks.cluster "$@"
