"""Templates: a file of each format to fill in, with rows that show what goes where.

Columns and metrics come from the definitions that the importer itself reads by, so a template is never older than the
format; each goes in as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

from database.imports import long, overheads, sku_map, tidy, unit_costs, wide
from database.imports.products import BRANDS, FIELDS, PRODUCTS
from domain.metrics import NET_COGS, NET_REVENUE, NET_UNITS, PLATFORM_FEES

PRODUCT = {
    "asin": "B0EXAMPLE1", "name": "Mug, blue", "product name": "Mug, blue", "brand": "Your brand",
    "category": "Kitchen", "status": "active", "group": "Own", "marketplace": "US", "metric": NET_REVENUE,
    "month": "2025-01", "value": "1234.50", "sku": "MUG", "valid from": "2025-01", "unit cost": "6.20",
}
"""What stands in a template's rows, by field."""
MONTHS = ("2025-01", "2025-02")
METRICS = {NET_UNITS: "10", NET_REVENUE: "1234.50", NET_COGS: "400.00", PLATFORM_FEES[1]: "120.25"}


def template_of(name: str) -> str:
    """The template of a format. Raises KeyError."""
    return text_of(_ROWS[name]())


def text_of(rows: Iterable[list[str]]) -> str:
    """Rows as CSV with a byte order mark, which a spreadsheet needs to see that it is UTF-8."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _long() -> list[list[str]]:
    columns = [long.COLUMNS[0], "product name", *long.COLUMNS[1:]]
    return [columns, *(
        [(PRODUCT | {"metric": metric, "value": value})[field] for field in columns]
        for metric, value in METRICS.items()
    )]


def _wide() -> list[list[str]]:
    names = ("ASIN", "Product name", "Brand", "Category", "Marketplace")
    return [
        [*("" for _ in names), *(metric for metric in METRICS for _ in MONTHS)],
        [*names, *(month for _ in METRICS for month in MONTHS)],
        [*_fields(name.lower() for name in names), *(value for value in METRICS.values() for _ in MONTHS)],
    ]


def _tidy() -> list[list[str]]:
    names = ("ASIN", "Product name", "Brand", "Category", "Marketplace", "Month")
    return [[*names, *METRICS], *(
        [*_fields(name.lower() for name in names[:-1]), month, *METRICS.values()] for month in MONTHS
    )]


def _products() -> list[list[str]]:
    return [list(FIELDS[PRODUCTS]), _fields(FIELDS[PRODUCTS])]


def _brands() -> list[list[str]]:
    return [list(FIELDS[BRANDS]), _fields(FIELDS[BRANDS])]


def _costs() -> list[list[str]]:
    names = ["asin", "marketplace", "valid from", "unit cost"]
    return [names, _fields(names)]


def _overheads() -> list[list[str]]:
    return [
        list(overheads.COLUMNS), ["Salaries", "4200.00", "2025-01", "2025-02", "", "", ""],
        ["Photographer", "350.00", "2025-02", "", "", "Your brand", ""],
    ]


def _sku_map() -> list[list[str]]:
    names = ["sku", "asin"]
    return [names, _fields(names)]


def _fields(names: Iterable[str]) -> list[str]:
    return [PRODUCT[name] for name in names]


_ROWS: Mapping[str, Callable[[], list[list[str]]]] = {
    long.FORMAT: _long, wide.FORMAT: _wide, tidy.FORMAT: _tidy, unit_costs.FORMAT: _costs,
    overheads.FORMAT: _overheads, sku_map.FORMAT: _sku_map, PRODUCTS: _products, BRANDS: _brands,
}
TEMPLATES = tuple(_ROWS)
"""Their names, the way /imports lists them."""
