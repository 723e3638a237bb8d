"""What each import gave to a figure, as the live generation tells it, of the months where that is what the facts give:
so that nobody adds up all of them anew.

A month is known if nothing changed since: no entry in the ledger, no fact of another program above the mark, no
product that stands elsewhere, no archive. It must be told as a whole, of every metric and marketplace by the very name
that is asked for, and no amount of it may have been left out for want of a rate. Of a product's figures nothing is
told. Where any of this is not sure, the facts are asked.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

import sqlalchemy as sa

from database import schema
from database.engines.month_ranges import is_one_of
from database.engines.ports import Store
from database.engines.values import Generation, Reading
from database.journal.run_log import MONTHS
from database.schema import NO_IMPORT
from database.summaries.figure_rows import NOTHING_KNOWN, FigureAsked, FigureRows, KnownSums
from database.summaries.rollups import facts, placements
from domain.derived import MARGINS
from domain.errors import LegoError
from domain.metrics import COUNTS
from domain.months import month_of, months_between

FEW = 100_000
"""Facts that are added up sooner than it is found out whether their sums are known."""
NEVER_CONVERTED = {*COUNTS, *(formula.metric for formula in MARGINS)}
"""In months of several currencies these are told without their currency, or are made of what was converted."""

Places = Mapping[tuple[int, int], tuple[int, int, int]]
"""Brand and category -> how many products stand there, and two sums of their ids."""


@dataclass(frozen=True)
class _Told:
    """What a generation tells: rows of `summary_import`, which facts of a month and metric count, the currencies of
    each month that were converted, and where products stood."""

    generation: Generation
    rows: Sequence[sa.Row]
    counting: Mapping[tuple[datetime.date, str], int]
    converted: Mapping[datetime.date, Collection[str]]
    places: Places


def known_sums(store: Store, rows: FigureRows) -> KnownSums:
    """The sums of the months that are known of a question; none if the generation cannot be read."""
    connection, asked = rows.connection, rows.asked
    if asked.asin or store.traits.has_data_nodes:
        return NOTHING_KNOWN
    months = months_between(asked.first, asked.last)
    try:
        told = store.read(lambda reading: _told(reading, asked, months))
    except (LegoError, sa.exc.SQLAlchemyError):
        return NOTHING_KNOWN
    # A run for certain months leaves open where products of all others stand.
    if told is None or told.generation.refresh_type == MONTHS:
        return NOTHING_KNOWN
    if _places(connection, placements(rows.exclude_groups).subquery("places")) != told.places:
        return NOTHING_KNOWN
    left = set(months) - _moved(store, connection, told.generation) - _in_other_currencies(connection, told, asked)
    return _added_up(told.rows, asked, {month for month in left if _is_whole(rows, told, month)})


def _told(reading: Reading, asked: FigureAsked, months: Sequence[datetime.date]) -> _Told | None:
    """None where there is little to add up."""
    connection, live = reading.connection, reading.generation
    table, mark, rate, place = (
        schema.summary_import, schema.summary_month, schema.summary_rate, schema.summary_placement,
    )
    marks = connection.execute(sa.select(mark.c.month, mark.c.metric, mark.c.facts, mark.c.left_out_facts).where(
        mark.c.generation == live.generation, is_one_of(mark.c.month, months), mark.c.metric.in_(asked.metrics)
    )).all()
    counting = {(row.month, row.metric): row.facts - row.left_out_facts for row in marks}
    if sum(counting.values()) < FEW:
        return None
    narrowed = [
        column.in_(values)
        for column, values in ((table.c.brand_id, asked.brands), (table.c.category_id, asked.categories)) if values
    ]
    is_meant = sa.case((sa.and_(*narrowed), 1), else_=0) if narrowed else sa.literal_column("1", sa.Integer)
    keys = (table.c.month, table.c.metric, table.c.marketplace, table.c.import_id, table.c.currency)
    grain = sa.select(
        *keys, is_meant.label("is_meant"), table.c.facts, table.c.local_value,
    ).where(is_one_of(table.c.month, months), table.c.metric.in_(asked.metrics)).subquery("told")
    by = [grain.c[name] for name in ("month", "metric", "marketplace", "import_id", "currency", "is_meant")]
    rows = connection.execute(sa.select(
        *by, sa.func.sum(grain.c.facts).label("facts"),
        sa.cast(sa.func.sum(grain.c.local_value), schema.Sum).label("value"),
    ).group_by(*by)).all()
    converted: dict[datetime.date, set[str]] = defaultdict(set)
    for row in connection.execute(sa.select(rate).where(
        rate.c.generation == live.generation, is_one_of(rate.c.month, months), rate.c.rate.is_not(None)
    )):
        converted[row.month] |= {row.currency} - {row.base}
    stood = sa.select(place).where(place.c.placement == live.placement).subquery("places")
    return _Told(live, rows, counting, converted, _places(connection, stood))


def _places(connection: sa.Connection, places: sa.Subquery) -> Places:
    """Two sides that agree have each product at the same place, unless so many moved that ids and what the squares of
    ids leave cancel each other out everywhere."""
    number = sa.cast(places.c.asin_id, sa.BigInteger)
    query = sa.select(
        places.c.brand_id, places.c.category_id, sa.func.count(), sa.func.sum(number),
        sa.func.sum(number * number % sa.literal_column("1000003", sa.BigInteger)),
    ).group_by(places.c.brand_id, places.c.category_id)
    return {(brand, category): tuple(map(int, sums)) for brand, category, *sums in connection.execute(query)}


def _moved(store: Store, connection: sa.Connection, live: Generation) -> set[datetime.date]:
    """Months whose facts are others than when the generation was made, or are in files."""
    ledger = schema.changed_month
    dates = list(connection.execute(
        sa.select(ledger.c.month).where(ledger.c.id > live.ledger_id).distinct()
    ).scalars())
    dates += connection.execute(sa.select(schema.archived_month.c.month)).scalars()
    dates += store.facts_room.marks(connection).dates_above(live)
    return {month_of(date) for date in dates if date is not None}


def _in_other_currencies(connection: sa.Connection, told: _Told, asked: FigureAsked) -> set[datetime.date]:
    """Months some of whose facts name a currency by which they are not told."""
    named: dict[datetime.date, set[str]] = defaultdict(set)
    for row in connection.execute(sa.select(schema.financials_currency)):
        named[row.month].add(row.currency)
    return {
        month for month in named.keys() | told.converted.keys()
        if NEVER_CONVERTED & {*asked.metrics} or named[month] - set(told.converted.get(month, ()))
    }


def _is_whole(found: FigureRows, told: _Told, month: datetime.date) -> bool:
    """Whether all of the month that counts is told, by the names that are asked for: a server may take a and A for the
    same, and what is not told by its name may be there by another."""
    asked, rows = found.asked, [row for row in told.rows if row.month == month]
    counts = dict.fromkeys((*asked.metrics, *(row.metric for row in rows)), 0)
    for row in rows:
        counts[row.metric] += int(row.facts)
    names = {(row.metric, row.marketplace) for row in rows}
    metrics = {metric for metric, _ in names}
    if not metrics <= {*asked.metrics} or any(
        count != told.counting.get((month, metric), 0) for metric, count in counts.items()
    ):
        return False
    # What is told to be left out, all of it, is there by its name, too.
    unnamed = [each for each in asked.metrics if each not in metrics and (month, each) not in told.counting]
    lacking = [facts.c.metric == metric for metric in unnamed] + [
        sa.and_(facts.c.metric == metric, facts.c.marketplace == code)
        for metric, code in product(asked.metrics, asked.marketplaces) if (metric, code) not in names
    ]
    dates = [date for date in found.dates if month_of(date) == month]
    return not (lacking and dates) or found.connection.execute(
        sa.select(facts.c.id).where(facts.c.month.in_(dates), sa.or_(*lacking)).limit(1)
    ).first() is None


def _added_up(rows: Sequence[sa.Row], asked: FigureAsked, months: set[datetime.date]) -> KnownSums:
    found: dict[tuple, tuple[int, Decimal]] = {}
    for row in rows:
        is_asked = row.is_meant and (not asked.marketplaces or row.marketplace in asked.marketplaces)
        if is_asked and row.month in months:
            key = (row.metric, row.currency, None if row.import_id == NO_IMPORT else row.import_id)
            count, value = found.get(key, (0, Decimal(0)))
            found[key] = (count + int(row.facts), value + row.value)
    return KnownSums(frozenset(months), found)
