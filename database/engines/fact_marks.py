"""What is cheap to know of the facts: under which dates they stand, and up to which ids.

Nothing here goes through all of them: the rollup index and the primary key answer.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Protocol

import sqlalchemy as sa

from database import schema
from database.engines.values import Generation

ID_MARGIN = 1000
"""Ids commit out of order: a transaction that was open during the last refresh may show up below the
high-water mark. So this many ids below it are counted, then and now."""

facts = schema.financials


class Marked(Protocol):
    """What was noted of facts once: the highest id, and how many had one of the `ID_MARGIN` ids up to it."""

    last_fact_id: int
    recent_facts: int


class FactMarks:
    """Dates and ids of the facts as `connection` sees them."""

    are_whole = True
    """Whether they tell of every month, and not of those alone that were asked for."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def last_ids(self) -> Mapping[datetime.date, int]:
        """The highest id of a fact in each month, where more than one server gives ids: one that is higher than it was
        may still be below that of all. Empty where the ids of all months are given in one row."""
        return {}

    def dates(self) -> list[datetime.date | None]:
        """Every date facts stand under, in order. MariaDB answers it with a loose scan of the rollup index, and DuckDB
        an eighth as long as the same by GROUP BY."""
        query = sa.select(facts.c.month).distinct().order_by(facts.c.month)
        return list(self.connection.execute(query).scalars())

    def last_id(self) -> int:
        """The highest id of a fact, 0 without facts."""
        return int(self.connection.execute(sa.select(sa.func.max(facts.c.id))).scalar() or 0)

    def recent(self, last_id: int) -> int:
        """How many facts there are among the `ID_MARGIN` ids up to `last_id`."""
        query = sa.select(sa.func.count()).select_from(facts).where(
            facts.c.id > last_id - ID_MARGIN, facts.c.id <= last_id
        )
        return self.connection.execute(query).scalar()

    def dates_above(self, live: Marked) -> list[datetime.date | None]:
        """Dates of facts above the high-water mark of the live generation."""
        query = sa.select(facts.c.month).where(facts.c.id > self.since(live)).group_by(facts.c.month)
        return list(self.connection.execute(query).scalars())

    def currencies_above(self, live: Generation | None) -> list[tuple[datetime.date | None, str]]:
        """Dates and the currencies that facts name there, of facts above the high-water mark; of all without one."""
        query = sa.select(facts.c.month, facts.c.currency).distinct().where(facts.c.currency.is_not(None))
        if live is not None:
            query = query.where(facts.c.id > self.since(live))
        return [tuple(row) for row in self.connection.execute(query)]

    def since(self, live: Marked) -> int:
        """The id above which facts are newer than a generation."""
        if self.recent(live.last_fact_id) != live.recent_facts:
            return live.last_fact_id - ID_MARGIN
        return live.last_fact_id
