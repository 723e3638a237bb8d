"""Areas side by side: each as large as its part of the whole, coloured by how it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.words import broken_name, drawn_name

LONGEST_LABEL = 24
LABEL_WIDTH = 14
"""Characters of a line of a label: a label that is wider than its tile is not drawn at all."""


@dataclass(frozen=True)
class Tile:
    """One area. `lines` stand below its name, `colour` is a token, `address` is where a click leads."""

    name: str
    value: Decimal
    lines: tuple[str, ...]
    colour: str
    address: str = ""


def treemap_figure(tiles: Sequence[Tile]) -> dict[str, Any]:
    """The plotly figure of `tiles`. What is not above zero has no area: the caller says how much that is."""
    drawn = [tile for tile in tiles if tile.value > 0]
    return {
        "data": [{
            "type": "treemap",
            "ids": [str(place) for place in range(len(drawn))],
            "labels": [broken_name(tile.name, width=LABEL_WIDTH, longest=LONGEST_LABEL) for tile in drawn],
            "parents": [""] * len(drawn),
            "values": [float(tile.value) for tile in drawn],
            "text": ["<br>".join(tile.lines) for tile in drawn],
            "textinfo": "label+text",
            "textposition": "top left",
            "textfont": {"size": 13, "color": "--ink"},
            "hovertext": ["<br>".join((drawn_name(tile.name), *tile.lines)) for tile in drawn],
            "hoverinfo": "text",
            "customdata": [tile.address for tile in drawn],
            "marker": {
                "colors": [tile.colour for tile in drawn],
                "line": {"width": 0},
                "cornerradius": 4,
                "pad": {"t": 0, "l": 0, "r": 0, "b": 0},
            },
            "tiling": {"pad": 3, "packing": "squarify"},
            "pathbar": {"visible": False},
            "root": {"color": "rgba(0,0,0,0)"},
            "sort": True,
        }],
        "layout": {"uniformtext": {"minsize": 11, "mode": "hide"}, "hovermode": "closest"},
    }
