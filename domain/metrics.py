"""The metrics of an Amazon P&L: their names, how they add up, how files spell them.

Facts hold costs as positive amounts. Net revenue − Net COGS = CM1; CM1 − platform fees = CM2;
CM2 − advertising = CM3. Metrics outside this tree are kept and offered everywhere else.
"""

from __future__ import annotations

NET_REVENUE = "Net revenue"
NET_UNITS = "Net units"
NET_COGS = "Net COGS"
CM1 = "CM1"
CM2 = "CM2"
CM3 = "CM3"

PLATFORM_FEES = ("Referral fees", "FBA fees", "Other platform fees")
ADVERTISING = ("Marketing", "SEM costs", "Promo fees")

COSTS = (NET_COGS, *PLATFORM_FEES, *ADVERTISING)
"""Metrics whose rise is bad news."""

GROSS_SALES = "Gross sales"
RETURNS = ("Returned units", "Returns")

UNITS = (NET_UNITS, "Gross units", "Returned units")
"""Metrics that count pieces, not money."""

PROFIT_TREE = (NET_REVENUE, NET_COGS, CM1, *PLATFORM_FEES, CM2, *ADVERTISING, CM3)
"""The P&L in reading order."""

SPELLINGS = {
    "COGS": NET_COGS,
    "Net Units": NET_UNITS,
    "Net Revenue": NET_REVENUE,
    "Fulfillment Fee": "FBA fees",
    "Referral Fees": "Referral fees",
}
"""Other spellings in sellers' files -> the one name they meet in."""


def canonical_metric(heading: str) -> str:
    """The name a file's metric heading meets in; any unknown heading is kept as it is written."""
    return SPELLINGS.get(heading, heading)


def rise_of(metric: str) -> str:
    """Whether a rise of `metric` is `'good'` or `'bad'` news; `''` where nobody can say."""
    if metric in COSTS or metric in RETURNS:
        return "bad"
    return "good" if metric in PROFIT_TREE or metric in UNITS or metric == GROSS_SALES else ""


def is_money(metric: str) -> bool:
    """Whether values of `metric` are amounts of currency (units are not)."""
    return metric not in UNITS
