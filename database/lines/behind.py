"""From a figure back to what it is made of: lines of reports, imported facts, and the formula of a derived one."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.lines.costs import valid_cost
from database.lines.counting import CountingRules, Lump, choices_of, counted, lumps_of, taxed, with_neighbours
from database.lines.products import lines_with_products
from database.lines.scope import Cell
from domain.amazon import ACCOUNT, Choice
from domain.derived import MARGINS, NET, Formula
from domain.metrics import NET_COGS, NET_UNITS

line, posting, kind, book = (
    schema.amazon_line, schema.amazon_posting, schema.amazon_kind, schema.financials_import
)
fact, product = schema.financials, schema.asin
_FORMULAS = {formula.metric: formula for formula in (*NET, *MARGINS)}


@dataclass(frozen=True)
class Figure:
    """What is asked about: one product, month, marketplace and metric."""

    asin: str
    month: datetime.date
    marketplace: str
    metric: str


@dataclass(frozen=True)
class LineBehind:
    """One amount of a report, and what it gives to the figure. `line` counts the file's lines from 1."""

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


@dataclass(frozen=True)
class FactBehind:
    """Imported facts of one import; `file_name` is '' for rows that no import of ours brought in."""

    import_id: int | None
    file_name: str
    value: Decimal


@dataclass(frozen=True)
class Part:
    """A figure that another follows from, and with which sign."""

    sign: int
    behind: Behind


@dataclass(frozen=True)
class Behind:
    """What a figure is made of. Its lines, imported facts, lumps told by product (`taken_off`) and parts add up to
    `value`; `rounding` is what their cents lack, where amounts have more decimals. A unit cost is `cost` per piece."""

    figure: Figure
    value: Decimal | None
    lines: tuple[LineBehind, ...]
    facts: tuple[FactBehind, ...]
    taken_off: Decimal
    parts: tuple[Part, ...]
    rounding: Decimal
    cost: Decimal | None = None


class Following:
    """Follows figures back to what they are made of. What was found is kept: figures share their parts, and all of a
    marketplace and month which report counts there."""

    def __init__(self, connection: sa.Connection, rules: CountingRules) -> None:
        self._connection, self._rules = connection, rules
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
        value, facts = _facts(self._connection, figure)
        lines: tuple[LineBehind, ...] = ()
        if self._has_lines(figure):
            lines = tuple(_lines(self._connection, figure, self._choice(figure), self._rules))
        taken = self._taken_off(figure)
        parts: tuple[Part, ...] = ()
        cost = None
        if value is not None and not facts:
            if figure.metric in _FORMULAS:
                parts = tuple(self._parts(figure, _FORMULAS[figure.metric]))
            elif figure.metric == NET_COGS and not lines:
                cost, parts = self._cost(figure)
        told = sum((each.value for each in (*lines, *facts)), Decimal(0)) - taken
        of_parts = sum((part.sign * (part.behind.value or 0) for part in parts), Decimal(0))
        told += of_parts * (1 if cost is None else cost)
        rounding = Decimal(0) if value is None else value - told
        return Behind(figure, value, lines, facts, taken, parts, rounding, cost)

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
        return sum((lump.value for lump in self._lumps[cell] if lump.metric == figure.metric), Decimal(0))

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




def marketplaces_of(connection: sa.Connection, asin: str, month: datetime.date, metric: str) -> list[str]:
    """The marketplaces in which a product has a figure."""
    return list(connection.execute(
        sa.select(fact.c.marketplace).join_from(fact, product, product.c.id == fact.c.asin_id)
        .where(product.c.asin == asin, fact.c.month == month, fact.c.metric == metric)
        .distinct().order_by(fact.c.marketplace)
    ).scalars())


def _facts(connection: sa.Connection, figure: Figure) -> tuple[Decimal | None, tuple[FactBehind, ...]]:
    """The figure, and what of it was imported."""
    rows = connection.execute(
        sa.select(fact.c.import_id, book.c.file_name, sa.func.sum(fact.c.value).label("value"))
        .select_from(fact.join(product, product.c.id == fact.c.asin_id).outerjoin(book, book.c.id == fact.c.import_id))
        .where(product.c.asin == figure.asin, fact.c.month == figure.month,
               fact.c.marketplace == figure.marketplace, fact.c.metric == figure.metric)
        .group_by(fact.c.import_id, book.c.file_name).order_by(fact.c.import_id)
    ).all()
    found = tuple(
        FactBehind(row.import_id, row.file_name or "", row.value) for row in rows if row.import_id != schema.DERIVED
    )
    return sum((row.value for row in rows), Decimal(0)) if rows else None, found


def _metrics_told(connection: sa.Connection, figure: Figure) -> list[str]:
    """The metrics that lines tell of the figure's product in its marketplace and month."""
    source, whose = lines_with_products()
    told = sa.select(posting.c.metric).select_from(source).where(
        line.c.marketplace == figure.marketplace, line.c.month == figure.month, whose == figure.asin
    )
    return list(connection.execute(told.distinct()).scalars())


def _lines(
    connection: sa.Connection, figure: Figure, choice: Choice | None, rules: CountingRules
) -> Iterator[LineBehind]:
    if choice is None:
        return
    source, whose = lines_with_products()
    amount = sa.case((posting.c.of_quantity == sa.true(), line.c.quantity), else_=line.c.amount)
    query = (
        sa.select(
            line.c.import_id, book.c.file_name, line.c.report, line.c.line, line.c.happened, line.c.order_id,
            line.c.sku, kind.c.transaction_type, kind.c.amount_type, kind.c.description, amount.label("amount"),
            (amount * posting.c.sign).label("value"),
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
            Decimal(row.amount), Decimal(row.value),
        )
