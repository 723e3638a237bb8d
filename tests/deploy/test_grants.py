"""The GRANTs of README.md are enough for the web, and no more than that."""

from __future__ import annotations

import re
from pathlib import Path

import pymysql
import pytest

from tests.deploy.clone import ROOT, Clone, sign_in
from tests.mariadb import MariadbServer

FACTS = """asin,brand,marketplace,metric,month,value
B000000001,Bricks,US,Net revenue,2024-01,100.00
B000000002,Bricks,UK,Net revenue,2024-01,50.50
"""


def test_the_web_user_of_the_readme_serves_pages_and_sees_no_fact(
    beside: Clone, mariadb: MariadbServer, tmp_path: Path
) -> None:
    before, after = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    beside.variables.pop("LEGO_DATABASE_PATH")
    # The private server has a user of the README's name already, with every right.
    run_all(mariadb, before.replace("lego@", "readme@"))
    try:
        commands = write_settings(tmp_path / "commands.ini", beside, mariadb, "readme", "the password of the commands")
        web = write_settings(tmp_path / "web.ini", beside, mariadb, "lego_web", "the password of the web")
        beside.variables["LEGO_CONFIG"] = str(commands)
        (tmp_path / "facts.csv").write_text(FACTS, encoding="utf-8")
        assert beside.flask("init-db").returncode == 0
        imported = beside.flask("import", str(tmp_path / "facts.csv"), "--refresh")
        assert imported.returncode == 0, imported.stderr
        run_all(mariadb, after)
        done = beside.run("--web-config", str(web))
        assert (done.returncode, done.stderr) == (0, "")
        cookie = sign_in(beside, re.search(r"Password, shown only now: (\S+)", done.stdout)[1])
        status, _, page = beside.get("/dashboard?period=2024", {"Cookie": cookie})
        assert (status, "150.50" in page) == (200, True)
        assert users_of(mariadb) == {"lego_web"}
        for forbidden in (
            "SELECT * FROM financials", "DELETE FROM financials_summary_monthly_brand", "DELETE FROM audit_log",
            "CREATE TABLE mine (id INT)",
        ):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                run_as_web(mariadb, forbidden)
    finally:
        beside.run("stop")
        for statement in ("DROP DATABASE lego", "DROP USER readme@'%'", "DROP USER lego_web@'%'"):
            mariadb.run(statement)


def write_settings(path: Path, clone: Clone, server: MariadbServer, user: str, password: str) -> Path:
    path.write_text(
        f"[database]\npath = {path.parent / 'other instance'}\nhost = 127.0.0.1\nport = {server.port}\n"
        f"user = {user}\npassword = {password}\ndatabase = lego\n",
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path


def run_all(server: MariadbServer, script: str) -> None:
    for statement in filter(str.strip, script.split(";")):
        server.run(statement)


def run_as_web(server: MariadbServer, statement: str) -> None:
    with server.connect(user="lego_web", password="the password of the web", database="lego") as connection:
        connection.cursor().execute(statement)


def users_of(server: MariadbServer) -> set[str]:
    """Who is connected to the schema now: the dashboard's processes and nobody else."""
    return {user for (user,) in server.run("SELECT user FROM information_schema.processlist WHERE db = 'lego'")}
