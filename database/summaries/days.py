"""Net revenue and net units day by day, of the last months, as lines of Amazon's reports give them.

A line's day and its month were settled together, by the marketplace's clock, when it was staged. What a day has is what
it moved the month's figure by: the lines of a product through that day, rounded and converted as the month is, less the
same through the day before. So days add up to the month to the cent, whatever is rounded on the way; where a month also
holds figures that follow from no line they do not, and whoever reads them sees it by that.

Days are made anew where lines may have changed; those of other months are taken over from the live generation.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.facts.ledger import SETTINGS, UNDO
from database.lines.codes import allowed_codes, code_of_lines, money_code, text
from database.lines.counting import CountingRules, choices_of, counted, taxed
from database.lines.products import lines_with_products
from database.lines.rounding import half_even
from database.lines.scope import Cell, cells_of
from database.summaries.conversion import Converted, Rate
from database.summaries.rollups import MonthFacts, into
from domain.amazon import Choice
from domain.derived import NET
from domain.months import add_months, format_month, month_of

line, posting, product, fact = schema.amazon_line, schema.amazon_posting, schema.asin, schema.financials

MONTHS_KEPT = 14
"""The month in progress, six before it that an estimate would have been tried on, and what these rest on."""
FIGURES = {formula.metric: formula.needs for formula in NET}
"""What is known day by day -> what it is made of."""
SIGNS = {
    metric: sign for formula in NET
    for names, sign in ((formula.plus, 1), (formula.minus, -1)) for metric in names
}

_GATHERED, _PIECES, _EXACT = sa.Numeric(27, 6), sa.Numeric(20, 0), sa.Numeric(30, 6)
_COLUMNS = ("generation", "month", "day", "marketplace", "brand_id", "category_id", "net_revenue", "net_units")


@dataclass(frozen=True)
class DayRules:
    """What days are made by: what counts, and every month that has facts, with how its amounts are converted."""

    counting: CountingRules
    months: Mapping[datetime.date, MonthFacts]

    @property
    def rates(self) -> list[tuple[datetime.date, str, Decimal | None]]:
        """Month, currency and what one unit is, None where nobody told."""
        return [
            (month, code, rate) for month, facts in sorted(self.months.items()) if facts.conversion is not None
            for code, rate in facts.conversion.rates if code != facts.conversion.base
        ]


def kept_since(today: datetime.date) -> datetime.date:
    """The first month whose days are kept."""
    return add_months(month_of(today), 1 - MONTHS_KEPT)


def insert_days(
    connection: sa.Connection, label: sa.Label, target: sa.Table, level: sa.Table, months: Collection[datetime.date],
    rules: DayRules,
) -> set[Cell]:
    """Writes down the days of these months, under the generation that `label` names. `level` is an ASIN level that
    holds them. Returns the marketplaces and months that have any."""
    # Without a look at whether they count, an index answers; what does not is in no choice.
    cells = cells_of(connection, line.c.month.in_(sorted(months)))
    choices = choices_of(connection, cells, rules.counting.sales_from)
    code = code_of_lines(rules.counting.currency, allowed_codes(connection, rules.counting.currency))
    together: dict[tuple[str, Choice], list[datetime.date]] = {}
    for (marketplace, month), choice in sorted(choices.items()):
        if choice.sales is not None:
            together.setdefault((marketplace, choice), []).append(month)
    for (marketplace, choice), found in together.items():
        each = _Part(marketplace, choice, tuple(found))
        connection.execute(into(target, _rows(label, each, level, code, rules)))
    return {(marketplace, month) for (marketplace, _), found in together.items() for month in found}


@dataclass(frozen=True)
class _Part:
    """Months of a marketplace in which the same reports count."""

    marketplace: str
    choice: Choice
    months: tuple[datetime.date, ...]


def _kinds() -> sa.Select:
    """The kinds of lines that a figure is made of."""
    return sa.select(posting.c.kind_id).where(posting.c.metric.in_(SIGNS))


def _rows(
    label: sa.Label, part: _Part, level: sa.Table, code: sa.ColumnElement[str], rules: DayRules
) -> sa.Select:
    """A row per day, brand and category."""
    days = _in_own_currency(_by_product(part, level, code, rules.counting), rules)
    sold = sa.select(
        days.c.month, days.c.day, days.c.brand_id, days.c.category_id,
        *(sa.case((days.c.figure == number, days.c.value)).label(name) for number, name in enumerate(_COLUMNS[-2:])),
    ).where(days.c.value.is_not(None))
    # Lines may go on after the last sale: then nothing was sold, and that is known.
    nothing = sa.cast(sa.null(), schema.Sum)
    reached = sa.select(
        line.c.month, sa.func.max(line.c.day).label("day"), sa.literal(schema.UNASSIGNED, sa.Integer).label("brand_id"),
        sa.literal(schema.UNCATEGORISED, sa.Integer).label("category_id"), nothing.label("net_revenue"),
        nothing.label("net_units"),
    ).where(
        line.c.counts == sa.true(), line.c.marketplace == part.marketplace, line.c.month.in_(part.months),
        line.c.report == part.choice.sales,
    ).group_by(line.c.month)
    both = sa.union_all(sold, reached).subquery("days")
    grain = (both.c.month, both.c.day, both.c.brand_id, both.c.category_id)
    return sa.select(
        label, *grain[:2], sa.literal(part.marketplace, sa.String(10)).label("marketplace"), *grain[2:],
        *(sa.cast(sa.func.sum(both.c[name]), schema.Sum).label(name) for name in _COLUMNS[-2:]),
    ).group_by(*grain)


def _by_product(part: _Part, level: sa.Table, code: sa.ColumnElement[str], counting: CountingRules) -> sa.Subquery:
    """Product, with its place, month, day, figure and currency -> what lines add, in their currency. No report tells
    these amounts in parts of cents: what the month's fact is rounded from is what it is.

    Sums are by numbers, of products and of figures (their place in `FIGURES`): a server makes them a fifth quicker
    than by names, so products are looked up before that.
    """
    same = (line.c.month, line.c.day, line.c.report, line.c.asin, line.c.sku, line.c.kind_id, line.c.currency)
    lines = (
        sa.select(
            *same, sa.func.min(line.c.marketplace).label("marketplace"), code.label("code"),
            sa.cast(sa.func.sum(line.c.amount), _GATHERED).label("amount"),
            sa.cast(sa.func.sum(line.c.quantity), _PIECES).label("quantity"),
        )
        .where(
            line.c.counts == sa.true(), line.c.marketplace == part.marketplace, line.c.month.in_(part.months),
            line.c.kind_id.in_(_kinds()),
        )
        .group_by(*same, code).subquery("gathered")
    )
    source, asin = lines_with_products(lines)
    sign = sa.case(*((posting.c.metric == metric, sign) for metric, sign in SIGNS.items())) * posting.c.sign
    amount = sa.case((posting.c.of_quantity == sa.true(), lines.c.quantity), else_=lines.c.amount) * sign
    currency = money_code(posting.c.metric, lines.c.code)
    figure = sa.case(*(
        (posting.c.metric.in_([text(each) for each in names]), text(name)) for name, names in FIGURES.items()
    ))
    number = sa.case(*(
        (posting.c.metric.in_([text(each) for each in names]), sa.literal_column(str(place)))
        for place, names in enumerate(FIGURES.values())
    ))
    keys = (product.c.id, level.c.brand_id, level.c.category_id, lines.c.month, lines.c.day, number, currency)
    return (
        sa.select(
            product.c.id.label("asin_id"), *keys[1:-2], number.label("figure"), currency.label("currency"),
            sa.cast(sa.func.sum(amount), schema.Sum).label("value"),
        )
        .select_from(source.join(product, product.c.asin == asin).join(level, sa.and_(
            level.c.month == lines.c.month, level.c.metric == figure, level.c.marketplace == part.marketplace,
            level.c.asin_id == product.c.id,
        )))
        .where(posting.c.metric.in_(SIGNS), counted(part.choice, lines),
               taxed(part.marketplace, counting.prices_include_tax, lines))
        .group_by(*keys).having(sa.func.sum(amount).is_not(None)).subquery("local_day")
    )


def _in_own_currency(days: sa.Subquery, rules: DayRules) -> sa.Subquery:
    """The same in the reporting currency; what has no rate has no value."""
    rates = rules.rates
    if not rates:
        return days
    through = _through(days, days.c.value, days.c.figure)

    def at(rate: Decimal) -> sa.ColumnElement:
        so_far, before = (
            half_even(amount * sa.literal(rate, Rate), exact=Converted, rounded=schema.Sum)
            for amount in (through, through - days.c.value)
        )
        return so_far - before

    value = sa.case(*(
        (sa.and_(days.c.month == month, days.c.currency == code),
         sa.cast(sa.null(), schema.Sum) if rate is None else at(rate))
        for month, code, rate in rates
    ), else_=days.c.value)
    return sa.select(
        days.c.brand_id, days.c.category_id, days.c.month, days.c.day, days.c.figure, value.label("value")
    ).subquery("own_day")


def _through(days: sa.Subquery, amount: sa.ColumnElement, *grain: sa.ColumnElement) -> sa.ColumnElement:
    """The sum of a product's days of a month, down to each."""
    return sa.cast(sa.func.sum(amount).over(
        partition_by=(days.c.asin_id, days.c.month, days.c.currency, *grain), order_by=days.c.day
    ), _EXACT)


