"""A month's facts as a Parquet file: written, read back, and held against the database.

The file has every column of `financials`, those of others included, as texts where we do not know them. Facts that a
later import replaced, which undoing it would bring back, are in it, too; their `replaced_by` names that import.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ddl import existing_columns
from database.engines.ports import Store
from database.engines.values import Facts
from domain.errors import LegoError, OutOfSpace, Refused, SetupError
from domain.months import add_months, format_month
from machine.durable import make_durable

facts, aside = schema.financials, schema.financials_replaced
REPLACED_BY = "replaced_by"
TYPES = {
    "id": "BIGINT", "asin_id": "INTEGER", "marketplace": "VARCHAR", "metric": "VARCHAR", "month": "DATE",
    "value": "DECIMAL(15,2)", "import_id": "INTEGER", "created_at": "TIMESTAMP", "currency": "VARCHAR",
    REPLACED_BY: "INTEGER",
}
AT_ONCE = 20_000

Group = tuple[datetime.date, str, str, str]
"""Date, metric, marketplace, currency ('' for the dashboard's)."""
Sums = dict[Group, tuple[int, ...]]
"""Group -> rows, rows with a value, cents; sums of ids, of products, of imports, of the imports that replaced them."""
NOTHING = (0,) * 7


def in_month(table: sa.Table, month: datetime.date) -> sa.ColumnElement[bool]:
    """Every date of the month, those that stray included."""
    return (table.c.month >= month) & (table.c.month < add_months(month, 1))


def sums_of(connection: Facts, table: sa.Table, month: datetime.date) -> Sums:
    """What the database says of the month's rows. Names as their bytes: a table may take several as equal."""
    columns = (table.c.metric, table.c.marketplace, table.c.currency)
    names = [sa.func.hex(sa.func.coalesce(column, "")) for column in columns]
    replaced_by = sa.func.sum(table.c.replaced_by) if table is aside else sa.literal(0)
    query = sa.select(
        table.c.month, *names, sa.func.count(), sa.func.count(table.c.value), sa.func.sum(table.c.value),
        sa.func.sum(table.c.id), sa.func.sum(table.c.asin_id), sa.func.sum(table.c.import_id),
        replaced_by,
    ).where(in_month(table, month)).group_by(table.c.month, *names)
    return _as_sums(connection.execute(query))


def sums_in(scratch: duckdb.DuckDBPyConnection, path: Path, *, replaced: bool) -> Sums:
    """What the file says, of its facts or of its replaced facts, read anew."""
    with _in_our_words(path):
        # Months that were archived before facts had a currency name none.
        code = "currency" if "currency" in _columns_of(scratch, path) else "NULL"
        return _as_sums(scratch.execute(
            "SELECT month, hex(coalesce(metric, '')), hex(coalesce(marketplace, '')), "
            f"hex(coalesce({code}::VARCHAR, '')), count(*), count(value), sum(value), sum(id), sum(asin_id), "
            f"sum(import_id), sum({REPLACED_BY}) FROM {_file(path)} "
            f"WHERE {REPLACED_BY} IS {'NOT' if replaced else ''} NULL GROUP BY ALL"
        ).fetchall())


def write_month(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, month: datetime.date, path: Path
) -> None:
    """Writes the month's facts to `path`, durably. Raises OutOfSpace or SetupError."""
    for table in (facts, aside):
        texts = _texts(connection, table, month)
        store.facts_room.mirror(connection, texts, scratch=scratch, name=f"archive_{table.name}")
    parts = [_typed(connection, table) for table in (facts, aside)]
    with _in_our_words(path):
        scratch.execute(
            f"COPY ({' UNION ALL BY NAME '.join(parts)} ORDER BY {REPLACED_BY} NULLS FIRST, id) "
            f"TO {_quoted(path)} (FORMAT parquet, COMPRESSION zstd)"
        )
        path.chmod(0o600)
        make_durable(path)


def read_month(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, path: Path
) -> tuple[int, int]:
    """Inserts the facts and the replaced facts of the file into their tables; returns how many of each. Raises
    Refused if the file has a column that a table lacks."""
    counts = []
    for table, condition in ((facts, f"{REPLACED_BY} IS NULL"), (aside, f"{REPLACED_BY} IS NOT NULL")):
        columns = _columns_for(connection, scratch, table, path)
        listed = ", ".join(_name(column) for column in columns)
        with _in_our_words(path):
            counts.append(store.facts_room.bulk_insert(
                connection, table, scratch=scratch,
                query=f"SELECT {listed} FROM {_file(path)} WHERE {condition} "
                "ORDER BY month, metric, marketplace, asin_id",
            ))
    return counts[0], counts[1]


def digest_of(path: Path) -> str:
    """SHA-256 of the file's bytes. Raises SetupError if it cannot be read."""
    with _in_our_words(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _texts(connection: sa.Connection, table: sa.Table, month: datetime.date) -> sa.Select:
    """The month's rows as whole numbers and texts, read as they are asked for."""
    columns = []
    for name in existing_columns(connection, table.name):
        kind = TYPES.get(name, "VARCHAR")
        column = sa.column(name, sa.BigInteger if kind in ("BIGINT", "INTEGER") else sa.String)
        columns.append(column if kind in ("BIGINT", "INTEGER", "VARCHAR") and name in TYPES
                       else sa.cast(column, sa.String(1000)).label(name))
    return (
        sa.select(*columns).select_from(sa.table(table.name, sa.column("month", sa.Date)))
        .where(sa.column("month", sa.Date) >= month, sa.column("month", sa.Date) < add_months(month, 1))
        .execution_options(stream_results=True, max_row_buffer=AT_ONCE)
    )


def _typed(connection: sa.Connection, table: sa.Table) -> str:
    columns = existing_columns(connection, table.name)
    listed = [f"CAST({_name(column)} AS {TYPES.get(column, 'VARCHAR')}) AS {_name(column)}" for column in columns]
    if REPLACED_BY not in columns:
        listed.append(f"CAST(NULL AS INTEGER) AS {REPLACED_BY}")
    return f"SELECT {', '.join(listed)} FROM archive_{table.name}"


def _columns_for(
    connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, table: sa.Table, path: Path
) -> list[str]:
    with _in_our_words(path):
        found = _columns_of(scratch, path)
    known = existing_columns(connection, table.name)
    missing = [column for column in found if column not in known and column != REPLACED_BY and table is facts]
    if missing:
        raise Refused(f"{path}: has a column {missing[0]}, which financials lacks; add it first. Nothing was changed")
    return [column for column in found if column in known]


def _columns_of(scratch: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    return [row[0] for row in scratch.execute(f"DESCRIBE SELECT * FROM {_file(path)}").fetchall()]


def _as_sums(rows) -> Sums:
    return {
        (date, _text(metric), _text(marketplace), _text(code)): (
            int(count), int(valued), int(Decimal(value or 0) * 100), *(int(number or 0) for number in numbers)
        )
        for date, metric, marketplace, code, count, valued, value, *numbers in rows
    }


def _text(hexadecimal: str) -> str:
    return bytes.fromhex(hexadecimal).decode("utf-8", "replace")


@contextlib.contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.IOException, OSError) as error:
        words = str(error).splitlines()[0]
        if "No space left" in words or "disk" in words and "full" in words:
            raise OutOfSpace(f"{path.parent}: the disk is full; free some space and run it again") from None
        raise SetupError(f"{path}: {words}") from None
    except duckdb.Error as error:
        raise Refused(f"{path}: cannot be read as an archived month ({str(error).splitlines()[0]})") from None


def differing(month: datetime.date, wanted: Sums, found: Sums) -> LegoError | None:
    """The error that tells where two sums differ; None if they are equal."""
    for group in sorted(wanted.keys() | found.keys()):
        one, other = (side.get(group, NOTHING) for side in (wanted, found))
        if one != other:
            return Refused(
                f"{format_month(month)} {group[1] or '(no metric)'} {group[2] or '(no marketplace)'}"
                f"{f' in {group[3]}' if group[3] else ''}: the database has "
                f"{one[0]:,} facts, sum {Decimal(one[2]).scaleb(-2):,}, the file {other[0]:,}, sum "
                f"{Decimal(other[2]).scaleb(-2):,}; nothing was removed. If other programs write to financials, run it "
                "again when they are done"
            )
    return None


def _file(path: Path) -> str:
    return f"read_parquet({_quoted(path)})"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
