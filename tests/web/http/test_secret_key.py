"""The key that signs cookies is made once, privately, whole."""

import dataclasses
import subprocess
import sys

import pytest

from domain.errors import SetupError
from settings import ROOT
from tests.conftest import embedded_settings, environment_of
from tests.web.conftest import with_web
from web.http.secret_key import secret_key


def test_it_is_made_once_and_readable_by_its_owner_only(tmp_path):
    settings = embedded_settings(tmp_path)
    key = secret_key(settings)
    path = settings.database.path / "secret_key"
    assert len(key) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert secret_key(settings) == key
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_agree(tmp_path):
    settings = embedded_settings(tmp_path)
    program = (
        "from settings import load_settings; from web.http.secret_key import secret_key; "
        "print(secret_key(load_settings()))"
    )
    command, environment = [sys.executable, "-c", program], environment_of(settings)
    started = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) for _ in range(6)]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_the_configured_key_wins(tmp_path):
    settings = with_web(embedded_settings(tmp_path), secret_key="k" * 32)
    assert secret_key(settings) == "k" * 32
    assert not settings.database.path.exists()


def test_a_short_or_unreadable_key_file_is_refused(tmp_path):
    settings = embedded_settings(tmp_path)
    secret_key(settings)
    path = settings.database.path / "secret_key"
    path.write_text("short")
    with pytest.raises(SetupError, match="shorter than 32 bytes; remove it"):
        secret_key(settings)
    path.unlink()
    path.mkdir()
    with pytest.raises(SetupError, match="cannot be read or made"):
        secret_key(settings)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    settings = embedded_settings(tmp_path)
    database = dataclasses.replace(settings.database, path=tmp_path / "file" / "folder")
    settings = dataclasses.replace(settings, database=database)
    with pytest.raises(SetupError, match="check \\[database\\] path"):
        secret_key(settings)
