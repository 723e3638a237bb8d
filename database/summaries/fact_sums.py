"""What the facts of a month give, by metric and by the reason that leaves them out: asked of the facts themselves, and
of products and brands as they stand, whatever was built of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.build import Build
from database.engines.id_ranges import Range, lies_within
from database.schema import ALL_MARKETPLACES
from database.summaries.conversion import Conversion
from database.summaries.conversion_check import converted_groups
from database.summaries.rollups import MonthFacts, archived, facts, is_excluded, of_month

NO_METRIC = "no metric"
NO_MARKETPLACE = "no marketplace"
MARKETPLACE_ALL = "marketplace ALL"
NO_VALUE = "no value"
NO_RATE = "no rate of"
"""Followed by the code of a currency."""
MARGIN_WITHOUT_RATE = "margin without a rate"
WITHOUT_MONTH = "no month"
UNKNOWN_PRODUCT = "unknown product"
EXCLUDED_GROUP = "excluded group"

REASONS = (NO_VALUE, WITHOUT_MONTH, NO_METRIC, NO_MARKETPLACE, MARKETPLACE_ALL, UNKNOWN_PRODUCT, EXCLUDED_GROUP)
"""Why a fact is left out; where several would do, the first of them."""


@dataclass(frozen=True)
class FactSum:
    """Facts of one metric that are left out for one reason, or for none (''): how many, how many with a value, their
    sum, the highest id. One below zero takes off what another counts as well."""

    metric: str
    reason: str
    facts: int
    valued: int
    value: Decimal
    last_fact_id: int


@dataclass(frozen=True)
class MonthSource:
    """What the facts of one month give, and the currencies they name, if there were any to look for."""

    sums: tuple[FactSum, ...]
    currencies: frozenset[str] | None = None


@dataclass(frozen=True)
class Lookups:
    """How it is found out which facts belong to products that are left out. For each group of facts by product,
    marketplace and metric; with `flat` for each fact: where groups have one fact each, making them first is the
    greater part of the work. With `counting`, the ids of all products that are not left out, no product is looked up
    but those of other facts."""

    flat: bool = False
    counting: tuple[Range, ...] | None = None


BY_GROUP = Lookups()
FLAT_BELOW = 2
"""Facts a group, below which `flat` is quicker: with one it takes 0.7 of the time on MariaDB, with 24 twice."""
MOST_RANGES = 2000
"""With more of them, `counting` gains little."""


def ask_facts(
    connection: sa.Connection, month: MonthFacts, exclude_groups: Collection[str], *, lookups: Lookups = BY_GROUP
) -> MonthSource:
    """Counts and sums of a month's facts, straight from the source, and what of them cannot be placed."""
    in_month, archived_month = of_month(facts.c.month, month), month.month if month.is_archived else None
    is_plain = month.conversion is None and archived_month is None
    if is_plain and lookups.counting is not None:
        return MonthSource(tuple(_apart(connection, in_month, exclude_groups, lookups.counting)))
    if is_plain and lookups.flat:
        query = _flat(in_month, exclude_groups)
    else:
        query = facts_by_reason(
            in_month, exclude_groups, archived_month=archived_month, conversion=month.conversion
        )
    sums = tuple(map(_fact_sum, connection.execute(query)))
    if month.conversion is None:
        return MonthSource(sums)
    return MonthSource(sums, _currencies_of(connection, in_month, archived_month))


def ask_undated(connection: sa.Connection) -> MonthSource:
    """What facts without a month give, which only a table made by hand can hold."""
    return MonthSource(tuple(map(_fact_sum, connection.execute(facts_by_reason(facts.c.month.is_(None), ())))))


def lookups_for(
    build: Build, months: Collection[MonthFacts], level: sa.Table, exclude_groups: Collection[str]
) -> Lookups:
    """The quickest way for these months, of which `level` has the groups by now."""
    # One month tells of all: they come from the same files.
    newest = max(months, key=lambda month: month.month, default=None)
    if newest is None or build.traits.sums_apart or not _are_groups_small(build, newest, level):
        return BY_GROUP
    return Lookups(True, _counting_products(build.source, exclude_groups) if build.traits.dear_lookups else None)


