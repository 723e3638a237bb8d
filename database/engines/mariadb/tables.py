"""A MariaDB's tables and indexes: what is missing, doubled or never used, what the server believes of them."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from database import schema
from database.engines.ddl import add_missing_indexes
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.server import Server
from database.engines.mariadb.sizes import summary_sizes
from domain.findings import HINT, WARNING, Finding, Limits, mebibytes

INDEXED = (schema.financials, *schema.SUMMARIES)

Columns = tuple[str, ...]


def judge_indexes(
    doors: MysqlDoors, connection: sa.Connection, server: Server, limits: Limits
) -> Iterator[Finding]:
    """Indexes of the facts and the summaries that are missing, doubled or unused."""
    for table in INDEXED:
        existing, unique = _indexes(connection, table.name)
        yield from _missing(doors, table, list(existing.values()))
        yield from _doubled(table, existing, unique)
        if server.uptime >= limits.settled_seconds:
            yield from _unused(connection, table, existing)


def judge_tables(doors: MysqlDoors, connection: sa.Connection, limits: Limits) -> Iterator[Finding]:
    """Statistics that are far from the truth, and tables with holes."""
    query = sa.text(
        # The key's last column has as many values as there were rows when the server looked; the number of rows
        # itself is counted on.
        "SELECT table_name AS name, data_length + index_length AS bytes, data_free AS free, "
        "(SELECT MAX(cardinality) FROM information_schema.statistics s WHERE s.table_schema = t.table_schema "
        "AND s.table_name = t.table_name AND s.index_name = 'PRIMARY') AS believed "
        "FROM information_schema.tables t WHERE table_schema = DATABASE() AND table_name IN :names"
    ).bindparams(sa.bindparam("names", [table.name for table in INDEXED], expanding=True))
    truth = _rows(doors)
    for row in connection.execute(query):
        yield from _statistics(doors, row, truth.get(row.name), limits)
        free = int(row.free or 0)
        if free > limits.small_bytes and free > limits.fragmented_share * (int(row.bytes) + free):
            yield Finding(
                "fragmentation", HINT, f"{row.name} holds more empty space than it needs",
                f"{mebibytes(free)} empty beside {mebibytes(int(row.bytes))} of rows and indexes",
                f"in a quiet hour run: OPTIMIZE TABLE {row.name} (online; it needs room for a copy)",
                subject=row.name,
            )


def _missing(doors: MysqlDoors, table: sa.Table, existing: list[Columns]) -> Iterator[Finding]:
    for index in sorted(table.indexes, key=lambda index: index.name):
        wanted = tuple(column.name for column in index.columns)
        if any(found[: len(wanted)] == wanted for found in existing):
            continue
        is_rollup = table is schema.financials
        yield Finding(
            "rollup-index-missing" if is_rollup else "summary-index-missing", WARNING,
            "financials has no rollup index, so every refresh is many times slower" if is_rollup
            else f"{table.name} lacks the index {index.name}, so pages read more of it than they need",
            f"no index of {table.name} begins with ({', '.join(wanted)})",
            "flask doctor --fix adds it while others read and write (about 2 seconds per million rows)",
            subject=index.name, cure=lambda: _add_indexes(doors, table),
        )


def _add_indexes(doors: MysqlDoors, table: sa.Table) -> str:
    notes: list[str] = []
    with doors.facts() as connection:
        add_missing_indexes(connection, [table], notes.append)
        connection.commit()
    return notes[-1] if notes else f"{table.name} has its indexes"


def _doubled(table: sa.Table, existing: dict[str, Columns], unique: set[str]) -> Iterator[Finding]:
    """An index whose columns are how another one begins answers nothing that the other does not; a unique one
    forbids something."""
    ours = {index.name for index in table.indexes} | unique
    for name, columns in existing.items():
        by = next(
            (other for other, longer in existing.items()
             if other != name and longer[: len(columns)] == columns and (longer != columns or other in ours)), None,
        )
        if by and name not in ours:
            yield Finding(
                "index-duplicate", WARNING, f"{table.name} keeps the index {name} for nothing",
                f"({', '.join(columns)}) is how {by} ({', '.join(existing[by])}) begins",
                f"make sure that no other program names it, then run: ALTER TABLE {table.name} DROP INDEX {name}",
                subject=name,
            )


def _unused(connection: sa.Connection, table: sa.Table, existing: dict[str, Columns]) -> Iterator[Finding]:
    """Only a server that counts (userstat = 1) can tell."""
    if not connection.exec_driver_sql("SELECT @@userstat").scalar():
        return
    used = set(
        connection.execute(
            sa.text(
                "SELECT index_name FROM information_schema.index_statistics "
                "WHERE table_schema = DATABASE() AND table_name = :table"
            ),
            {"table": table.name},
        ).scalars()
    )
    for name in sorted(set(existing) - used - {"PRIMARY"}):
        yield Finding(
            "index-unused", HINT, f"Nothing has used the index {name} of {table.name} since the server counts",
            f"({', '.join(existing[name])}) is not in information_schema.index_statistics",
            "keep it if it is one of ours: a page that is rarely opened may need it" if _is_ours(table, name)
            else f"if no monthly job needs it, run: ALTER TABLE {table.name} DROP INDEX {name}",
            subject=name,
        )


def _is_ours(table: sa.Table, name: str) -> bool:
    return name in {index.name for index in table.indexes}


def _statistics(doors: MysqlDoors, row: sa.Row, actual: int | None, limits: Limits) -> Iterator[Finding]:
    if actual is None or row.believed is None:
        return
    believed = int(row.believed)
    if abs(believed - actual) <= max(limits.small_rows, limits.wrong_share * actual):
        return
    yield Finding(
        "statistics-outdated", WARNING, f"Statistics of {row.name} are old: plans may be poor",
        f"it looked when there were about {believed:,} rows; there are {actual:,}",
        f"flask doctor --fix runs: ANALYZE TABLE {row.name}", subject=row.name, cure=lambda: _analyze(doors, row.name),
    )


def _analyze(doors: MysqlDoors, table: str) -> str:
    with doors.facts() as connection:
        connection.exec_driver_sql(f"ANALYZE TABLE {table}").all()
        connection.commit()
    return f"analysed {table}"


def _rows(doors: MysqlDoors) -> dict[str, int]:
    """How many rows there really are, as far as a generation tells: the facts need no counting."""
    live = doors.live_generation()
    if live is None:
        return {}
    with doors.facts() as connection:
        archived = connection.execute(sa.select(sa.func.sum(schema.archived_month.c.facts))).scalar() or 0
    facts = {schema.financials.name: live.facts - int(archived)}
    return facts | {size.table: size.rows for size in summary_sizes(doors)}


def _indexes(connection: sa.Connection, table: str) -> tuple[dict[str, Columns], set[str]]:
    """Index -> its columns, and which indexes are unique."""
    rows = connection.execute(
        sa.text(
            "SELECT index_name AS name, column_name AS part, non_unique FROM information_schema.statistics "
            "WHERE table_schema = DATABASE() AND table_name = :table ORDER BY index_name, seq_in_index"
        ),
        {"table": table},
    )
    found: dict[str, list[str]] = {}
    unique: set[str] = set()
    for row in rows:
        found.setdefault(row.name, []).append(row.part)
        if not row.non_unique:
            unique.add(row.name)
    return {name: tuple(parts) for name, parts in found.items()}, unique
