"""One name for spellings that the server takes as equal.

Tables we create compare text byte for byte. An existing `financials` may compare without case or
trailing spaces; its GROUP BY then joins 'Net revenue' and 'NET REVENUE' into one group and names it by
either. Here such spellings get one name, the same in every month: the one already published, else
one that the P&L knows, else the first in byte order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from database import schema
from database.engines.values import Generation
from domain.metrics import FIXED

OURS = "utf8mb4_nopad_bin"
COLUMNS = ("metric", "marketplace")


class Spellings:
    """The names of metrics and marketplaces during one build; safe to use from several threads."""

    def __init__(self, connection: sa.Connection, published: Callable[[str], Iterable[str]]) -> None:
        """`published` gives the names of a column that the live generation shows."""
        found = connection.execute(
            sa.text(
                "SELECT column_name, collation_name FROM information_schema.columns WHERE table_schema = DATABASE() "
                "AND table_name = 'financials' AND column_name IN ('metric', 'marketplace')"
            )
        ).all()
        self._collations = {column: collation for column, collation in found if collation and collation != OURS}
        self._names: dict[str, dict[str, str]] = {
            column: {name: name for name in published(column)} for column in self._collations
        }
        self._lock = threading.Lock()

    @property
    def columns(self) -> tuple[str, ...]:
        """Those whose text does not compare byte for byte."""
        return tuple(self._collations)

    def of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        """Spelling -> name, for every one of `spellings`."""
        spellings = sorted(set(spellings), key=lambda spelling: (spelling not in FIXED, spelling.encode()))
        if column not in self._collations:
            return {spelling: spelling for spelling in spellings}
        with self._lock:
            names = self._names[column]
            unknown = [spelling for spelling in spellings if spelling not in names]
            if unknown:
                candidates = list(dict.fromkeys([*names.values(), *unknown]))
                names.update(_classes(connection, unknown, candidates, self._collations[column]))
            return {spelling: names[spelling] for spelling in spellings}


def published_names(
    connection: sa.Connection, column: str, live: Generation | None,
    where: Callable[[sa.Table], sa.Table] = lambda table: table,
) -> list[str]:
    """The names of a column that the live generation shows; `where` gives its tables."""
    if live is None:
        return []
    if column == "metric":
        table = where(schema.summary_month)
        query = sa.select(table.c.metric).where(table.c.generation == live.generation).distinct()
    else:
        query = sa.select(where(schema.summary_brand).c.marketplace).distinct()
    return sorted(connection.execute(query).scalars(), key=lambda name: name.encode())


def _classes(
    connection: sa.Connection, spellings: list[str], candidates: list[str], collation: str
) -> dict[str, str]:
    """Each spelling -> the first candidate that the collation takes as equal."""

    def numbered(names: list[str], title: str) -> sa.Subquery:
        rows = [
            sa.select(sa.literal(place).label("place"), sa.collate(sa.literal(name), collation).label("name"))
            for place, name in enumerate(names)
        ]
        return sa.union_all(*rows).subquery(title)

    left, right = numbered(spellings, "spellings"), numbered(candidates, "candidates")
    query = (
        sa.select(left.c.place, sa.func.min(right.c.place))
        .join_from(left, right, left.c.name == right.c.name)
        .group_by(left.c.place)
    )
    return {spellings[place]: candidates[first] for place, first in connection.execute(query)}
