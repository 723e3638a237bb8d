#!/usr/bin/env bash
# Upgrades from older commits, each in a clone of its own, and writes docs/upgrades-run.md: tests/upgrades.sh [COMMIT…]
#
# Each is deployed as it was, with demo data, a file imported, people and, where it knew how, a backup; then today's
# commit takes its place by ./deploy_lego.sh. Every sum by month and metric must be what it was, before and after a full
# refresh, the people must be there, and the backup must be restorable with the same sums.
# Without arguments: the first commit that could be deployed, and four between it and today's. Packages come from where
# pip takes them; two minutes and 500 MB each, in a temporary folder. Needs .venv-tests, which tests/run.sh makes.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
case ${1:-} in
    --help | -h) sed -n '2,/^set/{/^#/s/^# \?//p}' "${BASH_SOURCE[0]}" && exit 0 ;;
esac
cd "$root"
exec "$root/.venv-tests/bin/python" -m tests.upgrades "$@" </dev/null
