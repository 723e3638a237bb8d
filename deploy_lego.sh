#!/usr/bin/env bash
# Brings LEGO Dashboard up, or up to date: ./deploy_lego.sh --help
# shellcheck disable=SC2317,SC2329 # Functions given to `step` are called, which ShellCheck does not see.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
python=$root/.venv/bin/python
modules=$root                  # where they are taken from: the repository, later the copy that is served
served=$root/.releases/current # the copy that the next start or reload serves
busy_for=900 # seconds to wait for an import, a refresh or another deployment to end

# shellcheck source=ops/environment.sh
source "$root/ops/environment.sh"
# shellcheck source=ops/chosen.sh
source "$root/ops/chosen.sh"
# shellcheck source=ops/steps.sh
source "$root/ops/steps.sh"

usage() {
    cat <<'TEXT'
Usage: ./deploy_lego.sh [start] [--no-demo] [--foreground] [--web-config FILE]
       ./deploy_lego.sh stop | status | logs [--follow]

start (default)  makes or updates the virtual environment .venv, the schema and the summaries, then starts
                 the dashboard in the background; if it runs already, reloads it without dropping a request.
                 What is served is a copy of the code: until the next start, a git pull changes nothing for it
  --no-demo      does not load demo data into an empty embedded database
  --foreground   stays and serves, for containers and systemd
  --web-config FILE   serves with the settings in FILE, such as a database user with fewer rights;
                 instance folder and address must be the same in both files. Kept for later starts,
                 until another FILE is given, or the word none
stop             lets the last requests finish and ends the dashboard
status           says whether the dashboard runs and is ready (exit 0) or not (exit 1)
logs             shows the end of the log; --follow goes on showing it

Settings are in config.local.ini (else config.ini) and in variables such as LEGO_WEB_PORT; PYTHON names
another interpreter.
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
                [ "${2:-}" = none ] || [ -f "${2:-}" ] ||
                    die 2 "--web-config needs the path of a file, or the word none: ${2:-nothing is given}"
                web_config=none
                [ "$2" = none ] || web_config=$(realpath -- "$2")
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
    keep_settings_apart
    step settings ask settings
    read_settings "$work/output"
    if [ -n "$running" ] && [ -n "$foreground" ]; then
        die 2 "the dashboard runs already (process $running); ./deploy_lego.sh stop ends it"
    fi
    choose_web_config
    [ -n "$running" ] || step port ask free-port
    step code ask release
    use_code "$(sed -n 2p "$work/output")"
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
        step 'web config' check_web_config
    fi
    step trial ask trial
    # Only now: what cannot be served never becomes current.
    ask switch >/dev/null
    keep_web_config
    [ -n "$foreground" ] || serve_in_background
    echo
    echo "$address   $([ -n "$foreground" ] && echo starts || echo serves) after $(seconds_since "$began") s"
    [[ $missing != *" facts "* ]] || echo "There are no facts yet: .venv/bin/flask import FILE --refresh imports yours."
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
            remove_what_is_old
            return
        fi
        is_in_background ||
            die 2 "the running app cannot be reloaded ($reason); restart it as it was started: systemctl restart lego"
        step "stop" stop_running "$reason"
    fi
    step 'start' start_app
    remove_what_is_old
}

remove_what_is_old() {
    ask clear >/dev/null
    remove_old_environments
}

# Whether what runs was started by this script without --foreground: it writes to the log in the instance folder.
is_in_background() {
    [ "$(readlink "/proc/$running/fd/1")" = "$(realpath -- "$log_file")" ]
}

create_schema() {
    run_flask init-db | tail -n 1
}

start_app() {
    local pid
    rm -f "$pid_file"
    (umask 077 && : >>"$log_file")
    # By the link: a reload then follows it, to other code and its environment. And from a folder that stays.
    cd "$root"
    # Its own session, so that closing the terminal does not end it; without our lock, which it would keep.
    setsid "$served/.venv/bin/python" -m gunicorn --config "$served/gunicorn.conf.py" --pid "$pid_file" \
        >>"$log_file" 2>&1 </dev/null 9<&- &
    pid=$!
    cd "$modules"
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
    exec "$served/.venv/bin/python" -m gunicorn --config "$served/gunicorn.conf.py" --pid "$pid_file"
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
    if ask served-as "$running" >"$work/served"; then
        # The files of the embedded engine know no users of their own.
        [ "$engine" = embedded ] || sed -i 'N; s/\n/, and in the database as /' "$work/served"
        head -n 1 "$work/served"
    fi
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
    unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE GUNICORN_CMD_ARGS FLASK_DEBUG FLASK_ENV_FILE FLASK_SKIP_DOTENV
    unset PIP_USER PIP_TARGET PIP_PREFIX
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
    # What runs is asked in its own words: the repository may be ahead of it.
    [ ! -x "$served/.venv/bin/python" ] || use_code "$served"
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

# use_code FOLDER: from here on modules and packages are those of that copy of the code.
use_code() {
    modules=$1
    python=$modules/.venv/bin/python
    cd "$modules"
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

main "$@"
exit
