#!/usr/bin/env bash
# Starts a head and data nodes on this machine, for trying a cluster out: ops/cluster/up.sh [NODES] [FOLDER]
#
# Three nodes in instance/cluster unless told otherwise, on 127.0.0.1, ports from $PORT (13310) on. Their config.ini is in
# that folder; ops/cluster/down.sh stops them. Run again, it starts those that are down and changes nothing else.
# MariaDB's server comes from apt-get where it is missing; no service is started. Not for figures that matter: all
# servers share this machine, and their settings are small.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd -P)
PATH=$PATH:/usr/sbin:/sbin
count=${1:-3}
folder=${2:-$root/instance/cluster}
first=${PORT:-13310}

# shellcheck source=ops/environment.sh
source "$root/ops/environment.sh"

if ! [[ $count =~ ^[1-9]$ && $first =~ ^[1-9][0-9]{3,4}$ ]]; then
    echo "usage: ops/cluster/up.sh [NODES, 1 to 9] [FOLDER]; PORT is the head's" >&2
    exit 2
fi
if ! command -v mariadbd >/dev/null || ! command -v mariadb-install-db >/dev/null || ! command -v mariadb >/dev/null; then
    install_packages mariadb-server-core mariadb-client </dev/null
fi
fetch_spider
mkdir -p "$folder"
if [ -s "$folder/port" ]; then
    first=$(cat "$folder/port")
fi
echo "$first" >"$folder/port"
folder=$(cd "$folder" && pwd -P)
if [ ! -s "$folder/password" ]; then
    (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$folder/password")
fi
password=$(cat "$folder/password")
# A fresh server lets anybody of this machine in as root.
(
    umask 077
    cat >"$folder/init.sql" <<END
DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND Host <> 'localhost' OR User = '';
FLUSH PRIVILEGES;
ALTER USER root@localhost IDENTIFIED BY '$password';
END
)
as_root=()
[ "$(id -u)" != 0 ] || as_root=(--user=root)

# is_up SERVER: whether the process that its pid file names is that server.
is_up() {
    [ -s "$folder/$1/pid" ] && grep -qz -- "--datadir=$folder/$1/data" "/proc/$(cat "$folder/$1/pid")/cmdline" 2>/dev/null
}

# ask SERVER STATEMENTS: as the server's root, through its socket.
ask() {
    MYSQL_PWD=$password mariadb --no-defaults --socket="$folder/$1/socket" --user=root --batch --skip-column-names --execute="$2"
}

# start SERVER PORT OPTIONS...: makes its folder if it has none, starts it and waits until it answers.
start() {
    local name=$1 port=$2 place=$folder/$1 process
    shift 2
    if is_up "$name"; then
        return
    fi
    mkdir -p "$place"
    if [ ! -e "$place/made" ]; then
        rm -rf "$place/data"
        mariadb-install-db --no-defaults --datadir="$place/data" --auth-root-authentication-method=normal \
            --skip-test-db "${as_root[@]}" >"$place/install.log" 2>&1 || {
            echo "the tables of $name were not made; see $place/install.log, which ends:" >&2
            tail -n 5 "$place/install.log" >&2
            return 1
        }
        touch "$place/made"
    fi
    setsid mariadbd --no-defaults --datadir="$place/data" --socket="$place/socket" --pid-file="$place/pid" \
        --log-error="$place/error.log" --bind-address=127.0.0.1 --port="$port" --local-infile=1 \
        --innodb-buffer-pool-size="${MEMORY:-256M}" --innodb-flush-log-at-trx-commit=2 --character-set-server=utf8mb4 \
        --init-file="$folder/init.sql" \
        "${as_root[@]}" "$@" </dev/null >/dev/null 2>&1 &
    process=$!
    # As long as it lives: a machine with other work, or a large log to go through, takes its time.
    until ask "$name" "SELECT 1" >/dev/null 2>&1; do
        if ! kill -0 "$process" 2>/dev/null; then
            echo "$name ended before it answered on port $port, which another program may use (choose PORT);" \
                "see $place/error.log, which ends:" >&2
            tail -n 5 "$place/error.log" >&2
            return 1
        fi
        sleep 0.1
    done
}

spider=(--plugin-load-add=ha_spider)
[ ! -e "$root/.spider/ha_spider.so" ] || spider+=("--plugin-dir=$root/.spider")
servers=(head)
nodes=()
for number in $(seq "$count"); do
    servers+=("node$number")
    nodes+=("127.0.0.1:$((first + number))")
done
for number in "${!servers[@]}"; do
    options=()
    [ "$number" != 0 ] || options=("${spider[@]}")
    start "${servers[$number]}" $((first + number)) "${options[@]}"
    ask "${servers[$number]}" "CREATE DATABASE IF NOT EXISTS lego CHARACTER SET utf8mb4;
        CREATE USER IF NOT EXISTS lego@'127.0.0.1' IDENTIFIED BY '$password';
        CREATE USER IF NOT EXISTS lego@localhost IDENTIFIED BY '$password';
        GRANT ALL ON lego.* TO lego@'127.0.0.1'; GRANT ALL ON lego.* TO lego@localhost;"
done
ask head "GRANT FEDERATED ADMIN, RELOAD ON *.* TO lego@'127.0.0.1'; GRANT FEDERATED ADMIN, RELOAD ON *.* TO lego@localhost;
    GRANT SELECT ON mysql.servers TO lego@'127.0.0.1'; GRANT SELECT ON mysql.servers TO lego@localhost;"

listed=$(IFS=, && echo "${nodes[*]}")
(
    umask 077
    cat >"$folder/config.ini.new" <<END
[database]
engine = mysql
host = 127.0.0.1
port = $first
user = lego
password = $password
database = lego
path = $folder/app

[cluster]
nodes = $listed
END
)
mv "$folder/config.ini.new" "$folder/config.ini"
echo "A head on port $first and $count data nodes are up. Use them with:"
echo "export LEGO_CONFIG=$folder/config.ini"
