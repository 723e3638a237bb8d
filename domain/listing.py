"""What a reader of the catalogue has chosen: which list, what is searched for, which page of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from domain.parameters import one_of, page_number, search_text, single_values

UNASSIGNED = "unassigned"
PRODUCTS = "products"
UNCATEGORISED = "uncategorised"
BRANDS = "brands"
SKUS = "skus"
UNCOSTED = "uncosted"
LISTS = (UNASSIGNED, PRODUCTS, UNCATEGORISED, BRANDS, SKUS, UNCOSTED)
"""Products without a brand, all products, brands without a category, all brands, SKUs that lead to no product, products
without a unit cost."""
OF_SOME_BRANDS = (PRODUCTS, UNCATEGORISED, BRANDS, UNCOSTED)
"""What somebody who is limited to some brands may list."""

WORDS = ("show", "search", "page")


@dataclass(frozen=True)
class Listing:
    """One page of one list."""

    show: str
    search: str = ""
    page: int = 1

    @property
    def is_of_products(self) -> bool:
        """Whether its rows are products; else they are brands, or SKUs."""
        return self.show in (UNASSIGNED, PRODUCTS, UNCOSTED)

    @property
    def is_of_skus(self) -> bool:
        """Whether its rows are SKUs."""
        return self.show == SKUS

    def changed(self, **parts) -> Listing:
        """The same list but for `parts`, on its first page unless `page` is among them."""
        return replace(self, **{"page": 1, **parts})

    def query_string(self) -> str:
        """The shortest query string that says it."""
        texts = {"show": self.show, "search": self.search, "page": str(self.page) if self.page != 1 else ""}
        return urlencode([(word, text) for word, text in texts.items() if text], quote_via=quote)


def parse_listing(pairs: Iterable[tuple[str, str]], *, permitted: tuple[str, ...] = LISTS) -> Listing:
    """The list that decoded query parameters name; the first permitted one if they name none. Raises
    SelectionError, naming what is permitted."""
    texts = single_values(pairs, WORDS)
    return Listing(one_of("show", texts, permitted, permitted[0]), search_text(texts), page_number(texts))
