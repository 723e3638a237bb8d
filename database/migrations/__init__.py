"""Brings any database up to this program's schema, one versioned step after the other (Alembic).

Each step looks before it acts: an existing schema may have been made by hand, and embedded databases
are several files, each with its own version. A step adds what is missing; it never drops or rewrites a
user's data. Autogeneration is not used: it cannot read DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable

from database.engines.ports import Store
from database.engines.schema_versions import refuse_other, revisions, version_of

Progress = Callable[[str], None]


def upgrade(store: Store, report: Progress = lambda line: None) -> list[str]:
    """Upgrades every database of the store; returns what was done, one line each, nothing if all was
    up to date. Raises SchemaError if a database is newer than this program."""
    # Only here: whoever looks at a version needs no Alembic.
    from database.migrations.upgrading import upgrade_one

    done: list[str] = []

    def note(line: str) -> None:
        done.append(line)
        report(line)

    store.facts_room.prepare(note)
    for database in store.facts_room.databases():
        upgrade_one(store, database, note)
    for line in store.published.complete():
        note(line)
    return done


def check(store: Store) -> None:
    """Raises SchemaError unless the application's database has exactly this program's version."""
    refuse_other(revision(store))


def check_served(store: Store) -> None:
    """The same for an app that is up already: a schema that is newer than its program is fine. Steps only add, and
    during an upgrade the schema comes first and the new app takes over afterwards."""
    found = revision(store)
    if found is None or is_known(found):
        refuse_other(found)


def revision(store: Store) -> str | None:
    """The schema version of the application's database; None if it has no tables of ours."""
    with store.application_reading.connect() as connection:
        return version_of(connection)


def is_known(found: str) -> bool:
    """Whether this program knows a schema version; a newer one it does not."""
    return found in revisions()
