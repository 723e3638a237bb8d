#!/usr/bin/env bash
# Plays on bare Debians what a machine that nobody prepared goes through, and writes docs/bare-run.md:
# tests/bare.sh [--debian 12|13]… [PART…]
#
# PARTS   root      as root: deployed, a file imported, deployed again while pages are asked for
#         user      as a user of its own: what is missing is named, then the same; root is refused
#         first     upgraded from the first commit that could be deployed, while pages are asked for
#         last      upgraded from the commit before the last, likewise
#         mariadb   on Debian's MariaDB with the users and GRANTs of README.md
#         offline   without a network: refused within seconds, then from a folder of wheels
#         tests     tests/run.sh, a quarter of an hour on two quiet cores
# Without any, all of them on both. What is not played again keeps its lines in the report: results are kept in
# $BARE_FOLDER (default /var/tmp/lego-bare), 2 GB with both Debians. Parts may run side by side.
#
# As root, with debootstrap. Each part has a copy of the bare system and processes of its own, which end with it;
# packages come from where this machine's apt and pip take them.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
folder=${BARE_FOLDER:-/var/tmp/lego-bare}
declare -A names=([12]=bookworm [13]=trixie)
all_parts=(root user first last mariadb offline tests)

die() {
    echo "tests/bare.sh: $1" >&2
    exit 2
}

main() {
    local debians=() parts=() debian part failed=0
    while [ $# -gt 0 ]; do
        case $1 in
            --debian)
                [ -n "${names[${2:-none}]:-}" ] || die "--debian is 12 or 13"
                debians+=("$2")
                shift
                ;;
            --help | -h) sed -n '2,/^set/{/^#/s/^# \?//p}' "${BASH_SOURCE[0]}" && exit 0 ;;
            *)
                [[ " ${all_parts[*]} " == *" $1 "* ]] || die "there is no part $1; there are ${all_parts[*]}"
                parts+=("$1")
                ;;
        esac
        shift
    done
    [ "$(id -u)" = 0 ] || die "only root can make and enter another system"
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
    [ ${#debians[@]} -gt 0 ] || debians=(12 13)
    [ ${#parts[@]} -gt 0 ] || parts=("${all_parts[@]}")
    mkdir -p "$folder/results"
    for debian in "${debians[@]}"; do
        alone make_bare "$debian"
        for part in "${parts[@]}"; do
            play "$debian" "$part" || failed=1
        done
    done
    python3 "$root/tests/bare/report.py" "$folder/results" "$root/docs/bare-run.md"
    return "$failed"
}

# alone COMMAND…: while no other run of this script does what must be done once.
alone() {
    (
        flock 9
        "$@"
    ) 9>"$folder/lock"
}

# copy_repository TO: what is committed here, as `origin` of clones: its branch main is this commit.
copy_repository() {
    git clone --quiet --bare --no-hardlinks "$root" "$1"
    git -C "$1" update-ref refs/heads/main "$(git -C "$root" rev-parse HEAD)"
    git -C "$1" symbolic-ref HEAD refs/heads/main
}

# shellcheck disable=SC2329 # Called by `alone`.
# make_bare DEBIAN: its smallest system, with what `git clone` needs and nothing else.
make_bare() {
    local debian=$1 made=$folder/debian-$1 mirror
    [ ! -e "$made.complete" ] || return 0
    # shellcheck disable=SC2016 # apt-get fills it in.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    [ -n "$mirror" ] || die "apt is configured with no mirror of Debian"
    echo "Debian $debian is made"
    rm -rf "$made"
    debootstrap --variant=minbase --include=ca-certificates,git "${names[$debian]}" "$made" "$mirror" >"$made.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$made.log"); see $made.log"
    cp /etc/resolv.conf /etc/hosts "$made/etc/"
    # What stands between this machine and a mirror may have a certificate of its own.
    cp /etc/ssl/certs/ca-certificates.crt "$made/etc/ssl/certs/"
    {
        echo '[global]'
        python3 -m pip config list |
            sed -n "s/^\(global\|:env:\)\.\(index-url\|cert\|timeout\|default-timeout\|proxy\)='\(.*\)'$/\2 = \3/p" | sort -u
    } >"$made/etc/pip.conf"
    # The repository to clone is root's, the user who clones it is not.
    printf '[safe]\n\tdirectory = *\n' >"$made/etc/gitconfig"
    touch "$made.complete"
}

# play DEBIAN PART: what it found goes to results/DEBIAN-PART, all that was printed beside it.
play() {
    local debian=$1 part=$2 began=$SECONDS outcome=well
    local result=$folder/results/$debian-$part system=$folder/system-$debian-$part
    echo "Debian $debian, $part"
    rm -rf "$system"
    cp -a "$folder/debian-$debian" "$system"
    mkdir "$system/bare"
    cp -a "$root"/tests/bare/* "$system/bare/"
    copy_repository "$system/bare/origin"
    echo "load $(cut -d ' ' -f 1 /proc/loadavg)" >"$result.new"
    # shellcheck disable=SC2016 # The inner shell fills it in.
    unshare --mount --pid --fork --kill-child bash -c '
        mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" && mount --rbind /dev "$1/dev" &&
            mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm" &&
            exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb \
                LEGO_WEB_PORT="$3" bash /bare/inside.sh "$2"
    ' bash "$system" "$part" "$(free_port)" >"$result.log" 2>&1 </dev/null || outcome=failed
    {
        echo "outcome $outcome"
        echo "commit $(git -C "$root" rev-parse --short HEAD)"
        echo "day $(date -u +%F)"
        echo "seconds $((SECONDS - began))"
        cat "$system/bare/told" 2>/dev/null || true
        [ "$outcome" = well ] || echo "told $(tail -n 1 "$result.log" | cut -c1-200)"
    } >>"$result.new"
    mv "$result.new" "$result"
    rm -rf "$system"
    sed -n 's/^told /  /p' "$result"
    [ "$outcome" = well ] || { echo "  failed; see $result.log" >&2 && return 1; }
}

# Runs share one network, and one machine may have several at once.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

main "$@"
exit
