"""The lines of docs/BACKUP.md, run as they stand there, bring a lost database back."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from database.backup.backup import back_up
from database.store import open_store
from settings import ROOT
from tests.conftest import environment_of
from tests.database.backup.test_backup import empty, everything, filled_by, shop  # noqa: F401
from tests.databases import ONE_SERVER, on_one_server

TEXT = (ROOT / "docs" / "BACKUP.md").read_text(encoding="utf-8")


def lines_of(heading: str) -> str:
    """The first block of commands below a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(line[4:] for line in re.search(r"(?:^    .*\n)+", section, re.MULTILINE)[0].splitlines())


@pytest.mark.parametrize("engine", ONE_SERVER, indirect=True)
def test_its_commands_bring_a_lost_database_back(shop, settings, tmp_path):  # noqa: F811
    before = everything(shop)
    assert run(settings, tmp_path, lines_of("Back up")).returncode == 0
    (made,) = tmp_path.glob("lego-*.backup")
    made.rename(tmp_path / "lego.backup")
    shop.close()
    empty(settings)
    done = run(settings, tmp_path, lines_of("Restore"))
    assert done.returncode in (0, 1), done.stderr  # 1: the doctor misses a schedule
    assert "Restored 3 facts as of 2" in done.stdout
    assert "Generation 4, published 2" in done.stdout
    store = open_store(settings)
    assert everything(store) == before
    store.close()


def run(settings, folder: Path, script: str) -> subprocess.CompletedProcess:
    """The lines in a shell, with `flask` in its path and the test's folder for /var/backups."""
    environment = environment_of(settings) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", script.replace("/var/backups", str(folder))], cwd=ROOT, env=environment, capture_output=True,
        text=True,
    )


@on_one_server
def test_the_file_is_what_it_says(store, tmp_path):
    back_up(store, tmp_path / "lego.backup")
    names = zipfile.ZipFile(tmp_path / "lego.backup").namelist()
    described = set(re.findall(r"^\| `([^`]+)` \|", TEXT, re.MULTILINE))
    assert {re.sub(r"^(generations|archive)/.*", r"\1/*", name) for name in names} <= described
