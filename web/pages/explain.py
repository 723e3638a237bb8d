"""/explain: one figure, with its formula and today's numbers, what contributes most, and what was corrected in it.

A page of its own, at an address that names the figure; static/js/explain.js shows the same in a panel beside the figure
that was clicked.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from flask import Blueprint, Response, abort, render_template, url_for

from charts.small import SmallBar, small_bars
from database.queries.explain import (
    BRANDS,
    CATEGORIES,
    MARKETPLACES,
    MONTHS,
    PRODUCTS,
    Contribution,
    Contributions,
    Explanation,
    FormulaLine,
)
from database.queries.pages import EXPLAIN
from database.summaries.restatements import Restatement
from domain.months import format_month, month_name
from domain.ratios import Ratio, relative_change
from web.figures.asked import of_metric
from web.figures.changes import Change, change_of
from web.figures.conversion import converted_sentence
from web.figures.filters import Choice, filters_of, period_name
from web.figures.formats import MINUS, MONEY, PERCENT, RATE, kind_of, kind_of_figure
from web.figures.notices import CORRECTIONS, Note, all_notices_of, badge_of, correction_words
from web.figures.page import Page, figures_page
from web.figures.sheets import MONTH, TEXT, Cell, Column, Offer, Sheet, export_links
from web.pages.figure_sources import SourcesView, sources_sheet, sources_view
from web.pages.help import formula_of, meaning_of
from web.pages.product import product_address

pages = Blueprint("explain", __name__)

THINGS = {PRODUCTS: "product", BRANDS: "brand", CATEGORIES: "category", MARKETPLACES: "marketplace", MONTHS: "month"}
SEVERAL = {CATEGORIES: "categories"}
MOST_RATES = 24
PARTS = {PRODUCTS: "asin", BRANDS: "brands", CATEGORIES: "categories", MARKETPLACES: "marketplaces"}
"""Kind of part -> which part of the selection it narrows."""


@dataclass(frozen=True)
class LineView:
    """A figure of the formula; `address` explains it in turn."""

    sign: str
    name: str
    address: str
    value: str
    before: str
    change: Change


@dataclass(frozen=True)
class PartView:
    """What one part gives; `address` explains that."""

    name: str
    code: str
    address: str
    value: str
    share: str
    bar: SmallBar | None
    is_negative: bool


@dataclass(frozen=True)
class PartsView:
    """The parts of one kind; `others` stands below them where there are more."""

    kind: str
    title: str
    rows: tuple[PartView, ...]
    others: PartView | None


@dataclass(frozen=True)
class CorrectionView:
    """One correction; `month` is where `/operations` tells of it."""

    words: str
    month: str


@dataclass(frozen=True)
class FigureView:
    """The figure itself, and everything about it."""

    name: str
    whose: tuple[tuple[str, str], ...]
    span: str
    value: str
    change: Change
    before: str
    against: str
    meaning: str
    formula: str
    lines: tuple[LineView, ...]
    has_value: bool
    words: str
    lines_address: str
    is_share: bool
    parts: tuple[PartsView, ...]
    sources: SourcesView | None
    notes: tuple[Note, ...]
    corrections: tuple[CorrectionView, ...]


@pages.get("/explain")
def show() -> Response:
    """The figure that the address names; 404 if it is of a product that is not there, or not one of theirs."""
    return figures_page(EXPLAIN, _render, title=lambda page, found: f"{page.selection.metric}, explained")


def _render(page: Page, found: Explanation) -> str:
    page.check_page_number(1)
    product = found.product
    about = Choice("Product", product.name or product.asin) if product else None
    return render_template(
        "explain/show.html",
        period=period_name(page.selection), span=page.selection.span.words(), badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page, without=("brand", "category") if product else (), about=about),
        figure=_figure(found, page),
    )


def _figure(found: Explanation, page: Page) -> FigureView:
    figure, selection, formats = found.figure, page.selection, page.formats
    kind = kind_of_figure(figure)
    return FigureView(
        name=figure.name, whose=tuple(_whose(found, page)), span=selection.span.words(),
        value=formats.exact(figure.value, kind),
        change=change_of(figure, found.before, formats=formats),
        before=formats.exact(found.before, kind) if found.before is not None else "",
        against=selection.comparison.words() if selection.comparison else "",
        meaning=meaning_of(figure.name), formula=_formula_words(found, page),
        lines=tuple(_line(line, page) for line in found.formula),
        has_value=figure.value is not None or found.before is not None,
        words=selection.query_string(EXPLAIN.words) or of_metric(selection.metric),
        lines_address=_lines_address(found, page),
        is_share=figure.ratio is not None,
        parts=tuple(_parts(each, found, page) for each in found.parts),
        sources=sources_view(found.sources, figure.value, kind, page),
        notes=tuple(_notes(page)),
        corrections=tuple(
            CorrectionView(correction_words(change, page), format_month(change.month)) for change in found.corrections
        ),
    )


def _whose(found: Explanation, page: Page) -> Iterator[tuple[str, str]]:
    """What the figure is of, and the page of that, '' where there is none."""
    selection, selectable = page.selection, page.selectable
    # No page can be about some of the ratios that are explained here.
    metric = {} if selection.metric in selectable.offered else {"metric": selectable.default_metric}
    there = replace(page, selection=selection.changed(**metric))
    if found.product:
        yield found.product.name or found.product.asin, product_address(there, found.product.asin)
    for brand in selection.brands:
        yield selectable.brands[brand], there.elsewhere("brands.show", {"brands": ()}, brand_id=brand)
    for category in selection.categories:
        yield selectable.categories[category], there.elsewhere("categories.show", {"categories": (category,)})
    for code in selection.marketplaces:
        yield selectable.marketplace_names[code], there.elsewhere("dashboard.show", {"marketplaces": (code,)})


def _formula_words(found: Explanation, page: Page) -> str:
    ratio = found.figure.ratio
    if isinstance(ratio, Ratio):
        return formula_of(ratio)
    return "".join(
        f" {line.sign} {line.figure.name}" if line.sign else line.figure.name
        for line in found.formula if not line.is_gap
    )


def _lines_address(found: Explanation, page: Page) -> str:
    """Where the lines of reports are fetched that one figure of one product is made of; '' for any other figure."""
    selection = page.selection
    if found.product is None or selection.span.count > 1 or len(selection.sums) > 1 or selection.marketplaces[1:]:
        return ""
    where = {"marketplace": selection.marketplaces[0]} if selection.marketplaces else {}
    return url_for("lines.ask", asin=found.product.asin, metric=selection.metric,
                   month=format_month(selection.span.first), **where)


def _notes(page: Page) -> Iterator[Note]:
    """Everything to know of the figure; corrections stand in a list of their own."""
    for note in all_notices_of(page):
        if note.is_quiet and note.words == converted_sentence(page):
            yield replace(note, lines=tuple(_rates(page)))
        elif note.name != CORRECTIONS:
            yield note


def _rates(page: Page) -> Iterator[str]:
    """The rates of the figure's months, the newest first."""
    rates = sorted(page.selectable.rates, key=lambda each: (each.month, each.currency), reverse=True)
    known = [each for each in rates if each.rate is not None and each.month in page.selection.span.months]
    for each in known[:MOST_RATES]:
        rate = page.formats.exact(each.rate, RATE)
        yield f"{month_name(each.month)}: 1 {each.currency} = {rate} {each.base}"
    if len(known) > MOST_RATES:
        yield f"And {len(known) - MOST_RATES} more."


