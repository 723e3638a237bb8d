#!/usr/bin/env bash
# Serves the app while people read, files come in and refreshes run, for half an hour, and writes what its processes held
# meanwhile: tests/soak.sh [--minutes 30] [--engine embedded|mysql]…
#
# Writes docs/soak-<engine>.md with a chart beside it; without --engine of both engines, one after the other. Exit 1 where
# a page answered 5xx, or where memory, threads, open files, temporary files or the instance folder still grew after
# the first ten minutes (a third of the time, if that is shorter). Needs .venv-tests, which tests/run.sh makes.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
case ${1:-} in
    --help | -h) sed -n '2,/^set/{/^#/s/^# \?//p}' "${BASH_SOURCE[0]}" && exit 0 ;;
esac
PATH=$PATH:/usr/sbin:/sbin
cd "$root"
exec "$root/.venv-tests/bin/python" -m tests.soak "$@" </dev/null
