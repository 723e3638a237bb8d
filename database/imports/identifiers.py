"""The columns that say whose figures a row holds: their headings, and what to ask for where one is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from database.imports.faults import Fault
from database.imports.staging import ImportOptions
from domain.spelling import name_key

PRODUCT_ID = "product id"
HEADINGS = {
    "asin": "asin", "child asin": "asin", "(child) asin": "asin", "child_asin": "asin", PRODUCT_ID: PRODUCT_ID,
    "product_id": PRODUCT_ID, "sku": "sku", "seller sku": "sku", "msku": "sku", "brand_name": "brand",
    "product_name": "name",
    "brand": "brand", "brand name": "brand", "mp": "marketplace", "marketplace": "marketplace", "status": "status",
    "category": "category", "currency": "currency", "currency code": "currency",
    "currency_code": "currency", "name": "name", "product name": "name", "title": "name", "item name": "name",
    "item_name": "name", "product title": "name", "product_title": "name",
}
"""A heading -> the field it fills."""
LOOSE_NAMES = ("name", "title")
"""Headings that may stand above the names of anything; one that says of what goes before them."""
LABELS = ("name", "sku")
"""Fields that name a row and are no part of a fact."""
_POWERS = "[0-9]+([.,][0-9]+)?[Ee][+]?[0-9]+"
_DECIMALS = "[0-9]+[.,]0+|[0-9]{1,3}([, \u00a0\u202f\u2019\\x27][0-9]{3})+"
DAMAGED_ASIN = f"\\s*(=?[\"\\x27])?((ASIN-)?({_POWERS}|{_DECIMALS})|[0-9]{{7,9}})\"?\\s*"
"""What a spreadsheet makes of an ASIN or an id that looks like a number: 3.06E+09, 117.0, 1,234, no zeros in front."""
_POWER = "is an ASIN that a spreadsheet took for a number; format the column as text and fill it in again"
_ZEROS = "is an ASIN without the zeros at its front, which a spreadsheet took off; write all ten characters"
_DRESSED = "is written as a number with decimals or thousands; format the column as text and write the digits alone"


def names_product(keys: Iterable[str]) -> bool:
    """Whether one of these headings, as they are compared, is that of a product."""
    return any(HEADINGS.get(key) in ("asin", PRODUCT_ID) for key in keys)


def damage_of(asin: str) -> str:
    """What a spreadsheet did to an ASIN, or to an id of the seller's own; nothing if it is whole."""
    if not re.fullmatch(DAMAGED_ASIN, asin, re.ASCII):
        return ""
    if re.search("[0-9][Ee]", asin):
        return _POWER
    return _ZEROS if re.search("(^|[^0-9])[0-9]{7,9}([^0-9.,]|$)", asin) else _DRESSED


def find_identifiers(headings: Sequence[str], *, line: int) -> tuple[dict[str, int], list[Fault]]:
    """Field -> its column, of a row of headings; and a fault for each that stands there twice."""
    found: dict[str, int] = {}
    faults = []
    for number, name in enumerate(headings):
        field = HEADINGS.get(name_key(name))
        if field in found and field not in LABELS:
            faults.append(Fault("this heading stands there twice", line, name))
        is_surer = name_key(name) not in LOOSE_NAMES and name_key(headings[found.get(field, number)]) in LOOSE_NAMES
        if field is not None and (field not in found or is_surer):
            found[field] = number
    return found, faults


def naming(headings: Sequence[str], identifiers: Mapping[str, int], options: ImportOptions) -> str:
    """The heading over names of products; '' if there is none, or a person leaves it out."""
    heading = headings[identifiers["name"]] if "name" in identifiers else ""
    return "" if name_key(heading) in {name_key(name) for name in options.skip_columns} else heading


def missing(identifiers: Mapping[str, int], options: ImportOptions, *, line: int) -> Iterator[Fault]:
    """What a table by product lacks: a product, a marketplace and a brand, by a column or by a switch."""
    if not {"asin", PRODUCT_ID} & set(identifiers):
        yield Fault("the column ASIN (or Product ID) is missing", line)
    if "marketplace" not in identifiers and options.marketplace is None:
        words = "the column Marketplace (or MP) is missing; add it, or give --marketplace CODE"
        yield Fault(words, line)
    if "brand" not in identifiers and options.brand is None:
        yield Fault("the column Brand is missing; add it, or give --brand NAME", line)


def sql_of(field: str, identifiers: Mapping[str, int], options: ImportOptions, *, table: str = "") -> str:
    """SQL: a field of a row, from its column, from a switch, or NULL. A Product ID without ASIN becomes a key."""
    def column(name: str) -> str:
        return f"{table}c{identifiers[name]}" if name in identifiers else "NULL"

    if field == "asin" and PRODUCT_ID in identifiers:
        made = f"'ASIN-' || nullif(trim({column(PRODUCT_ID)}), '')"
        return f"coalesce(nullif(trim({column('asin')}), ''), {made})::VARCHAR"
    if field in identifiers:
        return column(field)
    told = {"brand": options.brand, "marketplace": options.marketplace}.get(field)
    return "NULL::VARCHAR" if told is None else "'" + told.replace("'", "''") + "'"


def key_of(record: Sequence[str], identifiers: Mapping[str, int]) -> str:
    """The product of a record, as `sql_of` gives it."""
    own = record[identifiers["asin"]].strip(" ") if "asin" in identifiers else ""
    made = record[identifiers[PRODUCT_ID]].strip(" ") if PRODUCT_ID in identifiers else ""
    return own or (f"ASIN-{made}" if made else "")


def marketplace_of(record: Sequence[str], identifiers: Mapping[str, int], options: ImportOptions) -> str:
    """The marketplace of a record, as it is written there or told."""
    return record[identifiers["marketplace"]] if "marketplace" in identifiers else options.marketplace or ""


def currency_of_row(record: Sequence[str], identifiers: Mapping[str, int]) -> str:
    """What the cell of a record under Currency says; '' where there is none."""
    return record[identifiers["currency"]].strip() if "currency" in identifiers else ""
