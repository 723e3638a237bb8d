"""Facts from lines: per product, marketplace, month and metric, for marketplaces and months where something changed.

1. the lines that count are summed up into `derived_fact`, by the report that counts there (`counting.py`);
2. their products are found or made;
3. net figures and margins follow from their parts, where no import gives them (`margins.py`);
4. facts that are as they were stay; others go, and what is new comes. Only the months of these changed.

A derived fact is a row of `financials` whose import is `DERIVED`.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.facts.currencies import note_currencies, pairs_of
from database.facts.import_sums import note_derived, noted
from database.lines.counting import CountingRules, sums_of_lines, with_neighbours
from database.lines.margins import margins
from database.lines.scope import Cell, within
from domain.amazon import ACCOUNT, ACCOUNT_NAME

fact, work = schema.financials, schema.derived_fact


@dataclass(frozen=True)
class DerivedSum:
    """Derived facts of one metric and month in one currency ('' for the dashboard's): how many, and their sum."""

    metric: str
    month: datetime.date
    facts: int
    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class Derived:
    """What deriving changed: sums before and after in the whole scope, the months whose facts are others now, the ids
    of new facts (first, last), how many products were made."""

    before: tuple[DerivedSum, ...]
    after: tuple[DerivedSum, ...]
    months: tuple[datetime.date, ...]
    first: int | None
    last: int | None
    new_products: int


@dataclass(frozen=True)
class Deriving:
    """Who derives: the import on whose behalf, when; the rules of what counts; the last id that a fact ever had, and
    whether the engine gives the next ones."""

    import_id: int
    now: datetime.datetime
    rules: CountingRules
    last_fact_id: int
    ids_are_given: bool


def derive(connection: sa.Connection, cells: Collection[Cell], how: Deriving) -> Derived:
    """Brings the derived facts of these marketplaces and months up to date, in `connection`'s transaction."""
    connection.execute(sa.delete(work))
    cells = with_neighbours(connection, cells)
    before = _sums(connection, fact, sa.and_(fact.c.import_id == schema.DERIVED, within(fact, cells)))
    for statement in sums_of_lines(connection, cells, how.rules):
        connection.execute(statement)
    made = _place_products(connection, how)
    for statement in margins(connection, cells, how.rules.currency):
        connection.execute(statement)
    after = _sums(connection, work, sa.true())
    note_currencies(connection, pairs_of(connection, work, sa.true()))
    months, first, last = _exchange(connection, cells, how)
    if months:
        note_derived(connection, within(noted, cells))
    connection.execute(sa.delete(work))
    return Derived(before, after, months, first, last, made)


def _place_products(connection: sa.Connection, how: Deriving) -> int:
    """Gives each row of `derived_fact` the id of its product, which is made where there is none; returns how many
    were made."""
    product = schema.asin
    found = sa.select(product.c.id).where(product.c.asin == work.c.asin).scalar_subquery()
    connection.execute(sa.update(work).values(asin_id=found))
    new = list(connection.execute(
        sa.select(work.c.asin).where(work.c.asin_id.is_(None)).distinct().order_by(work.c.asin)
    ).scalars())
    if new:
        last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(product.c.id), 0))).scalar()
        connection.execute(sa.insert(product), [
            {"id": number, "asin": key, "name": ACCOUNT_NAME if key == ACCOUNT else None, "created_at": how.now,
             "import_id": how.import_id}
            for number, key in enumerate(new, last + 1)
        ])
        connection.execute(sa.update(work).where(work.c.asin_id.is_(None)).values(asin_id=found))
    return len(new)


def _exchange(
    connection: sa.Connection, cells: Collection[Cell], how: Deriving
) -> tuple[tuple[datetime.date, ...], int | None, int | None]:
    """Makes the derived facts of these cells what `derived_fact` says. Returns the months that changed, and the ids of
    the new facts."""
    same = sa.and_(
        work.c.asin_id == fact.c.asin_id, work.c.month == fact.c.month, work.c.metric == fact.c.metric,
        work.c.marketplace == fact.c.marketplace, work.c.value == fact.c.value,
        work.c.currency.is_not_distinct_from(fact.c.currency),
    )
    ours = sa.and_(fact.c.import_id == schema.DERIVED, within(fact, cells))
    gone = sa.and_(ours, ~sa.exists().where(same))
    months = set(connection.execute(sa.select(fact.c.month).where(gone).distinct()).scalars())
    connection.execute(sa.delete(fact).where(gone))
    is_new = ~sa.exists().where(same, fact.c.import_id == schema.DERIVED)
    months |= set(connection.execute(sa.select(work.c.month).where(is_new).distinct()).scalars())
    if not months:
        return (), None, None
    connection.execute(_insert_new(is_new, how))
    first, last = connection.execute(
        sa.select(sa.func.min(fact.c.id), sa.func.max(fact.c.id))
        .where(fact.c.import_id == schema.DERIVED, fact.c.id > how.last_fact_id)
    ).one()
    return tuple(sorted(months)), first, last


def _insert_new(is_new: sa.ColumnElement[bool], how: Deriving) -> sa.Insert:
    columns = [
        work.c.asin_id, work.c.marketplace, work.c.metric, work.c.month, work.c.value,
        sa.literal(schema.DERIVED).label("import_id"), sa.literal(how.now, schema.Moment).label("created_at"),
        work.c.currency,
    ]
    order = (work.c.month, work.c.metric, work.c.marketplace, work.c.asin_id)
    if not how.ids_are_given:
        number = sa.func.row_number().over(order_by=order) + how.last_fact_id
        columns.insert(0, number.label("id"))
    query = sa.select(*columns).where(is_new).order_by(*order)
    return sa.insert(fact).from_select([column.name for column in columns], query)


def _sums(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> tuple[DerivedSum, ...]:
    value = sa.cast(sa.func.sum(table.c.value), schema.Sum)
    grain = (table.c.metric, table.c.month, table.c.currency)
    rows = connection.execute(
        sa.select(*grain, sa.func.count().label("facts"), value.label("value")).where(condition).group_by(*grain)
    )
    found = (DerivedSum(row.metric, row.month, row.facts, row.value, row.currency or "") for row in rows)
    return tuple(sorted(found, key=lambda each: (each.metric.encode(), each.currency, each.month)))
