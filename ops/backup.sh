#!/bin/sh
# A backup a night, for cron and systemd: ops/backup.sh FOLDER [DAYS]
#
# Writes FOLDER/lego-<date>.backup, then removes those older than DAYS (14). Prints nothing while all is well. If a backup
# fails, none is removed, and the exit code is that of `flask backup`. A disk that dies takes what is on it: let FOLDER be
# on another one, or copy it away.
set -u
umask 077
folder=${1:?the folder of the backups}
days=${2:-14}
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
cd "$(dirname "$0")/.." || exit 2

said=$(.venv/bin/flask backup "$folder/lego-$(date +%F).backup" --force --wait 1800 2>&1) || {
    code=$?
    printf '%s\n' "$said" >&2
    exit "$code"
}
find "$folder" -maxdepth 1 -type f -name 'lego-*.backup' -mtime "+$days" -delete
