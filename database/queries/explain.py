"""One figure, explained: what its formula makes of which figures, what contributes most, which months of it were
corrected. All from the summaries of one generation.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.engines.values import Generation, Reading
from database.queries.figures import Figure, MonthSums, figure_of, read_months
from database.queries.product import Product, find_product, sums_statement
from database.queries.product_level import conditions
from database.queries.sources import Sources, read_sources
from database.queries.sums import BRAND, CATEGORY, MARKETPLACE, by_grain, sums_by
from database.schema import asin, summary_asin
from database.summaries.restatements import Restatement, restatements
from domain.explaining import MINUS, OVER, Terms, formula_of, terms_of
from domain.metrics import PROFIT_TREE
from domain.periods import Span
from domain.ratios import Measure, as_given, metrics_of
from domain.selection import Selectable, Selection
from domain.shared_costs import SHARED, with_shares

MOST = 8
"""So many parts are named of each kind; what all others give is one more."""
ALL_MONTHS = 13
"""Up to so many months stand there in their order, each by itself."""
MOST_CORRECTIONS = 12

PRODUCTS, BRANDS, CATEGORIES, MARKETPLACES, MONTHS = "products", "brands", "categories", "marketplaces", "months"


@dataclass(frozen=True)
class FormulaLine:
    """A figure that the formula speaks of; `sign` is '' for the first one. `is_gap`: what the figure has beyond what
    its parts make, which no formula explains."""

    sign: str
    figure: Figure
    is_gap: bool = False


@dataclass(frozen=True)
class Contribution:
    """What one part gives to the figure, in the figure's own unit: of a percentage, a part of it. `share` is the
    fraction of the whole, None where that is not above zero. `code` is a product's ASIN."""

    key: Any
    name: str
    value: Decimal
    share: Decimal | None
    code: str = ""


@dataclass(frozen=True)
class Contributions:
    """The parts of one kind that give most, and what `others_count` more give together: they add up to the figure."""

    kind: str
    rows: tuple[Contribution, ...]
    others: Decimal
    others_count: int


@dataclass(frozen=True)
class Explanation:
    """A figure over the chosen months, of the selection or of one `product`. `before` is what it is compared with.
    `sources` are told of no single product, and to nobody who is limited to some brands."""

    product: Product | None
    figure: Figure
    before: Decimal | None
    formula: tuple[FormulaLine, ...]
    parts: tuple[Contributions, ...]
    sources: Sources | None
    corrections: tuple[Restatement, ...]


def read_explanation(
    connection: sa.Connection, generation: Generation, selection: Selection, selectable: Selectable
) -> Explanation | None:
    """The explanation of the selection's metric; None if it is asked of a product that is not there."""
    product = find_product(connection, selection.asin, scope=selection.scope) if selection.asin else None
    if selection.asin and product is None:
        return None
    terms = terms_of(selection.measure, shared=selection.shared)
    by_place = _sums_of_product(connection, selection, product) if product else {}
    by_month = _together(by_place.items()) if product else _months(connection, selection, selectable)
    as_it_stands = by_month
    if selection.shared:
        by_month = {month: with_shares(sums) for month, sums in by_month.items()}
    figure = figure_of(selection.measure, by_month, selection)
    is_year = selection.comparison is not None and selection.comparison == selection.year_before
    return Explanation(
        product=product, figure=figure, before=before_of(figure, selection, is_year=is_year),
        formula=_formula(selection, selectable, by_month, figure),
        parts=() if figure.value is None else tuple(filter(None, (
            *_groups(connection, selection, selectable, terms, figure, by_place),
            _by_month(terms_of(selection.measure), by_month, selection, figure),
        ))),
        sources=None if product or selection.scope is not None else read_sources(
            connection, selection, figure, terms=terms, plain=terms_of(selection.measure), by_month=as_it_stands,
        ),
        corrections=_corrections(Reading(connection, generation), selection, selectable, product),
    )


def before_of(figure: Figure, selection: Selection, *, is_year: bool) -> Decimal | None:
    """What the figure is compared with, if anything."""
    if selection.comparison is None:
        return None
    return figure.year_before if is_year else figure.previous


def _asked(selectable: Selectable, selection: Selection) -> list[Measure]:
    names = (*PROFIT_TREE, *(SHARED if selection.shared else ()), "Gross sales", "Returns", "Gross units",
             "Returned units")
    return [selection.measure, *(name for name in names if name in selectable.metrics or name in SHARED)]


def _months(connection: sa.Connection, selection: Selection, selectable: Selectable) -> MonthSums:
    return read_months(connection, selection, _asked(selectable, selection))


Place = tuple[datetime.date, str]
"""Month and marketplace."""


