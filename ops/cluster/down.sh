#!/usr/bin/env bash
# Stops what ops/cluster/up.sh started: ops/cluster/down.sh [FOLDER]. Facts stay; up.sh starts it all again.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd -P)
folder=$(cd "${1:-$root/instance/cluster}" && pwd -P)

for place in "$folder"/head "$folder"/node*; do
    [ -s "$place/pid" ] || continue
    pid=$(cat "$place/pid")
    # The number may be another process's by now.
    grep -qz -- "--datadir=$place/data" "/proc/$pid/cmdline" 2>/dev/null || continue
    kill "$pid"
    while [ -e "/proc/$pid" ]; do
        sleep 0.1
    done
    echo "stopped ${place##*/}"
done