def _are_groups_small(build: Build, month: MonthFacts, level: sa.Table) -> bool:
    count = sa.select(sa.func.count())
    found = build.source.execute(count.select_from(facts).where(of_month(facts.c.month, month))).scalar()
    groups = build.connection.execute(count.select_from(level).where(level.c.month == month.month)).scalar()
    return found < FLAT_BELOW * groups


def _counting_products(connection: sa.Connection, exclude_groups: Collection[str]) -> tuple[Range, ...] | None:
    """The ids of the products that are not left out, in ranges; None if they are too many."""
    asin, brand = schema.asin, schema.brand
    # An id may have no sign, and this number has one.
    number = (sa.cast(asin.c.id, sa.BigInteger) - sa.func.row_number().over(order_by=asin.c.id)).label("number")
    counting = (
        sa.select(asin.c.id, number)
        .select_from(asin.outerjoin(brand, brand.c.id == asin.c.brand_id))
        .where(sa.not_(is_excluded(brand, exclude_groups)))
        .subquery("counting")
    )
    first = sa.func.min(counting.c.id)
    ranges = connection.execute(
        sa.select(first, sa.func.max(counting.c.id)).group_by(counting.c.number).order_by(first).limit(MOST_RANGES + 1)
    ).all()
    return tuple((row[0], row[1]) for row in ranges) if len(ranges) <= MOST_RANGES else None


def _currencies_of(
    connection: sa.Connection, condition: sa.ColumnElement[bool], archived_month: datetime.date | None
) -> frozenset[str]:
    names = sa.select(facts.c.currency).where(condition, facts.c.currency.is_not(None))
    if archived_month is not None:
        names = names.union(sa.select(archived.c.currency).where(archived.c.month == archived_month))
    else:
        names = names.distinct()
    return frozenset(connection.execute(names).scalars()) - {""}


def facts_by_reason(
    condition: sa.ColumnElement[bool], exclude_groups: Collection[str], *, archived_month: datetime.date | None = None,
    conversion: Conversion | None = None,
) -> sa.Select:
    """Facts by metric and by the reason that leaves them out ('' for none), grouped first by what the
    rollup index holds, so that dimensions are looked up once per group and not once per fact."""
    if conversion is None:
        groups = _fact_groups(condition, archived_month).subquery("fact_groups")
    else:
        groups = converted_groups(condition, conversion, archived_month).subquery("fact_groups")
    asin, brand = schema.asin, schema.brand
    labelled = (
        sa.select(
            sa.func.coalesce(groups.c.metric, "").label("metric"),
            reason_left_out(groups, exclude_groups, first=_without_rate(groups) if conversion else ()).label("reason"),
            groups.c.facts, groups.c.valued, groups.c.value, groups.c.last_fact_id,
        )
        .select_from(
            groups.outerjoin(asin, asin.c.id == groups.c.asin_id).outerjoin(brand, brand.c.id == asin.c.brand_id)
        )
        .subquery("labelled")
    )
    return (
        sa.select(labelled.c.metric, labelled.c.reason, *_added_up(labelled))
        .group_by(labelled.c.metric, labelled.c.reason)
        .order_by(labelled.c.metric, labelled.c.reason)
    )


def _flat(condition: sa.ColumnElement[bool], exclude_groups: Collection[str]) -> sa.Select:
    asin, brand = schema.asin, schema.brand
    metric, reason = sa.func.coalesce(facts.c.metric, ""), reason_left_out(facts, exclude_groups)
    return (
        sa.select(metric.label("metric"), reason.label("reason"), *_counted())
        .select_from(
            facts.outerjoin(asin, asin.c.id == facts.c.asin_id).outerjoin(brand, brand.c.id == asin.c.brand_id)
        )
        .where(condition).group_by(metric, reason).order_by(metric, reason)
    )


