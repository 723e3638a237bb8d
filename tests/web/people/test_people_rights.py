"""People are managed with the rights that README.md grants to the web's own database user, and no more."""

import dataclasses
import re
from pathlib import Path

from database import migrations, schema
from database.people import users
from flask_app import create_app
from tests.conftest import mysql_settings
from tests.summaries_fixture import publish
from tests.web.conftest import PASSWORD, sign_in
from tests.web.forms import code_of, enrol, link_in, post, stored, trail
from tests.web.shop import NAMES, ROWS

NEW = "quite another good one"
README = Path(__file__).resolve().parents[3] / "README.md"


def test_people_are_managed_with_the_rights_of_the_readme(mariadb, tmp_path, password_hash, half_minute):
    mariadb.run("CREATE OR REPLACE DATABASE lego_people CHARACTER SET utf8mb4")
    mariadb.run("CREATE OR REPLACE USER people_web IDENTIFIED BY 'few rights'")
    settings = mysql_settings(tmp_path, mariadb, "lego_people")
    owning = create_app(settings)
    store = owning.extensions["lego_store"]
    migrations.upgrade(store)
    publish(store, ROWS, **NAMES)
    with store.application.begin() as connection:
        users.add_user(connection, name="admin", role="admin", password_hash=password_hash)
        users.add_user(connection, name="second", role="admin", password_hash=password_hash)
    for grant in re.findall(r"^GRANT .* TO lego_web@'%'", README.read_text(encoding="utf-8"), re.MULTILINE):
        mariadb.run(grant.replace(" lego.", " lego_people.").replace("lego_web@'%'", "people_web"))
    database = dataclasses.replace(settings.database, user="people_web", password="few rights")
    app = create_app(dataclasses.replace(settings, database=database))
    admin, visitor = app.test_client(), app.test_client()
    sign_in(admin, "admin")

    link = link_in(post(admin, "/users", name="anna", role="viewer", limit="some", brand="1"))
    assert post(visitor, link, new=NEW, again=NEW).status_code == 303
    assert sign_in(visitor, "anna", "a wrong guess").status_code == 403
    assert sign_in(visitor, "anna", NEW).location == "/"
    secret, codes = enrol(visitor, password=NEW)
    assert post(visitor, "/account/tokens", label="x", password=NEW).status_code == 200
    assert post(visitor, "/account/tokens/revoke", label="x").status_code == 303
    assert post(visitor, "/account/password", password=NEW, new=PASSWORD, again=PASSWORD).status_code == 303
    again = app.test_client()
    sign_in(again, "anna")
    assert post(again, "/login/code", code=code_of(secret)).location == "/"
    sign_in(again, "anna")
    assert post(again, "/login/code", code=codes[0]).location == "/"
    assert post(again, "/account/second-factor/off", password=PASSWORD).status_code == 303
    for number, address, fields in (
        (3, "role", {"role": "analyst"}), (3, "brands", {"limit": "all"}), (3, "sessions/end", {}),
        (3, "second-factor/off", {}), (3, "disable", {}), (3, "enable", {}), (2, "role", {"role": "viewer"}),
    ):
        assert post(admin, f"/users/{number}/{address}", **fields).status_code == 303, address
    assert post(admin, "/users/3/link").status_code == 200
    assert admin.get("/users/audit.csv").text.count("\r\n") == len(trail(store)) + 1
    assert [(user.name, user.role) for user in stored(store, schema.app_user)] == [
        ("admin", "admin"), ("second", "viewer"), ("anna", "analyst"),
    ]
    for running in (owning, app):
        running.extensions["lego_store"].close()
    mariadb.run("DROP DATABASE lego_people")