def _line(line: FormulaLine, page: Page) -> LineView:
    figure, formats = line.figure, page.formats
    kind, selection = kind_of_figure(figure), page.selection
    before = _before(line, page)
    return LineView(
        sign=line.sign, name=figure.name,
        address="" if line.is_gap else page.address(metric=figure.name),
        value=formats.exact(figure.value, kind),
        before=formats.exact(before, kind) if selection.comparison else "",
        change=change_of(figure, before, formats=formats),
    )


def _before(line: FormulaLine, page: Page) -> Decimal | None:
    selection = page.selection
    if selection.comparison is None:
        return None
    is_year = selection.comparison == selection.year_before
    return line.figure.year_before if is_year else line.figure.previous


def _parts(found: Contributions, explained: Explanation, page: Page) -> PartsView:
    thing = THINGS[found.kind]
    rest = [Contribution("", _others_words(found, page), found.others, _share(found.others, explained))]
    rows = [*found.rows, *(rest if found.others_count else [])]
    bars = small_bars([row.value for row in rows])
    views = [
        _part(row, bar, explained, page, "" if place == len(found.rows) else _address(found.kind, row, page))
        for place, (row, bar) in enumerate(zip(rows, bars, strict=True))
    ]
    return PartsView(
        found.kind, f"By {thing}", tuple(views[:len(found.rows)]), views[-1] if found.others_count else None,
    )


