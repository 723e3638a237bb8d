"""Which lines count, and what they add up to: per product, marketplace, month and metric.

Orders, settlements and transactions tell of the same sales: of each marketplace and month one of them counts
(`domain.amazon.choose`). Reports of advertising and storage tell by product what payments hold as a lump; what they
tell is taken off the lump, so that the total stays what was paid.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.lines.codes import NO_CODE, allowed_codes, code_of_lines, money_code, text
from database.lines.products import lines_with_products
from database.lines.rounding import half_even
from database.lines.scope import Cell, archived_of, within
from domain.amazon import (
    ACCOUNT,
    ADVERTISING,
    BUSINESS,
    LUMPS,
    PAYMENTS,
    SOLD,
    STORAGE,
    TAX_APART_CURRENCIES,
    Choice,
    choose,
    includes_tax,
)
from domain.marketplaces import OTHER
from domain.months import add_months

line, kind, posting, work = (
    schema.amazon_line, schema.amazon_kind, schema.amazon_posting, schema.derived_fact
)
BESIDE = (ADVERTISING, STORAGE, BUSINESS)
"""Reports that count whatever else there is."""
_GATHERED, _PIECES = sa.Numeric(27, 6), sa.Numeric(20, 0)
"""Exact sums of amounts and of quantities."""
_COLUMNS = ("asin", "marketplace", "month", "metric", "currency", "value")


@dataclass(frozen=True)
class CountingRules:
    """The settings `[amazon]`: where sales are taken from, and whether prices include tax; and the dashboard's
    currency."""

    sales_from: str
    prices_include_tax: str
    currency: str


@dataclass(frozen=True)
class Lump:
    """What a report tells by product and is taken off what payments hold as one amount, in a currency (None for the
    dashboard's)."""

    marketplace: str
    month: datetime.date
    metric: str
    currency: str | None
    value: Decimal


def with_neighbours(connection: sa.Connection, cells: Collection[Cell]) -> frozenset[Cell]:
    """These cells and, where products are told of a lump, the months before and after: a lump is often paid in the
    month after. Not archived ones, which stay as they are."""
    # Most shops have none, and their lines need not be gone through for it.
    if not connection.execute(sa.select(sa.exists().where(kind.c.report.in_(LUMPS)))).scalar():
        return frozenset(cells)
    told = set(connection.execute(
        sa.select(line.c.marketplace).where(line.c.report.in_(LUMPS), line.c.counts == sa.true()).distinct()
    ).scalars())
    near = {
        (marketplace, add_months(month, step))
        for marketplace, month in cells if marketplace in told for step in (-1, 1)
    }
    archived = archived_of(connection) if near else set()
    return frozenset(cells) | {cell for cell in near if cell[1] not in archived}


def sums_of_lines(
    connection: sa.Connection, cells: Collection[Cell], rules: CountingRules
) -> Iterator[sa.Insert]:
    """The statements that fill `derived_fact` with what the lines of these cells add up to."""
    choices = choices_of(connection, cells, rules.sales_from)
    code = code_of_lines(rules.currency, allowed_codes(connection, rules.currency))
    lumps = _lumps(connection, cells, choices, code)
    together: dict[tuple[str, Choice], list[datetime.date]] = {}
    for (marketplace, month), choice in sorted(choices.items()):
        together.setdefault((marketplace, choice), []).append(month)
    for (marketplace, choice), months in together.items():
        yield _insert(marketplace, choice, months, rules, code, [
            lump for lump in lumps if lump.marketplace == marketplace and lump.month in months
        ])


def choices_of(connection: sa.Connection, cells: Iterable[Cell], sales_from: str) -> dict[Cell, Choice]:
    """Which report counts where, for the cells that have lines."""
    there = (
        sa.select(line.c.marketplace, line.c.month, line.c.report, line.c.day, line.c.kind_id)
        .where(line.c.counts == sa.true(), within(line, cells)).distinct().subquery("there")
    )
    days = sa.func.count(there.c.day.distinct()).label("days")
    query = (
        sa.select(there.c.marketplace, there.c.month, there.c.report, days)
        .join_from(there, posting, posting.c.kind_id == there.c.kind_id)
        .group_by(there.c.marketplace, there.c.month, there.c.report)
    )
    found: dict[Cell, dict[str, int]] = {}
    for row in connection.execute(query):
        found.setdefault((row.marketplace, row.month), {})[row.report] = row.days
    return {cell: choose(days, sales_from) for cell, days in found.items()}


def lumps_of(connection: sa.Connection, cells: Collection[Cell], rules: CountingRules) -> list[Lump]:
    """What is taken off lumps in these cells."""
    code = code_of_lines(rules.currency, allowed_codes(connection, rules.currency))
    return _lumps(connection, cells, choices_of(connection, cells, rules.sales_from), code)


def counted(choice: Choice, lines: sa.FromClause = line) -> sa.ColumnElement[bool]:
    """The condition that a posting of `lines` comes from the report that counts for its metric."""
    sold = posting.c.metric.in_(SOLD)
    return sa.or_(
        sa.and_(sold, lines.c.report == choice.sales), sa.and_(sa.not_(sold), lines.c.report == choice.rest),
        lines.c.report.in_(BESIDE),
    )


def taxed(marketplace: str, prices_include_tax: str, lines: sa.FromClause = line) -> sa.ColumnElement[bool]:
    """The condition that a posting of `lines` is no tax, or one that is taken off because prices there include it."""
    if includes_tax(marketplace, prices_include_tax):
        foreign = lines.c.currency.is_(None) | lines.c.currency.not_in(TAX_APART_CURRENCIES)
        return sa.true() if marketplace != OTHER else sa.or_(posting.c.tax_in_price == sa.false(), foreign)
    return posting.c.tax_in_price == sa.false()


def _insert(
    marketplace: str, choice: Choice, months: Collection[datetime.date], rules: CountingRules,
    code: sa.ColumnElement[str], lumps: Collection[Lump],
) -> sa.Insert:
    lines = _gathered(marketplace, months, code)
    where = sa.and_(counted(choice, lines), taxed(marketplace, rules.prices_include_tax, lines))
    parts = [_by_report(lines, where), *map(_taken_off, lumps)]
    rows = sa.union_all(*parts).subquery("told")
    value = sa.cast(sa.func.sum(rows.c.value), schema.Money).label("value")
    grain = (rows.c.asin, rows.c.marketplace, rows.c.month, rows.c.metric, rows.c.currency)
    return sa.insert(work).from_select(_COLUMNS, sa.select(*grain, value).group_by(*grain))


def _gathered(
    marketplace: str, months: Collection[datetime.date], code: sa.ColumnElement[str]
) -> sa.Subquery:
    """Sums of lines that tell of the same: what they are joined to is looked up once for each sum. `code` is the
    currency that they count in."""
    same = (
        line.c.marketplace, line.c.month, line.c.report, line.c.asin, line.c.sku, line.c.kind_id, line.c.currency, code
    )
    return (
        sa.select(
            *same[:-1], code.label("code"), sa.cast(sa.func.sum(line.c.amount), _GATHERED).label("amount"),
            sa.cast(sa.func.sum(line.c.quantity), _PIECES).label("quantity"),
        )
        .where(line.c.counts == sa.true(), line.c.marketplace == marketplace, line.c.month.in_(months))
        .group_by(*same).subquery("gathered")
    )


def _by_report(lines: sa.Subquery, where: sa.ColumnElement[bool]) -> sa.Select:
    """What each report tells, to the cent: a sum is rounded, not its parts."""
    source, product = lines_with_products(lines)
    currency = money_code(posting.c.metric, lines.c.code)
    amount = sa.case((posting.c.of_quantity == sa.true(), lines.c.quantity), else_=lines.c.amount) * posting.c.sign
    total = sa.func.sum(amount)
    return (
        sa.select(
            product.label("asin"), lines.c.marketplace, lines.c.month, posting.c.metric, currency.label("currency"),
            half_even(total).label("value"),
        )
        .select_from(source).where(where)
        .group_by(product, lines.c.marketplace, lines.c.month, posting.c.metric, currency, lines.c.report)
        .having(total.is_not(None))
    )


def _taken_off(lump: Lump) -> sa.Select:
    return sa.select(
        sa.literal(ACCOUNT).label("asin"), sa.literal(lump.marketplace).label("marketplace"),
        sa.literal(lump.month, sa.Date).label("month"), sa.literal(lump.metric).label("metric"),
        (NO_CODE if lump.currency is None else text(lump.currency)).label("currency"),
        sa.literal(-lump.value, schema.Money).label("value"),
    )


def _lumps(
    connection: sa.Connection, cells: Iterable[Cell], choices: dict[Cell, Choice], code: sa.ColumnElement[str]
) -> list[Lump]:
    """Advertising is taken off in its own month, if payments hold a lump in this month or the next; storage in the
    month after its charge, when it is posted."""
    told = _told_by_product(connection, cells, code)
    if not told:
        return []
    paid = _paid_lumps(connection, cells)
    lumps = []
    for (report, marketplace, month, metric, currency), value in sorted(told.items()):
        after = add_months(month, 1)
        if report == ADVERTISING:
            holds = any((LUMPS[report], marketplace, at) in paid for at in (month, after))
            at = month
        else:
            holds, at = (LUMPS[report], marketplace, after) in paid, after
        choice = choices.get((marketplace, at))
        if holds and choice is not None and choice.rest in PAYMENTS:
            lumps.append(Lump(marketplace, at, metric, currency or None, value))
    return lumps


def _told_by_product(
    connection: sa.Connection, cells: Iterable[Cell], code: sa.ColumnElement[str]
) -> dict[tuple[str, str, datetime.date, str, str], Decimal]:
    """Report, marketplace, month, metric and currency ('' for the dashboard's) -> what it tells by product, as it is
    rounded there."""
    around = {(marketplace, add_months(month, step)) for marketplace, month in cells for step in (-1, 0)}
    metrics = posting.c.lump.in_(LUMPS.values())
    source, product = lines_with_products()
    total = half_even(sa.func.sum(line.c.amount * posting.c.sign)).label("value")
    each = (
        sa.select(
            line.c.report, line.c.marketplace, line.c.month, posting.c.metric, code.label("currency"), total
        )
        .select_from(source)
        .where(line.c.counts == sa.true(), line.c.report.in_(LUMPS), metrics, within(line, around))
        .group_by(product, line.c.report, line.c.marketplace, line.c.month, posting.c.metric, code).subquery("each")
    )
    grain = (each.c.report, each.c.marketplace, each.c.month, each.c.metric, each.c.currency)
    rows = connection.execute(sa.select(*grain, sa.func.sum(each.c.value).label("value")).group_by(*grain))
    return {(row.report, row.marketplace, row.month, row.metric, row.currency or ""): row.value for row in rows}


def _paid_lumps(connection: sa.Connection, cells: Iterable[Cell]) -> set[tuple[str, str, datetime.date]]:
    """Where payments hold which lump: its name, marketplace and month."""
    around = {(marketplace, add_months(month, step)) for marketplace, month in cells for step in (0, 1)}
    query = (
        sa.select(posting.c.lump, line.c.marketplace, line.c.month)
        .join_from(line, posting, posting.c.kind_id == line.c.kind_id)
        .where(line.c.counts == sa.true(), line.c.report.in_(PAYMENTS), posting.c.lump != "", within(line, around))
        .distinct()
    )
    return {(row.lump, row.marketplace, row.month) for row in connection.execute(query)}
