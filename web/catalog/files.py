"""/catalog.csv and /catalog.xlsx: a list as the products or brand file that `/catalog` takes back; and the lists'
rows for /api/v1/catalog.

The CSV has that file's columns and no others, so that it can be filled in and uploaded; which list it is,
and of which generation, stands in its name. A product's category is its own one: a file with its brand's
would tie the product to it. Rows of the API have the category that the page shows.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable
from dataclasses import replace

from flask import Blueprint, Response, request, send_file

from database.engines.values import Reading
from database.queries.catalog import BrandPlace, ProductPlace, SkuPlace, count_rows, read_whole_list
from database.queries.pages import CATALOG
from domain.listing import Listing
from domain.moments import utc_now
from domain.months import format_month
from domain.spreadsheets import harmless
from web.catalog.page import TITLES, address_of, asked_listing
from web.exports.about import About
from web.exports.xlsx import write_xlsx
from web.figures.formats import COUNT
from web.figures.page import Page
from web.figures.sheets import TEXT, Column, LongRows, Offer, Row, Sheet
from web.http import current, identity, trail
from web.serving.cache import cache_folder, make_private

pages = Blueprint("catalog_files", __name__)

OF_PRODUCTS, OF_BRANDS, OF_SKUS = "products", "brands", "skus"
HEADINGS = {
    OF_PRODUCTS: ("asin", "name", "brand", "category", "status"), OF_BRANDS: ("brand", "category", "group"),
    OF_SKUS: ("sku", "asin", "marketplace"),
}
"""Of a list of products, of brands, and of SKUs: that of an SKU map, for `/imports`."""
COLUMNS = {
    OF_PRODUCTS: tuple(Column(name, TEXT) for name in ("ASIN", "Name", "Brand", "Category", "Own category", "Status")),
    OF_BRANDS: (Column("Brand", TEXT), Column("Category", TEXT), Column("Group", TEXT), Column("Products", COUNT)),
    OF_SKUS: (Column("SKU", TEXT), Column("Marketplace", TEXT), Column("Last day", TEXT), Column("Lines", COUNT)),
}
"""The same of the API. A product whose category is not its own has its brand's."""


@pages.get("/catalog.csv")
def as_csv() -> Response:
    """The list as a file to fill in."""
    listing, about, rows = current.store().read(_read)
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS[_kind(listing)])
    writer.writerows([harmless(text) for text in row] for row in rows)
    trail.record("export", f"{address_of(listing)} as csv, {len(rows)} rows")
    return send_file(
        io.BytesIO(out.getvalue().encode()), "text/csv", as_attachment=True,
        download_name=_name(listing, about, "csv"),
    )


@pages.get("/catalog.xlsx")
def as_xlsx() -> Response:
    """The list as a workbook, with a sheet that says where it comes from."""
    listing, about, rows = current.store().read(_read)
    columns = tuple(Column(name, TEXT) for name in HEADINGS[_kind(listing)])
    folder = cache_folder(current.settings()) / "exports"
    make_private(folder)
    out = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the answer closes it
    write_xlsx(out, [Sheet("catalog", TITLES[listing.show], columns, rows)], about, folder=folder)
    out.seek(0)
    trail.record("export", f"{address_of(listing)} as xlsx, {len(rows)} rows")
    return send_file(
        out, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_attachment=True,
        download_name=_name(listing, about, "xlsx"),
    )


def _read(reading: Reading) -> tuple[Listing, About, list[tuple[str, ...]]]:
    """The whole list, whichever page of it is asked for."""
    listing = replace(asked_listing(list(request.args.items(multi=True))), page=1)
    places = read_whole_list(reading.connection, listing, scope=identity.person().brands)
    live = reading.generation
    about = About(
        title=TITLES[listing.show], address=address_of(listing), generation=live.generation,
        selection=(("Search", (listing.search,)),) if listing.search else (),
        last_month=format_month(live.last_month) if live.last_month else "", published=live.published_at,
        exported=utc_now(), currency=current.settings().dashboard.currency,
    )
    return listing, about, list(_texts(places))


def _texts(places: Iterable) -> Iterable[tuple[str, ...]]:
    for row in places:
        if isinstance(row, ProductPlace):
            yield row.asin, row.name, row.brand, row.category if row.has_own_category else "", row.status
        elif isinstance(row, SkuPlace):
            yield row.sku, "", ""
        else:
            yield row.brand, row.category, row.group


def _name(listing: Listing, about: About, form: str) -> str:
    return f"catalog-{listing.show}-generation-{about.generation}.{form}"


def _sheets(page: Page) -> list[Sheet]:
    return [_sheet(Listing(show, page.selection.search), page) for show in offer.tables]


def _sheet(listing: Listing, page: Page) -> Sheet:
    connection, scope = page.connection, page.selection.scope

    def read(start: int, limit: int | None) -> Iterable[Row]:
        return map(_values, read_whole_list(connection, listing, start=start, limit=limit, scope=scope))

    rows = LongRows(count=lambda: count_rows(connection, listing, scope=scope), read=read)
    return Sheet(listing.show, TITLES[listing.show], COLUMNS[_kind(listing)], rows)


def _kind(listing: Listing) -> str:
    return OF_SKUS if listing.is_of_skus else OF_PRODUCTS if listing.is_of_products else OF_BRANDS


def _values(row: ProductPlace | BrandPlace | SkuPlace) -> Row:
    if isinstance(row, SkuPlace):
        return row.sku, row.marketplace or None, row.last_day.isoformat(), row.lines
    if isinstance(row, BrandPlace):
        return row.brand, row.category or None, row.group or None, row.products
    own = "yes" if row.has_own_category else "no"
    return row.asin, row.name or None, row.brand or None, row.category or None, own, row.status or None


offer = Offer(CATALOG, _sheets, words=("search", "page", "generation"), compared=lambda selection: None, files=())
"""Without a brand there is nothing for somebody limited to some: that list is then empty."""
