"""Which currency a file is in: what it names must be the dashboard's, unless mixing is wanted.

A bare sign does not refuse a file: $ is written for a dozen currencies, and exports carry whatever sign the
spreadsheet had. The report says which were seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from database.imports.staging import LOCAL, ImportOptions
from domain.currencies import CODES, SIGNS
from domain.errors import Refused, SetupError
from domain.marketplaces import currency_of

DOLLARS = ("USD", "CAD", "AUD", "MXN", "SGD", "NZD", "HKD", "TWD", "BRL", "CLP", "COP", "ARS")


@dataclass(frozen=True)
class Currencies:
    """The dashboard's currency, and the name of the file for messages."""

    own: str
    file_name: str


def currencies_told(scratch: duckdb.DuckDBPyConnection, options: ImportOptions) -> tuple[str, ...]:
    """The currencies that --currency says the file in `staged` is in: `local` is that of each of its marketplaces.
    Raises SetupError for a code that is none, or a marketplace whose currency nobody knows."""
    if options.currency is None:
        return ()
    if options.currency.lower() != LOCAL:
        code = options.currency.upper()
        if code not in CODES:
            raise SetupError(f"--currency {options.currency!r}: give a code like EUR, or local")
        return (code,)
    places = [place for (place,) in scratch.execute(
        "SELECT DISTINCT marketplace::VARCHAR FROM staged ORDER BY 1"
    ).fetchall()]
    unknown = [place for place in places if currency_of(place) is None]
    if unknown:
        raise SetupError(f"--currency local: {', '.join(unknown)} is no marketplace of Amazon's; give the code")
    return tuple(sorted({currency_of(place) for place in places}))


def check_currencies(
    currencies: Currencies, options: ImportOptions, named: Sequence[str], symbols: Sequence[str]
) -> tuple[str, ...]:
    """The codes to record for a file that names the currencies `named` and shows the signs `symbols`.
    Raises Refused if it names another than the dashboard's that was not allowed."""
    allowed = {code.upper() for code in options.allow_currency} | {currencies.own}
    foreign = [code for code in named if code not in allowed]
    if foreign:
        switches = " ".join(f"--allow-currency {code}" for code in foreign)
        raise Refused(
            f"{currencies.file_name}: is in {', '.join(foreign)}, the dashboard in {currencies.own}; to add up both "
            "all "
            f"the same, give {switches}"
        )
    return tuple(sorted({*named, *(_code(sign, currencies.own) for sign in symbols)}))


def signs_of_others(symbols: Sequence[str], taken_as: str) -> tuple[str, ...]:
    """Of the signs that cells show, those that are of another currency than the one that they are `taken_as`."""
    return tuple(sign for sign in symbols if _code(sign, taken_as) != taken_as)


def _code(sign: str, own: str) -> str:
    if sign == "$":
        return own if own in DOLLARS else "USD"
    return SIGNS.get(sign) or own
