"""Figures: months that are missing, margins that do not follow from their parts, one metric under two names."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

import sqlalchemy as sa

from database.engines.values import Reading
from database.schema import ALL_MARKETPLACES, marketplace, summary_brand, summary_category
from domain.findings import HINT, WARNING, Finding, join_commands, listed
from domain.marketplaces import NOWHERE
from domain.metrics import PROFIT_TREE, canonical_metric
from domain.months import EARLIEST, MOST_AHEAD, fault_of_month, format_month, months_between, today_utc
from domain.profit import Gap, gaps_of


def judge_figures(reading: Reading) -> list[Finding]:
    """Everything about the published figures themselves."""
    return [*_months(reading), *_spellings(reading), *_marketplaces(reading), *_margins(reading)]


def _months(reading: Reading) -> Iterator[Finding]:
    today = today_utc()
    present = sorted(reading.connection.execute(sa.select(summary_category.c.month).distinct()).scalars())
    impossible = {month for month in present if fault_of_month(month, today)}
    if impossible:
        yield Finding(
            "months-impossible", WARNING, "There are figures of months that nobody can mean",
            f"{listed(list(map(format_month, sorted(impossible))), 12)}; a file may reach from "
            f"{format_month(EARLIEST)} to {MOST_AHEAD} months after today's",
            "find the import (flask imports), undo it (flask undo-import ID) and import the mended file; what "
            "another program wrote is mended there",
        )
    meant = [month for month in present if month not in impossible]
    missing = [month for month in months_between(meant[0], meant[-1]) if month not in meant] if meant else []
    if missing:
        yield Finding(
            "months-missing", WARNING, f"{len(missing)} months inside the range have no figures",
            f"{listed([format_month(month) for month in missing], 12)}; figures reach from "
            f"{format_month(meant[0])} to {format_month(meant[-1])}",
            "import the files of these months; flask imports lists what was imported",
        )


def _spellings(reading: Reading) -> Iterator[Finding]:
    names = reading.connection.execute(sa.select(summary_category.c.metric).distinct()).scalars()
    for group in alike(names):
        yield Finding(
            "metric-spellings", WARNING, "One metric seems to be spelled in several ways, so its sum is split",
            " / ".join(f"“{name}”" for name in group),
            join_commands("metric", [name for name in group if name != _best(group)], _best(group)),
            subject=_best(group),
        )


def alike(names: Iterable[str]) -> list[list[str]]:
    """Names that differ in case, spaces or punctuation only, or that files use for one metric."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        folded = "".join(sign for sign in canonical_metric(name).casefold() if sign.isalnum() or sign == "%")
        groups[folded or name].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _best(group: list[str]) -> str:
    return next((name for name in group if name in PROFIT_TREE), group[0])


def _marketplaces(reading: Reading) -> Iterator[Finding]:
    used = set(reading.connection.execute(sa.select(summary_brand.c.marketplace).distinct()).scalars())
    known = set(reading.connection.execute(sa.select(marketplace.c.code)).scalars())
    unknown = sorted(used - known - {ALL_MARKETPLACES, NOWHERE})
    if unknown:
        yield Finding(
            "marketplace-unknown", HINT, f"{len(unknown)} marketplaces have figures and no name",
            listed(unknown), "add a row (code, country_name, currency) to the table marketplace, or mend the files if "
            "the code is a slip",
        )


def _margins(reading: Reading) -> Iterator[Finding]:
    table = summary_category
    rows = reading.connection.execute(
        sa.select(table.c.month, table.c.metric, sa.func.sum(table.c.total_value).label("value"))
        .where(table.c.metric.in_(PROFIT_TREE))
        .group_by(table.c.month, table.c.metric)
        .order_by(table.c.month, table.c.metric)
    )
    months: dict[datetime.date, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        months[row.month][row.metric] = row.value
    known = {metric for sums in months.values() for metric in sums}
    found: dict[str, list[tuple[datetime.date, Gap]]] = defaultdict(list)
    for month, sums in months.items():
        for gap in gaps_of(sums, known):
            found[gap.margin].append((month, gap))
    for margin, gaps in sorted(found.items()):
        yield _margin(margin, gaps)


def _margin(margin: str, gaps: list[tuple[datetime.date, Gap]]) -> Finding:
    month, worst = max(gaps, key=lambda pair: abs(pair[1].difference))
    imported = f"{worst.imported:,.2f}" if worst.imported is not None else "nothing"
    return Finding(
        "margin-not-its-parts", WARNING, f"{margin} does not follow from its parts in {len(gaps)} months",
        f"{format_month(month)}: imported {imported}, its parts make {worst.expected:,.2f} "
        f"(a difference of {worst.difference:,.2f}); also {listed([format_month(other) for other, _ in gaps], 6)}",
        "a file of these months may lack a cost or a margin; /profitability shows the months side by side",
        subject=margin,
    )