def _apart(
    connection: sa.Connection, condition: sa.ColumnElement[bool], exclude_groups: Collection[str],
    counting: Sequence[Range],
) -> Iterator[FactSum]:
    """All facts as if no product were left out; and those whose product is, which are taken off there. One statement:
    whoever writes meanwhile is seen by both halves, or by none."""
    keys = facts.c.metric, facts.c.marketplace
    names = sa.select(*keys, *_counted()).where(condition).group_by(*keys).subquery("names")
    metric, reason = sa.func.coalesce(names.c.metric, ""), sa.case(*_without_names(names), else_="")
    every = (
        sa.select(sa.literal(0).label("is_other"), metric.label("metric"), reason.label("reason"), *_added_up(names))
        .group_by(metric, reason)
    )
    has_names = sa.not_(sa.or_(*(lacks for lacks, _ in _without_names(facts))))
    is_other = sa.not_(lies_within(facts.c.asin_id, counting))
    other = facts_by_reason(condition & has_names & is_other, exclude_groups).order_by(None).subquery("other")
    for row in connection.execute(sa.union_all(every, sa.select(sa.literal(1), *other.c))):
        found = _fact_sum(row)
        yield found
        if row.is_other:
            yield FactSum(found.metric, "", -found.facts, -found.valued, -found.value, 0)


def _fact_groups(condition: sa.ColumnElement[bool], archived_month: datetime.date | None) -> sa.Select:
    groups = (
        sa.select(facts.c.metric, facts.c.marketplace, facts.c.asin_id, *_counted())
        .where(condition)
        .group_by(facts.c.metric, facts.c.marketplace, facts.c.asin_id)
    )
    if archived_month is None:
        return groups
    recorded = sa.select(*(archived.c[column.name] for column in groups.selected_columns))
    both = sa.union_all(groups, recorded.where(archived.c.month == archived_month)).subquery("both_sources")
    keys = both.c.metric, both.c.marketplace, both.c.asin_id
    return sa.select(*keys, *_added_up(both)).group_by(*keys)


def _counted() -> tuple[sa.Label, ...]:
    return (
        sa.func.count().label("facts"), sa.func.count(facts.c.value).label("valued"),
        sa.func.sum(facts.c.value).label("value"), sa.func.max(facts.c.id).label("last_fact_id"),
    )


def _added_up(counted: sa.FromClause) -> tuple[sa.Label, ...]:
    sums = (sa.func.sum(counted.c[name]).label(name) for name in ("facts", "valued", "value"))
    return *sums, sa.func.max(counted.c.last_fact_id).label("last_fact_id")


def _without_rate(groups: sa.FromClause) -> Iterator[tuple[sa.ColumnElement[bool], sa.ColumnElement]]:
    yield groups.c.lacking != "", sa.func.concat(f"{NO_RATE} ", groups.c.lacking)
    yield groups.c.is_partial == 1, sa.literal(MARGIN_WITHOUT_RATE)


def reason_left_out(
    found: sa.FromClause, exclude_groups: Collection[str], *,
    first: Iterable[tuple[sa.ColumnElement[bool], sa.ColumnElement]] = (),
) -> sa.Case:
    """Why rows of `found` that have a month and a value are left out, '' if they are not; `asin` and `brand` are
    joined to them. `first` are conditions and reasons that go before all others."""
    asin, brand = schema.asin, schema.brand
    return sa.case(
        *first,
        *_without_names(found),
        (asin.c.id.is_(None), UNKNOWN_PRODUCT),
        (is_excluded(brand, exclude_groups), EXCLUDED_GROUP),
        else_="",
    )


def _without_names(found: sa.FromClause) -> Iterator[tuple[sa.ColumnElement[bool], str]]:
    """What leaves rows out whatever their product, and how that is called."""
    yield sa.func.coalesce(found.c.metric, "") == "", NO_METRIC
    yield sa.func.coalesce(found.c.marketplace, "") == "", NO_MARKETPLACE
    yield found.c.marketplace == ALL_MARKETPLACES, MARKETPLACE_ALL


def _fact_sum(row: sa.Row) -> FactSum:
    return FactSum(
        row.metric, row.reason, int(row.facts), int(row.valued), Decimal(row.value or 0), int(row.last_fact_id or 0)
    )
