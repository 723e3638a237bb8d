"""Amazon's reports: their names, and which of several that tell of the same sales counts."""

from __future__ import annotations

from dataclasses import dataclass

ORDERS = "amazon-orders"
SETTLEMENT = "amazon-settlement"
TRANSACTIONS = "amazon-transactions"
PAYMENTS = (TRANSACTIONS, SETTLEMENT)
"""Reports of payments, the one first that counts where both tell of as many days."""

ADVERTISING, STORAGE, BUSINESS, LISTINGS = "amazon-ads", "amazon-storage", "amazon-business", "amazon-listings"
LUMPS = {ADVERTISING: "advertising", STORAGE: "storage"}
"""Reports that tell by product what payments hold as a lump, and the lump's name."""

FROM_PAYMENTS, FROM_ORDERS = "payments", "orders"
SALES_FROM = (FROM_PAYMENTS, FROM_ORDERS)
"""Where sales are taken from, in a marketplace and month that has both."""

SOLD = ("Gross sales", "Gross units", "Returned units", "Promo fees")
"""Metrics that orders tell as well as payments do."""

ACCOUNT = "ACCOUNT"
"""The product that money without a product is booked on."""
ACCOUNT_NAME = "Not of one product"
"""What such a product is called."""


def is_account(asin: str) -> bool:
    """Whether it stands for no product: `ACCOUNT`, or `ACCOUNT-7`, what brand 7 pays as a whole."""
    return asin.partition("-")[0] == ACCOUNT


@dataclass(frozen=True)
class Choice:
    """Which report of a marketplace and month gives its sales, and which everything else; None for none."""

    sales: str | None
    rest: str | None


def choose(days: dict[str, int], sales_from: str) -> Choice:
    """Of one marketplace and month. `days` is report -> on how many days it has lines of the P&L."""
    paid = max(PAYMENTS, key=lambda report: days.get(report, 0))
    payments = paid if days.get(paid) else None
    orders = ORDERS if days.get(ORDERS) else None
    if sales_from == FROM_ORDERS:
        return Choice(orders or payments, payments or orders)
    return Choice(payments or orders, payments or orders)

CLOCKS = {
    "US": "America/Los_Angeles", "CA": "America/Los_Angeles", "MX": "America/Los_Angeles",
    "BR": "America/Sao_Paulo", "UK": "Europe/London", "IE": "Europe/London", "DE": "Europe/Berlin",
    "AT": "Europe/Berlin", "FR": "Europe/Berlin", "IT": "Europe/Berlin", "ES": "Europe/Berlin",
    "NL": "Europe/Berlin", "BE": "Europe/Berlin", "SE": "Europe/Berlin", "PL": "Europe/Berlin",
    "TR": "Europe/Istanbul", "AE": "Asia/Dubai", "SA": "Asia/Riyadh", "EG": "Africa/Cairo", "IN": "Asia/Kolkata",
    "JP": "Asia/Tokyo", "SG": "Asia/Singapore", "AU": "Australia/Sydney", "ZA": "Africa/Johannesburg",
}
"""Marketplace -> the zone of the clock by which Seller Central cuts its months."""

OFFSETS = {
    "": 0, "UTC": 0, "Z": 0, "GMT": 0, "WET": 0, "PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5,
    "EST": -5, "EDT": -4, "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "JST": 9, "IST": 5.5, "AEST": 10, "AEDT": 11, "SGT": 8, "BRT": -3, "TRT": 3, "GST": 4, "AST": 3, "SAST": 2,
}
"""Names of zones in Amazon's reports -> hours ahead of UTC. CST and IST are those of America and of India."""

OF_CURRENCY = {
    "GBP": "UK", "JPY": "JP", "INR": "IN", "AUD": "AU", "CAD": "CA", "MXN": "MX", "BRL": "BR", "SEK": "SE",
    "PLN": "PL", "TRY": "TR", "AED": "AE", "SAR": "SA", "EGP": "EG", "SGD": "SG", "ZAR": "ZA", "USD": "US",
}
"""Currency -> the one marketplace that has it. EUR is that of many."""

TAX_APART = ("US", "CA")
TAX_APART_CURRENCIES = ("USD", "CAD")
"""Marketplaces whose prices do not include tax, and their currencies."""
AUTO, ALWAYS, NEVER = "auto", "always", "never"


def includes_tax(marketplace: str, prices_include_tax: str) -> bool:
    """Whether prices of a marketplace include tax, by the setting `[amazon] prices_include_tax`."""
    return prices_include_tax == ALWAYS or (prices_include_tax == AUTO and marketplace not in TAX_APART)