def _sums_of_product(
    connection: sa.Connection, selection: Selection, product: Product
) -> dict[Place, dict[str, Decimal]]:
    found: dict[Place, dict[str, Decimal]] = {}
    for month, marketplace, metric, value in connection.execute(sums_statement(selection, product.key)).all():
        found.setdefault((month, marketplace), {})[metric] = value
    return found


def _together(found: Iterable[tuple[Place, Mapping[str, Decimal]]], place: int = 0) -> dict[Any, dict[str, Decimal]]:
    """The sums of a product by month (0) or by marketplace (1)."""
    sums: dict[Any, dict[str, Decimal]] = {}
    for key, of in found:
        whole = sums.setdefault(key[place], {})
        for metric, value in of.items():
            whole[metric] = whole.get(metric, Decimal(0)) + value
    return sums


def _formula(
    selection: Selection, selectable: Selectable, by_month: MonthSums, figure: Figure
) -> tuple[FormulaLine, ...]:
    spans = [span for span in (selection.span, selection.comparison) if span]
    known = {metric for span in spans for month in span.months for metric in by_month.get(month, {})}
    formula = formula_of(selection.measure, known)
    balances = selectable.balances
    lines = [FormulaLine(sign, figure_of(balances.get(name, name), by_month, selection)) for sign, name in formula]
    gap = _gap(figure, lines)
    if gap is None or any(sign == OVER for sign, _ in formula):
        return tuple(lines)
    # Net revenue need not be what gross sales and returns make: it is then no formula.
    is_margin = isinstance(selection.measure, str) and selection.measure in PROFIT_TREE[2:]
    return (*lines, FormulaLine("+", gap, is_gap=True)) if is_margin else ()


def _gap(figure: Figure, lines: Sequence[FormulaLine]) -> Figure | None:
    """What the lines lack of the figure, in any of its months; None if they make it to the cent, and without lines."""

    def lacking(of: Callable[[Figure], Decimal | None]) -> Decimal | None:
        whole = of(figure)
        if whole is None:
            return None
        return whole - sum(
            ((-1 if line.sign == MINUS else 1) * (of(line.figure) or Decimal(0)) for line in lines), Decimal(0)
        )

    if not lines:
        return None
    found = dataclasses.replace(
        figure, name=f"Not in the parts of {figure.name}", months=(), around=(),
        **{name: lacking(lambda each, name=name: getattr(each, name))
           for name in ("value", "complete", "previous", "year_before")},
    )
    return found if any((found.value, found.complete, found.previous, found.year_before)) else None


def _groups(
    connection: sa.Connection, selection: Selection, selectable: Selectable, terms: Terms, figure: Figure,
    by_place: Mapping[Place, Mapping[str, Decimal]],
) -> list[Contributions | None]:
    base = _base(connection, selection, terms, by_place)
    if terms.base and not base:
        return []
    if by_place:
        chosen = [(place, sums) for place, sums in by_place.items()
                  if selection.span.first <= place[0] <= selection.span.last]
        known = {MARKETPLACES: _together(chosen, 1)}
    else:
        known = {
            kind: by_grain(sums_by(connection, selection, grain, span=selection.span, metrics=terms.signs))
            for kind, grain in ((BRANDS, BRAND), (CATEGORIES, CATEGORY), (MARKETPLACES, MARKETPLACE))
        }
    names = {BRANDS: selectable.brands, CATEGORIES: selectable.categories, MARKETPLACES: selectable.marketplace_names}
    found = [_contributions(kind, _parts(of, terms, base), names[kind], figure) for kind, of in known.items()]
    return found if by_place else [_products(connection, selection, terms, base, figure), *found]


def _base(
    connection: sa.Connection, selection: Selection, terms: Terms, by_place: Mapping[Place, Mapping[str, Decimal]]
) -> Decimal | None:
    """What everything is divided by; None for nothing."""
    if not terms.base:
        return None
    if by_place:
        of = [sums.get(terms.base) for (month, _), sums in by_place.items()
              if selection.span.first <= month <= selection.span.last]
    else:
        of = [each.value for each in sums_by(
            connection, selection, CATEGORY, span=selection.span, metrics=(terms.base,)
        )]
    return sum((value for value in of if value is not None), Decimal(0))


def _parts(sums: Mapping[Any, Mapping[str, Decimal]], terms: Terms, base: Decimal | None) -> dict[Any, Decimal]:
    found = {key: terms.above(of) for key, of in sums.items()}
    return {key: value / base if base else value for key, value in found.items() if value is not None}


