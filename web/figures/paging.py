"""Pages of a list: whether one is there, which rows it shows, and the ways to those beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import abort

from domain.errors import SelectionError
from domain.parameters import check_page
from web.figures.formats import Formats


@dataclass(frozen=True)
class Paging:
    """Which rows of how many are shown, as the reader writes numbers; the addresses of the pages beside, '' where there
    is none; and which page of how many it is."""

    first: str
    last: str
    total: str
    previous: str
    next: str
    number: str
    pages: str


def refuse_past_the_last(number: int, total: int, per_page: int) -> None:
    """Answers 400 if the reader asks for a page past the last."""
    try:
        check_page(number, _pages(total, per_page))
    except SelectionError as error:
        abort(400, str(error))


def paging_of(number: int, total: int, per_page: int, formats: Formats, address: Callable[[int], str]) -> Paging:
    """The paging of a list that shows its `number`-th page; `address` leads to the page of a number."""
    start, pages = (number - 1) * per_page, _pages(total, per_page)
    return Paging(
        first=formats.count(min(start + 1, total)), last=formats.count(min(start + per_page, total)),
        total=formats.count(total),
        previous=address(number - 1) if number > 1 else "", next=address(number + 1) if number < pages else "",
        number=formats.count(number), pages=formats.count(pages),
    )


def _pages(total: int, per_page: int) -> int:
    return max(1, -(-total // per_page))
