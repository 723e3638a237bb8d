"""Tiles are as large as their values; what is not above zero has none."""

from __future__ import annotations

from decimal import Decimal

import plotly.graph_objects

from charts.treemap import Tile, treemap_figure

TILES = [
    Tile("Toys", Decimal("75.25"), ("$75.25 · 75.0%", "▲ 3.0%"), "--tile-good", "/categories?category=5"),
    Tile("A name of more than thirty-two characters", Decimal("25"), ("$25",), "--tile-same"),
    Tile("Losses", Decimal("-5"), ("−$5",), "--tile-bad"),
    Tile("Nothing", Decimal(0), ("$0",), "--tile-same"),
]


def test_every_positive_value_has_its_tile_with_words_colour_and_link() -> None:
    trace = treemap_figure(TILES)["data"][0]

    assert trace["values"] == [75.25, 25.0]
    assert trace["labels"] == ["Toys", "A name of more<br>than thi…"]
    assert trace["text"] == ["$75.25 · 75.0%<br>▲ 3.0%", "$25"]
    assert trace["marker"]["colors"] == ["--tile-good", "--tile-same"]
    assert trace["customdata"] == ["/categories?category=5", ""]


def test_plotly_takes_the_figure() -> None:
    plain = treemap_figure(TILES)
    plain["data"][0]["marker"]["colors"] = ["red", "blue"]
    plain["data"][0]["textfont"]["color"] = "black"

    assert len(plotly.graph_objects.Figure(plain).data) == 1
