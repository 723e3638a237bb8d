"""The pages: one list, which everything that knows of pages reads.

The web makes views, menu, warm-up, files and API of it, and keeps slow statements of these pages only; `flask explain`
and the doctor run what a page reads and listen to its statements. It stands here and not in the web because commands
do not load the web. What a page asks of a generation is its `read`, and nothing else: the page shows what `read` gave.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from database.engines.values import Generation
from database.queries import breakdown, ranking
from database.queries.brand import Brand, find_brand_name, read_brand
from database.queries.catalog import CatalogPage, read_catalog_page
from database.queries.categories import Categories, read_categories
from database.queries.conversion import ConvertedFigure, read_converted
from database.queries.dashboard import Dashboard, read_dashboard
from database.queries.drivers import Drivers, read_drivers
from database.queries.explain import Explanation, read_explanation
from database.queries.flat import FlatRow, read_flat
from database.queries.overheads import ToldOverhead, read_overheads
from database.queries.paid import MarketplaceBridges, read_paid
from database.queries.product import Product, ProductFigures, find_product, read_last_month, read_product
from database.queries.products import Products, read_products
from database.queries.profitability import Profitability, read_profitability
from database.queries.settlements import Settlement, Settlements, read_settlement, read_settlements
from database.queries.unit_costs import UnitCost, read_costs
from database.queries.without_figures import WithoutFigures, read_without_figures
from domain import listing
from domain.explaining import ALSO_ASKED
from domain.listing import Listing, parse_listing
from domain.months import today_utc
from domain.periods import MOST_DRAWN
from domain.rates import converted_currencies
from domain.ratios import Ratio
from domain.selection import (
    LONGEST_ASIN,
    VIEW,
    WORDS,
    WORDS_OF_A_FIGURE,
    WORDS_OF_PRODUCTS,
    WORDS_WITH_SEARCH,
    WORDS_WITH_SHARES,
    Selectable,
    Selection,
    parse_selection,
)

LONGEST_SETTLEMENT = 40
Pairs = Iterable[tuple[str, str]]
"""Decoded parameters of an address."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a page: the generation to read from, what was chosen, and `arguments`, the parts of the page's
    path. `connection` is None if nothing needs to be read any more."""

    connection: sa.Connection | None
    generation: Generation
    selectable: Selectable
    selection: Selection | Listing
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PageSpec:
    """A page: the `endpoint` that shows it, its `title`, and its `path` below the root, as Flask writes it.

    `read` gives what it shows, None if there is nothing at that address; it is None itself for a page without figures.
    `sorts` and `words` are what `?sort=` may be and which parameters there are, `also_asked` are ratios that it may be
    asked about beside those that every page offers, `choose` makes of these what was chosen. `per_page` is how many
    rows its table has at a time, `tables` maps the word of each table that it offers to the table's title.
    `is_made_ahead`: made as soon as a generation is live. A page with a variable is in no menu, nor is one that another
    page leads to.
    """

    endpoint: str
    title: str
    path: str
    read: Callable[[Asked], Any] | None = None
    sorts: tuple[str, ...] = ("value",)
    words: tuple[str, ...] = WORDS
    also_asked: tuple[Ratio, ...] = ()
    per_page: int = 0
    tables: Mapping[str, str] = field(default_factory=dict)
    is_made_ahead: bool = False
    is_in_menu: bool = True
    choose: Callable[[PageSpec, Pairs, Selectable], Selection | Listing] = field(
        default=lambda page, pairs, selectable: choose_figures(page, pairs, selectable)
    )

    @property
    def word(self) -> str:
        """The first word of its path: `brands`."""
        return self.path.partition("/")[0]

    @property
    def variable(self) -> str:
        """The name of the variable in its path, '' for none. Such a page is in no menu."""
        found = re.search(r"<\w+:(\w+)>", self.path)
        return found[1] if found else ""

    @property
    def explained_by(self) -> str:
        """The command that tells its statements and their plans: `flask explain brands/ID`; '' without any."""
        shown = re.sub(r"<\w+:(\w+)>", lambda found: found[1].rpartition("_")[2].upper(), self.path)
        return f"flask explain {shown}" if self.read else ""


def choose_figures(page: PageSpec, pairs: Pairs, selectable: Selectable) -> Selection:
    """The months, brands … that a page with figures is about; of very many months the last ones. Raises SelectionError,
    GenerationGone."""
    selection = parse_selection(
        pairs, selectable, today=today_utc(), sorts=page.sorts, words=page.words,
        also={ratio.name: ratio for ratio in page.also_asked},
    )
    return replace(selection, most_months=MOST_DRAWN)


def start_of(page: PageSpec, chosen: Selection | Listing) -> int:
    """How many rows stand on the pages before the one that was chosen."""
    return (chosen.page - 1) * page.per_page


def _dashboard(asked: Asked) -> Dashboard:
    return read_dashboard(asked.connection, asked.selection, asked.selectable, asked.selectable.marketplace_names)


def _profitability(asked: Asked) -> Profitability:
    return read_profitability(asked.connection, asked.selection)


def _categories(asked: Asked) -> Categories:
    return read_categories(asked.connection, asked.selection, asked.selectable)


@dataclass(frozen=True)
class NamedBrand:
    """A brand, and its story."""

    name: str
    story: Brand


def _brand(asked: Asked) -> NamedBrand | None:
    number = asked.arguments["brand_id"]
    name = find_brand_name(asked.connection, asked.selectable, number, scope=asked.selection.scope)
    if name is None:
        return None
    # For reading only: addresses of the page have the brand in their path.
    selection = asked.selection.changed(brands=(number,), page=asked.selection.page)
    return NamedBrand(name, read_brand(
        asked.connection, selection, asked.selectable, start=start_of(BRAND, selection), limit=BRAND.per_page,
    ))


@dataclass(frozen=True)
class FoundProducts:
    """One page of products, and those that a search names besides, which have no figures there."""

    products: Products
    without_figures: WithoutFigures


def _products(asked: Asked) -> FoundProducts:
    found = read_products(
        asked.connection, asked.selection, asked.selectable.brands, start=start_of(PRODUCTS, asked.selection),
        limit=PRODUCTS.per_page,
    )
    # A search that fills several pages is too wide to be meant for a single product, and it alone would need to know
    # more than this page's products. What is narrowed leaves out products that have figures.
    if not asked.selection.search or asked.selection.only or found.count > len(found.rows):
        return FoundProducts(found, WithoutFigures())
    return FoundProducts(
        found, read_without_figures(asked.connection, asked.selection, [row.key for row in found.rows])
    )


@dataclass(frozen=True)
class ProductStory:
    """A product and its figures; `last_month` is the last one with any, if the chosen ones have none; `costs`
    are its unit costs, the newest first, `converted` its figures that were in other currencies."""

    product: Product
    figures: ProductFigures
    last_month: datetime.date | None
    costs: tuple[UnitCost, ...] = ()
    converted: tuple[ConvertedFigure, ...] = ()


def _product(asked: Asked) -> ProductStory | None:
    key = asked.arguments["asin"]
    if len(key) > LONGEST_ASIN or "\0" in key:
        return None
    product = find_product(asked.connection, key, scope=asked.selection.scope)
    if product is None:
        return None
    figures = read_product(
        asked.connection, asked.selection, product, metrics=asked.selectable.metrics,
        marketplace_names=asked.selectable.marketplace_names,
    )
    last = read_last_month(asked.connection, asked.selection, product) if figures.is_empty else None
    costs = ()
    if asked.selectable.knows_costs:
        costs = read_costs(asked.connection, asked.generation.generation, product.key)
    converted = ()
    if converted_currencies(asked.selectable.rates, frozenset(asked.selection.span.months)):
        converted = read_converted(asked.connection, asked.selectable.rates, asked.selection, product.key)
    return ProductStory(product, figures, last, costs, converted)


def _explanation(asked: Asked) -> Explanation | None:
    return read_explanation(asked.connection, asked.generation, asked.selection, asked.selectable)


def _catalog(asked: Asked) -> CatalogPage:
    return read_catalog_page(asked.connection, asked.selection, per_page=CATALOG.per_page)


def _settlements(asked: Asked) -> Settlements:
    return read_settlements(
        asked.connection, asked.generation, marketplaces=asked.selection.marketplaces,
        start=start_of(SETTLEMENTS, asked.selection), limit=SETTLEMENTS.per_page,
    )


def _settlement(asked: Asked) -> Settlement | None:
    number = asked.arguments["settlement_id"]
    if len(number) > LONGEST_SETTLEMENT or "\0" in number:
        return None
    return read_settlement(asked.connection, asked.generation, number)


def _overheads(asked: Asked) -> tuple[ToldOverhead, ...]:
    return read_overheads(asked.connection, asked.generation)


def _drivers(asked: Asked) -> Drivers:
    return read_drivers(asked.connection, asked.selection)


def _flat(asked: Asked) -> tuple[FlatRow, ...]:
    """The first rows, for a look."""
    return tuple(read_flat(asked.connection, asked.selection, asked.selectable.metrics, limit=FLAT.per_page))


def _paid(asked: Asked) -> tuple[MarketplaceBridges, ...]:
    return read_paid(asked.connection, asked.generation.generation, asked.selection)


PROFIT_VIEWS = {"per_unit": "Profit and loss per unit", "of_revenue": "Profit and loss in % of net revenue"}
"""The tables of a P&L beside its amounts."""

ESTIMATE = "estimate"
"""The table of what the month in progress will come to."""

DASHBOARD = PageSpec(
    "dashboard.show", "Dashboard", "dashboard", _dashboard, sorts=breakdown.SORTS, per_page=20, is_made_ahead=True,
    tables={
        "brands": "Brands", "categories": "Categories", "marketplaces": "Marketplaces", "months": "By month",
        "movers": "Movers", "losses": "Loss-makers", "headlines": "Headlines", "periods": "At a glance",
        ESTIMATE: "Estimate of the month",
    },
)
PROFITABILITY = PageSpec(
    "profitability.show", "Profitability", "profitability", _profitability, is_made_ahead=True,
    words=(*WORDS_WITH_SHARES, VIEW),
    tables={
        "profit": "Profit and loss", **PROFIT_VIEWS, "waterfall": "From net revenue to CM3",
        "differences": "Margins against their parts",
    },
)
CATEGORIES = PageSpec(
    "categories.show", "Categories", "categories", _categories, sorts=ranking.SORTS, per_page=20, is_made_ahead=True,
    words=(*WORDS, *WORDS_OF_PRODUCTS),
    tables={"categories": "Side by side", "months": "By month", "products": "Products of one category"},
)
BRAND = PageSpec(
    "brands.show", "Brand", "brands/<id:brand_id>", _brand, sorts=ranking.SORTS, per_page=20,
    # The path says which brand.
    words=(*(word for word in WORDS if word != "brand"), VIEW, *WORDS_OF_PRODUCTS),
    tables={
        "products": "Products", "ranking": "Products by rank", "marketplaces": "Marketplaces", "months": "By month",
        "profit": "Profit and loss", **PROFIT_VIEWS, "headlines": "Headlines", ESTIMATE: "Estimate of the month",
    },
)
PRODUCTS = PageSpec(
    "products.show", "Products", "products", _products, sorts=ranking.SORTS, per_page=50,
    words=(*WORDS_WITH_SEARCH, *WORDS_OF_PRODUCTS), tables={"products": "Products"}, is_made_ahead=True,
)
PRODUCT = PageSpec(
    "product.show", "Product", "products/<text:asin>", _product, sorts=breakdown.SORTS,
    # One product has one brand and one category.
    words=(*(word for word in WORDS if word not in ("brand", "category", "page")), VIEW),
    tables={
        "metrics": "All metrics", **PROFIT_VIEWS,
        "marketplaces": "Marketplaces", "by_marketplace": "By marketplace and month",
        "months": "By month", "headlines": "Headlines", "converted": "In their own currency",
    },
)
PAID = PageSpec(
    "paid.show", "Ordered and paid", "paid", _paid, is_in_menu=False, tables={"paid": "From ordered to paid"},
)
DRIVERS = PageSpec(
    "drivers.show", "What changed CM3", "drivers", _drivers, is_in_menu=False, words=WORDS_WITH_SHARES,
    tables={"drivers": "What changed CM3"},
)
EXPLAIN = PageSpec(
    "explain.show", "What a figure is made of", "explain", _explanation, is_in_menu=False, words=WORDS_OF_A_FIGURE,
    also_asked=ALSO_ASKED,
    tables={
        "formula": "Formula", "products": "By product", "brands": "By brand", "categories": "By category",
        "marketplaces": "By marketplace", "months": "By month", "sources": "By import", "corrections": "Corrections",
    },
)
FLAT = PageSpec(
    "flat.show", "All figures", "figures", _flat, words=WORDS_WITH_SEARCH, per_page=50, is_in_menu=False,
    tables={"figures": "All figures"},
)
CATALOG = PageSpec(
    "catalog.show", "Catalogue", "catalog", _catalog, words=listing.WORDS, per_page=100,
    choose=lambda page, pairs, selectable: parse_listing(pairs),
    tables={
        listing.PRODUCTS: "All products", listing.UNASSIGNED: "Products without a brand",
        listing.BRANDS: "All brands", listing.UNCATEGORISED: "Brands without a category",
        listing.SKUS: "SKUs without a product",
        listing.UNCOSTED: "Products without a unit cost",
    },
)
SETTLEMENTS = PageSpec(
    "settlements.show", "Settlements", "settlements", _settlements, words=("marketplace", "page", "generation"),
    per_page=50, is_made_ahead=True,
    tables={"settlements": "Deposits", "unsorted": "Not sorted yet", "told": "Sorted by a person"},
)
SETTLEMENT = PageSpec(
    "settlement.show", "Settlement", "settlements/<text:settlement_id>", _settlement, words=("generation",),
    tables={"amounts": "What the deposit is made of"},
)
OVERHEADS = PageSpec(
    "overheads.show", "Overheads", "overheads", _overheads, words=("generation",),
    # It has forms, and so is made for each reader anew.
    choose=lambda page, pairs, selectable: choose_figures(page, pairs, selectable),
    tables={"overheads": "Overheads"},
)
IMPORTS = PageSpec("imports.show", "Imports", "imports")
RATES = PageSpec(
    "rates.show", "Rates", "operations/rates", words=("page", "generation"), per_page=24,
    tables={"rates": "Exchange rates"},
)
OPERATIONS = PageSpec("operations.show", "Operations", "operations")

PAGES = (
    DASHBOARD, PROFITABILITY, DRIVERS, CATEGORIES, BRAND, PRODUCTS, PRODUCT, SETTLEMENTS, SETTLEMENT, PAID, FLAT,
    EXPLAIN, OVERHEADS, CATALOG, IMPORTS, RATES, OPERATIONS,
)
"""In the order of the menu."""
