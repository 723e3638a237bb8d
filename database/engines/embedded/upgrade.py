"""Files of generations that an earlier version of the program published get the tables and columns that this
version reads. A file in place is never written: a completed copy replaces it, and who has the old one open keeps it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.embedded.generations import GenerationFiles
from database.engines.marketplace_level import fill_marketplace_level
from machine.durable import make_durable

UPGRADING = ".upgrading"


def complete_generations(
    files: GenerationFiles, form: Callable[[sa.Table], sa.Table], dialect: sa.Dialect
) -> list[str]:
    """Completes every kept file; returns what was done, a line each. `form` gives a table as these files have it."""
    done = []
    for number in files.numbers():
        added = complete_file(files.path(number), form, dialect)
        if added:
            done.append(f"generation {number}: {added} missing tables or columns added")
    return done


def complete_file(path: Path, form: Callable[[sa.Table], sa.Table], dialect: sa.Dialect) -> int:
    """Completes one file; returns how many tables and columns it lacked."""
    statements = _missing(path, form, dialect)
    if statements:
        _replace(path, statements)
    return sum(not statement.startswith("INSERT") for statement in statements)


def _missing(path: Path, form: Callable[[sa.Table], sa.Table], dialect: sa.Dialect) -> list[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = set(connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall())
    tables = {table for table, _ in found}
    statements = []
    for table in (*schema.tables_of(schema.PUBLISHED), *schema.DIMENSIONS):
        kept = form(table)
        if table.name not in tables:
            statements.append(str(sa.schema.CreateTable(kept).compile(dialect=dialect)))
            if table is schema.summary_marketplace:
                fill = fill_marketplace_level(table, schema.summary_brand)
                statements.append(str(fill.compile(dialect=dialect, compile_kwargs={"literal_binds": True})))
            continue
        for column in kept.columns:
            if (table.name, column.name) not in found:
                statements.append(_add_column(table, column, dialect))
    return statements


def _add_column(table: sa.Table, column: sa.Column, dialect: sa.Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    text = f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(column.name)} {column.type.compile(dialect)}"
    default = column.server_default
    return text if default is None else f"{text} DEFAULT {default.arg!s}"


def _replace(path: Path, statements: list[str]) -> None:
    copy = path.with_name(path.name + UPGRADING)
    try:
        shutil.copyfile(path, copy)
        with duckdb.connect(str(copy)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute("CHECKPOINT")
        make_durable(copy)
        copy.replace(path)
    finally:
        copy.unlink(missing_ok=True)
