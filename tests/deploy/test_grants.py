"""The GRANTs of README.md are enough for the web, and no more than that."""

from __future__ import annotations

import re
import urllib.parse
from pathlib import Path

import pymysql
import pytest

from flask_app import create_app
from tests.conftest import embedded_settings
from tests.deploy.clone import ROOT, Clone, sign_in
from tests.mariadb import MariadbServer
from tests.security.routes import VALUES, paths_of, routes_of

FACTS = """asin,brand,marketplace,metric,month,value
B000000001,Bricks,US,Net revenue,2024-01,100.00
B000000002,Bricks,UK,Net revenue,2024-01,50.50
"""


def test_the_web_user_of_the_readme_serves_pages_and_sees_no_fact(
    beside: Clone, mariadb: MariadbServer, tmp_path: Path
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, after = re.findall(r"```sql\n(.*?)```", text.partition("### A cluster")[0], re.DOTALL)
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
        password = re.search(r"Password, shown only now: (\S+)", done.stdout)[1]
        cookie = sign_in(beside, password)
        status, _, page = beside.get("/dashboard?period=2024", {"Cookie": cookie})
        assert (status, "150.50" in page) == (200, True)
        found = {path: beside.get(path, {"Cookie": cookie})[0] for path in addresses(tmp_path)}
        # Lines are asked for by a figure or a settlement.
        assert {path: status for path, status in found.items() if status not in (200, 303, 404)} == {"/lines": 400}
        assert len([path for path, status in found.items() if status == 200]) > 30
        answers = sent(beside, cookie, password)
        assert {path: status for path, status in answers.items() if status not in (200, 303)} == {}
        assert users_of(mariadb) == {"lego_web"}
        assert rights_of_web(mariadb) == {
            "SELECT": set(re.findall(r"^GRANT SELECT\b.* ON lego\.(\w+)", after, re.MULTILINE)),
            "INSERT": set(re.findall(r"^GRANT SELECT, INSERT\b.* ON lego\.(\w+)", after, re.MULTILINE)),
            "UPDATE": set(re.findall(r"^GRANT .*\bUPDATE\b.* ON lego\.(\w+)", after, re.MULTILINE)),
            "DELETE": set(re.findall(r"^GRANT .*\bDELETE\b.* ON lego\.(\w+)", after, re.MULTILINE)),
            "ALTER": set(),
            "DROP": set(),
        }
        # As it does for the plan of a slow statement.
        run_as_web(mariadb, "ANALYZE FORMAT=JSON SELECT * FROM financials_summary_monthly_brand")
        for forbidden in ("SELECT * FROM financials", "CREATE TABLE mine (id INT)", "SELECT * FROM mysql.user"):
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


def addresses(folder: Path) -> list[str]:
    """Every address of the app that only looks."""
    app = create_app(embedded_settings(folder))
    values = VALUES | {"asin": ["B000000001"]}
    return [path for rule in routes_of(app) for path in paths_of(rule, values)]


def sent(clone: Clone, cookie: str, password: str) -> dict[str, int]:
    """What forms are answered that write to each table of the application."""
    _, headers, page = clone.get("/account", {"Cookie": cookie})
    # The page's token is bound to what is in the cookie that came with it.
    cookie = (headers["Set-Cookie"] or cookie).partition(";")[0]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    rule = {"figure": "Net revenue", "whose": "all", "comparison": "below", "threshold": "10"}
    forms = [
        ("/users", {"name": "anna", "role": "viewer", "limit": "all"}), ("/users/2/role", {"role": "analyst"}),
        ("/users/2/brands", {"limit": "some", "brand": "1"}), ("/users/2/link", {}), ("/users/2/disable", {}),
        ("/users/2/enable", {}), ("/users/2/sessions/end", {}),
        ("/account/tokens", {"label": "a program", "password": password}),
        ("/account/tokens/revoke", {"label": "a program"}), ("/account/second-factor", {"password": password}),
        ("/account/second-factor/confirm", {"code": "000000"}), ("/operations/rules", rule),
        ("/operations/rules/1", rule | {"threshold": "11"}), ("/operations/rules/1/remove", {}),
        ("/login", {"name": "anna", "password": "a guess"}), ("/logout", {}),
    ]
    refused = {"/login": 403, "/account/second-factor/confirm": 400}
    headers, found = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{clone.port}"}, {}
    for path, form in forms:
        status, _, _ = clone.post(path, urllib.parse.urlencode({"csrf_token": token, **form}), headers)
        found[path] = 200 if status == refused.get(path) else status
    return found


ATTEMPTS = {
    "SELECT": "SELECT 1 FROM {table} WHERE 1 = 0", "INSERT": "INSERT INTO {table} () SELECT 1 FROM {table} WHERE 1 = 0",
    "UPDATE": "UPDATE {table} SET {column} = {column} WHERE 1 = 0", "DELETE": "DELETE FROM {table} WHERE 1 = 0",
    "ALTER": "ALTER TABLE {table} COMMENT = 'mine'", "DROP": "DROP TABLE {table}",
}


def rights_of_web(server: MariadbServer) -> dict[str, set[str]]:
    """What the web's user can really do to which of all tables. Whatever is refused for another reason than a
    missing right would have been done."""
    tables = server.run(
        "SELECT table_name, min(column_name) FROM information_schema.columns WHERE table_schema = 'lego' GROUP BY 1"
    )
    found = {right: set() for right in ATTEMPTS}
    for right, statement in ATTEMPTS.items():
        for table, column in tables:
            try:
                run_as_web(server, statement.format(table=table, column=f"`{column}`"))
            except pymysql.err.MySQLError as error:
                if error.args[0] in (1142, 1143, 1044):
                    continue
            found[right].add(table)
    return found


def users_of(server: MariadbServer) -> set[str]:
    """Who is connected to the schema now: the dashboard's processes and nobody else."""
    return {user for (user,) in server.run("SELECT user FROM information_schema.processlist WHERE db = 'lego'")}
