"""Categories side by side as drawings: stacked by month, and as areas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from charts.stacked import Layer, stacked_figure
from charts.treemap import Tile, treemap_figure
from database.queries.breakdown import GroupRow
from database.queries.categories import Categories, Side
from database.queries.sums import BRAND
from domain.metrics import rise_of
from domain.months import month_name
from web.figures.changes import DOWN, UP, relative
from web.figures.drawing import embedded
from web.figures.formats import PERCENT, kind_of
from web.figures.page import Page

MOST_LAYERS = 7
"""As many colours can be told apart; everything smaller is one layer more."""
MOST_TILES = 40
MUCH = Decimal("0.1")
"""A change by more than this is drawn in the stronger colour."""
LITTLE = Decimal("0.01")
"""A change by less than this counts as none."""
RISE_SIGNS = {UP: "▲ ", DOWN: "▼ "}


@dataclass(frozen=True)
class LayerRow:
    """One layer of the stacked chart, in its legend and in the table behind."""

    name: str
    key: str
    address: str
    is_swap: bool
    values: tuple[str, ...]


@dataclass(frozen=True)
class Stack:
    """The stacked chart and the table behind it: months across, the last row their total."""

    figure: Markup
    months: tuple[tuple[str, bool], ...]
    layers: tuple[LayerRow, ...]
    total: LayerRow


@dataclass(frozen=True)
class Areas:
    """The treemap; `missing` says in words what has no area, `legend` what the colours mean."""

    figure: Markup
    missing: str
    legend: tuple[tuple[str, str], ...]


def side_address(found: Categories, page: Page) -> Callable[[int], str]:
    """Where a category leads: to its brands. Where a brand leads: to its page."""
    if found.grain == BRAND:
        return lambda key: page.elsewhere("brands.show", {"brands": ()}, brand_id=key)
    return lambda key: page.address(categories=(key,))


def stack_of(found: Categories, page: Page) -> Stack:
    """The stacked chart: the largest in colours of their own, the rest together."""
    address, kind = side_address(found, page), kind_of(page.selection.metric)
    by_size = sorted((side for side in found.rows if side.group.value is not None), key=_size)
    top, rest = by_size[:MOST_LAYERS], by_size[MOST_LAYERS:]
    if len(rest) == 1:
        top, rest = by_size, []
    layers = [
        Layer(side.group.name, side.months, _colour(place), address(side.group.key)) for place, side in enumerate(top)
    ]
    if rest:
        words = "brands" if found.grain == BRAND else "categories"
        layers.append(Layer(f"{len(rest)} other {words}", _added(rest), "--series-rest"))
    write = page.formats.exact
    figure = stacked_figure(
        page.selection.span.months, layers, exact=lambda value: write(value, kind),
        tick=lambda value: page.formats.tick(value, kind), current=page.selection.calendar.current,
    )

    def row(layer: Layer) -> LayerRow:
        return LayerRow(
            layer.name, layer.colour.removeprefix("--"), layer.address, found.grain != BRAND,
            tuple(write(value, kind) for value in layer.values),
        )

    calendar = page.selection.calendar
    return Stack(
        figure=embedded(figure),
        months=tuple((month_name(month), month >= calendar.current) for month in page.selection.span.months),
        layers=tuple(map(row, layers)),
        total=row(Layer("Total", found.total.months, "")),
    )


def _size(side: Side) -> tuple[Decimal, str, int]:
    return -abs(side.group.value), side.group.name.casefold(), side.group.key


def _colour(place: int) -> str:
    return f"--series-{place + 1}" if place < MOST_LAYERS else "--series-rest"


def _added(sides: list[Side]) -> tuple[Decimal | None, ...]:
    columns = zip(*(side.months for side in sides), strict=True)
    return tuple(sum(known, Decimal(0)) if (known := [v for v in column if v is not None]) else None
                 for column in columns)


def areas_of(found: Categories, page: Page) -> Areas:
    """The treemap: the largest alone, the rest together."""
    address, kind = side_address(found, page), kind_of(page.selection.metric)
    known = sorted((side.group for side in found.rows if side.group.value is not None), key=lambda row: -row.value)
    positive = [row for row in known if row.value > 0]
    words = "brand" if found.grain == BRAND else "category"
    many = "brands" if found.grain == BRAND else "categories"

    def lines(row: GroupRow) -> tuple[str, ...]:
        change = relative(row.change, formats=page.formats, rise="")
        first = f"{page.formats.short(row.value, kind)} · {page.formats.exact(row.share, PERCENT)}"
        return (first, RISE_SIGNS.get(change.direction, "") + change.figure) if change.direction else (first,)

    tiles = [
        Tile(row.name, row.value, lines(row), _tone(row, page), address(row.key)) for row in positive[:MOST_TILES]
    ]
    others = positive[MOST_TILES:]
    if others:
        value = sum((row.value for row in others), Decimal(0))
        tiles.append(Tile(f"{len(others)} other {many}", value, (page.formats.short(value, kind),), "--tile-same"))
    none = len(known) - len(positive)
    missing = f"{none} {words if none == 1 else many} at or below zero {'has' if none == 1 else 'have'} no area."
    return Areas(
        figure=embedded(treemap_figure(tiles)), missing=missing if none else "", legend=_area_legend(page),
    )


def _tone(row: GroupRow, page: Page) -> str:
    """The colour of a change: good news or bad, much or a little."""
    rise = rise_of(page.selection.metric)
    if row.change is None or abs(row.change) < LITTLE or not rise:
        return "--tile-same"
    tone = "good" if (row.change > 0) == (rise == "good") else "bad"
    return f"--tile-{tone}-much" if abs(row.change) > MUCH else f"--tile-{tone}"


def _area_legend(page: Page) -> tuple[tuple[str, str], ...]:
    """Key -> words, from the best to the worst; nothing where changes are not told apart."""
    rise = rise_of(page.selection.metric)
    if page.selection.comparison is None or not rise:
        return ()
    much = page.formats.tick(MUCH, PERCENT)
    up, down = ("good", "bad") if rise == "good" else ("bad", "good")
    return (
        (f"tile-{up}-much", f"up more than {much}"), (f"tile-{up}", "up"), ("tile-same", "about the same"),
        (f"tile-{down}", "down"), (f"tile-{down}-much", f"down more than {much}"),
    )
