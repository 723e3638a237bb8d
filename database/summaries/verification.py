"""Holds the staged tables against the facts, to the cent, independently of what built them.

Per month and metric (contract, rule 6): facts − left out = ASIN level = Σ brand by marketplace = brand `ALL` = category
= Σ by category and marketplace. The facts' side goes back to `financials` (for archived months to the record of them),
`asin` and `brand`, not to the placement the build used; so a change that came in meanwhile shows as a difference, too.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.schema import ALL_MARKETPLACES
from database.summaries.conversion import Conversion
from database.summaries.conversion_check import converted_groups
from database.summaries.rollups import Levels, MonthFacts, archived, facts, is_excluded, of_month
from database.summaries.share_check import wrong_shares
from domain.shared_costs import SHARED, Spread

NO_MONTH = datetime.date(1000, 1, 1)
"""Stands for 'no month' where a month is part of a key."""

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

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class LeftOut:
    """Facts of one metric that were left out for one reason."""

    metric: str
    reason: str
    facts: int
    value: Decimal


@dataclass(frozen=True)
class Fingerprint:
    """The facts of one month and metric ('' for none): all of them, and the part that was left out."""

    metric: str
    facts: int
    value: Decimal
    last_fact_id: int
    left_out_facts: int
    left_out_value: Decimal


@dataclass(frozen=True)
class Difference:
    """One figure of the staged tables that is not what the facts give."""

    month: datetime.date
    metric: str
    level: str
    expected: Decimal
    found: Decimal

    def __str__(self) -> str:
        return (
            f"{self.month:%Y-%m} {self.metric or '(no metric)'}: the facts give {self.expected:,}, "
            f"{self.level} has {self.found:,}"
        )


@dataclass(frozen=True)
class MonthSource:
    """What the facts of one month give: rows of `facts_by_reason`, and the currencies they name, if there were any to
    look for."""

    rows: tuple[sa.Row, ...]
    currencies: frozenset[str] | None = None


@dataclass(frozen=True)
class MonthFindings:
    """What verification saw of one month. `currencies`: those that its facts name, if there were any to look for."""

    month: datetime.date
    fingerprints: tuple[Fingerprint, ...]
    left_out: tuple[LeftOut, ...]
    differences: tuple[Difference, ...]
    currencies: frozenset[str] | None = None

    @property
    def facts(self) -> int:
        """All facts of the month, the left-out ones included."""
        return sum(found.facts for found in self.fingerprints)


NameMetrics = Callable[[Iterable[str]], dict[str, str]]
"""Spellings of metrics -> the names they have in summaries."""


def ask_facts(
    connection: sa.Connection, month: MonthFacts, exclude_groups: Collection[str], *, flat: bool = False
) -> MonthSource:
    """Counts and sums of a month's facts, straight from the source, and what of them cannot be placed; `flat` as
    `facts_by_reason` has it."""
    in_month, archived_month = of_month(facts.c.month, month), month.month if month.is_archived else None
    rows = tuple(connection.execute(facts_by_reason(
        in_month, exclude_groups, archived_month=archived_month, conversion=month.conversion, flat=flat
    )))
    if month.conversion is None:
        return MonthSource(rows)
    return MonthSource(rows, _currencies_of(connection, in_month, archived_month))


def examine_month(
    connection: sa.Connection, month: MonthFacts, source: MonthSource, *, levels: Levels, name_metrics: NameMetrics,
    spread: Spread | None = None,
) -> MonthFindings:
    """Everything verification has to say about one staged month: what its facts give, as `source` tells it, and where
    the staged levels, which `connection` sees, differ."""
    fingerprints, left_out = _fingerprints(source.rows, name_metrics(row.metric for row in source.rows))
    expected = {
        found.metric: found.value - found.left_out_value
        for found in fingerprints
        if found.facts > found.left_out_facts
    }
    differences = [
        Difference(month.month, wrong.metric, f"ASIN level, {wrong.what}", wrong.wanted, wrong.found)
        for wrong in wrong_shares(connection, month.month, level=levels.asin, spread=spread)
    ]
    for level, found in _level_sums(connection, month.month, levels).items():
        # Shares are taken off where they come from: all together they are nothing.
        found = {metric: value for metric, value in found.items() if value or metric not in SHARED}
        for metric in sorted(expected.keys() | found.keys()):
            if expected.get(metric) != found.get(metric):
                differences.append(
                    Difference(month.month, metric, level, expected.get(metric, ZERO), found.get(metric, ZERO))
                )
    differences += _doubled_keys(connection, month.month, levels)
    return MonthFindings(month.month, tuple(fingerprints), tuple(left_out), tuple(differences), source.currencies)


def _currencies_of(
    connection: sa.Connection, condition: sa.ColumnElement[bool], archived_month: datetime.date | None
) -> frozenset[str]:
    names = sa.select(facts.c.currency).where(condition, facts.c.currency.is_not(None))
    if archived_month is not None:
        names = names.union(sa.select(archived.c.currency).where(archived.c.month == archived_month))
    else:
        names = names.distinct()
    return frozenset(connection.execute(names).scalars()) - {""}


def examine_undated(connection: sa.Connection, name_metrics: NameMetrics) -> MonthFindings | None:
    """Facts without a month, which only a table made by hand can hold; None if there are none."""
    rows = list(connection.execute(facts_by_reason(facts.c.month.is_(None), ())))
    if not rows:
        return None
    names = name_metrics(row.metric for row in rows)
    fingerprints, left_out = _fingerprints(rows, names, reason=WITHOUT_MONTH)
    return MonthFindings(NO_MONTH, tuple(fingerprints), tuple(left_out), ())


def facts_by_reason(
    condition: sa.ColumnElement[bool], exclude_groups: Collection[str], *, archived_month: datetime.date | None = None,
    conversion: Conversion | None = None, flat: bool = False,
) -> sa.Select:
    """Facts by metric and by the reason that leaves them out ('' for none), grouped first by what the
    rollup index holds, so that dimensions are looked up once per group and not once per fact. With `flat` they are
    looked up once per fact: where groups have one fact each, making them first is the greater part of the work."""
    if flat and conversion is None and archived_month is None:
        return _flat(condition, exclude_groups)
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
        sa.select(
            labelled.c.metric, labelled.c.reason,
            sa.func.sum(labelled.c.facts).label("facts"),
            sa.func.sum(labelled.c.valued).label("valued"),
            sa.func.sum(labelled.c.value).label("value"),
            sa.func.max(labelled.c.last_fact_id).label("last_fact_id"),
        )
        .group_by(labelled.c.metric, labelled.c.reason)
        .order_by(labelled.c.metric, labelled.c.reason)
    )


def _flat(condition: sa.ColumnElement[bool], exclude_groups: Collection[str]) -> sa.Select:
    asin, brand = schema.asin, schema.brand
    metric, reason = sa.func.coalesce(facts.c.metric, ""), reason_left_out(facts, exclude_groups)
    return (
        sa.select(
            metric.label("metric"), reason.label("reason"), sa.func.count().label("facts"),
            sa.func.count(facts.c.value).label("valued"), sa.func.sum(facts.c.value).label("value"),
            sa.func.max(facts.c.id).label("last_fact_id"),
        )
        .select_from(
            facts.outerjoin(asin, asin.c.id == facts.c.asin_id).outerjoin(brand, brand.c.id == asin.c.brand_id)
        )
        .where(condition).group_by(metric, reason).order_by(metric, reason)
    )


FLAT_BELOW = 2
"""Facts a group, below which `flat` is quicker: with one it takes 0.7 of the time on MariaDB, with 24 twice."""


def are_groups_small(source: sa.Connection, connection: sa.Connection, month: MonthFacts, level: sa.Table) -> bool:
    """Whether a month's groups have few facts each: `source` knows these, `connection` sees the rows of the ASIN
    level, which are groups."""
    count = sa.select(sa.func.count())
    found = source.execute(count.select_from(facts).where(of_month(facts.c.month, month))).scalar()
    groups = connection.execute(count.select_from(level).where(level.c.month == month.month)).scalar()
    return found < FLAT_BELOW * groups


def _fact_groups(condition: sa.ColumnElement[bool], archived_month: datetime.date | None) -> sa.Select:
    groups = (
        sa.select(
            facts.c.metric, facts.c.marketplace, facts.c.asin_id,
            sa.func.count().label("facts"),
            sa.func.count(facts.c.value).label("valued"),
            sa.func.sum(facts.c.value).label("value"),
            sa.func.max(facts.c.id).label("last_fact_id"),
        )
        .where(condition)
        .group_by(facts.c.metric, facts.c.marketplace, facts.c.asin_id)
    )
    if archived_month is None:
        return groups
    recorded = sa.select(*(archived.c[column.name] for column in groups.selected_columns))
    both = sa.union_all(groups, recorded.where(archived.c.month == archived_month)).subquery("both_sources")
    return sa.select(
        both.c.metric, both.c.marketplace, both.c.asin_id,
        sa.func.sum(both.c.facts).label("facts"),
        sa.func.sum(both.c.valued).label("valued"),
        sa.func.sum(both.c.value).label("value"),
        sa.func.max(both.c.last_fact_id).label("last_fact_id"),
    ).group_by(both.c.metric, both.c.marketplace, both.c.asin_id)


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
        (sa.func.coalesce(found.c.metric, "") == "", NO_METRIC),
        (sa.func.coalesce(found.c.marketplace, "") == "", NO_MARKETPLACE),
        (found.c.marketplace == ALL_MARKETPLACES, MARKETPLACE_ALL),
        (asin.c.id.is_(None), UNKNOWN_PRODUCT),
        (is_excluded(brand, exclude_groups), EXCLUDED_GROUP),
        else_="",
    )


def _fingerprints(
    rows: Sequence[sa.Row], names: dict[str, str], reason: str = ""
) -> tuple[list[Fingerprint], list[LeftOut]]:
    """Rows of `facts_by_reason` -> totals by metric, and what is left out. `reason` leaves all of them
    out. A fact without a value is left out for that, whatever else is wrong with it."""
    left_out: list[LeftOut] = []
    totals: dict[str, Fingerprint] = {}
    for row in rows:
        metric, why, value = names[row.metric], reason or row.reason, Decimal(row.value or 0)
        empty = int(row.facts - row.valued)
        if empty:
            left_out.append(LeftOut(metric, NO_VALUE, empty, ZERO))
        if why and row.valued:
            left_out.append(LeftOut(metric, why, int(row.valued), value))
        before = totals.get(metric, Fingerprint(metric, 0, ZERO, 0, 0, ZERO))
        totals[metric] = Fingerprint(
            metric,
            before.facts + int(row.facts),
            before.value + value,
            max(before.last_fact_id, int(row.last_fact_id or 0)),
            before.left_out_facts + empty + (int(row.valued) if why else 0),
            before.left_out_value + (value if why else ZERO),
        )
    return list(totals.values()), joined(left_out)


def joined(left_out: Sequence[LeftOut]) -> list[LeftOut]:
    """One entry per metric and reason."""
    entries: dict[tuple[str, str], LeftOut] = {}
    for entry in left_out:
        before = entries.get((entry.metric, entry.reason), dataclasses.replace(entry, facts=0, value=ZERO))
        entries[entry.metric, entry.reason] = dataclasses.replace(
            entry, facts=before.facts + entry.facts, value=before.value + entry.value
        )
    return list(entries.values())


def _level_sums(connection: sa.Connection, month: datetime.date, levels: Levels) -> dict[str, dict[str, Decimal]]:
    """Per level, the sum by metric of one staged month."""
    asin, brand, category, marketplace = levels.tables
    parts = (
        ("ASIN level", asin.c.value, ()),
        ("brand level by marketplace", brand.c.total_value, (brand.c.marketplace != ALL_MARKETPLACES,)),
        ("brand level ALL", brand.c.total_value, (brand.c.marketplace == ALL_MARKETPLACES,)),
        ("category level", category.c.total_value, ()),
        ("marketplace level", marketplace.c.total_value, ()),
    )
    found: dict[str, dict[str, Decimal]] = {level: {} for level, _, _ in parts}
    sums = sa.union_all(*(_sums(level, value, month, conditions) for level, value, conditions in parts))
    for level, metric, total in connection.execute(sums).all():
        found[level][metric] = Decimal(total)
    return found


def _sums(
    level: str, value: sa.Column, month: datetime.date, conditions: Sequence[sa.ColumnElement[bool]]
) -> sa.Select:
    columns = value.table.c
    return (
        sa.select(sa.literal(level).label("level"), columns.metric.label("metric"), sa.func.sum(value).label("total"))
        .where(columns.month == month, *conditions)
        .group_by(columns.metric)
    )


def _doubled_keys(connection: sa.Connection, month: datetime.date, levels: Levels) -> list[Difference]:
    """A key that stands twice in a level: DuckDB files have no primary key that would have refused it."""
    if levels.keyed:
        return []
    doubled = sa.union_all(*(
        sa.select(sa.literal(str(table)).label("level"), table.c.metric.label("metric"))
        .where(table.c.month == month)
        .group_by(*(table.c[name] for name in _KEYS[table.name]))
        .having(sa.func.count() > 1)
        for table in levels.tables
    ))
    found = Counter((level, metric) for level, metric in connection.execute(doubled))
    return [
        Difference(month, metric, f"{level}, rows with a key that stands twice", Decimal(0), Decimal(count))
        for (level, metric), count in found.items()
    ]


_KEYS = {
    schema.summary_asin.name: ("month", "metric", "marketplace", "asin_id"),
    schema.summary_brand.name: ("month", "metric", "marketplace", "category_id", "brand_id"),
    schema.summary_category.name: ("month", "metric", "category_id"),
    schema.summary_marketplace.name: ("month", "metric", "marketplace", "category_id"),
}