def _contributions(
    kind: str, parts: Mapping[Any, Decimal], names: Mapping[Any, str], figure: Figure
) -> Contributions | None:
    """The largest first, whichever way they go; None where one part is all of it."""
    if len(parts) < 2:
        return None
    ordered = sorted(parts.items(), key=lambda pair: (-abs(pair[1]), str(pair[0])))
    shown = ordered if len(ordered) <= MOST + 1 else ordered[:MOST]
    rows = tuple(
        Contribution(key, names.get(key) or f"({key})", value, _share(value, figure)) for key, value in shown
    )
    return _with_others(kind, rows, len(ordered), figure)


def _with_others(
    kind: str, rows: tuple[Contribution, ...], count: int, figure: Figure
) -> Contributions:
    others = figure.value - sum((row.value for row in rows), Decimal(0)) if count > len(rows) else Decimal(0)
    return Contributions(kind, rows, others, count - len(rows))


def _share(value: Decimal, figure: Figure) -> Decimal | None:
    return value / figure.value if figure.value and figure.value > 0 else None


def _by_month(terms: Terms, by_month: MonthSums, selection: Selection, figure: Figure) -> Contributions | None:
    """`by_month` has shares in their metrics already, and so are `terms`."""
    chosen = {month: by_month[month] for month in selection.span.months if month in by_month}
    base = sum((sums.get(terms.base, Decimal(0)) for sums in chosen.values()), Decimal(0)) if terms.base else None
    parts = {} if terms.base and not base else _parts(chosen, terms, base)
    if len(parts) > ALL_MONTHS:
        return _contributions(MONTHS, parts, {}, figure)
    rows = tuple(Contribution(month, "", value, _share(value, figure)) for month, value in sorted(parts.items()))
    return _with_others(MONTHS, rows, len(rows), figure) if len(rows) > 1 else None


def products_statement(selection: Selection, terms: Terms) -> sa.Select:
    """The products that give most to what stands above the line; how many there are stands in every row."""
    columns, calendar = summary_asin.c, selection.calendar
    months = [month for month in selection.span.months if calendar.first_month <= month <= calendar.last_month]
    minus = [metric for metric, sign in terms.signs.items() if sign < 0]
    amount = sa.case((columns.metric.in_(minus), -columns.value), else_=columns.value) if minus else columns.value
    found = (
        sa.select(columns.asin_id, sa.func.sum(amount).label("value"))
        .where(is_one_of(columns.month, months), columns.metric.in_(sorted(terms.signs)), *conditions(selection))
        .group_by(columns.asin_id)
        .subquery("found")
    )
    largest = (
        sa.select(found.c.asin_id, found.c.value, sa.func.count().over().label("products"))
        .order_by(sa.func.abs(found.c.value).desc(), found.c.asin_id)
        .limit(MOST + 1)
        .subquery("largest")
    )
    return (
        sa.select(largest.c.asin_id.label("key"), asin.c.asin, asin.c.name, largest.c.value, largest.c.products)
        .select_from(largest.outerjoin(asin, asin.c.id == largest.c.asin_id))
        .order_by(sa.func.abs(largest.c.value).desc(), largest.c.asin_id)
    )


def _products(
    connection: sa.Connection, selection: Selection, terms: Terms, base: Decimal | None, figure: Figure
) -> Contributions | None:
    found = connection.execute(products_statement(selection, terms)).all()
    if len(found) < 2:
        return None
    count = found[0].products
    rows = tuple(
        Contribution(
            row.key, row.name or row.asin or f"({row.key})", value, _share(value, figure), row.asin or "",
        )
        for row in (found if count <= MOST + 1 else found[:MOST])
        for value in [row.value / base if base else row.value]
    )
    return _with_others(PRODUCTS, rows, count, figure)


def _corrections(
    reading: Reading, selection: Selection, selectable: Selectable, product: Product | None
) -> tuple[Restatement, ...]:
    """What of the figure's months was published otherwise before, newest first. What is known of a correction is a
    brand's whole month."""
    if not selectable.is_restated:
        return ()
    brands = _brands(selection, product)
    months: Span = selection.span
    found = [
        change for metric in dict.fromkeys(metrics_of(as_given(selection.measure, selectable.metrics)))
        for change in restatements(
            reading, brands=brands, metric=metric, months=(months.first, months.last), limit=MOST_CORRECTIONS
        )
    ]
    found.sort(key=lambda change: (change.generation, change.month), reverse=True)
    return tuple(found[:MOST_CORRECTIONS])


def _brands(selection: Selection, product: Product | None) -> set[int] | None:
    if product is not None:
        return {product.brand_id}
    if selection.scope is None:
        return set(selection.brands) or None
    return set(selection.scope) & set(selection.brands or selection.scope)
