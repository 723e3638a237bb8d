"""Whether a page shows what its files hold: its tables, cards and tiles as lines, rows of the API among them."""

from __future__ import annotations

import datetime
import html
import re
from decimal import Decimal

from babel import Locale

from web.figures.formats import COUNT, MINUS, MONEY, PERCENT, Formats

FORMATS = Formats(Locale.parse("en"), "USD")

Line = tuple[str, list[str]]
"""A row of a table of the page, or a card: what stands at its beginning, and its figures."""


TILE_FIGURE = r'(<dd class="tile-(?:figure|change)[^>]*?(?: title="(.*?)")?>.*?</dd>)'


def page_lines(page: str) -> list[Line]:
    """The rows of all tables of a page, its headline figures, and what is said in place of tables of one row."""
    rows = [
        (words_of(" ".join(re.findall(r"<th.*?</th>", row, re.DOTALL))),
         [figure_of(cell) for cell in re.findall(r'<td class="number.*?</td>', row, re.DOTALL)])
        for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    ]
    cards = re.findall(r'headline-name"><a[^>]*>(.*?)<.*?<p class="headline-figure[^>]* title="(.*?)"', page, re.DOTALL)
    tiles = [
        (words_of(re.search(r'class="tile-link".*?</a>', tile, re.DOTALL)[0]), [
            html.unescape(title) if title else figure_of(cell)
            for cell, title in re.findall(TILE_FIGURE, tile, re.DOTALL)
        ])
        for tile in re.findall(r'<article class="card tile.*?</article>', page, re.DOTALL)
    ]
    only = [(words_of(told), [words_of(total)]) for told, total in re.findall(
        r'(<p class="only-of.*?<strong[^>]*>(.*?)</strong>.*?</p>)', page, re.DOTALL)]
    lines = [*rows, *tiles, *only, *((html.unescape(name), [html.unescape(exact)]) for name, exact in cards)]
    return [(label, [figure for figure in figures if figure]) for label, figures in lines]


def words_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def figure_of(cell: str) -> str:
    """The figure of a cell without the word for its direction; '' for none."""
    return re.sub(r"^(up|down|unchanged) ", "", words_of(cell)).replace("–", "")


def is_shown(row: list[str | None], page: str, lines: list[Line]) -> bool:
    """Whether the page has the row's first text, and a line of that name whose every figure is the row's, in the same
    order, but for a change of a share, which pages have beside the share. A page may leave figures out that a file
    has, or the other way round, but not both in one line."""
    ways, name = [found for found in map(ways_of, row) if found], label_of(row)
    points = {f"{sign}{abs(Decimal(text)) * 100:.1f} pts" for text in row if is_number(text) for sign in ("", MINUS)}

    def is_row(figures: list[str]) -> bool:
        others = [figure for figure in figures if not figure.endswith(" pts")]
        return {*figures} - {*others} <= points and (are_among(others, ways) or are_among(ways, others))

    return name in page and (not ways or any(
        name in label and figures and is_row(figures) for label, figures in lines
    ))


def label_of(row: list[str | None]) -> str:
    """What a line of the page begins with: the row's first text, months as pages write them."""
    first = next(text for text in row if text)
    return f"{datetime.date.fromisoformat(f'{first}-01'):%b %Y}" if re.fullmatch(r"\d{4}-\d\d", first) else first


def is_number(text: str | None) -> bool:
    """Whether a value of the API is a figure."""
    try:
        return Decimal(text or "").is_finite()
    except ArithmeticError:
        return False


def ways_of(text: str | None) -> set[str]:
    """The ways in which pages write a figure; none of what is no figure."""
    if not is_number(text):
        return set()
    value = Decimal(text)
    ways = {way(value, kind) for way in (FORMATS.exact, FORMATS.whole) for kind in (MONEY, COUNT, PERCENT)}
    # Beside a sign that tells the direction.
    return ways | {FORMATS.exact(abs(value), kind) for kind in (MONEY, COUNT)} | {FORMATS.change(value)}


def are_among(some: list, others: list) -> bool:
    """Whether each figure of the one is found in the other, in the same order; one side is texts, the other their
    ways."""
    left = iter(others)
    return all(any(one in other if isinstance(other, set) else other in one for other in left) for one in some)
