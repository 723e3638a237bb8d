#!/usr/bin/env bash
# What tests/bare.sh plays within a bare Debian: LEGO_WEB_PORT=PORT inside.sh PART. Ends at the first thing that is not as it should be.
set -euo pipefail
origin=/bare/origin
facts=/bare/facts.csv
lego=/root/lego # where the dashboard of this part is

# told WORDS: a line of the report.
told() {
    echo "told $*" | tee -a /bare/told
}

stop() {
    echo "$*" >&2
    exit 1
}

# must_fail CODE WORDS COMMAND…: the command ends with that code, and says the words.
must_fail() {
    local code=0 wanted=$1 words=$2 said
    shift 2
    said=$("$@" 2>&1) || code=$?
    echo "$said"
    [ "$code" = "$wanted" ] || stop "$* ended with $code, not $wanted"
    grep -qF -- "$words" <<<"$said" || stop "$* did not say: $words"
}

install_packages() {
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# deploy [ARGUMENTS…]: as whoever runs this part; what it printed is kept in /bare/deployed.
deploy() {
    "${as[@]}" "$lego/deploy_lego.sh" "$@" 2>&1 | tee /bare/deployed
}

# Pages are asked for every 100 ms, signed in, until `asked` is called; the first sign-in needs the password of /bare/deployed.
ask() {
    password=$(sed -n 's/.*Password, shown only now: //p; s/^ *Password: *//p' /bare/deployed | head -n 1)
    python3 /bare/asking.py "${password:-$known_password}" /bare/answers &
    asking=$!
    known_password=${password:-$known_password}
    until [ -s /bare/answers ]; do
        kill -0 "$asking" || stop "no page could be asked for"
        sleep 0.1
    done
}

# end_asking WORDS: ends the asking, and tells how it went.
end_asking() {
    kill -TERM "$asking"
    wait "$asking" || true
    answers=$(cat /bare/answers)
    rm -f /bare/answers
    told "$1: $answers"
}

# asked WORDS: the same; any other answer than 200, 302 or 304 is a fault.
asked() {
    local answers
    end_asking "$1"
    ! grep -q 'no answer\|[45][0-9][0-9] ' <<<"$answers" || stop "$1: $answers"
}

known_password=''
as=()

write_facts() {
    printf '%s\n' 'asin,brand,category,marketplace,metric,month,value' \
        'B000000001,Bricks,Toys,US,Net revenue,2024-01,100.00' 'B000000001,Bricks,Toys,US,Net revenue,2024-02,120.50' \
        'B000000001,Bricks,Toys,US,CM3,2024-01,20.00' 'B000000001,Bricks,Toys,US,CM3,2024-02,24.10' >"$facts"
}

clone() {
    "${as[@]}" git clone -q "$origin" "$lego"
}

serves_after() {
    sed -n 's/.*serves after \(.*\) s$/\1/p' /bare/deployed
}

deploy_import_deploy() {
    deploy
    told "the first deployment serves after $(serves_after) s"
    ask
    (cd "$lego" && "${as[@]}" .venv/bin/flask import "$facts" --refresh)
    deploy
    asked "an import, a refresh and another deployment"
    (cd "$lego" && "${as[@]}" .venv/bin/flask doctor --quiet) || stop "the doctor found something serious"
    "${as[@]}" "$lego/deploy_lego.sh" status
    "${as[@]}" "$lego/deploy_lego.sh" stop
}

play_root() {
    clone
    deploy_import_deploy
}

play_user() {
    useradd --create-home lego
    lego=/home/lego/lego
    as=(runuser -u lego -- env HOME=/home/lego)
    cd /home/lego
    clone
    must_fail 2 'sudo apt-get install python3 python3-venv' "${as[@]}" "$lego/deploy_lego.sh"
    told "what is missing is named: python3 python3-venv"
    install_packages python3 python3-venv
    deploy_import_deploy
    # With sudo where it is installed, else with runuser.
    must_fail 2 ' -u lego ' "$lego/deploy_lego.sh"
    (cd "$lego" && must_fail 2 ' -u lego ' .venv/bin/flask import "$facts")
    told "root is refused by the script and by a command, with what to run instead"
}

# upgrade FROM: as README.md says it, with pages asked for and time between the two commands.
upgrade() {
    clone
    cd "$lego"
    git checkout -q -B main "$1"
    git branch -q --set-upstream-to origin/main
    install_packages python3 python3-venv
    deploy
    told "from $(git log -1 --format='%h of %ad' --date=short), which serves after $(serves_after) s"
    ask
    had_releases=$([ -e .releases ] && echo yes || true)
    git pull -q
    sleep 3
    deploy
    if [ -z "$had_releases" ]; then
        # It served the files that the pull has changed under it, which nobody can mend any more.
        end_asking "git pull && ./deploy_lego.sh, with 3 s between, from a version that served the working tree"
        ask
        .venv/bin/flask refresh-summaries --full
        deploy
        asked "a full refresh and another deployment"
    else
        sleep 2
        asked "git pull && ./deploy_lego.sh, with 3 s between"
    fi
    ./deploy_lego.sh status
    ./deploy_lego.sh stop
}

# The script is older than the commands that it calls.
play_first() {
    upgrade "$(git -C "$origin" log --reverse --diff-filter=A --format=%H main -- commands/demo_data.py | head -n 1)"
}

play_last() {
    upgrade "$(git -C "$origin" rev-parse main~1)"
}

play_mariadb() {
    local sql=/bare/readme.sql port=$((LEGO_WEB_PORT + 1))
    install_packages mariadb-server-core mariadb-client python3 python3-venv
    clone
    mkdir -m 700 /bare/data
    mariadb-install-db --no-defaults --datadir=/bare/data --user=root --auth-root-authentication-method=normal --skip-test-db
    mariadbd --no-defaults --datadir=/bare/data --user=root --bind-address=127.0.0.1 --port="$port" --socket=/bare/socket \
        --local-infile=1 --innodb-log-file-size=96M &
    until mariadb-admin --socket=/bare/socket ping >/dev/null 2>&1; do sleep 0.2; done
    told "$(mariadb --socket=/bare/socket --skip-column-names --execute 'SELECT CONCAT("MariaDB ", VERSION())')"
    # The blocks of README.md under MariaDB, up to that about clusters.
    # shellcheck disable=SC2016 # Three of them begin and end a block.
    sed -n '/^## MariaDB/,/^### A cluster/p' "$lego/README.md" | sed -n '/^```sql/,/^```/{/^```/!p}' >"$sql"
    grep '^CREATE\|^GRANT ALL' "$sql" | mariadb --socket=/bare/socket
    for user in lego lego_web; do
        printf '[database]\nhost = 127.0.0.1\nport = %s\nuser = %s\npassword = %s\ndatabase = lego\n' "$port" "$user" \
            "$(sed -n "s/^CREATE USER $user@.* BY '\(.*\)';/\1/p" "$sql")" >"/bare/$user.ini"
        chmod 600 "/bare/$user.ini"
    done
    cp -p /bare/lego.ini "$lego/config.local.ini"
    # Both files mean the same dashboard.
    printf 'path = %s/instance\n' "$lego" | tee -a "$lego/config.local.ini" >>/bare/lego_web.ini
    deploy
    told "the first deployment serves after $(serves_after) s"
    grep -v '^CREATE\|^GRANT ALL' "$sql" | mariadb --socket=/bare/socket
    ask
    (cd "$lego" && .venv/bin/flask import "$facts" --refresh)
    asked "an import and a refresh"
    # Another user of the database is another environment of the process: once, it stops and starts.
    deploy --web-config /bare/lego_web.ini
    told "the pages are served by the GRANTs of the web"
    ask
    (cd "$lego" && .venv/bin/flask refresh-summaries --full)
    deploy
    asked "a full refresh and another deployment"
    "$lego/deploy_lego.sh" status | tee /bare/status
    grep -q 'lego_web' /bare/status || stop "the pages are not served as lego_web"
    (cd "$lego" && .venv/bin/flask doctor --quiet) || stop "the doctor found something serious"
    "$lego/deploy_lego.sh" stop
}

play_offline() {
    local began
    install_packages python3 python3-venv python3-pip
    clone
    (cd "$lego" && python3 -m pip download -q --dest /bare/wheels --requirement requirements.txt)
    began=$SECONDS
    without_network must_fail 2 'the package index cannot be reached' "$lego/deploy_lego.sh"
    told "without wheels it is refused after $((SECONDS - began)) s"
    without_network offline_deployment
}

offline_deployment() {
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=/bare/wheels
    deploy_import_deploy
}

# without_network FUNCTION ARGUMENTS…: in a network of its own, in which there is this machine only.
without_network() {
    unshare --net bash -c 'ip link set lo up 2>/dev/null || python3 /bare/loopback.py; /bare/inside.sh within "$@"' bash "$@"
}

play_tests() {
    local began=$SECONDS code=0
    clone
    cd "$lego"
    install_packages python3 python3-venv git
    tests/run.sh || code=$?
    told "tests/run.sh took $(((SECONDS - began) / 60)) minutes and ended with $code"
    return "$code"
}

if [ "$1" = within ]; then
    shift
    "$@"
    exit
fi
write_facts
"play_$1"
