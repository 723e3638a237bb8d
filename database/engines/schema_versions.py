"""Which version a database's schema has, and whether this program knows it. Without Alembic, which takes longer to
import than a web process needs to look: every worker would pay that at its start."""

from __future__ import annotations

import functools
from pathlib import Path

import sqlalchemy as sa

from database.engines.ddl import existing_columns
from domain.errors import SchemaError

VERSION_TABLE = "lego_schema_version"


@functools.cache
def revisions() -> tuple[str, ...]:
    """The versions that this program knows, oldest first: its steps' files begin with them."""
    steps = (Path(__file__).parents[1] / "migrations/versions").glob("[0-9]*.py")
    return tuple(sorted(step.name.partition("_")[0] for step in steps))


def version_of(connection: sa.Connection) -> str | None:
    """The version of a database; None if it has no tables of ours."""
    if not existing_columns(connection, VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def refuse_newer(found: str) -> None:
    """Raises SchemaError if the version is one that this program does not know."""
    if found not in revisions():
        raise SchemaError(
            f"the database has schema {found}, newer than this program, which knows {revisions()[-1]}; go on with "
            "the version of the program that made it, or put back a backup from before it: flask restore FILE --replace"
        )


def refuse_other(found: str | None) -> None:
    """Raises SchemaError unless the version is exactly this program's."""
    if found is None:
        raise SchemaError("the database has no tables of ours yet; run: flask init-db")
    refuse_newer(found)
    needed = revisions()[-1]
    if found != needed:
        raise SchemaError(f"the database has schema {found}, this program needs {needed}; run: flask init-db")
