"""The metrics of an Amazon P&L: their names, how they add up, how files spell them.

Facts hold costs as positive amounts. Net revenue − Net COGS = CM1; CM1 − platform fees − what Amazon took under a name
that nobody has sorted yet + reimbursements = CM2; CM2 − advertising = CM3; CM3 − overheads = operating profit. Metrics
outside this tree are kept and offered everywhere else.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from domain.currencies import CODES, SIGNS
from domain.spelling import name_key, tidy

NET_REVENUE = "Net revenue"
NET_UNITS = "Net units"
NET_COGS = "Net COGS"
CM1 = "CM1"
CM2 = "CM2"
CM3 = "CM3"
OVERHEADS = "Overheads"
"""What no sale causes: salaries, software, a photographer."""
OPERATING_PROFIT = "Operating profit"
"""What overheads leave of CM3. Worked out where it is read, unless facts give it."""

PLATFORM_FEES = ("Referral fees", "FBA fees", "Other platform fees")
UNSORTED = "Unsorted Amazon amounts"
"""What no rule knows, of Amazon's reports: a cost until somebody says what it is, though it may be money received."""
REIMBURSEMENTS = "Reimbursements"
"""What Amazon pays for goods that it lost or damaged: the only line of the P&L below net revenue that adds."""
ADVERTISING = ("Marketing", "SEM costs", "Promo fees")

COSTS = (NET_COGS, *PLATFORM_FEES, UNSORTED, *ADVERTISING, OVERHEADS)
"""Metrics whose rise is bad news."""

GROSS_SALES = "Gross sales"
RETURNS = ("Returned units", "Returns")

UNITS = (NET_UNITS, "Gross units", "Returned units")
"""Metrics that count pieces, not money."""

COUNTS = (
    *UNITS, "Units", "Ordered units", "Units ordered", "Units sold", "Sold units", "Refunded units", "Units refunded",
    "Orders", "Order items", "Total order items", "Sessions", "Page views", "Views", "Visits", "Visitors", "Clicks",
    "Impressions", "Quantity",
)
"""Metrics that are no money, whatever currency a file is in."""
_COUNTED = frozenset((
    "unit", "units", "piece", "pieces", "pcs", "quantity", "quantities", "qty", "orders", "items", "sessions", "clicks",
    "impressions", "views", "pageviews", "visits", "visitors", "customers", "buyers", "reviews", "stück", "menge",
    "bestellungen", "sitzungen", "klicks", "unités", "commandes", "unità", "ordini", "unidades", "pedidos", "stuks",
))
_PAID = frozenset((
    "revenue", "revenues", "sales", "turnover", "gmv", "cost", "costs", "cogs", "fee", "fees", "value", "amount",
    "amounts", "price", "prices", "spend", "spent", "tax", "taxes", "vat", "profit", "refund", "refunds", "income",
    "charge", "charges", "commission", "discount", "discounts", "credit", "credits", "money", "umsatz", "umsätze",
    "kosten", "gebühren", "preis", "wert", "betrag", "ventes", "frais", "coût", "coûts", "vendite", "costi", "ventas",
    "costes", "tarifas", "omzet",
))

DOWN_TO_CM3 = (NET_REVENUE, NET_COGS, CM1, *PLATFORM_FEES, UNSORTED, REIMBURSEMENTS, CM2, *ADVERTISING, CM3)
PROFIT_TREE = (*DOWN_TO_CM3, OVERHEADS, OPERATING_PROFIT)
"""The P&L in reading order."""

SPELLINGS = {
    NET_REVENUE: ("Net sales",),
    NET_UNITS: ("Net units sold",),
    NET_COGS: ("COGS", "Cost of goods sold"),
    "Referral fees": ("Referral fee", "Selling fees", "Commission"),
    "FBA fees": ("FBA fee", "Fulfillment fee", "Fulfillment fees", "Fulfilment fee", "Fulfilment fees"),
    "SEM costs": ("PPC", "Ad spend", "Advertising", "Sponsored ads"),
    "Promo fees": ("Promotions", "Coupons"),
    CM1: ("Contribution margin 1",),
    CM2: ("Contribution margin 2",),
    CM3: ("Contribution margin 3",),
}
"""A name -> what sellers' files call it beside that. Case and spaces never matter."""

