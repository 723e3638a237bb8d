"""From a figure back to what it is made of: lines of reports, imported facts, and the formula of a derived one.

A figure is in the dashboard's currency. What it is made of may be in others: each is summed, converted at its month's
rate and rounded half to even, as a refresh does it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

import sqlalchemy as sa

from database import schema
from database.lines.codes import allowed_codes, code_of_lines
from database.lines.costs import valid_cost
from database.lines.counting import CountingRules, Lump, choices_of, counted, lumps_of, taxed, with_neighbours
from database.lines.products import lines_with_products
from database.lines.scope import Cell
from domain.amazon import ACCOUNT, Choice
from domain.derived import MARGINS, NET, Formula
from domain.metrics import NET_COGS, NET_UNITS, is_money

line, posting, kind, book = (
    schema.amazon_line, schema.amazon_posting, schema.amazon_kind, schema.financials_import
)
fact, product = schema.financials, schema.asin
_FORMULAS = {formula.metric: formula for formula in (*NET, *MARGINS)}
_MARGINS = frozenset(formula.metric for formula in MARGINS)


@dataclass(frozen=True)
class Figure:
    """What is asked about: one product, month, marketplace and metric."""

    asin: str
    month: datetime.date
    marketplace: str
    metric: str


@dataclass(frozen=True)
class LineBehind:
    """One amount of a report, in `currency` ('' for the dashboard's), and what it gives to the figure. `line` counts
    the file's lines from 1."""

    import_id: int
    file_name: str
    report: str
    line: int
    happened: str
    order_id: str | None
    sku: str | None
    words: str
    amount: Decimal
    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class FactBehind:
    """Imported facts of one import in one currency ('' for the dashboard's), and what they give to the figure;
    `file_name` is '' for rows that no import of ours brought in."""

    import_id: int | None
    file_name: str
    amount: Decimal
    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class Converted:
    """What of a figure was in another currency: its sum there, the rate (None if nobody told one: it is left out), and
    what it came to. A margin is made of converted parts, so that its rate is none of its own."""

    currency: str
    local: Decimal
    rate: Decimal | None
    value: Decimal


@dataclass(frozen=True)
class Part:
    """A figure that another follows from, and with which sign."""

    sign: int
    behind: Behind


@dataclass(frozen=True)
class Behind:
    """What a figure is made of. Its lines, imported facts, lumps told by product (`taken_off`) and parts add up to
    `value`; `rounding` is what their cents lack, where amounts have more decimals. A unit cost is `cost` per piece, in
    `cost_currency`, and `factor` what a piece gives to the figure."""

    figure: Figure
    value: Decimal | None
    lines: tuple[LineBehind, ...]
    facts: tuple[FactBehind, ...]
    taken_off: Decimal
    parts: tuple[Part, ...]
    rounding: Decimal
    cost: Decimal | None = None
    cost_currency: str = ""
    factor: Decimal = Decimal(1)
    converted: tuple[Converted, ...] = ()


class Following:
    """Follows figures back to what they are made of, at these rates (month and currency -> what one unit is in the
    dashboard's). What was found is kept: figures share their parts, and all of a marketplace and month which report
    counts there."""

    def __init__(
        self, connection: sa.Connection, rules: CountingRules, rates: Mapping[tuple[datetime.date, str], Decimal]
    ) -> None:
        self._connection, self._rules, self._rates = connection, rules, rates
        self._code = code_of_lines(rules.currency, allowed_codes(connection, rules.currency))
        self._found: dict[Figure, Behind] = {}
        self._choices: dict[Cell, Choice | None] = {}
        self._lumps: dict[Cell, list[Lump]] = {}
        self._told: dict[Figure, frozenset[str]] = {}

    def behind(self, figure: Figure) -> Behind:
        """What the figure is made of, and each of its parts. `value` is None where there is no such figure."""
        if figure not in self._found:
            self._found[figure] = self._follow(figure)
        return self._found[figure]

    def _follow(self, figure: Figure) -> Behind:
        local, facts = self._facts(figure)
        lines: tuple[LineBehind, ...] = ()
        if self._has_lines(figure):
            lines = tuple(self._lines(figure))
        taken = self._taken_off(figure)
        parts: tuple[Part, ...] = ()
        cost, currency, factor = None, "", Decimal(1)
        if local and not facts:
            if figure.metric in _FORMULAS:
                parts = tuple(self._parts(figure, _FORMULAS[figure.metric]))
            elif figure.metric == NET_COGS and not lines:
                cost, parts = self._cost(figure)
                currency = next(iter(local))
                factor = (cost or Decimal(1)) * (self._rate(figure, currency) or 0)
        told = sum((each.value for each in (*lines, *facts)), Decimal(0)) - taken
        of_parts = sum((part.sign * (part.behind.value or 0) for part in parts), Decimal(0))
        told += of_parts * factor
        converted = tuple(self._converted(figure, code, amount) for code, amount in sorted(local.items()) if code)
        value = self._value(figure, local, converted, of_parts if figure.metric in _MARGINS and parts else None)
        rounding = Decimal(0) if value is None else value - told
        return Behind(figure, value, lines, facts, taken, parts, rounding, cost, currency, factor, converted)

    def _rate(self, figure: Figure, code: str) -> Decimal | None:
        """What one unit gives to the figure: 1 in the dashboard's currency, and of what is no money."""
        if not code or code == self._rules.currency or not is_money(figure.metric):
            return Decimal(1)
        return self._rates.get((figure.month, code))

    def _converted(self, figure: Figure, code: str, local: Decimal) -> Converted:
        rate = self._rate(figure, code)
        return Converted(
            code, local, rate, (local * (rate or 0)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        )

    def _value(
        self, figure: Figure, local: Mapping[str, Decimal], converted: Sequence[Converted], of_parts: Decimal | None
    ) -> Decimal | None:
        """The figure, as a refresh makes it; None if there is none, for want of a fact or of a rate."""
        if not local or (not local.keys() - {each.currency for each in converted if each.rate is None}):
            return None
        if of_parts is not None and any(local.keys() - {""}):
            return None if any(each.rate is None for each in converted) else of_parts
        return local.get("", Decimal(0)) + sum((each.value for each in converted), Decimal(0))

    def _has_lines(self, figure: Figure) -> bool:
        """Whether any line tells of this metric of the product there, counted or not: of most metrics that a margin
        follows from none does."""
        place = replace(figure, metric="")
        if place not in self._told:
            self._told[place] = frozenset(map(str.casefold, _metrics_told(self._connection, figure)))
        return figure.metric.casefold() in self._told[place]

    def _choice(self, figure: Figure) -> Choice | None:
        cell = (figure.marketplace, figure.month)
        if cell not in self._choices:
            self._choices[cell] = choices_of(self._connection, [cell], self._rules.sales_from).get(cell)
        return self._choices[cell]

    def _taken_off(self, figure: Figure) -> Decimal:
        """What reports tell by product, and so is no part of the lump."""
        if figure.asin != ACCOUNT:
            return Decimal(0)
        cell = (figure.marketplace, figure.month)
        if cell not in self._lumps:
            cells = with_neighbours(self._connection, {cell})
            self._lumps[cell] = [
                lump for lump in lumps_of(self._connection, cells, self._rules)
                if (lump.marketplace, lump.month) == cell
            ]
        return sum((
            lump.value * (self._rate(figure, lump.currency or "") or 0)
            for lump in self._lumps[cell] if lump.metric == figure.metric
        ), Decimal(0))

    def _parts(self, figure: Figure, formula: Formula) -> Iterator[Part]:
        for sign, metrics in ((1, formula.plus), (-1, formula.minus)):
            for metric in metrics:
                behind = self.behind(replace(figure, metric=metric))
                if behind.value is not None:
                    yield Part(sign, behind)

    def _cost(self, figure: Figure) -> tuple[Decimal | None, tuple[Part, ...]]:
        cell = sa.select(
            sa.literal(figure.asin).label("asin"), sa.literal(figure.marketplace).label("marketplace"),
            sa.literal(figure.month, sa.Date).label("month"),
        ).subquery("cell")
        cost = self._connection.execute(sa.select(valid_cost(cell).c.cost)).scalar()
        if cost is None:
            return None, ()
        return cost, (Part(1, self.behind(replace(figure, metric=NET_UNITS))),)

    def _facts(self, figure: Figure) -> tuple[dict[str, Decimal], tuple[FactBehind, ...]]:
        """The figure's sum in each currency ('' for the dashboard's), and what of it was imported."""
        rows = self._connection.execute(
            sa.select(fact.c.import_id, book.c.file_name, fact.c.currency, sa.func.sum(fact.c.value).label("value"))
            .select_from(
                fact.join(product, product.c.id == fact.c.asin_id).outerjoin(book, book.c.id == fact.c.import_id)
            )
            .where(product.c.asin == figure.asin, fact.c.month == figure.month,
                   fact.c.marketplace == figure.marketplace, fact.c.metric == figure.metric)
            .group_by(fact.c.import_id, book.c.file_name, fact.c.currency)
            .order_by(fact.c.import_id, fact.c.currency)
        ).all()
        local: dict[str, Decimal] = {}
        facts = []
        for row in rows:
            code = row.currency if row.currency != self._rules.currency and is_money(figure.metric) else None
            local[code or ""] = local.get(code or "", Decimal(0)) + row.value
            if row.import_id != schema.DERIVED:
                gives = row.value * (self._rate(figure, code or "") or 0)
                facts.append(FactBehind(row.import_id, row.file_name or "", row.value, gives, code or ""))
        return local, tuple(facts)

    def _lines(self, figure: Figure) -> Iterator[LineBehind]:
        choice = self._choice(figure)
        for line_behind in () if choice is None else _lines(
            self._connection, figure, choice, self._rules, self._code
        ):
            code = line_behind.currency if is_money(figure.metric) else ""
            gives = line_behind.value * (self._rate(figure, code) or 0)
            yield replace(line_behind, value=gives, currency=code)


def marketplaces_of(connection: sa.Connection, asin: str, month: datetime.date, metric: str) -> list[str]:
    """The marketplaces in which a product has a figure."""
    return list(connection.execute(
        sa.select(fact.c.marketplace).join_from(fact, product, product.c.id == fact.c.asin_id)
        .where(product.c.asin == asin, fact.c.month == month, fact.c.metric == metric)
        .distinct().order_by(fact.c.marketplace)
    ).scalars())


def _metrics_told(connection: sa.Connection, figure: Figure) -> list[str]:
    """The metrics that lines tell of the figure's product in its marketplace and month."""
    source, whose = lines_with_products()
    told = sa.select(posting.c.metric).select_from(source).where(
        line.c.marketplace == figure.marketplace, line.c.month == figure.month, whose == figure.asin
    )
    return list(connection.execute(told.distinct()).scalars())


def _lines(
    connection: sa.Connection, figure: Figure, choice: Choice, rules: CountingRules, code: sa.ColumnElement[str]
) -> Iterator[LineBehind]:
    source, whose = lines_with_products()
    amount = sa.case((posting.c.of_quantity == sa.true(), line.c.quantity), else_=line.c.amount)
    query = (
        sa.select(
            line.c.import_id, book.c.file_name, line.c.report, line.c.line, line.c.happened, line.c.order_id,
            line.c.sku, kind.c.transaction_type, kind.c.amount_type, kind.c.description, amount.label("amount"),
            (amount * posting.c.sign).label("value"), code.label("code"),
        )
        .select_from(source.join(kind, kind.c.id == line.c.kind_id).join(book, book.c.id == line.c.import_id))
        .where(
            line.c.counts == sa.true(), line.c.marketplace == figure.marketplace, line.c.month == figure.month,
            posting.c.metric == figure.metric, whose == figure.asin, counted(choice),
            taxed(figure.marketplace, rules.prices_include_tax), amount.is_not(None),
        )
        .order_by(line.c.import_id, line.c.line, line.c.part)
    )
    for row in connection.execute(query):
        words = " / ".join(filter(None, (row.transaction_type, row.amount_type, row.description)))
        yield LineBehind(
            row.import_id, row.file_name, row.report, row.line, row.happened, row.order_id, row.sku, words,
            Decimal(row.amount), Decimal(row.value), row.code or "",
        )
