"""What must be true of a MariaDB before a refresh touches anything."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.mariadb.repairs import foreign_keys, is_summary
from domain.errors import SetupError

OLDEST = (10, 6)
"""RENAME TABLE over several tables, crash-safe, and the nopad collation: MariaDB 10.6."""

_NAMES = tuple(table.name for table in schema.SUMMARIES)


def examine_server(connection: sa.Connection) -> list[str]:
    """Notes for the person, one line each. Raises SetupError for what makes a refresh impossible or
    unsafe: an old or read-only server, summary tables that are not InnoDB or carry foreign keys."""
    version, read_only = connection.execute(sa.text("SELECT VERSION(), @@read_only")).one()
    notes = [*_version_notes(version)]
    if read_only and not _may_write_anyway(connection):
        raise SetupError("the server is read-only (read_only = 1): point [database] host at the primary")
    _refuse_engines(connection)
    _refuse_foreign_keys(connection)
    if not _has_rollup_index(connection):
        notes.append("financials has no rollup index: the refresh works, many times slower; run: flask init-db")
    return notes


def _version_notes(version: str) -> list[str]:
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
    if "MariaDB" not in version:
        return [f"server {version}: MySQL should work and is untested; MariaDB 10.6 or later is what is proven"]
    if numbers < OLDEST:
        raise SetupError(f"server {version} is too old: MariaDB 10.6 or later is needed")
    return []


def _may_write_anyway(connection: sa.Connection) -> bool:
    grants = " ".join(connection.execute(sa.text("SHOW GRANTS")).scalars())
    return "READ_ONLY ADMIN" in grants or "READ ONLY ADMIN" in grants or "GRANT ALL PRIVILEGES ON *.*" in grants


def _refuse_engines(connection: sa.Connection) -> None:
    query = sa.text(
        "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE() "
        "AND table_name IN :names AND engine <> 'InnoDB'"
    ).bindparams(sa.bindparam("names", _NAMES, expanding=True))
    for table, engine in connection.execute(query):
        raise SetupError(
            f"{table} is a {engine} table, which cannot be replaced safely; run: ALTER TABLE {table} ENGINE = InnoDB"
        )


def _refuse_foreign_keys(connection: sa.Connection) -> None:
    """They would follow the table that is swapped out."""
    for table, key, _ in foreign_keys(connection):
        cure = "flask init-db takes it off" if is_summary(table) else f"run: ALTER TABLE {table} DROP FOREIGN KEY {key}"
        raise SetupError(
            f"{table} has the foreign key {key}, which would follow the old table when a new one is put in place; "
            f"{cure}"
        )


def _has_rollup_index(connection: sa.Connection) -> bool:
    query = sa.text(
        "SELECT index_name, GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() AND table_name = 'financials' GROUP BY index_name"
    )
    wanted = ",".join(schema.ROLLUP_INDEX)
    return any(columns == wanted or columns.startswith(wanted + ",") for _, columns in connection.execute(query))
