#!/usr/bin/env bash
# Brings LEGO Dashboard up, or up to date: ./deploy_lego.sh --help
# shellcheck disable=SC2317,SC2329 # Functions given to `step` are called, which ShellCheck does not see.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
python=$root/.venv/bin/python
busy_for=900 # seconds to wait for an import, a refresh or another deployment to end

# shellcheck source=ops/environment.sh
source "$root/ops/environment.sh"

usage() {
    cat <<'TEXT'
Usage: ./deploy_lego.sh [start] [--no-demo] [--foreground] [--web-config FILE]
       ./deploy_lego.sh stop | status | logs [--follow]

start (default)  makes or updates the virtual environment .venv, the schema and the summaries, then starts
                 the dashboard in the background; if it runs already, reloads it without dropping a request
  --no-demo      does not load demo data into an empty embedded database
  --foreground   stays and serves, for containers and systemd
  --web-config FILE   serves with the settings in FILE, such as a database user with fewer rights;
                 instance folder and address must be the same in both files
stop             lets the last requests finish and ends the dashboard
status           says whether the dashboard runs and is ready (exit 0) or not (exit 1)
logs             shows the end of the log; --follow goes on showing it

Settings are in config.ini and in variables such as LEGO_WEB_PORT; PYTHON names another interpreter.
Exit codes are those of the flask commands; README.md lists them.
TEXT
}

main() {
    local command=start foreground='' demo=yes follow='' web_config='' words
    words=$(printf '%q ' "$0" "$@")
    while [ $# -gt 0 ]; do
        case $1 in
            start | stop | status | logs) command=$1 ;;
            --foreground) foreground=yes ;;
            --no-demo) demo='' ;;
            --web-config)
                [ -f "${2:-}" ] || die 2 "--web-config needs the path of a file: ${2:-none given}"
                web_config=$(realpath -- "$2")
                shift
                ;;
            --follow | -f) follow=yes ;;
            --help | -h | help) usage && exit 0 ;;
            *) echo "deploy_lego.sh: $1 is not understood; ./deploy_lego.sh --help lists what is" >&2 && exit 2 ;;
        esac
        shift
    done
    prepare_environment_variables
    refuse_strangers "${words% }"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    case $command in
        start)
            take_lock
            bring_up
            ;;
        stop)
            take_lock
            load_settings
            stop_app
            ;;
        status)
            load_settings
            show_status
            ;;
        logs)
            load_settings
            show_logs
            ;;
    esac
}

# --- start -----------------------------------------------------------------------------------------

bring_up() {
    local began=$EPOCHREALTIME missing
    running=''
    echo "LEGO Dashboard in $root"
    # Known before anything is changed, so that a failure can say whether the app still serves.
    if ask settings >"$work/settings" 2>/dev/null; then
        read_settings "$work/settings"
    fi
    step packages make_environment .venv requirements.txt
    step settings ask settings
    read_settings "$work/output"
    if [ -n "$running" ] && [ -n "$foreground" ]; then
        die 2 "the dashboard runs already (process $running); ./deploy_lego.sh stop ends it"
    fi
    [ -n "$running" ] || step port ask free-port
    step schema create_schema
    step contents ask missing
    missing=" $(tail -n 1 "$work/output") "
    if [[ $missing == *" facts "* && $engine == embedded && -n $demo ]]; then
        step 'demo data' run_flask demo-data
        missing=${missing/ facts / }
    fi
    [[ $missing == *" facts "* ]] || step summaries run_flask refresh-summaries
    if [[ $missing == *" users "* ]]; then
        step admin run_flask create-user admin --role admin
        sed -n '2,$s/^/  /p' "$work/output" >"$work/password"
    fi
    if [ -n "$web_config" ]; then
        # What a page starts as a command may write; the web's own user may not.
        export LEGO_COMMANDS_CONFIG=${LEGO_CONFIG:-$root/config.ini} LEGO_CONFIG=$web_config
    fi
    step trial ask trial
    [ -n "$foreground" ] || serve_in_background
    echo
    echo "$address   $([ -n "$foreground" ] && echo starts || echo serves) after $(seconds_since "$began") s"
    [[ $missing != *" facts "* ]] || echo "There are no facts yet: .venv/bin/flask import FILE --refresh takes yours in."
    if [ -e "$work/password" ]; then
        echo "Sign in as admin."
        cat "$work/password"
    fi
    if [ -n "$foreground" ]; then
        serve_in_foreground
    fi
}

serve_in_background() {
    local reason=''
    if [ -n "$running" ]; then
        reason=$(ask restart-reason "$running" 2>/dev/null) || reason='the running app cannot be looked at'
        if [ -z "$reason" ]; then
            step reload ask reload "$running"
            remove_old_environments
            return
        fi
        step "stop" stop_running "$reason"
    fi
    step 'start' start_app
    remove_old_environments
}

