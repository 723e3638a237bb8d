"""What words beside a metric, or above a table, say of its figures: scale, currency, that they were planned."""

from __future__ import annotations

import re

from domain.currencies import CODES, SIGNS
from domain.metrics import read_metric
from domain.spelling import name_key, tidy

_THOUSANDS = (
    "thousands", "thousand", "thsd", "tsd", "tausend", "tausende", "milliers", "migliaia", "miles", "duizenden",
    "duizend", "000s", "000", "'000s", "'000", "’000", "k",
)
_MILLIONS = ("millions", "million", "millionen", "milioni", "millones", "miljoen", "mio", "mln", "mn", "lakh", "lakhs",
             "crore", "crores")
_MONEY = "|".join(re.escape(name_key(word)) for word in sorted({*CODES, *SIGNS} - {"R"}, key=len, reverse=True))
_SCALES = "|".join(map(re.escape, sorted((*_THOUSANDS, *_MILLIONS), key=len, reverse=True)))
_SCALE = re.compile(
    rf"(?:(?:in|en|à) )?(?:(?:{_MONEY})[ /]?)?(?:{_SCALES})\.?(?:(?: of)?[ /]?(?:{_MONEY}))?"
    rf"|(?:(?:in|en) )?[tkm][ /]?(?:{_MONEY})|(?:(?:in|en) )?(?:{_MONEY})[ /]?[km]|x ?1[.,' ]?000"
)
_SCALE_ABOVE = re.compile(
    rf"(?:^|.*[ ,;:(])(?:in|en|à) (?:{_SCALES}|[tkm](?:{_MONEY}))(?:[ .,;:)].*|$)"
    r"|.*[( ][$€£]?['’]?000s?\)?(?:[ .,;:].*|$)"
    rf"|(?:^|.*[ (])t(?:eur|€|usd|gbp|chf)(?:[ .,;:)].*|$)"
)
_PLANNED = frozenset((
    "plan", "planned", "budget", "budgeted", "forecast", "forecasted", "fc", "fcst", "target", "goal", "projected",
    "projection", "estimate", "estimated", "est", "soll", "prognose", "ziel", "prévision", "prévu", "obiettivo",
    "previsto", "objetivo", "begroting", "prognosis",
))
_OF_ANOTHER_TIME = frozenset((
    "prior year", "previous year", "last year", "py", "ly", "vorjahr", "vj", "n-1", "année précédente", "año anterior",
    "anno precedente", "vorig jaar", "prior period", "previous period", "last month", "previous month", "vormonat",
    "cumulative", "cumulated", "cum", "kumuliert", "cumulé", "cumulato", "acumulado", "cumulatief", "running total",
    "ytd", "year to date", "qtd", "ltm", "ttm", "rolling 12 months", "trailing 12 months",
    "difference", "diff", "delta", "δ", "variance", "var", "change", "growth", "abweichung", "veränderung", "yoy",
    "mom",
))
_OF_ONE_PIECE = frozenset((
    "per unit", "per piece", "each", "unit", "/unit", "a piece", "pro stück", "je stück", "par unité", "per unità",
    "por unidad", "per stuk", "per item",
))
_ACTUAL = frozenset(("actual", "actuals", "ist", "act", "réel", "reale", "effettivo", "werkelijk"))
_TELLS_CURRENCY = re.compile(
    r"(?:^|.*\b)(?i:in|en|currency|währung|devise|valuta|moneda|waluta|amounts?|values?|figures?|beträge|montants?)"
    r"\b\W*(?:in )?([A-Z]{3})\b.*", re.DOTALL,
)


def fault_of_remark(remark: str) -> str:
    """Why figures whose heading carries this remark in brackets must not be taken as what it says without; else ''."""
    key = name_key(remark).rstrip(".")
    if _SCALE.fullmatch(key):
        return f"says ({remark}): write its figures out in full, and take the remark off"
    if key in _PLANNED:
        return f"says ({remark}): only what has happened is imported"
    if key in _OF_ONE_PIECE:
        return f"says ({remark}): only a month's sums are imported; what a piece costs goes into a file of unit costs"
    return f"says ({remark}): only a month's own figures are imported" if key in _OF_ANOTHER_TIME else ""


def fault_of_remarks(metric: str) -> str:
    """`fault_of_remark` for what stands in brackets behind a metric."""
    return next(filter(None, map(fault_of_remark, read_metric(metric).remarks)), "")


def is_only_a_remark(text: str) -> bool:
    """Whether a text above figures names no metric: a currency, or a word such as Actual or Plan alone."""
    key = name_key(text).strip("().[]")
    return is_only_a_currency(text) or key in _ACTUAL or bool(fault_of_remark(key))


def is_only_a_currency(text: str) -> bool:
    """Whether a text above figures is a currency's code or sign alone."""
    return tidy(text).strip("()[]").upper() in CODES or tidy(text) in SIGNS


def scale_above(text: str) -> bool:
    """Whether a line above a table says that its figures are in thousands or millions."""
    return bool(_SCALE_ABOVE.fullmatch(name_key(text)))


def currency_above(text: str) -> str | None:
    """The code of the currency that a line above a table says its figures are in: `All amounts in EUR`."""
    found = _TELLS_CURRENCY.match(tidy(text))
    return found[1] if found and found[1] in CODES else None
