#!/usr/bin/env bash
# Measures an import and a full refresh with one plain server, and with a head and 1, 2 and 3 data nodes, and writes
# docs/CLUSTER-BENCHMARK.md:
#   benchmarks/cluster.sh [--facts 10e6] [--nodes 3] [--runs 3] [--report FILE]
# What it needs is installed, as for benchmarks/run.sh. Servers are its own, in a temporary folder.
set -euo pipefail
exec "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/run.sh" cluster "$@"
