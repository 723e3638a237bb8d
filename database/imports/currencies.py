"""Which currency a file is in: what it names must be the dashboard's, unless mixing is wanted.

A bare sign does not refuse a file: $ is written for a dozen currencies, and exports carry whatever sign the
spreadsheet had. The report says which were seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from database.imports.staging import ImportOptions
from domain.errors import Refused

DOLLARS = ("USD", "CAD", "AUD", "MXN", "SGD", "NZD", "HKD", "TWD", "BRL", "CLP", "COP", "ARS")
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR"}


@dataclass(frozen=True)
class Currencies:
    """The dashboard's currency, and the name of the file for messages."""

    own: str
    file_name: str


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


def _code(sign: str, own: str) -> str:
    return _SIGNS.get(sign) or (own if own in DOLLARS else "USD")
