"""The schedule that an operator copies: both forms run the same commands, which exist, at times that do not collide."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import click
import pytest

from commands import CommandFolder
from domain.errors import SetupError
from settings import ROOT

SYSTEMD = ROOT / "ops/systemd"
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day, month, weekday."""


def cron_lines() -> list[tuple[list[str], str, str]]:
    """(times, user, command) of each line; what is neither comment, variable nor such a line fails."""
    found = []
    for line in (ROOT / "ops/cron/lego").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#") or re.fullmatch(r"[A-Z]+=\S+", line):
            continue
        *times, user, command = line.split(None, 6)
        found.append((times, user, command))
    return found


def values(field: str, lowest: int, highest: int) -> set[int]:
    """The values that a field of a cron line names."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = ("*", "", "") if span == "*" else span.partition("-")
        begin = lowest if first == "*" else int(first)
        end = highest if first == "*" else int(last) if dash else begin
        assert lowest <= begin <= end <= highest and (not step or int(step) > 0), field
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def flask_words(command: str) -> list[str]:
    """The words after `flask` in a command line."""
    words = shlex.split(command)
    return words[next(i for i, word in enumerate(words) if word.endswith(".venv/bin/flask")) + 1 :]


def unit(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str
    parser.read_string((SYSTEMD / name).read_text(encoding="utf-8"))
    return parser


def test_cron_has_a_line_per_command_as_the_user_lego_at_possible_times() -> None:
    found = {}
    for times, user, command in cron_lines():
        assert user == "lego" and command.startswith("cd /srv/lego && ")
        # To cron an unescaped percent sign is the end of the line.
        assert not re.search(r"(?<!\\)%", command)
        found[command] = [values(field, *bounds) for field, bounds in zip(times, FIELDS, strict=True)]
    at = {command: (min(hours), min(minutes)) for command, (minutes, hours, *_) in found.items() if len(hours) == 1}
    assert len(set(at.values())) == len(at), "no two begin at once"
    assert list(at.values()) == sorted(at.values())


def test_both_schedules_run_the_same_commands_which_exist() -> None:
    by_cron = [flask_words(command) for _, _, command in cron_lines() if ".venv/bin/flask" in command]
    services = [unit(timer.with_suffix(".service").name) for timer in sorted(SYSTEMD.glob("*.timer"))]
    by_systemd = [
        flask_words(service["Service"]["ExecStart"]) for service in services
        if ".venv/bin/flask" in service["Service"]["ExecStart"]
    ]
    assert sorted(by_cron) == sorted(by_systemd)
    folder = CommandFolder("lego")
    for name, *options in by_cron:
        command = folder.get_command(click.Context(folder), name)
        assert command is not None, name
        command.make_context(name, options)


def test_both_schedules_back_up_into_one_folder() -> None:
    (by_cron,) = [shlex.split(command)[-2:] for _, _, command in cron_lines() if "backup.sh" in command]
    service = unit("lego-backup.service")["Service"]
    assert by_cron == ["ops/backup.sh", "/var/backups/lego"]
    assert service["ExecStart"] == "/srv/lego/ops/backup.sh /var/backups/lego"
    assert service["ReadWritePaths"] == "-/var/backups/lego"


@pytest.mark.parametrize(("exit_code", "left"), [(0, ["lego-old.backup", "other.backup"]), (5, None)])
def test_old_backups_go_after_a_good_one_only_and_only_trouble_is_told(tmp_path: Path, exit_code, left) -> None:
    flask = tmp_path / "home/.venv/bin/flask"
    flask.parent.mkdir(parents=True)
    flask.write_text(f'#!/bin/sh\n[ {exit_code} = 0 ] && touch "$2"\necho "backup: $1 said this"\nexit {exit_code}\n')
    flask.chmod(0o755)
    (tmp_path / "home/ops").mkdir()
    script = shutil.copy(ROOT / "ops/backup.sh", tmp_path / "home/ops")
    folder = tmp_path / "my backups"
    folder.mkdir()
    for name, age in (("lego-older.backup", 20), ("lego-old.backup", 10), ("other.backup", 20)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age * 86400,) * 2)
    done = subprocess.run([script, "my backups"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == exit_code
    assert done.stdout + done.stderr == ("" if exit_code == 0 else "backup: backup said this\n")
    names = sorted(path.name for path in folder.iterdir())
    if exit_code:
        assert names == ["lego-old.backup", "lego-older.backup", "other.backup"]
    else:
        (new,) = set(names) - set(left)
        assert re.fullmatch(r"lego-\d{4}-\d\d-\d\d\.backup", new)


def test_a_set_up_that_is_wrong_is_not_tried_for_ever_and_the_web_has_a_place_for_its_settings() -> None:
    service = unit("lego.service")["Service"]
    # What comes back by itself, such as a database that is not up yet, is tried again.
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("on-failure", str(SetupError.exit_code))
    assert service["Environment"] == '"DEPLOY_OPTIONS="'
    assert service["ExecStart"] == "/srv/lego/deploy_lego.sh --foreground $DEPLOY_OPTIONS"
    assert service["ExecReload"] == "/srv/lego/deploy_lego.sh $DEPLOY_OPTIONS"


def test_a_refresh_that_finds_another_one_at_work_has_not_failed() -> None:
    assert unit("lego-refresh.service")["Service"]["SuccessExitStatus"] == "3"


@pytest.mark.parametrize("timer", sorted(path.name for path in SYSTEMD.glob("*.timer")))
def test_each_timer_is_started_with_the_machine_and_has_its_service(timer: str) -> None:
    assert unit(timer)["Install"]["WantedBy"] == "timers.target"
    assert (SYSTEMD / timer).with_suffix(".service").is_file()


def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    """On a machine without systemd there is nobody to ask: then the units were parsed by the tests above only."""
    analyze = shutil.which("systemd-analyze")
    units, home = tmp_path / "units", tmp_path / "lego"
    shutil.copytree(SYSTEMD, units)
    for program in (".venv/bin/flask", "deploy_lego.sh", "ops/backup.sh"):
        (home / program).parent.mkdir(parents=True, exist_ok=True)
        (home / program).write_text("#!/bin/sh\n")
        (home / program).chmod(0o755)
    for path in units.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text(encoding="utf-8").replace("/srv/lego", str(home)), encoding="utf-8")
    paths = [str(path) for path in units.iterdir() if path.suffix in (".service", ".timer")]
    if analyze:
        done = subprocess.run(
            [analyze, "verify", *paths], env={"SYSTEMD_UNIT_PATH": f"{units}:"}, capture_output=True, text=True,
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_both_logs_of_the_instance_folder_are_rotated_in_place() -> None:
    text = (ROOT / "ops/logrotate/lego").read_text(encoding="utf-8")
    (paths, rules), = re.findall(r"^(/[^{]+)\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    assert paths.split() == ["/srv/lego/instance/gunicorn.log", "/srv/lego/instance/commands.log"]
    assert {"copytruncate", "su lego lego", "missingok"} <= {rule.strip() for rule in rules.splitlines()}
