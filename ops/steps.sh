# shellcheck shell=bash
# How deploy_lego.sh tells what it does; sourced, not run. Needs $work, $busy_for, and $running with find_running.
# shellcheck disable=SC2154

: "${busy_for:?seconds to wait for a lock}"

# step NAME COMMAND…: runs the command, says how long it took and its first line; ends the script if it fails.
# A command that finds an import or a refresh at work (exit 3) is tried again for a while.
step() {
    local name=$1 began=$EPOCHREALTIME code waiting=''
    shift
    [ ! -t 1 ] || printf '  … %s' "$name"
    while true; do
        set +e
        (
            set -e
            "$@"
        ) >"$work/output" 2>"$work/errors" </dev/null
        code=$?
        set -e
        if [ "$code" != 3 ] || [ "${EPOCHREALTIME%[.,]*}" -gt $((${began%[.,]*} + busy_for)) ]; then
            break
        fi
        [ -n "$waiting" ] || clear_line "  … $name waits: $(tail -n 1 "$work/errors")"$'\n'
        waiting=yes
        sleep 1
    done
    if [ "$code" != 0 ]; then
        clear_line ''
        fail "$name" "$code"
    fi
    tell_warnings
    clear_line "$(printf '  %s %-10s %6s s  %s' "$(tick)" "$name" "$(seconds_since "$began")" "$(head -n 1 "$work/output" | cut -c1-120)")"$'\n'
}

# What the settings warn of, once: every command repeats it.
tell_warnings() {
    local warning
    touch "$work/warned"
    grep '^warning: ' "$work/errors" | while read -r warning; do
        if ! grep -qxF -- "$warning" "$work/warned"; then
            clear_line "  $warning"$'\n' >&2
            echo "$warning" >>"$work/warned"
        fi
    done || true
}

fail() {
    cat "$work/output" "$work/errors" | grep -v '^[[:space:]]*$' | tail -n 20 >"$work/end" || true
    echo "deploy_lego.sh: step '$1' failed (exit $2): $(tail -n 1 "$work/end")" >&2
    sed '$d; s/^/    /' "$work/end" >&2
    if [ -n "$running" ] && [ "$running" = "$(find_running)" ]; then
        echo "The dashboard that was running still is (process $running)." >&2
    fi
    exit "$2"
}

die() {
    echo "deploy_lego.sh: $2" >&2
    exit "$1"
}

clear_line() {
    [ ! -t 1 ] || printf '\r\033[K'
    printf '%s' "$1"
}

tick() {
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
        *[Uu][Tt][Ff]*) echo ✓ ;;
        *) echo ok ;;
    esac
}

# The radix character of EPOCHREALTIME is the locale's.
seconds_since() {
    local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
    echo "$((tenths / 10)).$((tenths % 10))"
}
