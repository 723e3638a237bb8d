#!/usr/bin/env bash
# Runs tests/faults, tests/properties and tests/cluster in full and writes docs/reliability-run.md, then the tests of every
# engine on a cluster, with summaries in columns, and both, then 10,000 random files to import and twenty times as many odd
# addresses and forms: tests/long.sh [pytest arguments]
#
# Takes an hour and a half or more of both cores. LONG_SEED makes the sequences of an earlier run again.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
cd "$root"
LONG_COUNTS=$(mktemp -d)
trap 'rm -rf -- "$LONG_COUNTS"' EXIT
export LONG_COUNTS
export LONG_SEED=${LONG_SEED:-$RANDOM$RANDOM}
export LONG_ORDERS=20 LONG_FIGURES=1000 LONG_PUBLICATIONS=100 LONG_SEQUENCES=1000 LONG_FREEZE=30 LONG_LUNCH=60 LONG_KILLS=20
began=$SECONDS
status=0
tests/run.sh tests/faults tests/properties tests/cluster tests/database/lines --junit-xml "$LONG_COUNTS/tests.xml" "$@" || status=$?
"${LONG_PYTHON:-$root/.venv-tests/bin/python}" -m tests.long_report "$LONG_COUNTS" "$((SECONDS - began))"
env -u LONG_COUNTS -u LONG_PUBLICATIONS LONG_SPIDER=1 tests/run.sh -k spider tests/commands tests/database tests/jobs tests/ops \
    tests/properties tests/web "$@" || status=$?
TEST_ENGINES=spider-columnar tests/run.sh -k spider-columnar tests/commands tests/database/summaries tests/properties "$@" || status=$?
TEST_ENGINES=columnar tests/run.sh -k columnar tests/commands tests/database tests/faults tests/jobs tests/properties tests/web \
    "$@" || status=$?
LONG_FILES=10000 tests/run.sh tests/database/imports/test_any_file.py "$@" || status=$?
LONG_FUZZ=20 tests/run.sh tests/security/test_fuzz.py tests/security/test_fuzz_forms.py "$@" || status=$?
exit "$status"
