"""The columns of a list of products: their headings and cells, and where they are chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from charts.small import TrendLine, trend_line
from database.queries.products import ProductRow, columns_of, trend_span
from domain.columns import (
    AMOUNT,
    BEFORE,
    CHANGE,
    LOST,
    MARGIN,
    OF_REVENUE,
    PER_UNIT,
    SHARE,
    TREND,
    ListColumn,
    is_usual,
)
from domain.narrowing import LOSING
from domain.ratios import AVERAGE_PRICE, Ratio, margin_level
from web.figures.asked import NOTHING, of_metric
from web.figures.breakdown import LEVEL_WORDS, Heading, heading
from web.figures.changes import Change, measured
from web.figures.formats import MONEY, PERCENT, kind_of, kind_of_chosen, leaves_out_cents
from web.figures.page import Page
from web.figures.trends import trend_words


@dataclass(frozen=True)
class FigureCell:
    """A figure as it is shown, and the exact one for whoever asks, '' where that is the same; `level` is a margin's,
    for a sign beside it. Or a `change`, or a `trend` with the words for who cannot see it."""

    text: str = ""
    exact: str = ""
    is_negative: bool = False
    css_class: str = "number"
    level: str = ""
    level_words: str = ""
    change: Change | None = None
    trend: TrendLine | None = None


@dataclass(frozen=True)
class Box:
    """A column that may be chosen; `name` says which one to whoever hears it alone."""

    word: str
    name: str
    is_on: bool


@dataclass(frozen=True)
class BoxRow:
    """A metric with its forms, None for one that there is not."""

    name: str
    boxes: tuple[Box | None, ...]


@dataclass(frozen=True)
class Picker:
    """Where columns are chosen: what is told of the chosen metric and ratios, and metrics with their forms. `usual`
    leads to the usual ones, '' where these are shown."""

    others: tuple[Box, ...]
    rows: tuple[BoxRow, ...]
    usual: str


Cells = Callable[[ProductRow], tuple[FigureCell, ...]]


def shown_columns(page: Page) -> tuple[ListColumn, ...]:
    """Those that the list has beside the chosen metric: what would stand there twice, or says nothing of these months,
    is left out."""
    selection = page.selection
    columns = columns_of(selection)
    if selection.columns is None and LOSING in selection.only:
        # A phone shows two columns: the chosen metric, and what the products lose.
        columns = tuple(dict.fromkeys((SHARE, LOST, *columns)))
    return tuple(
        column for column in columns
        if not (column.measure is not None and column.measure == selection.measure)
        and not (column == SHARE and selection.ratio)
        and not (column in (CHANGE, BEFORE) and selection.comparison is None)
    )


def headings_of(page: Page, columns: Sequence[ListColumn]) -> tuple[Heading, ...]:
    """The name, the chosen metric, and the columns; each sorts, but for a drawing."""
    name, value = heading(page, "Product", "name", css_class=""), heading(page, page.selection.metric, "value")
    return (name, value, *(_heading(page, column) for column in columns))


def _heading(page: Page, column: ListColumn) -> Heading:
    if column == TREND:
        return Heading(column.name, css_class="trend-cell", about=NOTHING)
    if column.measure is None:
        about = NOTHING if column == BEFORE else ""
        return heading(page, column.name, column.word, css_class=_class_of(column, page), about=about)
    name = column.measure if isinstance(column.measure, str) else column.measure.name
    can_be_asked = name in (*page.selectable.offered, AVERAGE_PRICE.name, "CM3 %")
    return heading(page, column.name, column.word, about=of_metric(name) if can_be_asked else NOTHING)


def _class_of(column: ListColumn, page: Page) -> str:
    """A phone has no room for shares, unless somebody asks for them."""
    return "number share-cell" if column == SHARE and page.selection.columns is None else "number"


def cells_of(rows: Sequence[ProductRow], page: Page, columns: Sequence[ListColumn]) -> Cells:
    """What makes a row's cells."""
    makers = [_maker(column, rows, page) for column in columns]
    return lambda row: tuple(make(row) for make in makers)


def _maker(column: ListColumn, rows: Sequence[ProductRow], page: Page) -> Callable[[ProductRow], FigureCell]:
    formats, selection, css_class = page.formats, page.selection, _class_of(column, page)
    if column == SHARE:
        return lambda row: FigureCell(formats.exact(row.share, PERCENT), css_class=css_class)
    if column == CHANGE:
        return lambda row: FigureCell(change=measured(row.change, selection, formats=formats))
    if column == TREND:
        return _drawing(page)
    if column == BEFORE:
        write = amounts_of([row.before for row in rows], page, kind_of_chosen(selection))
        return lambda row: write(row.before)
    if column == MARGIN:
        return lambda row: _margin(row.figures[MARGIN.word], page)
    write = amounts_of([row.figures[column.word] for row in rows], page, kind_of_column(column))
    return lambda row: write(row.figures[column.word])


def _drawing(page: Page) -> Callable[[ProductRow], FigureCell]:
    span, kind, write = trend_span(page.selection), kind_of_chosen(page.selection), page.formats.short
    months = span.months if span else []

    def make(row: ProductRow) -> FigureCell:
        words = trend_words(months, row.months, lambda value: write(value, kind))
        return FigureCell(words, css_class="trend-cell", trend=trend_line(row.months))

    return make


def _margin(value: Decimal | None, page: Page) -> FigureCell:
    thresholds = page.settings.dashboard
    level = margin_level(value, green=thresholds.margin_green, orange=thresholds.margin_orange) or ""
    return FigureCell(page.formats.exact(value, PERCENT), level=level, level_words=LEVEL_WORDS.get(level, ""))


def amounts_of(values: Sequence[Decimal | None], page: Page, kind: str) -> Callable[[Decimal | None], FigureCell]:
    """What writes the figures of a column. Large amounts go without cents, all in a column alike."""
    short = page.formats.whole if leaves_out_cents(values) else page.formats.exact

    def write(value: Decimal | None) -> FigureCell:
        text, exact = short(value, kind), page.formats.exact(value, kind)
        return FigureCell(text, exact if exact != text else "", value is not None and value < 0)

    return write


def kind_of_column(column: ListColumn) -> str:
    """How the figures of a column that has a measure of its own are written."""
    if isinstance(column.measure, Ratio):
        return PERCENT if column.measure.percent else MONEY
    return kind_of(column.measure) if isinstance(column.measure, str) else MONEY


def picker_of(page: Page) -> Picker:
    """Every column that there is, those on that are shown."""
    on = {column.word for column in columns_of(page.selection)}
    known = page.selectable.columns.values()

    def box(column: ListColumn) -> Box:
        return Box(column.word, column.name, column.word in on)

    rows: dict[str, dict[str, Box]] = {}
    for column in known:
        if column.of:
            rows.setdefault(column.of, {})[column.form] = box(column)
    return Picker(
        others=tuple(box(column) for column in known if not column.of),
        rows=tuple(
            BoxRow(name, tuple(boxes.get(form) for form in (AMOUNT, OF_REVENUE, PER_UNIT)))
            for name, boxes in rows.items()
        ),
        usual="" if is_usual(page.selection.columns) else page.address(columns=None, page=page.selection.page),
    )
