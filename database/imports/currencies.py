"""Which currency a file's amounts are in: what it names is what they are recorded in, nothing where it is the
dashboard's own. Of a currency that was allowed they are counted one to one, and marked.

A bare sign is no statement: $ is written for a dozen currencies, and exports carry whatever sign the spreadsheet had.
The report says which were seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from database.imports.staging import LOCAL, ImportOptions
from domain.currencies import CODES, SIGNS
from domain.errors import SetupError
from domain.marketplaces import currency_of

DOLLARS = ("USD", "CAD", "AUD", "MXN", "SGD", "NZD", "HKD", "TWD", "BRL", "CLP", "COP", "ARS")


@dataclass(frozen=True)
class Currencies:
    """The dashboard's currency, and the name of the file for messages."""

    own: str
    file_name: str


def told_currency(options: ImportOptions, marketplaces: Collection[str]) -> dict[str, str]:
    """Marketplace -> the code that --currency says its amounts are in: `local` is that of each. Nothing if it was not
    given. Raises SetupError for a code that is none, or a marketplace whose currency nobody knows."""
    if options.currency is None:
        return {}
    if options.currency.lower() != LOCAL:
        code = options.currency.upper()
        if code not in CODES:
            raise SetupError(f"--currency {options.currency!r}: give a code like EUR, or local")
        return dict.fromkeys(marketplaces, code)
    unknown = sorted(place for place in marketplaces if currency_of(place) is None)
    if unknown:
        raise SetupError(f"--currency local: {', '.join(unknown)} is no marketplace of Amazon's; give the code")
    return {place: currency_of(place) or "" for place in marketplaces}


def one_to_one(currencies: Currencies, options: ImportOptions) -> set[str]:
    """The codes whose amounts count as the dashboard's currency: its own, and those that were allowed."""
    return {code.upper() for code in options.allow_currency} | {currencies.own}


def marked(
    currencies: Currencies, options: ImportOptions, named: Collection[str], symbols: Sequence[str]
) -> tuple[str, ...]:
    """The codes to record as counted one to one, for a file that names the currencies `named` and shows the signs
    `symbols`. Where something of it is converted a sign says nothing more."""
    counted = one_to_one(currencies, options)
    signs = (_code(sign, currencies.own) for sign in symbols) if set(named) <= counted else ()
    return tuple(sorted({*counted.intersection(named), *signs}))


def signs_of_others(symbols: Sequence[str], taken_as: Collection[str]) -> tuple[str, ...]:
    """Of the signs that cells show, those that are of none of the currencies that they are `taken_as`."""
    return tuple(
        sign for sign in symbols
        if (set(DOLLARS).isdisjoint(taken_as) if sign == "$" else SIGNS.get(sign) not in (None, "", *taken_as))
    )


def _code(sign: str, own: str) -> str:
    if sign == "$":
        return own if own in DOLLARS else "USD"
    return SIGNS.get(sign) or own
