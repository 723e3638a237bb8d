"""The texts of rates -> numbers of up to ten decimals, by the rules of every other file.

Which of point and comma is the decimal mark is settled for a whole file by the texts that can be read in one way only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from database.imports.numbers import (
    ERROR_WORD,
    NOT_A_NUMBER,
    PERCENTAGE,
    SPREADSHEET_ERROR,
    means_no_value,
    rule_of_mark,
)
from domain.currencies import CODES, SIGNS
from domain.spelling import tidy

DECIMALS = 10
MOST = Decimal(10) ** 9
NOT_ABOVE_ZERO = "is not above 0, as every rate is"
TOO_EXACT = f"has more than {DECIMALS} decimals, which is as many as are kept"
UNSETTLED = "could be thousands or thousandths, and no other cell settles it; give --decimal . or --decimal ,"
_SIGNS = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
_WHOLE = re.compile(
    rf"(?P<minus>[-\u2212\u2010\u2011(])?\s*\+?(?P<before>{_SIGNS}|[A-Za-z]{{3}})?\s*(?P<inner>[-\u2212])?"
    rf"(?P<digits>[.,]?[0-9](?:[0-9.,'\u2019 \u00a0\u202f\u2009]*[0-9])?)[.,]?(?P<power>[eE][-+]?[0-9]{{1,2}})?\s*"
    rf"(?P<after>{_SIGNS}|[A-Za-z]{{3}})?\s*\)?(?P<behind>-)?"
)
_NONE = re.compile(r"[0-9]+|[0-9]{1,3}( [0-9]{3})+")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_DOT = re.compile(
    r"([0-9]+|[0-9]{1,3}( [0-9]{3})+|[1-9][0-9]{0,2}(,[0-9]{3})+)?[.][0-9]+|[1-9][0-9]{0,2}(,[0-9]{3}){2,}"
)
_COMMA = re.compile(
    r"([0-9]+|[0-9]{1,3}( [0-9]{3})+|[1-9][0-9]{0,2}([.][0-9]{3})+)?,[0-9]+|[1-9][0-9]{0,2}([.][0-9]{3}){2,}"
)


@dataclass(frozen=True)
class ReadRates:
    """The texts that are rates, with them, None where one means no value; and the others, with the rule they break."""

    rates: Mapping[str, Decimal | None]
    rules: Mapping[str, str]


@dataclass(frozen=True)
class _Parts:
    """A text taken apart: its digits, which of point and comma they show, the power of ten, the currency beside."""

    digits: str
    kind: str
    power: str
    currency: str
    is_negative: bool


def read_rates_of(
    texts: Collection[str], *, base: str, decimal: str | None = None, usual: str | None = None
) -> ReadRates:
    """The rates that a file's texts are. `base` is the only currency that may stand beside one; `decimal` is the mark
    that a person told, `usual` the one to take where no text settles it."""
    parts, rates, rules = {}, {}, {}
    for text in dict.fromkeys(texts):
        if means_no_value(tidy(text)):
            rates[text] = None
        elif (found := _taken_apart(tidy(text))) is None:
            rules[text] = _fault_of(tidy(text))
        else:
            parts[text] = found
    kinds = [found.kind for found in parts.values()]
    dots, commas = kinds.count("dot"), kinds.count("comma")
    mark = decimal or ("," if commas > dots else "." if dots else usual or "")
    for text, found in parts.items():
        rule = _rule_of(found, mark, base)
        rate = None if rule else _number(found, mark)
        rule = rule or _rule_of_size(rate)
        if rule:
            rules[text] = rule
        else:
            rates[text] = rate
    return ReadRates(rates, rules)


def _taken_apart(text: str) -> _Parts | None:
    match = _WHOLE.fullmatch(text)
    if match is None:
        return None
    digits = re.sub("['\u2019 \u00a0\u202f\u2009]", " ", match["digits"])
    beside = [word for word in (match["before"], match["after"]) if word]
    codes = [word.upper() if word.upper() in CODES else word for word in beside]
    if any(word not in CODES and word not in SIGNS for word in codes):
        return None
    kind = next((name for name, form in (("none", _NONE), ("either", _EITHER), ("dot", _DOT), ("comma", _COMMA))
                 if form.fullmatch(digits)), None)
    if kind == "either" and match["power"]:
        kind = "dot" if "." in digits else "comma"
    named = next((word for word in codes if word in CODES), "")
    is_negative = any(match[name] for name in ("minus", "inner", "behind"))
    return None if kind is None else _Parts(digits.replace(" ", ""), kind, match["power"] or "", named, is_negative)


def _fault_of(text: str) -> str:
    if re.search("[%\uff05][)\\s]*$", text):
        return PERCENTAGE
    return SPREADSHEET_ERROR if re.fullmatch(ERROR_WORD, text) else NOT_A_NUMBER


def _rule_of(found: _Parts, mark: str, base: str) -> str:
    if found.currency and found.currency != base:
        return f"names {found.currency}, and rates are what one unit is in {base}"
    if found.is_negative:
        return NOT_ABOVE_ZERO
    if found.kind == "either" and not mark:
        return UNSETTLED
    if found.kind == ("dot" if mark == "," else "comma"):
        return rule_of_mark(mark or ".")
    return ""


def _number(found: _Parts, mark: str) -> Decimal:
    other = "." if mark == "," else ","
    plain = found.digits.replace(other, "").replace(mark or ".", ".")
    return Decimal(plain + found.power)


def _rule_of_size(rate: Decimal) -> str:
    if rate <= 0:
        return NOT_ABOVE_ZERO
    if rate >= MOST:
        return f"is beyond {MOST:,}"
    return TOO_EXACT if -rate.normalize().as_tuple().exponent > DECIMALS else ""
