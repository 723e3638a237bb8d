"""The sums that stand for an archived month's facts: packed into its record, unpacked while a refresh builds it.

A row per product, marketplace and metric would take as much room as facts do that are one per month. Packed, it takes
a twentieth of that; `archived_sum` is empty but during a refresh.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store

if TYPE_CHECKING:
    import duckdb

record, archived = schema.archived_month, schema.archived_sum


def pack_sums(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, month: datetime.date
) -> bytes:
    """Takes the month's rows out of `archived_sum`, in `connection`'s transaction, and returns them as a Parquet file's
    bytes."""
    columns = [column for column in archived.columns if column.name != "month"]
    rows = sa.select(*(
        sa.cast(column, sa.String(40)).label(column.name) if column is archived.c.value else column
        for column in columns
    )).where(archived.c.month == month).execution_options(stream_results=True, max_row_buffer=20_000)
    store.facts_room.mirror(connection, rows, scratch=scratch, name="archive_sums")
    with tempfile.TemporaryDirectory(prefix="lego-sums-") as folder:
        path = Path(folder) / "sums.parquet"
        scratch.execute(
            "COPY (SELECT * REPLACE (CAST(value AS DECIMAL(25,2)) AS value) FROM archive_sums ORDER BY ALL) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
        packed = path.read_bytes()
    connection.execute(sa.delete(archived).where(archived.c.month == month))
    return packed


def holds_others(connection: sa.Connection, month: datetime.date, metric: str) -> bool:
    """Whether an archived month has facts of any other metric than `metric`."""
    import duckdb

    packed = connection.execute(sa.select(record.c.sums).where(record.c.month == month)).scalar_one()
    with tempfile.TemporaryDirectory(prefix="lego-sums-") as folder, duckdb.connect() as reading:
        path = Path(folder) / "sums.parquet"
        path.write_bytes(packed)
        query = "SELECT count(*) > 0 FROM read_parquet($path) WHERE metric NOT IN ('', $metric)"
        return reading.execute(query, {"path": str(path), "metric": metric}).fetchone()[0]


def unpack_sums(store: Store, connection: sa.Connection, months: Collection[datetime.date]) -> None:
    """Fills `archived_sum` with the rows of these months and of no others, and commits. While holding the lock."""
    connection.execute(sa.delete(archived))
    with store.facts_room.scratch(connection) as scratch, tempfile.TemporaryDirectory(prefix="lego-sums-") as folder:
        for month in sorted(months):
            path = Path(folder) / f"{month}.parquet"
            path.write_bytes(connection.execute(sa.select(record.c.sums).where(record.c.month == month)).scalar_one())
            store.facts_room.bulk_insert(
                connection, archived, scratch=scratch,
                query=f"SELECT DATE '{month}' AS month, {_columns_of(scratch, path)} FROM read_parquet('{path}') "
                "ORDER BY metric, marketplace, asin_id",
            )
        connection.commit()


def _columns_of(scratch: duckdb.DuckDBPyConnection, path: Path) -> str:
    """The columns of packed sums, as they are loaded; months that were archived before facts had currencies lack two.
    """
    found = {row[0] for row in scratch.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()}
    if "currency" not in found:
        return "*, '' AS currency, 0 AS derived"
    return "*"


def clear_sums(connection: sa.Connection) -> None:
    """Empties `archived_sum` again, and commits. Deleted rows would keep their room on the disk."""
    connection.execute(sa.text(f"TRUNCATE TABLE {archived.name}"))
    connection.commit()
