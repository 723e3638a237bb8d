"""Runs what a page reads, by its address: what `flask explain` and the doctor judge is what pages really send."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa

from database.engines.values import Reading
from database.queries.choices import read_selectable
from database.queries.pages import PAGES, Asked, PageSpec
from database.queries.settlements import read_newest
from database.schema import ALL_MARKETPLACES, asin, summary_asin, summary_brand
from domain.errors import GenerationGone, SelectionError, SetupError
from domain.months import today_utc
from domain.selection import Selectable

CHOICES = PageSpec(
    "", "", "filters", lambda asked: read_selectable(Reading(asked.connection, asked.generation), today=today_utc())
)
"""What every page offers to choose from; kept by the web for as long as a generation lives."""
ASKING = (*(page for page in PAGES if page.read), CHOICES)


def ask(reading: Reading, address: str, query: str, *, prepared: Callable[[], None] = lambda: None) -> None:
    """Runs the statements of the page at `address` (`dashboard`, `brands/3`, `products/B01ABCDEFG`) for a query string.

    `prepared` is told when what belongs to every page was read and the page's own statements begin. Raises SetupError
    for a page or a selection that cannot be.
    """
    page, arguments = _page_at(address.strip("/"))
    selectable = read_selectable(reading, today=today_utc())
    asked = Asked(
        connection=reading.connection, generation=reading.generation, selectable=selectable,
        selection=_chosen(page, query, selectable), arguments=arguments,
    )
    prepared()
    if page.read(asked) is None:
        raise _nothing_at(address.strip("/"), page)


def usual_pages(reading: Reading) -> list[str]:
    """One address of every kind of page: the largest brand of the last month, and one of its products;
    the newest settlement."""
    last: datetime.date | None = reading.generation.last_month
    table = summary_brand
    brand = reading.connection.execute(
        sa.select(table.c.brand_id)
        .where(table.c.month == last, table.c.marketplace == ALL_MARKETPLACES)
        .order_by(table.c.asin_count.desc(), table.c.brand_id)
        .limit(1)
    ).scalar()
    product = reading.connection.execute(
        sa.select(asin.c.asin)
        .join_from(summary_asin, asin, asin.c.id == summary_asin.c.asin_id)
        .where(summary_asin.c.month == last, summary_asin.c.brand_id == brand)
        .limit(1)
    ).scalar()
    examples = {
        "": "", "brand_id": brand, "asin": None if product is None or "/" in product else product,
        "settlement_id": read_newest(reading.connection, reading.generation),
    }
    return [
        f"{page.word}/{examples[page.variable]}".rstrip("/") for page in ASKING if examples[page.variable] is not None
    ]


def _page_at(address: str) -> tuple[PageSpec, dict[str, Any]]:
    word, _, text = address.partition("/")
    for page in ASKING:
        if page.word == word and bool(page.variable) == bool(text):
            return page, _arguments(page, text)
    known = ", ".join(page.explained_by.removeprefix("flask explain ") for page in ASKING)
    raise SetupError(f"there is no page {address!r} to explain; known are {known}")


def _arguments(page: PageSpec, text: str) -> dict[str, Any]:
    """The variable of the page's path, as a request has it."""
    if "<id:" not in page.path:
        return {page.variable: text} if page.variable else {}
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _nothing_at(f"{page.word}/{text}", page)
    return {page.variable: int(text)}


def _nothing_at(address: str, page: PageSpec) -> SetupError:
    """`there is no brand '77'; write …`."""
    return SetupError(
        f"there is no {page.title.lower()} {address.partition('/')[2]!r}; write it as the page's address has it: "
        f"{page.explained_by.removeprefix('flask explain ')}"
    )


def _chosen(page: PageSpec, query: str, selectable: Selectable) -> Any:
    try:
        return page.choose(page, parse_qsl(query.lstrip("?"), keep_blank_values=True), selectable)
    except (SelectionError, GenerationGone) as error:
        raise SetupError(str(error)) from None
