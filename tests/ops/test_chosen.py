"""What deploy_lego.sh keeps apart from what git tracks, and how packages come in where no index can be reached."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import settings
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SOURCED = f"source '{ROOT}/ops/environment.sh'; source '{ROOT}/ops/chosen.sh'"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a config.ini that git tracks, as everybody gets it."""
    (tmp_path / "config.ini").write_text("[web]\n# port = 8000\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "config.ini")
    person = ("-c", "user.name=anna", "-c", "user.email=anna@example.com")
    git(tmp_path, *person, "commit", "--quiet", "--message", "first")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


def shell(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess:
    """Runs a function of the scripts as deploy_lego.sh would, with that folder as the repository."""
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; root={folder}; {SOURCED}; {script}"],
        cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **variables},
    )


def test_settings_move_out_of_the_way_of_git_and_keep_their_mode(checkout: Path) -> None:
    assert shell(checkout, "keep_settings_apart").stdout == ""
    tracked, own = checkout / "config.ini", checkout / "config.local.ini"
    assert not own.exists()
    tracked.write_text("[database]\npassword = my own\n", encoding="utf-8")
    tracked.chmod(0o600)

    done = shell(checkout, "keep_settings_apart")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "  Your settings have moved from config.ini to config.local.ini, which git does not track.\n"
    assert (own.read_text(encoding="utf-8"), own.stat().st_mode & 0o777) == ("[database]\npassword = my own\n", 0o600)
    assert git(checkout, "diff", "HEAD") == ""
    tracked.write_text("[web]\nport = 9000\n", encoding="utf-8")
    assert shell(checkout, "keep_settings_apart").stdout == ""
    assert own.read_text(encoding="utf-8") == "[database]\npassword = my own\n"


def test_without_git_settings_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("[web]\nport = 9000\n", encoding="utf-8")
    done = shell(tmp_path, "keep_settings_apart")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["config.ini"]


def test_ones_own_file_is_read_in_the_place_of_the_one_that_git_tracks(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", checkout)
    (checkout / "config.ini").write_text("[web]\nport = 9000\n", encoding="utf-8")
    (checkout / "other.ini").write_text("[web]\nport = 9002\n", encoding="utf-8")
    assert settings.load_settings(environment={}).web.port == 9000
    (checkout / "config.local.ini").write_text("[web]\nport = 9001\n", encoding="utf-8")

    found = settings.load_settings(environment={})

    assert (found.web.port, found.source) == (9001, checkout / "config.local.ini")
    assert found.warnings == (
        "config.ini: what it sets is not read, because config.local.ini is there; move it there",
    )
    # A cron line that is older than the file names the other.
    assert settings.load_settings(checkout / "config.ini", environment={}).web.port == 9001
    assert settings.load_settings(environment={"LEGO_CONFIG": str(checkout / "other.ini")}).web.port == 9002
    (checkout / "config.ini").write_text("[web]\n# port = 8000\n", encoding="utf-8")
    assert settings.load_settings(environment={}).warnings == ()


@pytest.fixture
def no_network(tmp_path: Path) -> dict[str, str]:
    """Variables with which pip and apt-get are sent to a port of this machine that nobody listens on."""
    closed = f"http://127.0.0.1:{free_port()}"
    state = tmp_path / "apt"
    (state / "lists/partial").mkdir(parents=True)
    (state / "sources.list").write_text(f"deb [trusted=yes] {closed}/debian stable main\n", encoding="ascii")
    (state / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{state}/sources.list";\nDir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{state}/lists";\nDir::Cache "{state}";\nDebug::NoLocking "true";\n', encoding="ascii",
    )
    # A plain user would be told to ask root; here sudo lets them, as it does where it asks no question.
    (tmp_path / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n', encoding="ascii")
    (tmp_path / "sudo").chmod(0o755)
    return {
        "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"{closed}/simple", "APT_CONFIG": f"{state}/apt.conf",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }


def install(folder: Path, requirement: str, **variables: str) -> subprocess.CompletedProcess:
    (folder / "requirements.txt").write_text(f"{requirement}\n", encoding="ascii")
    return shell(
        folder, f"install_with_pip {sys.executable} --target {folder}/installed --requirement requirements.txt",
        **variables,
    )


def wheel(folder: Path, name: str) -> None:
    """The smallest wheel there is."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as packed:
        packed.writestr(f"{name}.py", "COLOUR = 'red'\n")
        packed.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        packed.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{about}/RECORD", "")


def test_an_index_that_cannot_be_reached_is_named_with_two_ways_out(tmp_path: Path, no_network: dict[str, str]) -> None:
    done = install(tmp_path, "brick==1.0", **no_network)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "the package index cannot be reached: PIP_INDEX_URL names a mirror; or bring the packages in a folder, as "
        'README.md says under "Without a network", and set PIP_NO_INDEX=1 PIP_FIND_LINKS=/that/folder'
    )


@pytest.mark.parametrize("without_index", [{}, {"PIP_NO_INDEX": "1"}])
def test_packages_come_from_a_folder_of_wheels_and_one_that_is_not_there_is_told(
    tmp_path: Path, no_network: dict[str, str], without_index: dict[str, str]
) -> None:
    wheel(tmp_path / "wheels", "brick")
    given = no_network | without_index | {"PIP_FIND_LINKS": str(tmp_path / "wheels")}

    done = install(tmp_path, "brick==1.0", **given)

    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "installed/brick.py").is_file()
    lacking = install(tmp_path, "mortar==1.0", **given)
    assert lacking.returncode == 2
    assert "mortar==1.0" in lacking.stderr
    words = "" if without_index else "the package index cannot be reached, and "
    assert lacking.stderr.splitlines()[-1].startswith(f"{words}pip could not install the packages (see above); ")


def test_a_package_source_that_cannot_be_reached_is_told_with_two_ways_out(
    tmp_path: Path, no_network: dict[str, str]
) -> None:
    done = shell(tmp_path, "install_packages lego-bricks-that-nobody-packs", **no_network)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "apt-get could not install lego-bricks-that-nobody-packs. If it reaches no package source, name a mirror in "
        "/etc/apt/sources.list, or bring the .deb files here"
    )
