"""The statements that roll facts up: facts -> ASIN level -> brand level -> category level, and
level by marketplace.

One statement handles one month. On MariaDB it streams groups in the order of the rollup index; on a
cluster it touches one partition, which is what lets the data node do the work.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from database import schema
from database.engines.marketplace_level import marketplace_rows
from database.schema import ALL_MARKETPLACES, EXCLUDED, UNASSIGNED, UNCATEGORISED
from database.summaries.conversion import Conversion, converted, is_derived_margin, local_columns, margin_levels

facts, archived = schema.financials, schema.archived_sum


@dataclass(frozen=True)
class MonthFacts:
    """A month and the dates under which its facts stand: its first, and any other that strays. If it is archived,
    its facts are in a file, and `archived_sum` stands for them; others may have come since. `conversion` is there if
    facts of it are in other currencies than the reporting one."""

    month: datetime.date
    dates: tuple[datetime.date, ...]
    is_archived: bool = False
    conversion: Conversion | None = None


@dataclass(frozen=True)
class Levels:
    """The tables one generation's levels are built in; `keyed` if a primary key refuses doubled rows, `sums_apart` if
    facts are to be summed in a subquery of their own."""

    asin: sa.Table
    brand: sa.Table
    category: sa.Table
    marketplace: sa.Table
    keyed: bool
    sums_apart: bool = False

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        """All of them, in the order in which they are built."""
        return self.asin, self.brand, self.category, self.marketplace


def of_month(column: sa.ColumnElement, month: MonthFacts) -> sa.ColumnElement[bool]:
    """Whether a fact counts to the month. Equality where it can be: only then do groups stream in
    index order; a function of the column would cost more than everything else."""
    if len(month.dates) == 1:
        return column == month.dates[0]
    return column.in_(month.dates)


def source_of(
    month: MonthFacts, *, sums_apart: bool = False
) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
    """Where a month's amounts are (asin_id, marketplace, metric, value), and the condition that picks them there. With
    `sums_apart` those of facts are sums by product, marketplace and metric already, from a subquery that names nothing
    but facts: a data node answers such a one by itself."""
    condition = of_month(facts.c.month, month)
    if month.conversion is not None:
        return converted(_local_sums(month), month.conversion), sa.true()
    if not month.is_archived and not sums_apart:
        return facts, condition
    names = ("asin_id", "marketplace", "metric", "value")
    keys = [facts.c[name] for name in names[:3]]
    if sums_apart:
        found = sa.select(*keys, sa.func.sum(facts.c.value).label("value")).where(condition).group_by(*keys[::-1])
    else:
        found = sa.select(*keys, facts.c.value).where(condition)
    if not month.is_archived:
        return found.subquery("facts_of_month"), sa.true()
    both = sa.union_all(
        found,
        sa.select(*(archived.c[name] for name in names)).where(archived.c.month == month.month),
    )
    return both.subquery("facts_of_month"), sa.true()


def _local_sums(month: MonthFacts) -> sa.Subquery:
    """Sums by product, marketplace, metric and currency ('' for none), but of margins that are derived. The innermost
    query names nothing but facts, so that a data node can answer it."""
    keys = (facts.c.asin_id, facts.c.marketplace, facts.c.metric, facts.c.currency)
    found = (
        sa.select(*keys, sa.func.sum(facts.c.value).label("value"))
        .where(of_month(facts.c.month, month), sa.not_(is_derived_margin(facts)))
        .group_by(*keys[::-1])
    )
    if month.is_archived:
        kept = sa.select(*(archived.c[key.name] for key in keys), archived.c.value).where(
            archived.c.month == month.month, archived.c.derived == 0
        )
        found = sa.union_all(found, kept)
    local = found.subquery("facts_of_month")
    code = sa.func.coalesce(local.c.currency, "")
    return (
        sa.select(
            local.c.asin_id, local.c.marketplace, local.c.metric, code.label("currency"),
            sa.cast(sa.func.sum(local.c.value), schema.Sum).label("value"),
        )
        .group_by(local.c.asin_id, local.c.marketplace, local.c.metric, code)
        .subquery("local_sums")
    )


def placements(exclude_groups: Collection[str]) -> sa.Select:
    """asin_id, brand_id, category_id of every product, 0 for what is not sorted in yet.

    Category: the product's own, else its brand's. The brand of a product of an excluded group is EXCLUDED."""
    asin, brand = schema.asin, schema.brand
    own, inherited = schema.category.alias("own"), schema.category.alias("inherited")
    place = sa.func.coalesce(brand.c.id, UNASSIGNED)
    if exclude_groups:
        place = sa.case((is_excluded(brand, exclude_groups), EXCLUDED), else_=place)
    return sa.select(
        asin.c.id.label("asin_id"),
        place.label("brand_id"),
        sa.func.coalesce(own.c.id, inherited.c.id, UNCATEGORISED).label("category_id"),
    ).select_from(
        asin.outerjoin(brand, brand.c.id == asin.c.brand_id)
        .outerjoin(own, own.c.id == asin.c.category_id)
        .outerjoin(inherited, inherited.c.id == brand.c.category_id)
    )


def is_excluded(brand: sa.FromClause, exclude_groups: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether the brand's group is left out; a product without brand or group is not."""
    if not exclude_groups:
        return sa.false()
    return sa.func.coalesce(brand.c.group, "").in_(sorted(exclude_groups))


