# shellcheck shell=bash
# What the operator has chosen and deploy_lego.sh keeps: settings apart from those that git tracks, and the file that the web
# is served with. Sourced, not run; $instance, $engine, $address, $running and $work are set by then.
# shellcheck disable=SC2154

: "${root:?the repository folder}"

# Settings that stand in config.ini, which git tracks, would make the next `git pull` stop: they move to a file of their own.
keep_settings_apart() {
    local tracked=$root/config.ini own=$root/config.local.ini changed=0
    [ -f "$tracked" ] && [ ! -e "$own" ] || return 0
    # Without a repository, or in somebody else's, there is nothing in the way; `git diff` would compare two files.
    git -C "$root" ls-files --error-unmatch config.ini >/dev/null 2>&1 || return 0
    git -C "$root" diff --quiet HEAD -- config.ini 2>/dev/null || changed=$?
    [ "$changed" = 1 ] || return 0
    cp -p -- "$tracked" "$own.new"
    mv -T -- "$own.new" "$own"
    git -C "$root" checkout --quiet HEAD -- config.ini
    echo "  Your settings have moved from config.ini to config.local.ini, which git does not track."
}

# The file given with --web-config; else what was chosen before. A version that did not keep it has the running app's word.
choose_web_config() {
    local kept=$instance/web_config
    case $web_config in
        none) web_config='' ;;
        '')
            if [ -e "$kept" ]; then
                web_config=$(cat -- "$kept")
            elif [ -n "$running" ] && [ -n "$(variable_of "$running" LEGO_COMMANDS_CONFIG)" ]; then
                web_config=$(variable_of "$running" LEGO_CONFIG)
            fi
            [ -z "$web_config" ] || [ -f "$web_config" ] ||
                die 2 "$web_config, with which the pages are served, is not there; name another with --web-config, or none"
            ;;
    esac
}

# Both files must mean the same dashboard.
check_web_config() {
    ask settings >"$work/web_settings"
    if ! cmp -s <(sed -n '2,4p' "$work/web_settings") <(printf '%s\n' "$engine" "$instance" "$address"); then
        echo "$web_config: engine, [database] path or address differ from those of the commands; make them the same" >&2
        return 2
    fi
    head -n 1 "$work/web_settings"
}

keep_web_config() {
    local kept=$instance/web_config
    if [ -z "$web_config" ]; then
        rm -f -- "$kept"
        return
    fi
    (umask 077 && printf '%s\n' "$web_config" >"$kept.new")
    mv -T -- "$kept.new" "$kept"
}

# variable_of PROCESS NAME: the variable as the process was started with it; nothing if it was not.
variable_of() {
    tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | sed -n "s/^$2=//p"
}
