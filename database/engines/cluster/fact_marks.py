"""Dates and ids of facts on a cluster, asked of the data nodes themselves.

Through the head, the distinct dates would go through every node once per date; and a node that is down would keep the
months of the others from being refreshed.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from database import schema
from database.engines.cluster.nodes import Node, Nodes
from database.engines.cluster.tables import table_name
from database.engines.fact_marks import ID_MARGIN, FactMarks, Marked
from database.engines.values import Generation


class SpiderMarks(FactMarks):
    """Marks of the months on every node; if `months` are given, only of the nodes that hold one of these."""

    def __init__(
        self, connection: sa.Connection, nodes: Nodes, placed: Mapping[datetime.date, Node],
        months: Collection[datetime.date],
    ) -> None:
        super().__init__(connection)
        self._nodes = nodes
        asked = {placed[month] for month in months if month in placed} or set(placed.values())
        self._asked = {month: node for month, node in placed.items() if node in asked}
        self.are_whole = len(self._asked) == len(placed)
        self._found = self._ask("SELECT MAX(id) FROM {table}")
        self._dates = self._ask("SELECT DISTINCT month FROM {table}")

    def dates(self) -> list[datetime.date | None]:
        return sorted(date for rows in self._dates.values() for (date,) in rows)

    def last_id(self) -> int:
        return max(self.last_ids().values(), default=0)

    def recent(self, last_id: int) -> int:
        counted = self._ask(
            "SELECT COUNT(*) FROM {table} WHERE id > :after AND id <= :last", after=last_id - ID_MARGIN, last=last_id
        )
        return sum(rows[0][0] for rows in counted.values())

    def last_ids(self) -> dict[datetime.date, int]:
        """A program that writes to a node gets its ids there."""
        return {month: int(rows[0][0] or 0) for month, rows in self._found.items()}

    def dates_above(self, live: Marked) -> list[datetime.date | None]:
        above = self._ask("SELECT DISTINCT month FROM {table} WHERE id > :since", since=self.since(live))
        return sorted({date for rows in above.values() for (date,) in rows})

    def currencies_above(self, live: Generation | None) -> list[tuple[datetime.date | None, str]]:
        rows = self._ask(
            "SELECT DISTINCT month, currency FROM {table} WHERE currency IS NOT NULL AND id > :since",
            since=0 if live is None else self.since(live),
        )
        return [tuple(row) for found in rows.values() for row in found]

    def _ask(self, statement: str, **values: int) -> dict[datetime.date, list[sa.Row]]:
        """Month -> the rows of a statement on its table."""
        answers = {}
        for node in dict.fromkeys(self._asked.values()):
            with self._nodes.connect(node) as connection:
                for month in (month for month, at in self._asked.items() if at == node):
                    text = statement.format(table=table_name(schema.financials, month))
                    answers[month] = list(connection.execute(sa.text(text), values))
        return answers
