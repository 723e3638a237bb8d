"""Categories side by side as drawings: stacked by month, and as bars."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from charts.stacked import Layer, side_by_side_figure, stacked_figure
from database.queries.categories import Categories, Side
from database.queries.sums import BRAND
from domain.months import month_name
from web.figures.asked import NOTHING, of_group, of_month
from web.figures.bars import Bars, bars_of
from web.figures.drawing import embedded
from web.figures.formats import kind_of_chosen
from web.figures.page import Page

MOST_LAYERS = 7
"""As many colours can be told apart; everything smaller is one layer more."""


@dataclass(frozen=True)
class LayerRow:
    """One layer of the stacked chart, in its legend and in the table behind."""

    name: str
    key: str
    address: str
    is_swap: bool
    about: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """The stacked chart and the table behind it: months across, the last row their total."""

    figure: Markup
    months: tuple[tuple[str, bool, str], ...]
    layers: tuple[LayerRow, ...]
    total: LayerRow


def side_address(found: Categories, page: Page) -> Callable[[int], str]:
    """Where a category leads: to its brands. Where a brand leads: to its page."""
    if found.grain == BRAND:
        return lambda key: page.elsewhere("brands.show", {"brands": ()}, brand_id=key)
    return lambda key: page.address(categories=(key,))


def word_of(found: Categories) -> str:
    """What narrows an address to a row."""
    return "brand" if found.grain == BRAND else "category"


def stack_of(found: Categories, page: Page) -> Stack:
    """The stacked chart: the largest in colours of their own, the rest together. Ratios do not add up: the largest as
    lines."""
    address, kind = side_address(found, page), kind_of_chosen(page.selection)
    by_size = sorted((side for side in found.rows if side.group.value is not None), key=_size)
    top, rest = by_size[:MOST_LAYERS], by_size[MOST_LAYERS:]
    if len(rest) == 1:
        top, rest = by_size, []
    layers = [
        Layer(side.group.name, side.drawn, _colour(place), address(side.group.key)) for place, side in enumerate(top)
    ]
    abouts = [of_group(word_of(found), side.group.key) for side in top]
    if rest and not page.selection.ratio:
        words = "brands" if found.grain == BRAND else "categories"
        layers.append(Layer(f"{len(rest)} other {words}", _added(rest), "--series-rest"))
    write = page.formats.exact
    months, calendar = page.selection.drawn.months, page.selection.calendar
    writers = {"exact": lambda value: write(value, kind), "tick": lambda value: page.formats.tick(value, kind)}
    if page.selection.ratio:
        figure = side_by_side_figure(months, layers, **writers)
    else:
        figure = stacked_figure(
            months, layers, **writers, current=calendar.current, chosen=page.selection.span.months
        )

    def row(layer: Layer, about: str) -> LayerRow:
        return LayerRow(
            layer.name, layer.colour.removeprefix("--"), layer.address, found.grain != BRAND, about,
            tuple(write(value, kind) for value in layer.values),
        )

    return Stack(
        figure=embedded(figure),
        months=tuple(
            (month_name(month), month >= calendar.current, of_month(month)) for month in page.selection.drawn.months
        ),
        layers=tuple(itertools.starmap(row, itertools.zip_longest(layers, abouts, fillvalue=NOTHING))),
        total=row(Layer("Total", found.total.drawn, ""), ""),
    )


def _size(side: Side) -> tuple[Decimal, str, int]:
    return -abs(side.group.value), side.group.name.casefold(), side.group.key


def _colour(place: int) -> str:
    return f"--series-{place + 1}" if place < MOST_LAYERS else "--series-rest"


def _added(sides: list[Side]) -> tuple[Decimal | None, ...]:
    columns = zip(*(side.drawn for side in sides), strict=True)
    return tuple(sum(known, Decimal(0)) if (known := [v for v in column if v is not None]) else None
                 for column in columns)


def sizes_of(found: Categories, page: Page) -> Bars:
    """A bar of each, from the largest to the smallest, before what it was."""
    address = side_address(found, page)
    return bars_of(
        [side.group for side in found.rows], page, things="brands" if found.grain == BRAND else "categories",
        address=lambda row: address(row.key), is_swap=found.grain != BRAND,
        about=lambda row: of_group(word_of(found), row.key),
    )
