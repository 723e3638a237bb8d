"""Fingerprints of a store: counts and sums by which a copy is known to hold what the original held."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Reading
from domain.errors import NeverRefreshed

Fingerprints = dict[str, Any]
"""Names and plain values, as JSON holds them: `facts` and one list per summary table (month, metric, rows, sum; for
facts the highest id, too), `tables` (rows of the other tables)."""

COUNTED = tuple(table.name for table in (
    schema.financials_import, schema.financials_replaced, schema.changed_month, schema.archived_month,
    schema.archived_sum, *schema.DIMENSIONS,
))


def fingerprints(store: Store, counted: Collection[str] = COUNTED) -> Fingerprints:
    """What there is now. `counted` are the tables to count: a backup of an earlier version may have fewer. Text and
    numbers only; sums are texts, so that no cent is lost."""
    with store.facts() as connection:
        facts = schema.financials
        found: Fingerprints = {
            "facts": _by_month(connection, facts, facts.c.value, sa.func.max(facts.c.id).label("last")),
            "tables": {
                name: connection.execute(sa.select(sa.func.count()).select_from(schema.metadata.tables[name])).scalar()
                for name in counted if name in COUNTED
            },
        }
    try:
        return found | store.read(_of_summaries)
    except NeverRefreshed:
        return found


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Where two fingerprints differ, one line each; nothing if they are equal."""
    lines = []
    for part in sorted(wanted.keys() | found.keys()):
        one, other = (_keyed(side.get(part)) for side in (wanted, found))
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                lines.append(f"{part} {' '.join(key)}: {_words(one.get(key))} expected, {_words(other.get(key))} found")
    return lines


def _of_summaries(reading: Reading) -> Fingerprints:
    values = {
        table: table.c.get("total_value", table.c.get("value")) for table in schema.SUMMARIES
    }
    return {table.name: _by_month(reading.connection, table, value) for table, value in values.items()}


def _by_month(
    connection: sa.Connection, table: sa.Table, value: sa.Column, *more: sa.ColumnElement
) -> list[list[str]]:
    month, metric = table.c.month, table.c.metric
    rows = connection.execute(
        sa.select(month, metric, sa.func.count(), sa.func.coalesce(sa.func.sum(value), 0), *more)
        .group_by(month, metric)
    )
    return sorted([f"{row[0]}", row[1] or "", str(row[2]), f"{row[3]:.2f}", *map(str, row[4:])] for row in rows)


def _keyed(part: Any) -> dict[tuple[str, ...], Any]:
    if isinstance(part, Mapping):
        return {(name,): value for name, value in part.items()}
    return {tuple(row[:2]): tuple(row[2:]) for row in part or ()}


def _words(value: Any) -> str:
    if value is None:
        return "nothing"
    return " / ".join(map(str, value)) if isinstance(value, tuple) else str(value)
