"""The tables of a page as values: what .csv, .xlsx and /api/v1 are rendered from.

How a page offers its tables, in three steps.

1. Read rows once, in `database/queries/x.py`: `read_x(connection, selection, …) -> frozen rows`. The page
   renders them, and so does the function of step 2.
2. In `web/pages/x.py`, make sheets of them. Values are raw: Decimal, int, a date for a month, str, None for
   "nothing there"; never a formatted text. `percent` values are fractions (0.2 is 20 %). Rows hold
   everything, not one page of it, in the order that the reader sees; totals too, if the page shows them.

       def _sheets(page: Page) -> list[Sheet]:            # def _sheets(page, brand_id): for /brands/<int:brand_id>
           found = X.read(page)
           return [
               Sheet("brands", "Brands",
                     (Column("Brand", TEXT), Column("Net revenue", MONEY), Column("CM3 %", PERCENT)),
                     [(row.name, row.value, row.margin) for row in found.rows]),
           ]

3. Name the offer at the end of the module; the app finds it there, as it finds the blueprint. X is the page in
   `database/queries/pages.py`, whose `tables` name the sheets.

       offer = Offer(X, _sheets)

   From then on `/x.csv`, `/x.xlsx` and `/api/v1/x` exist beside `/x`, for whoever may see `/x`, with the
   same selection words and the same brands. They need their entries in tests/web/http/test_access.py;
   tests/web/exports/test_exports.py finds them by itself and compares page, CSV, XLSX and API. In the template
   `{% from "partials/export.html" import export_menu %}` and, with `exports=export_links(page, offer)` from
   `_render`: `<div class="page-head-end">{{ badge_line(badge) }}{{ export_menu(exports) }}</div>`.

`tables` maps the word of `?table=` to its title, the main table first: CSV and API give one table, XLSX
all of them. Where one column mixes kinds (a P&L with months across), wrap values: `Cell(value, PERCENT)`.
Where there may be very many rows, give `LongRows` instead of a list: exports then stream them, and the
API asks for one page only.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any

from flask import url_for

from database.queries.pages import FLAT, PageSpec
from domain.periods import Span
from domain.selection import AMOUNT, VIEW, Selection
from web.figures.formats import COUNT, MONEY, PERCENT, RATE
from web.figures.page import Page

TEXT = "text"
MONTH = "month"
KINDS = (TEXT, MONTH, MONEY, COUNT, PERCENT, RATE)
"""How values of a column are written. `kind_of(metric)` says whether a metric is MONEY or COUNT."""

Plain = Decimal | int | str | datetime.date | None


@dataclass(frozen=True)
class Cell:
    """A value of another kind than its column's."""

    value: Plain
    kind: str


Value = Plain | Cell
Row = Sequence[Value]


@dataclass(frozen=True)
class Column:
    """A column: its heading, the kind of its values, and its `key` in JSON (made from the name if not given). `month`
    is what a heading stands for that is one: workbooks hold it as a date."""

    name: str
    kind: str
    key: str = ""
    month: datetime.date | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {KINDS}")
        object.__setattr__(self, "key", self.key or _key_of(self.name))


@dataclass(frozen=True)
class LongRows:
    """Rows too many to hold. `count()` says how many there are; `read(start, limit)` gives the rows from
    the `start`-th (0 is the first), at most `limit` of them (None: all), one by one, in a stable order."""

    count: Callable[[], int]
    read: Callable[[int, int | None], Iterable[Row]]


@dataclass(frozen=True)
class Sheet:
    """One table: `name` is its word in addresses, `title` its heading."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row] | LongRows

    def count(self) -> int:
        """How many rows there are."""
        return self.rows.count() if isinstance(self.rows, LongRows) else len(self.rows)

    def read(self, start: int = 0, limit: int | None = None) -> Iterable[Row]:
        """The rows from the `start`-th, at most `limit` of them."""
        if isinstance(self.rows, LongRows):
            return self.rows.read(start, limit)
        return itertools.islice(self.rows, start, None if limit is None else start + limit)


@dataclass(frozen=True)
class Offer:
    """The tables that a page offers: `sheets` gives them for a reader's page and the variables of its address.
    `without` are parameters that its tables do not depend on; `compared` gives the months that they are compared
    with. `words` are the parameters that they take, if not the page's. `files` are the forms that are made of it: a
    page may have files of its own instead. `at_once`: so many of its files are made at a time, for all readers together
    (0: any number), so that large ones leave others their room."""

    page: PageSpec
    sheets: Callable[..., list[Sheet]]
    without: tuple[str, ...] = ()
    compared: Callable[[Selection], Span | None] = attrgetter("comparison")
    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ("csv", "xlsx")
    at_once: int = 0

    @property
    def endpoint(self) -> str:
        """The page's."""
        return self.page.endpoint

    @property
    def tables(self) -> Mapping[str, str]:
        """Word of `?table=` -> its title, the main table first."""
        return self.page.tables

    @property
    def word(self) -> str:
        """The page's word: `dashboard`."""
        return self.endpoint.partition(".")[0]

    def endpoint_of(self, form: str) -> str:
        """The endpoint of the page's `csv`, `xlsx` or `api`."""
        return f"{self.endpoint}.{form}"

    def taking(self, *more: str) -> PageSpec:
        """The page, with the parameters that its tables take and `more`."""
        return replace(self.page, words=(*(self.words or self.page.words), *more))


@dataclass(frozen=True)
class ExportLink:
    """One line of the export menu; a file, or the page where more can be had."""

    words: str
    address: str
    is_page: bool = False


def without_view(page: PageSpec) -> tuple[str, ...]:
    """The parameters of a page with a P&L that its files take: these hold every view of it."""
    return tuple(word for word in page.words if word != VIEW)


def export_links(page: Page, offer: Offer) -> tuple[ExportLink, ...]:
    """The files that can be had of the page at hand, with its selection: Excel first, then each table."""
    whole = "Excel, all tables" if len(offer.tables) > 1 else "Excel"
    return (
        ExportLink(f"{whole} (.xlsx)", _address(page, offer, "xlsx")),
        *(ExportLink(f"{title} (.csv)", _address(page, offer, "csv", name)) for name, title in offer.tables.items()),
        *_all_figures(page, offer),
    )


def _all_figures(page: Page, offer: Offer) -> Iterator[ExportLink]:
    """The way from a page with figures to every metric of what it shows."""
    if "period" not in offer.page.words or offer.page is FLAT:
        return
    changes: dict[str, Any] = {"search": page.arguments.get("asin", page.selection.search)}
    if "brand_id" in page.arguments:
        changes["brands"] = (page.arguments["brand_id"],)
    yield ExportLink("Every metric by month …", page.elsewhere(FLAT.endpoint, changes), is_page=True)


def _address(page: Page, offer: Offer, form: str, table: str = "") -> str:
    """The main table needs no word."""
    query = page.selection.changed(page=1, show=AMOUNT).query_string()
    if table and table != next(iter(offer.tables)):
        query = f"{query}&table={table}" if query else f"table={table}"
    path = url_for(offer.endpoint_of(form), **page.arguments)
    return f"{path}?{query}" if query else path


def _key_of(name: str) -> str:
    """`CM3 %` -> `cm3_percent`; a month stays `2025-10`."""
    return re.sub(r"[^\w-]+", "_", name.lower().replace("%", " percent")).strip("_")
