"""Looking changes nothing, and nothing is changed without the token of one's own page: on every route."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa

from database import schema
from tests.security.routes import is_file, paths_of, routes_of
from tests.security.worlds import World

NOTED = {"audit_log", "app_session", "sign_in_failure", "slow_statement"}
"""What looking does write down: exports, when a session was last used, links that were guessed, what took long."""


def contents(world: World) -> dict[str, str]:
    """A fingerprint of every table but those."""
    with world.store.application_reading.connect() as connection:
        found = {
            table.name: fingerprint(connection, table)
            for table in schema.tables_of(schema.APPLICATION) if table.name not in NOTED
        }
    with world.store.facts() as connection:
        return found | {table.name: fingerprint(connection, table) for table in schema.tables_of(schema.FACTS)}


def fingerprint(connection: sa.Connection, table: sa.Table) -> str:
    rows = sorted(map(repr, connection.execute(sa.select(table))))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def test_get_changes_nothing_on_any_route(small_world):
    reader = small_world.visitor("all")
    before, generation = contents(small_world), small_world.store.live_generation()
    for rule in routes_of(small_world.app):
        for path in paths_of(rule):
            # What looks like an order in the address is none.
            reader.get(path)
            reader.get(f"{path}?confirm=1&delete=1")
    assert contents(small_world) == before
    assert small_world.store.live_generation() == generation
    assert reader.get("/account").status_code == 200


def test_without_the_token_of_the_page_every_form_is_refused(small_world):
    reader, before = small_world.visitor("all"), contents(small_world)
    for rule in routes_of(small_world.app, "POST"):
        for path in paths_of(rule):
            for form in ({}, {"csrf_token": "guessed"}):
                assert reader.post(path, data=form).status_code == 400, path
    assert contents(small_world) == before
    assert reader.get("/account").status_code == 200


@pytest.mark.parametrize("name", ["all", "anna"])
def test_every_export_is_in_the_audit_trail(small_world, name):
    reader = small_world.visitor(name)
    files = [path for rule in routes_of(small_world.app) for path in paths_of(rule) if is_file(path)]
    log = schema.audit_log
    count = sa.select(sa.func.count()).where(log.c.action == "export", log.c.user_name == name)

    def exports() -> int:
        with small_world.store.application_reading.connect() as connection:
            return connection.execute(count).scalar()

    silent, refused = [], []
    for path in files:
        before = exports()
        if reader.get(path).status_code != 200:
            refused.append(path)
        elif exports() != before + 1:
            silent.append(path)
    assert len(files) > 10
    assert silent == []
    # Whoever may see everything gets every file, but for a settlement that is not there; lists that name every brand,
    # or what was paid for all of them, are not for anybody limited.
    of_all = ("/imports", "/operations", "/users", "/paid", "/overheads", "/settlements")
    assert all(path.startswith("/settlements/") or path.startswith(of_all) and name == "anna" for path in refused)
