"""The single facts that a figure is the sum of, by the rules that summaries count them with.

They are read from the facts as they stand, which may be newer than the live generation.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa

from database import schema
from database.schema import EXCLUDED
from database.summaries.rollups import facts, placements
from domain.months import last_day, month_of

MOST = 100_000
"""So many rows are listed: a spreadsheet opens no more than ten times as many. All are counted and added up."""
NAMED = 1000
"""So many products are named in a statement; more are asked for by what they have in common."""


@dataclass(frozen=True)
class FigureAsked:
    """Which facts: of these metrics, of months from the first to the last day, and narrowed by what is not empty."""

    metrics: tuple[str, ...]
    first: datetime.date
    last: datetime.date
    brands: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    marketplaces: tuple[str, ...] = ()
    asin: str = ""


class FactRow(NamedTuple):
    """One fact; `currency` is '' for the dashboard's, import and file are None where another program inserted it."""

    asin: str
    brand: str
    marketplace: str
    metric: str
    month: datetime.date
    value: Decimal
    currency: str
    import_id: int | None
    file_name: str | None


@dataclass(frozen=True)
class FactSum:
    """Facts of one metric in one currency ('' for the dashboard's) that came with one import, or with none: how many,
    and what they add up to there. `file_name` is '' where no import of ours brought them in."""

    metric: str
    currency: str
    import_id: int | None
    file_name: str
    facts: int
    value: Decimal


@dataclass(frozen=True)
class KnownSums:
    """Sums of facts of these months that need not be added up: by metric, currency and import, how many and how much.
    """

    months: frozenset[datetime.date] = frozenset()
    sums: Mapping[tuple[str, str, int | None], tuple[int, Decimal]] = field(default_factory=dict)


NOTHING_KNOWN = KnownSums()


class FigureRows:
    """The rows of one question, from facts that are open. Each date is asked for by itself: so MariaDB's rollup index
    leads to its metric, and on a cluster one data node answers. `dates` are those of facts, the newest first."""

    def __init__(self, connection: sa.Connection, asked: FigureAsked, exclude_groups: Collection[str]) -> None:
        self.connection, self.asked, self.exclude_groups = connection, asked, exclude_groups
        self.dates = self._find_dates()
        self._products = self._find_products()
        book = schema.financials_import.c
        self._files = {number: name or "" for number, name in connection.execute(sa.select(book.id, book.file_name))}

    def archived_months(self) -> list[datetime.date]:
        """Months of the question whose facts were moved to files: they are in the figure, and in none of these rows."""
        month, asked = schema.archived_month.c.month, self.asked
        query = sa.select(month).where(month.between(asked.first, asked.last)).order_by(month)
        return list(self.connection.execute(query).scalars())

    def sums(self, known: KnownSums = NOTHING_KNOWN) -> list[FactSum]:
        """All of them, by metric, currency and import, the newest import first; what is known is not read again."""
        code = sa.func.coalesce(facts.c.currency, "").label("currency")
        found = dict(known.sums)
        for date in self.dates:
            if month_of(date) in known.months:
                continue
            query = self._chosen(
                sa.select(
                    facts.c.metric, code, facts.c.import_id, sa.func.count().label("facts"),
                    sa.type_coerce(sa.func.sum(facts.c.value), schema.Sum).label("value"),
                ),
                date,
            ).group_by(facts.c.metric, code, facts.c.import_id)
            for *key, count, value in self.connection.execute(query):
                before = found.get(tuple(key), (0, Decimal(0)))
                found[tuple(key)] = (before[0] + count, before[1] + value)
        ordered = sorted(found.items(), key=lambda each: (each[0][0], each[0][1], -(each[0][2] or 0)))
        return [FactSum(*key, self._files.get(key[2], ""), *told) for key, told in ordered]

    def rows(self, most: int = MOST) -> Iterator[FactRow]:
        """The newest months first, in each by metric, marketplace and product; `most` of them."""
        left = most
        for date in self.dates:
            found = self._of(date, left)
            left -= len(found)
            for asin, brand, marketplace, metric, month, value, currency, number in found:
                file_name = self._files.get(number)
                yield FactRow(
                    asin, brand or "", marketplace, metric, month, value, currency or "", number, file_name
                )
            if not left:
                return

    def _of(self, date: datetime.date, most: int) -> Sequence[sa.Row]:
        order = ("metric", "marketplace", "asin_id", "value")
        query = self._chosen(
            sa.select(*(facts.c[name] for name in (*order, "month", "currency", "import_id"))), date
        ).order_by(*(facts.c[name] for name in order)).limit(most)
        # Names are looked up for what is listed, not for all that could be.
        chosen, asin, brand = query.subquery("chosen"), schema.asin, schema.brand
        shown = ("marketplace", "metric", "month", "value", "currency", "import_id")
        named = sa.select(asin.c.asin, brand.c.brand, *(chosen.c[name] for name in shown)).select_from(
            chosen.join(asin, asin.c.id == chosen.c.asin_id).outerjoin(brand, brand.c.id == asin.c.brand_id)
        ).order_by(*(chosen.c[name] for name in order))
        return self.connection.execute(named).all()

    def _chosen(self, query: sa.Select, date: datetime.date) -> sa.Select:
        asked = self.asked
        query = query.where(
            facts.c.month == date, facts.c.metric.in_(asked.metrics), facts.c.value.is_not(None),
            facts.c.marketplace.in_(asked.marketplaces) if asked.marketplaces else facts.c.marketplace != "",
            facts.c.marketplace != schema.ALL_MARKETPLACES,
        )
        if self._products is not None:
            return query.where(facts.c.asin_id.in_(self._products))
        # What has no product is in no figure.
        return query.join_from(facts, schema.asin, schema.asin.c.id == facts.c.asin_id)

    def _find_dates(self) -> list[datetime.date]:
        """Those that facts have: another program may write the 15th of a month. The newest first."""
        asked = self.asked
        query = sa.select(facts.c.month).distinct().where(facts.c.month.between(asked.first, last_day(asked.last)))
        return sorted(self.connection.execute(query).scalars(), reverse=True)

    def _find_products(self) -> list[int] | sa.Select | None:
        """Ids of the products that are meant, or the question for them where there are many; None: every product."""
        asked, asin = self.asked, schema.asin
        if not (asked.brands or asked.categories or asked.asin or self.exclude_groups):
            return None
        places = placements(self.exclude_groups).subquery("places")
        conditions = [places.c.brand_id != EXCLUDED]
        for column, values in ((places.c.brand_id, asked.brands), (places.c.category_id, asked.categories)):
            conditions += [column.in_(values)] if values else []
        query = sa.select(places.c.asin_id).where(*conditions)
        if asked.asin:
            same = query.add_columns(asin.c.asin).join(asin, asin.c.id == places.c.asin_id)
            # A server may take a and A for the same.
            return [row.asin_id for row in self.connection.execute(same.where(asin.c.asin == asked.asin))
                    if row.asin == asked.asin]
        few = list(self.connection.execute(query.limit(NAMED + 1)).scalars())
        return few if len(few) <= NAMED else query
