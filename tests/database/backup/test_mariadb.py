"""MariaDB's own tools do the copying: without the password in sight, with constraints, and clearly when they lack."""

import dataclasses
import re
import shutil
import subprocess

import pytest

from database import migrations
from database.backup.backup import back_up
from database.backup.restore import restore
from database.engines.mariadb.copying import tool
from database.store import open_store
from database.summaries.refresh import refresh
from domain.errors import DatabaseUnreachable, SetupError
from tests.conftest import mysql_settings
from tests.database.backup.test_backup import everything
from tests.database.summaries.test_existing_schema import BY_HAND
from tests.facts import add_facts
from tests.mariadb import PASSWORD

pytestmark = pytest.mark.parametrize("engine", ["mysql"], indirect=True)

KEYS = (
    "ALTER TABLE brand ADD CONSTRAINT its_category FOREIGN KEY (category_id) REFERENCES category (id)",
    "ALTER TABLE asin ADD CONSTRAINT its_brand FOREIGN KEY (brand_id) REFERENCES brand (id)",
    "CREATE TABLE of_others (id INT PRIMARY KEY)",
)


def test_a_schema_made_by_hand_comes_back_with_its_keys_and_its_columns(settings, mariadb, tmp_path):
    name = settings.database.database
    for statement in (*BY_HAND, *KEYS):
        mariadb.run(statement, name)
    store = open_store(settings)
    migrations.upgrade(store)
    refresh(store)
    back_up(store, tmp_path / "lego.backup")
    before, made = everything(store), tables_of(mariadb, name)
    mariadb.run("INSERT INTO brand (brand, category_id) VALUES ('Birch', 1)", name)
    mariadb.run("DELETE FROM financials WHERE month = '2024-01-01'", name)
    restore(store, tmp_path / "lego.backup", replace=True)
    assert (everything(store), tables_of(mariadb, name)) == (before, made)
    with pytest.raises(Exception, match="its_category"):
        mariadb.run("DELETE FROM category", name)
    store.close()


def tables_of(server, name: str) -> dict[str, str]:
    """How every table of the schema is made, but for the next number."""
    return {
        table: re.sub(r" AUTO_INCREMENT=\d+", "", server.run(f"SHOW CREATE TABLE `{table}`", name)[0][1])
        for (table,) in server.run("SHOW TABLES", name)
    }


def test_the_password_is_neither_an_argument_nor_in_the_environment(store, tmp_path, monkeypatch):
    log = tmp_path / "seen"
    for name in ("mariadb-dump", "mariadb"):
        real, wrapper = shutil.which(name), tmp_path / "bin" / name
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(f'#!/bin/sh\n(printf "%s\\n" "$@"; env) >> {log}\nexec {real} "$@"\n')
        wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    back_up(store, tmp_path / "lego.backup")
    restore(store, tmp_path / "lego.backup", replace=True)
    seen = log.read_text()
    assert seen.count("--defaults-extra-file=") == 4
    assert PASSWORD not in seen


def test_a_tool_that_lacks_is_named(store, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="mariadb-dump is not installed .* apt-get install mariadb-client"):
        back_up(store, tmp_path / "lego.backup")
    assert list(tmp_path.glob("*lego.backup*")) == []


def test_a_user_who_may_make_no_schema_is_told_the_grant(store, mariadb, tmp_path):
    name = store.settings.database.database
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00")])
    back_up(store, tmp_path / "lego.backup")
    mariadb.run("CREATE USER readme@'%' IDENTIFIED BY 'secret'")
    try:
        mariadb.run(f"GRANT ALL ON {name}.* TO readme@'%'")
        settings = mysql_settings(tmp_path, mariadb, name)
        limited = open_store(with_user(settings, "readme", "secret"))
        with pytest.raises(SetupError, match="let an administrator run: GRANT") as caught:
            restore(limited, tmp_path / "lego.backup", replace=True)
        for statement in re.findall(r"GRANT [^;]+", str(caught.value)):
            mariadb.run(statement)
        assert restore(limited, tmp_path / "lego.backup", replace=True).facts == 1
        limited.close()
        with pytest.raises(DatabaseUnreachable):
            back_up(open_store(with_user(settings, "readme", "wrong")), tmp_path / "other.backup")
    finally:
        mariadb.run("DROP USER readme@'%'")


def with_user(settings, user: str, password: str):
    database = dataclasses.replace(settings.database, user=user, password=password)
    return dataclasses.replace(settings, database=database)


def test_a_schema_of_that_name_that_is_somebody_elses_stays(store, mariadb, tmp_path):
    name = f"{store.settings.database.database}_restoring"
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00")])
    back_up(store, tmp_path / "lego.backup")
    mariadb.run(f"CREATE DATABASE {name}")
    mariadb.run("CREATE TABLE of_others (id INT)", name)
    try:
        refresh(store)
        with pytest.raises(SetupError, match=f"the schema {name} holds tables of others"):
            restore(store, tmp_path / "lego.backup", replace=True)
        assert mariadb.run("SHOW TABLES", name) == [("of_others",)]
    finally:
        mariadb.run(f"DROP DATABASE {name}")


def test_statements_of_the_client_in_a_file_are_not_run(store, tmp_path):
    """A crafted dump could hold `\\! command`; in binary mode that is no command of the client."""
    made = tmp_path / "made"
    with pytest.raises(Exception, match="mariadb"), tool(
        "client", store.facts_room.doors, ["--binary-mode", store.settings.database.database], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        process.stdin.write(f"\\! touch {made}\n".encode())
    assert not made.exists()