def asin_level(
    month: MonthFacts, *, placement: sa.Table, set_number: int, target: sa.Table, now, sums_apart: bool = False
) -> sa.Insert:
    """Facts of a month -> one row per ASIN, marketplace and metric.

    Brand and category come as scalar subqueries per group: joining and sorting a derived table took
    half as long again on MariaDB."""
    source, condition = source_of(month, sums_apart=sums_apart)
    return into(target, asin_rows(
        condition, month=sa.literal(month.month, sa.Date), placement=placement, set_number=set_number, now=now,
        source=source,
    ))


def derived_margins(month: MonthFacts, *, target: sa.Table, now) -> list[sa.Insert]:
    """What `asin_level` leaves to be made of its rows: in a month with several currencies, margins that are derived;
    one statement after the other."""
    if month.conversion is None:
        return []
    rows = margin_levels(
        of_month(facts.c.month, month), month.conversion, month=sa.literal(month.month, sa.Date), level=target,
        moment=_moment(now), is_archived=month.is_archived,
    )
    return [into(target, each) for each in rows]


def asin_rows(
    condition: sa.ColumnElement[bool], *, month: sa.ColumnElement, placement: sa.Table, set_number, now,
    source: sa.FromClause = facts,
) -> sa.Select:
    """The rows of `asin_level`, for any condition that picks one month's facts in `source`."""

    def place(column: sa.Column) -> sa.ScalarSelect:
        return (
            sa.select(column)
            .where(placement.c.placement == set_number, placement.c.asin_id == source.c.asin_id)
            .scalar_subquery()
        )

    return (
        sa.select(
            source.c.asin_id,
            place(placement.c.brand_id).label("brand_id"),
            place(placement.c.category_id).label("category_id"),
            source.c.marketplace,
            month.label("month"),
            source.c.metric,
            sa.func.sum(source.c.value).label("value"),
            _moment(now),
            *(local_columns(source.c.foreign, source.c.local_value) if "foreign" in source.c else ()),
        )
        .where(
            condition,
            source.c.metric != "",
            source.c.marketplace != "",
            source.c.marketplace != ALL_MARKETPLACES,
            source.c.value.is_not(None),
        )
        .group_by(source.c.metric, source.c.marketplace, source.c.asin_id)
        # A product without a place is unknown, one below 0 is excluded: its group is left out, and counted by
        # verification.
        .having(sa.literal_column("brand_id", sa.Integer) > EXCLUDED)
    )