# --- held against the figures


def wrong_days(
    connection: sa.Connection, generation: int, target: sa.Table, level: sa.Table, cells: Collection[Cell],
    rules: DayRules,
) -> dict[Cell, list[str]]:
    """Which of these marketplaces and months have a figure that is not what its days add up to, although nothing but
    lines gives it; with each in words."""
    days, figures = _sums_of_days(connection, generation, target, cells), _sums_of_level(connection, level, cells)
    none = Decimal(0)
    differing = {
        key: (days.get(key, none), figures.get(key, none)) for key in days.keys() | figures.keys()
        if days.get(key, none) != figures.get(key, none)
    }
    with_others = _with_other_facts(connection, {key[:2] for key in differing}, rules)
    wrong: dict[Cell, list[str]] = {}
    for (marketplace, month, metric), (ours, theirs) in sorted(differing.items()):
        if (marketplace, month, metric) not in with_others:
            wrong.setdefault((marketplace, month), []).append(
                f"{marketplace} {format_month(month)}: the days of {metric} add up to {ours:,}, the month has "
                f"{theirs:,}, the difference is {theirs - ours:,}; there are no days of it"
            )
    return wrong


def forget_days_of(connection: sa.Connection, generation: int, target: sa.Table, cell: Cell) -> None:
    """Takes away the days of a marketplace and month."""
    connection.execute(sa.delete(target).where(
        target.c.generation == generation, target.c.marketplace == cell[0], target.c.month == cell[1]
    ))


