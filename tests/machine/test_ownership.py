"""Whoever does not own the instance folder is told what to run instead, before anything is written."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import SetupError
from machine.ownership import refuse_strangers

ROOT = Path(__file__).resolve().parents[2]
ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def strange_folder(tmp_path: Path) -> tuple[Path, str]:
    """A folder of somebody else with a file in it, and whose it is. A plain user cannot give a folder away, but those
    of the system are not theirs."""
    if os.geteuid() != 0:
        return Path("/usr/share"), "root"
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "secret_key").touch()
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return folder, nobody.pw_name


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    """Runs a program of the repository on that instance folder."""
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "LEGO_DATABASE_PATH": str(folder), **variables},
    )


def as_owner(owner: str) -> str:
    return f"who could not read what {ME} would leave there; run: sudo --preserve-env=LEGO_DATABASE_PATH -u {owner}"


def test_ones_own_folder_and_one_that_is_not_there_yet_are_fine(tmp_path: Path) -> None:
    refuse_strangers(tmp_path)
    refuse_strangers(tmp_path / "not yet" / "there")


def test_a_folder_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"instance: .* may not look at it \(Not a directory\); run this as its owner"):
        refuse_strangers(tmp_path / "file" / "instance")


def test_a_command_is_refused_with_the_words_that_were_given(strange_folder: tuple[Path, str], sudo: str) -> None:
    folder, owner = strange_folder
    before = sorted(folder.iterdir())
    flask = Path(sys.executable).with_name("flask")
    done = run(folder, str(flask), "import", "my file.csv", "--refresh", PATH=sudo)
    assert (done.returncode, done.stdout) == (2, "")
    words = f"{flask} import 'my file.csv' --refresh"
    assert done.stderr == f"Error: {folder} belongs to {owner}, {as_owner(owner)} {words}\n"
    assert sorted(folder.iterdir()) == before


def test_it_is_refused_on_the_engine_of_a_server_too(strange_folder: tuple[Path, str]) -> None:
    folder, owner = strange_folder
    done = run(folder, sys.executable, "-m", "flask", "users", LEGO_DATABASE_HOST="db.example.com")
    assert (done.returncode, f"{folder} belongs to {owner}" in done.stderr) == (2, True)
    assert done.stderr.endswith(f"{sys.executable} -m flask users\n")


def test_the_web_is_not_served_to_strangers(strange_folder: tuple[Path, str]) -> None:
    folder, owner = strange_folder
    before = sorted(folder.iterdir())
    for words in (("-m", "gunicorn", "--bind", "unix:/nowhere/socket"), ("flask_app.py",)):
        done = run(folder, sys.executable, *words)
        assert (done.returncode, f"{folder} belongs to {owner}" in done.stderr) == (2, True)
        assert "Traceback" not in done.stderr
    assert sorted(folder.iterdir()) == before


def test_the_deployment_is_refused_before_it_makes_anything(strange_folder: tuple[Path, str], sudo: str) -> None:
    folder, owner = strange_folder
    done = run(folder, "./deploy_lego.sh", "--no-demo", PATH=sudo)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"deploy_lego.sh: {folder} belongs to {owner}, {as_owner(owner)} ./deploy_lego.sh --no-demo\n"
    )


@pytest.fixture
def sudo(tmp_path: Path) -> str:
    """A search path on which there is a sudo, as on most machines. It is named and not run."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "sudo").write_text("#!/bin/false\n", encoding="ascii")
    (folder / "sudo").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_root_is_told_of_runuser_where_there_is_no_sudo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LEGO_CALLED_AS", "python3 database/refresh_summaries.py --quiet")
    there, stranger = (tmp_path, "root") if os.geteuid() == 0 else (Path("/usr/share"), None)
    if stranger:
        nobody = pwd.getpwnam("nobody")
        os.chown(there, nobody.pw_uid, -1)
    with pytest.raises(SetupError) as refused:
        refuse_strangers(there)
    expected = "runuser -u nobody --" if stranger else "sudo -u root"
    assert str(refused.value).endswith(f"run: {expected} python3 database/refresh_summaries.py --quiet")
