"""A breakdown as a table: rows of one page with their bars, links that drill, headings that sort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from charts.small import SmallBar, small_bars
from database.queries.breakdown import Breakdown, GroupRow
from domain.ratios import CM3_MARGIN, margin_level
from web.figures.asked import of_group, of_metric
from web.figures.changes import Change, change_heading, measured
from web.figures.formats import MONEY, PERCENT, Formats, kind_of_chosen, leaves_out_cents
from web.figures.page import Page
from web.figures.paging import Paging, paging_of
from web.figures.sheets import TEXT, Column, Sheet

SINGULAR = {"Brands": "Brand", "Categories": "Category", "Marketplaces": "Marketplace"}
LEVEL_WORDS = {"good": "good margin", "fair": "fair margin", "poor": "poor margin", "loss": "loss"}


@dataclass(frozen=True)
class Heading:
    """A column's heading. `address` sorts by it; `direction` is how it is sorted now, if it is; one that
    `is_silent` is read out only. `about` is what its figures are of, if not of the chosen metric."""

    words: str
    address: str = ""
    direction: str = ""
    css_class: str = "number"
    is_silent: bool = False
    about: str = ""


@dataclass(frozen=True)
class RowView:
    """One row; `address` narrows the page to it, `open` is the address of its own page. `level` is the
    margin's, for a sign beside the figure."""

    name: str
    address: str
    value: str
    exact: str
    is_negative: bool
    bar: SmallBar | None
    share: str
    change: Change
    margin: str
    level: str
    level_words: str
    open: str = ""
    about: str = ""


@dataclass(frozen=True)
class BreakdownView:
    """The table. A ratio has no shares, and CM3 % no second column of it."""

    title: str
    count: str
    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[RowView, ...]
    total: RowView
    paging: Paging
    has_changes: bool
    has_shares: bool
    has_margins: bool
    legend: tuple[tuple[str, str], ...]


def breakdown_view(
    found: Breakdown, page: Page, *, title: str, part: str = "", per_page: int = 0,
    open_address: Callable[[Any], str] | None = None,
) -> BreakdownView:
    """The page of `found` that the reader is on, or with `per_page` 0 all of it. A row's link sets `part` of
    the selection to its key; `open_address` gives a key the address of its own page. Answers 400 past the
    last page."""
    selection = page.selection
    if per_page:
        page.check_page_number(-(-len(found.rows) // per_page))
    start, number = (selection.page - 1) * per_page, selection.page if per_page else 1
    per_page = per_page or max(len(found.rows), 1)
    shown = found.rows[start:start + per_page]
    write = _writer(found, page)
    bars = small_bars([row.value for row in found.rows], slice(start, start + per_page))
    has_changes = selection.comparison is not None
    return BreakdownView(
        title=title,
        count=page.formats.counted(len(found.rows), SINGULAR[title].lower(), title.lower()),
        caption=f"{selection.metric} by {SINGULAR[title].lower()}, {selection.span.words()}",
        headings=_headings(page, title, has_changes),
        rows=tuple(
            replace(
                _row(row, bar, page, write, page.address(**{part: (row.key,)}) if part else ""),
                open=open_address(row.key) if open_address else "",
                about=of_group(SINGULAR[title].lower(), row.key),
            )
            for row, bar in zip(shown, bars, strict=True)
        ),
        total=_row(found.total, None, page, write, ""),
        paging=paging_of(number, len(found.rows), per_page, page.formats, lambda number: page.address(page=number)),
        has_changes=has_changes, has_shares=page.selection.ratio is None, has_margins=has_margins(page),
        legend=margin_legend(page),
    )


def breakdown_sheet(found: Breakdown, page: Page, *, name: str, title: str) -> Sheet:
    """All of `found` and its total as raw values."""
    metric = page.selection.metric
    kind = kind_of_chosen(page.selection)
    columns = (
        Column(SINGULAR[title], TEXT), Column(metric, kind, key="value"), Column("Share", PERCENT),
        Column("Before", kind), Column(change_heading(page.selection), PERCENT, key="change"), Column("CM3 %", PERCENT),
    )
    return Sheet(name, title, columns, [
        (row.name, row.value, row.share, row.before, row.change, row.margin) for row in (*found.rows, found.total)
    ])


def margin_legend(page: Page) -> tuple[tuple[str, str], ...]:
    """What the signs beside margins mean: level -> words."""
    thresholds, write = page.settings.dashboard, page.formats.tick
    green = write(Decimal(str(thresholds.margin_green)) / 100, PERCENT)
    orange = write(Decimal(str(thresholds.margin_orange)) / 100, PERCENT)
    return (("good", f"{green} or more"), ("fair", f"{orange} or more"), ("poor", f"below {orange}"), ("loss", "loss"))


def _writer(found: Breakdown, page: Page):
    kind = kind_of_chosen(page.selection)
    formats = page.formats
    if kind == MONEY and leaves_out_cents([found.total.value, *(row.value for row in found.rows)]):
        return lambda value: formats.whole(value, kind)
    return lambda value: formats.exact(value, kind)


def _row(row: GroupRow, bar: SmallBar | None, page: Page, write, address: str) -> RowView:
    formats: Formats = page.formats
    thresholds = page.settings.dashboard
    level = margin_level(row.margin, green=thresholds.margin_green, orange=thresholds.margin_orange) or ""
    return RowView(
        name=row.name, address=address, value=write(row.value),
        exact=formats.exact(row.value, kind_of_chosen(page.selection)),
        is_negative=row.value is not None and row.value < 0, bar=bar, share=formats.exact(row.share, PERCENT),
        change=measured(row.change, page.selection, formats=formats),
        margin=formats.exact(row.margin, PERCENT), level=level, level_words=LEVEL_WORDS.get(level, ""),
    )


def _headings(page: Page, title: str, has_changes: bool) -> tuple[Heading, ...]:
    change = (heading(page, "Change", "change"),) if has_changes else ()
    return (
        heading(page, SINGULAR[title], "name", css_class=""),
        Heading("Bar", css_class="bar-cell", is_silent=True),
        heading(page, page.selection.metric, "value"),
        *([Heading("Share", css_class="number share-cell")] if page.selection.ratio is None else []),
        *change,
        *([heading(page, "CM3 %", "margin", about=of_metric("CM3 %"))] if has_margins(page) else []),
    )


def has_margins(page: Page) -> bool:
    """Whether a table has the CM3 margin beside the chosen metric, which it may be itself."""
    return page.selection.ratio != CM3_MARGIN


def heading(page: Page, words: str, sort: str, *, css_class: str = "number", about: str = "") -> Heading:
    """A second click turns the order round. Names begin with A, figures with the largest."""
    selection = page.selection
    if selection.sort == sort:
        turned = "asc" if selection.order == "desc" else "desc"
        direction = "descending" if selection.order == "desc" else "ascending"
        return Heading(words, page.address(sort=sort, order=turned), direction, css_class, about=about)
    first = "asc" if sort == "name" else "desc"
    return Heading(words, page.address(sort=sort, order=first), "", css_class, about=about)