def brand_level(months: Sequence, *, levels: Levels, now) -> list[sa.Insert]:
    """Staged ASIN level of the months -> brand rows by marketplace, then brand rows for all of them."""
    asin = levels.asin.alias("a")
    grain = (asin.c.brand_id, asin.c.category_id)
    by_marketplace = (
        sa.select(
            *grain, asin.c.month, asin.c.marketplace, asin.c.metric,
            sa.func.sum(asin.c.value).label("total_value"),
            # One row per product here, so rows are products.
            sa.func.count().label("asin_count"),
            _moment(now),
        )
        .where(_is_one_of(asin.c.month, months))
        .group_by(asin.c.month, asin.c.metric, asin.c.marketplace, asin.c.category_id, asin.c.brand_id)
    )
    over_all = (
        sa.select(
            *grain, asin.c.month, sa.literal(ALL_MARKETPLACES, sa.String(10)).label("marketplace"), asin.c.metric,
            sa.func.sum(asin.c.value).label("total_value"),
            sa.func.count(asin.c.asin_id.distinct()).label("asin_count"),
            _moment(now),
        )
        .where(_is_one_of(asin.c.month, months))
        .group_by(asin.c.month, asin.c.metric, asin.c.category_id, asin.c.brand_id)
    )
    return [into(levels.brand, by_marketplace), into(levels.brand, over_all)]


def category_level(months: Sequence, *, levels: Levels, now) -> list[sa.Insert]:
    """Staged brand rows `ALL` of the months -> category rows. A product has one brand and one category,
    so products and brands add up without being counted twice."""
    brand = levels.brand.alias("b")
    rows = (
        sa.select(
            brand.c.category_id, brand.c.month, brand.c.metric,
            sa.func.sum(brand.c.total_value).label("total_value"),
            sa.func.count().label("brand_count"),
            sa.func.sum(brand.c.asin_count).label("asin_count"),
            _moment(now),
        )
        .where(_is_one_of(brand.c.month, months), brand.c.marketplace == ALL_MARKETPLACES)
        .group_by(brand.c.month, brand.c.metric, brand.c.category_id)
    )
    return [into(levels.category, rows)]


def marketplace_level(months: Sequence, *, levels: Levels) -> list[sa.Insert]:
    """Staged brand rows by marketplace of the months -> rows by category and marketplace."""
    brand = levels.brand.alias("b")
    return [into(levels.marketplace, marketplace_rows(brand, _is_one_of(brand.c.month, months)))]


def copy_rows(source: sa.Table, target: sa.Table, *conditions: sa.ColumnElement[bool], **replaced) -> sa.Insert:
    """INSERT…SELECT of the columns both tables have; `replaced` gives some of them another value."""
    columns = [
        sa.literal(replaced[column.name], column.type).label(column.name) if column.name in replaced
        else source.c[column.name]
        for column in target.columns
    ]
    return into(target, sa.select(*columns).where(*conditions))


def insert_placements(target: sa.Table, *, set_number, exclude_groups: Collection[str]) -> sa.Insert:
    """Writes down where every product stands, as set `set_number`."""
    current = placements(exclude_groups).subquery("current_placement")
    return into(target, sa.select(_value(set_number).label("placement"), *current.c))


def into(target: sa.Table, rows: sa.Select) -> sa.Insert:
    """INSERT INTO target (the rows' column names) SELECT …"""
    return sa.insert(target).from_select([column.name for column in rows.selected_columns], rows)


def _is_one_of(column: sa.Column, months: Sequence) -> sa.ColumnElement[bool]:
    """Months are dates, or one expression."""
    return column == months[0] if len(months) == 1 else column.in_(months)


def _moment(now) -> sa.Label:
    return _value(now).label("updated_at")


def _value(value) -> sa.ColumnElement:
    """A bound value; an expression (the script's variables) stays what it is."""
    return value if isinstance(value, sa.ColumnElement) else sa.literal(value)


def by_month(
    dates: Sequence[datetime.date | None], archived_months: Collection[datetime.date] = (),
    conversions: Mapping[datetime.date, Conversion] = MappingProxyType({}),
) -> list[MonthFacts]:
    """Dates -> months, in order; a date that is not a first counts to its month, None to none. Archived months are
    there without dates, too; `conversions` are those of months with several currencies."""
    months: dict[datetime.date, list[datetime.date]] = {month: [] for month in archived_months}
    for date in sorted(date for date in dates if date is not None):
        months.setdefault(date.replace(day=1), []).append(date)
    return [
        MonthFacts(month, tuple(found) or (month,), month in archived_months, conversions.get(month))
        for month, found in sorted(months.items())
    ]
