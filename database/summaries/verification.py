"""Holds the staged tables against the facts, to the cent, independently of what built them.

Per month and metric (contract, rule 6): facts − left out = ASIN level = Σ brand by marketplace = brand `ALL` = category
= Σ by category and marketplace. The facts' side goes back to `financials` (for archived months to the record of them),
`asin` and `brand`, not to the placement the build used; so a change that came in meanwhile shows as a difference, too.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.schema import ALL_MARKETPLACES
from database.summaries.fact_sums import NO_VALUE, WITHOUT_MONTH, FactSum, MonthSource, ask_undated
from database.summaries.rollups import Levels, MonthFacts
from database.summaries.share_check import wrong_shares
from domain.shared_costs import SHARED, Spread

NO_MONTH = datetime.date(1000, 1, 1)
"""Stands for 'no month' where a month is part of a key."""

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


def examine_month(
    connection: sa.Connection, month: MonthFacts, source: MonthSource, *, levels: Levels, name_metrics: NameMetrics,
    spread: Spread | None = None,
) -> MonthFindings:
    """Everything verification has to say about one staged month: what its facts give, as `source` tells it, and where
    the staged levels, which `connection` sees, differ."""
    fingerprints, left_out = _fingerprints(source.sums, name_metrics(found.metric for found in source.sums))
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


def examine_undated(connection: sa.Connection, name_metrics: NameMetrics) -> MonthFindings | None:
    """Facts without a month, which only a table made by hand can hold; None if there are none."""
    sums = ask_undated(connection).sums
    if not sums:
        return None
    names = name_metrics(found.metric for found in sums)
    fingerprints, left_out = _fingerprints(sums, names, reason=WITHOUT_MONTH)
    return MonthFindings(NO_MONTH, tuple(fingerprints), tuple(left_out), ())


def _fingerprints(
    sums: Sequence[FactSum], names: dict[str, str], reason: str = ""
) -> tuple[list[Fingerprint], list[LeftOut]]:
    """Totals by metric, and what is left out. `reason` leaves all of them out. A fact without a value is left out for
    that, whatever else is wrong with it."""
    left_out: list[LeftOut] = []
    totals: dict[str, Fingerprint] = {}
    for found in sums:
        metric, why = names[found.metric], reason or found.reason
        empty = found.facts - found.valued
        if empty:
            left_out.append(LeftOut(metric, NO_VALUE, empty, ZERO))
        if why and found.valued:
            left_out.append(LeftOut(metric, why, found.valued, found.value))
        before = totals.get(metric, Fingerprint(metric, 0, ZERO, 0, 0, ZERO))
        totals[metric] = Fingerprint(
            metric,
            before.facts + found.facts,
            before.value + found.value,
            max(before.last_fact_id, found.last_fact_id),
            before.left_out_facts + empty + (found.valued if why else 0),
            before.left_out_value + (found.value if why else ZERO),
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