def _share(value: Decimal, explained: Explanation) -> Decimal | None:
    whole = explained.figure.value
    return value / whole if whole and whole > 0 else None


def _others_words(found: Contributions, page: Page) -> str:
    thing = THINGS[found.kind]
    return page.formats.counted(found.others_count, f"other {thing}", f"other {SEVERAL.get(found.kind, thing + 's')}")


def _part(
    row: Contribution, bar: SmallBar | None, explained: Explanation, page: Page, address: str
) -> PartView:
    name = month_name(row.key) if isinstance(row.key, datetime.date) else row.name
    return PartView(
        name=name, code=row.code if row.code != row.name else "", address=address,
        value=_given(row.value, kind_of_figure(explained.figure), page),
        share=page.formats.exact(row.share, PERCENT), bar=bar, is_negative=row.value < 0,
    )


def _given(value: Decimal, kind: str, page: Page) -> str:
    """What a part gives to a percentage is points of it."""
    if kind != PERCENT:
        return page.formats.exact(value, kind)
    return (MINUS if value < 0 else "") + page.formats.points(value)


def _address(kind: str, row: Contribution, page: Page) -> str:
    """The same figure of this part alone."""
    if kind == MONTHS:
        return page.address(first=row.key, last=row.key)
    if kind == PRODUCTS:
        return page.address(asin=row.code, brands=(), categories=()) if row.code else ""
    return page.address(**{PARTS[kind]: (row.key,)})


def _sheets(page: Page) -> list[Sheet]:
    found = EXPLAIN.read(page)
    if found is None:
        abort(404)
    by_kind = {each.kind: each for each in found.parts}
    return [
        _formula_sheet(found, page), *(_parts_sheet(kind, by_kind.get(kind), found, page) for kind in THINGS),
        sources_sheet(found.sources, found.figure.value, kind_of_figure(found.figure)),
        _corrections_sheet(found.corrections, page),
    ]


def _formula_sheet(found: Explanation, page: Page) -> Sheet:
    """The figure first, then what it is made of. Kinds go by row: a percentage is made of amounts."""
    columns = (
        Column("Figure", TEXT), Column("Sign", TEXT), Column("Value", MONEY), Column("Before", MONEY),
        Column("Change", PERCENT),
    )
    rows = []
    for line in (FormulaLine("=", found.figure), *found.formula):
        figure, before = line.figure, _before(line, page)
        is_percent = bool(figure.ratio and figure.ratio.percent)
        change = relative_change(figure.complete, before)
        if is_percent:
            change = None if figure.complete is None or before is None else figure.complete - before
        kind = kind_of_figure(figure)
        rows.append((figure.name, line.sign or None, Cell(figure.value, kind), Cell(before, kind), change))
    return Sheet("formula", EXPLAIN.tables["formula"], columns, rows)


def _parts_sheet(kind: str, found: Contributions | None, explained: Explanation, page: Page) -> Sheet:
    of = kind_of_figure(explained.figure)
    columns = (
        Column(THINGS[kind].capitalize(), MONTH if kind == MONTHS else TEXT), Column("Code", TEXT),
        Column("Gives", of, key="value"), Column("Share", PERCENT),
    )
    rows = [] if found is None else [
        (row.key if kind == MONTHS else row.name, row.code or None, row.value, row.share) for row in found.rows
    ]
    if found and found.others_count:
        rows.append((Cell(_others_words(found, page), TEXT), None, found.others, _share(found.others, explained)))
    return Sheet(kind, EXPLAIN.tables[kind], columns, rows)


def _corrections_sheet(found: tuple[Restatement, ...], page: Page) -> Sheet:
    """Of brands' whole months: for a figure of less, what is known is when, and not by how much."""
    columns = (
        Column("Month", MONTH), Column("Metric", TEXT), Column("Brand", TEXT), Column("From", MONEY),
        Column("To", MONEY), Column("Generation", TEXT), Column("By", TEXT),
    )
    hides, brands = page.selection.scope is not None, page.selectable.brands
    return Sheet("corrections", EXPLAIN.tables["corrections"], columns, [
        (change.month, change.metric, None if change.brand_id is None else brands.get(change.brand_id),
         Cell(change.old_value, kind_of(change.metric)), Cell(change.new_value, kind_of(change.metric)),
         str(change.generation), None if hides else change.cause)
        for change in found
    ])


offer = Offer(EXPLAIN, _sheets)