Key = tuple[str, datetime.date, str]
"""Marketplace, month, figure."""


def _sums_of_days(
    connection: sa.Connection, generation: int, target: sa.Table, cells: Collection[Cell]
) -> dict[Key, Decimal]:
    rows = connection.execute(
        sa.select(target.c.marketplace, target.c.month, *(
            sa.func.sum(target.c[name]).label(name) for name in _COLUMNS[-2:]
        ))
        .where(target.c.generation == generation, target.c.month.in_(sorted({month for _, month in cells})))
        .group_by(target.c.marketplace, target.c.month)
    )
    return {
        (row.marketplace, row.month, metric): value for row in rows if (row.marketplace, row.month) in cells
        for metric, value in zip(FIGURES, row[-2:], strict=True) if value is not None
    }


def _sums_of_level(connection: sa.Connection, level: sa.Table, cells: Collection[Cell]) -> dict[Key, Decimal]:
    grain = (level.c.marketplace, level.c.month, level.c.metric)
    rows = connection.execute(
        sa.select(*grain, sa.func.sum(level.c.value).label("value")).where(
            level.c.month.in_(sorted({month for _, month in cells})), level.c.metric.in_(FIGURES),
            level.c.marketplace.in_(sorted({marketplace for marketplace, _ in cells})),
        ).group_by(*grain)
    )
    return {(row.marketplace, row.month, row.metric): row.value for row in rows
            if (row.marketplace, row.month) in cells}


def _with_other_facts(connection: sa.Connection, cells: Collection[Cell], rules: DayRules) -> set[Key]:
    """Where facts that follow from no line stand beside those that do; archived months, whose facts are elsewhere,
    among them."""
    parts = {metric: formula.metric for formula in NET for metric in (formula.metric, *formula.needs)}
    found: set[Key] = set()
    for month in sorted({month for _, month in cells}):
        places = sorted(place for place, each in cells if each == month)
        facts = rules.months.get(month)
        if facts is None or facts.is_archived:
            found |= {(place, month, metric) for place in places for metric in FIGURES}
            continue
        rows = connection.execute(
            sa.select(fact.c.marketplace, fact.c.metric).distinct().where(
                fact.c.month.in_(facts.dates), fact.c.metric.in_(parts), fact.c.marketplace.in_(places),
                sa.or_(fact.c.import_id.is_(None), fact.c.import_id != schema.DERIVED),
            )
        )
        found |= {(row.marketplace, month, parts[row.metric]) for row in rows}
    return found


# --- which months


def months_with_lines(connection: sa.Connection) -> set[datetime.date]:
    """Every month that has lines."""
    return set(connection.execute(sa.select(line.c.month).distinct()).scalars())


def months_with_changed_lines(connection: sa.Connection, *, after: int) -> set[datetime.date]:
    """Months whose lines may have changed by what the ledger tells after its entry `after`."""
    ledger = schema.changed_month
    told = connection.execute(
        sa.select(ledger.c.cause, ledger.c.import_id).where(ledger.c.id > after).distinct()
    ).all()
    # What an import that was undone had, and what other settings let count, nobody can look up any more.
    if any(row.cause in (UNDO, SETTINGS) for row in told):
        return months_with_lines(connection)
    imports = {row.import_id for row in told if row.import_id is not None}
    return set(connection.execute(
        sa.select(line.c.month).where(line.c.import_id.in_(imports)).distinct()
    ).scalars()) if imports else set()
