"""What each page asks of the database: its name in an address, and the functions that it calls.

`flask explain` and the doctor run a page by it and listen to the statements, so that what they judge is what pages
really send.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import sqlalchemy as sa

from database.engines.ports import Reading
from database.queries import breakdown, products
from database.queries.brand import find_brand_name, read_brand
from database.queries.catalog import Listing, choices_of, count_lists, read_list
from database.queries.categories import read_categories
from database.queries.choices import read_catalogue
from database.queries.dashboard import read_dashboard
from database.queries.product import find_product, read_last_month, read_product
from database.queries.products import read_products
from database.queries.profitability import read_profitability
from database.queries.without_figures import read_without_figures
from database.schema import ALL_MARKETPLACES, asin, summary_asin, summary_brand
from domain.errors import GenerationGone, SelectionError, SetupError
from domain.months import today_utc
from domain.selection import WORDS, WORDS_WITH_SEARCH, Catalogue, Selection, parse_selection

PER_PAGE = 50
"""Rows of a page of products."""


@dataclass(frozen=True)
class Asked:
    """A page with its argument ('' for none) and what was chosen on it, ready to be run on `reading`."""

    reading: Reading
    selection: Selection
    catalogue: Catalogue
    argument: str

    @property
    def connection(self) -> sa.Connection:
        return self.reading.connection

    @property
    def names(self) -> dict[str, str]:
        """Marketplace -> its name."""
        return {code: name or code for code, name in self.catalogue.marketplaces.items()}


def _dashboard(asked: Asked) -> None:
    read_dashboard(asked.connection, asked.selection, asked.catalogue, asked.names)


def _profitability(asked: Asked) -> None:
    read_profitability(asked.connection, asked.selection)


def _categories(asked: Asked) -> None:
    read_categories(asked.connection, asked.selection, asked.catalogue)


def _brands(asked: Asked) -> None:
    number = int(asked.argument) if asked.argument.isascii() and asked.argument.isdigit() else -1
    if find_brand_name(asked.connection, asked.catalogue, number, scope=None) is None:
        raise SetupError(f"there is no brand {asked.argument!r}; write its number, like brands/3")
    read_brand(asked.connection, asked.selection.changed(brands=(number,)), asked.names)


def _products(asked: Asked) -> None:
    if asked.argument:
        _product(asked)
        return
    start = (asked.selection.page - 1) * PER_PAGE
    found = read_products(asked.connection, asked.selection, asked.catalogue.brands, start=start, limit=PER_PAGE)
    if asked.selection.search and found.count == len(found.rows):
        read_without_figures(asked.connection, asked.selection, [row.key for row in found.rows])


def _product(asked: Asked) -> None:
    product = find_product(asked.connection, asked.argument)
    if product is None:
        raise SetupError(f"there is no product {asked.argument!r}; write its ASIN, like products/B01ABCDEFG")
    found = read_product(
        asked.connection, asked.selection, product, metrics=asked.catalogue.metrics, marketplace_names=asked.names
    )
    if found.is_empty:
        read_last_month(asked.connection, asked.selection, product)


def _catalog(asked: Asked) -> None:
    count_lists(asked.connection)
    read_list(asked.connection, Listing("products"), per_page=PER_PAGE)
    choices_of(asked.connection)


def _filters(asked: Asked) -> None:
    """What every page offers to choose from; kept by the web for as long as a generation lives."""
    read_catalogue(asked.reading, today=today_utc())


PAGES: dict[str, tuple[Callable[[Asked], None], tuple[str, ...], tuple[str, ...]]] = {
    "dashboard": (_dashboard, breakdown.SORTS, WORDS),
    "profitability": (_profitability, ("value",), WORDS),
    "categories": (_categories, breakdown.SORTS, WORDS),
    "brands": (_brands, breakdown.SORTS, WORDS),
    "products": (_products, products.SORTS, WORDS_WITH_SEARCH),
    "catalog": (_catalog, ("value",), WORDS),
    "filters": (_filters, ("value",), WORDS),
}
"""First word of the address -> what it asks, how it sorts, which parameters it takes."""


def ask(reading: Reading, page: str, query: str, *, prepared: Callable[[], None] = lambda: None) -> None:
    """Runs the statements of `page` (`dashboard`, `brands/3`, `products/B01ABCDEFG`) for a query string.

    `prepared` is told when what belongs to every page was read and the page's own statements begin. Raises SetupError
    for a page or a selection that cannot be.
    """
    word, _, argument = page.strip("/").partition("/")
    if word not in PAGES or (argument and word not in ("brands", "products")):
        raise SetupError(f"there is no page {page!r} to explain; known are {', '.join(PAGES)}, products/<ASIN>")
    run, sorts, words = PAGES[word]
    catalogue = read_catalogue(reading, today=today_utc())
    pairs = parse_qsl(query.lstrip("?"), keep_blank_values=True)
    try:
        selection = parse_selection(pairs, catalogue, today=today_utc(), sorts=sorts, words=words)
    except (SelectionError, GenerationGone) as error:
        raise SetupError(str(error)) from None
    prepared()
    run(Asked(reading, selection, catalogue, argument))


def usual_pages(reading: Reading) -> list[str]:
    """One address of every kind of page: the largest brand of the last month, and one of its products."""
    last: datetime.date | None = reading.generation.last_month
    table, found = summary_brand, [page for page in PAGES if page != "brands"]
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
    if brand is not None:
        found.append(f"brands/{brand}")
    return [*found, f"products/{product}"] if product and "/" not in product else found