create_schema() {
    run_flask init-db | tail -n 1
}

start_app() {
    local pid
    rm -f "$pid_file"
    (umask 077 && : >>"$log_file")
    # Its own session, so that closing the terminal does not end it; without our lock, which it would keep.
    setsid "$python" -m gunicorn --config "$root/gunicorn.conf.py" --pid "$pid_file" \
        >>"$log_file" 2>&1 </dev/null 9<&- &
    pid=$!
    if ! ask wait "$pid"; then
        kill "$pid" 2>/dev/null || true
        tail -n 15 "$log_file" >&2
        return 1
    fi
}

serve_in_foreground() {
    rm -rf "$work"
    rm -f "$pid_file"
    exec 9<&-
    cd "$root"
    exec "$python" -m gunicorn --config "$root/gunicorn.conf.py" --pid "$pid_file"
}

# --- stop, status, logs ----------------------------------------------------------------------------

stop_app() {
    if [ -z "$running" ]; then
        echo "LEGO Dashboard is not running."
        return
    fi
    step 'stop' stop_running ''
}

# stop_running WHY: ends the app after its last answers.
stop_running() {
    local waited
    kill -TERM "$running"
    for ((waited = 0; waited < 450; waited++)); do
        if [ -z "$(find_running)" ]; then
            rm -f "$pid_file"
            echo "process $running has ended${1:+, a reload does not do: $1}"
            return
        fi
        sleep 0.1
    done
    echo "process $running does not end; if it has to: kill -KILL $running" >&2
    return 1
}

show_status() {
    if [ -z "$running" ]; then
        echo "LEGO Dashboard is not running."
        exit 1
    fi
    echo "LEGO Dashboard is running: process $running, since $(date -d "@$(stat -c %Y "/proc/$running")" '+%F %T')"
    ask ready 2>&1 || exit 1
}

show_logs() {
    if [ ! -e "$log_file" ]; then
        echo "There is no log yet: $log_file is written by an app in the background." >&2
        exit 1
    fi
    if [ -n "$follow" ]; then
        rm -rf "$work"
        exec tail -n 50 -F "$log_file"
    fi
    tail -n 100 "$log_file"
}

# --- what all of them use --------------------------------------------------------------------------

# Nothing that the caller's shell has set for other Python programs may change what ours do.
prepare_environment_variables() {
    unset PYTHONPATH PYTHONHOME GUNICORN_CMD_ARGS FLASK_DEBUG FLASK_ENV_FILE FLASK_SKIP_DOTENV PIP_USER PIP_TARGET PIP_PREFIX
    export FLASK_APP=flask_app:create_app PYTHONUNBUFFERED=1
    if [ -n "${LEGO_CONFIG:-}" ]; then
        LEGO_CONFIG=$(realpath -m -- "$LEGO_CONFIG")
    fi
    # Commands look for .flaskenv and the modules in the current folder.
    cd "$root"
}

# refuse_strangers WORDS: ends the script if the instance folder is somebody else's. The first thing that is asked, of a
# Python that leaves no compiled files behind; where there is none, nothing was ever deployed.
refuse_strangers() {
    local interpreter
    interpreter=$(find_python) || return 0
    LEGO_CALLED_AS=$1 "$interpreter" -B -m ops.owner || exit
}

# Holds a lock on the repository's folder until this script ends.
take_lock() {
    exec 9<"$root"
    if ! flock -n 9; then
        echo "Another deploy_lego.sh is at work here; waiting for it."
        flock -w "$busy_for" 9 || die 3 "the other deploy_lego.sh has not ended after $busy_for s"
    fi
}

load_settings() {
    [ -x "$python" ] || die 2 "nothing is installed here yet; ./deploy_lego.sh does it"
    ask settings >"$work/settings" || exit
    read_settings "$work/settings"
}

# read_settings FILE: takes over what `ask settings` wrote there.
read_settings() {
    { read -r && read -r engine && read -r instance && read -r address; } <"$1"
    pid_file=$instance/gunicorn.pid
    log_file=$instance/gunicorn.log
    running=$(find_running)
}

ask() {
    "$python" -m ops.deployment "$@"
}

run_flask() {
    "$python" -m flask "$@"
}

# Prints the process id of our gunicorn. A pid file that outlived its process may name a stranger,
# but no stranger was started with the path of our pid file.
find_running() {
    local pid
    if pid=$(cat "$pid_file" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] &&
        tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$pid_file"; then
        echo "$pid"
    fi
}

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
    clear_line "$(printf '  %s %-10s %6s s  %s' "$(tick)" "$name" "$(seconds_since "$began")" "$(head -n 1 "$work/output" | cut -c1-120)")"$'\n'
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

main "$@"
exit