_NAMES = {
    name_key(spelling): name
    for name in (*PROFIT_TREE, *UNITS, GROSS_SALES, *RETURNS) for spelling in (name, *SPELLINGS.get(name, ()))
}
FIXED = frozenset(_NAMES.values())
"""Names that no other spelling may take the place of."""
_RATIO_WORDS = frozenset((
    "acos", "tacos", "roi", "ratio", "rate", "average", "margin", "avg", "percent", "percentage", "pct", "prozent",
    "roas", "ctr", "cvr", "durchschnitt", "durchschnittlich", "moyenne", "promedio", "gemiddeld", "gemiddelde",
))
_REMARK = re.compile(r"(.*\S)\s*(?:\(([^()\[\]]*)\)|\[([^()\[\]]*)\])", re.DOTALL)


@dataclass(frozen=True)
class MetricText:
    """What a file calls a metric, understood: the name that it meets in, the remarks that stood in brackets behind it,
    and the code of the currency that one of them names (else None)."""

    name: str
    remarks: tuple[str, ...] = ()
    currency: str | None = None


def read_metric(text: str) -> MetricText:
    """`Cost of goods sold (ex VAT) [EUR]` -> Net COGS, with two remarks, in EUR; `net_revenue EUR` -> Net revenue, in
    EUR too."""
    name, remarks = tidy(text), []
    while match := _REMARK.fullmatch(name):
        name = match[1]
        remarks.insert(0, (match[2] if match[2] is not None else match[3]).strip())
    bare, _, last = name.rpartition(" ")
    if _name_of(bare) and (last in CODES or last in SIGNS):
        name = bare
        remarks.append(last)
    known = _name_of(name) or name
    codes = [remark.upper() for remark in remarks if remark.upper() in CODES]
    return MetricText(known, tuple(filter(None, remarks)), codes[0] if codes else None)


def _name_of(text: str) -> str | None:
    return _NAMES.get(name_key(text)) or _NAMES.get(name_key(text.replace("_", " ")))


def canonical_metric(text: str) -> str:
    """The name that a file's metric meets in; one that is not known is kept as it is written, tidied and without
    remarks in brackets."""
    return read_metric(text).name


def is_known_metric(name: str) -> bool:
    """Whether it is one of the names that spellings meet in, exactly."""
    return name in _NAMES.values()


def is_ratio(text: str) -> bool:
    """Whether a metric, as a file calls it, is a ratio, which nobody may sum: a % in it, or a word like ACoS or margin.
    Contribution margins 1 to 3 are amounts."""
    if "%" in text or "\uff05" in text:
        return True
    words = re.findall(r"[^\W\d_]+", name_key(text))
    return canonical_metric(text) not in (CM1, CM2, CM3) and not _RATIO_WORDS.isdisjoint(words)


def rise_of(metric: str) -> str:
    """Whether a rise of `metric` is `'good'` or `'bad'` news; `''` where nobody can say."""
    if metric in COSTS or metric in RETURNS:
        return "bad"
    return "good" if metric in PROFIT_TREE or metric in UNITS or metric == GROSS_SALES else ""


@functools.lru_cache(maxsize=2000)
def is_money(metric: str) -> bool:
    """Whether values of `metric` are amounts of currency. Units are not, nor is what files call `Total sessions` or
    `qty sold`; the cost of clicks is."""
    words = set(re.findall(r"[^\W\d_]+", name_key(metric)))
    return metric not in COUNTS and (words.isdisjoint(_COUNTED) or not words.isdisjoint(_PAID))
