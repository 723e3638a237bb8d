"""Where a figure comes from: what each import gave to it, and what no import gave. Both add up to it exactly."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries.figures import Figure, MonthSums
from database.schema import import_log, summary_import
from domain.explaining import Terms
from domain.selection import Selection

UNKNOWN, SHARED_COSTS, CONVERSION = "unknown", "shared", "conversion"
"""Kinds of what no import gave: months of which it is not known, shares of costs of nobody, and what is made of
converted amounts, or moved by rounding them."""

LEAST = Decimal("0.000000000001")
"""What dividing by the base may leave is less."""


@dataclass(frozen=True)
class Source:
    """What one import gave to a figure, in the figure's own unit: of a percentage, a part of it. `currency` is what it
    was converted from, '' for nothing, `local_value` how much that was. `import_id` as in `import_sum`."""

    import_id: int
    currency: str
    facts: int
    value: Decimal
    local_value: Decimal


@dataclass(frozen=True)
class NoImport:
    """A part of the figure that no import gave; `months` are those it is of, where that says something."""

    kind: str
    value: Decimal
    months: tuple[datetime.date, ...] = ()


@dataclass(frozen=True)
class Sources:
    """The largest first, whichever way they go; then what no import gave."""

    rows: tuple[Source, ...]
    others: tuple[NoImport, ...]


@dataclass(frozen=True)
class NamedImport:
    """An import as the log has it."""

    file_name: str
    source: str
    created_at: datetime.datetime


def read_sources(
    connection: sa.Connection, selection: Selection, figure: Figure, *, terms: Terms, plain: Terms, by_month: MonthSums
) -> Sources | None:
    """The sources of a figure of no single product; `plain` are its terms without shared costs. None where nothing is
    known of it."""
    months = [month for month in selection.span.months if month in by_month]
    around = [month for month in selection.span.months if months and months[0] <= month <= months[-1]]
    base = sum((by_month[month].get(terms.base, Decimal(0)) for month in months), Decimal(0)) if terms.base else None
    if figure.value is None or not months or (terms.base and not base):
        return None
    known = set(connection.execute(
        sa.select(summary_import.c.month).where(is_one_of(summary_import.c.month, around)).distinct()
    ).scalars())

    def part(value: Decimal) -> Decimal:
        return value / base if base else value

    rows = [
        Source(row.import_id, row.currency, int(row.facts), part(row.value), part(row.local_value))
        for row in connection.execute(sources_statement(selection, plain, around))
    ]
    alone = {month: plain.above(by_month[month]) or Decimal(0) for month in months}
    unknown = tuple(month for month in months if month not in known and plain.above(by_month[month]) is not None)
    others = [NoImport(UNKNOWN, part(sum((alone[month] for month in unknown), Decimal(0))), unknown)]
    if terms.signs != plain.signs:
        whole = sum((terms.above(by_month[month]) or Decimal(0) for month in months), Decimal(0))
        others.append(NoImport(SHARED_COSTS, part(whole - sum(alone.values(), Decimal(0)))))
    told = sum((row.value for row in rows), Decimal(0)) + sum((each.value for each in others), Decimal(0))
    others.append(NoImport(CONVERSION, figure.value - told))
    rows.sort(key=lambda row: (-abs(row.value), -row.import_id, row.currency))
    return Sources(tuple(rows), tuple(each for each in others if abs(each.value) > LEAST or each.months))


def sources_statement(selection: Selection, terms: Terms, months: list[datetime.date]) -> sa.Select:
    """What each import gave to what stands above the line, by currency."""
    table = summary_import.c
    minus = [metric for metric, sign in terms.signs.items() if sign < 0]

    def total(column: sa.ColumnElement) -> sa.ColumnElement:
        return sa.func.sum(sa.case((table.metric.in_(minus), -column), else_=column) if minus else column)

    narrowed = (
        (table.brand_id, selection.brands), (table.category_id, selection.categories),
        (table.marketplace, selection.marketplaces),
    )
    return (
        sa.select(
            table.import_id, table.currency, sa.func.sum(table.facts).label("facts"),
            total(table.value).label("value"), total(table.local_value).label("local_value"),
        )
        .where(
            is_one_of(table.month, months), table.metric.in_(sorted(terms.signs)),
            *(column.in_(values) for column, values in narrowed if values),
        )
        .group_by(table.import_id, table.currency)
        .order_by(table.import_id, table.currency)
    )


def name_imports(connection: sa.Connection, import_ids: set[int]) -> Mapping[int, NamedImport]:
    """These imports, as far as the log, in the application's room, knows them."""
    log = import_log.c
    query = sa.select(log.import_id, log.file_name, log.source, log.created_at).where(
        log.import_id.in_(sorted(import_ids))
    ).order_by(log.id)
    return {number: NamedImport(*told) for number, *told in connection.execute(query)}
