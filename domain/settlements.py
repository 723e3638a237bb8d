"""What each amount of an Amazon settlement is: a line of the P&L, tax, cash, or not sorted yet.

Amazon publishes no list of its descriptions. So the rules name what is known, from the top; whatever fits none of
them is still taken, as an unsorted amount, until somebody says what it is.
Source: Amazon's settlement reports V2 (flat file), as sellers download them from Seller Central.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from domain.metrics import GROSS_SALES, REIMBURSEMENTS, UNSORTED

ADVERTISED = "SEM costs"
TAX = "tax"
CASH = "cash"
NOTHING = "nothing"
"""Places that are no line of the P&L: what is passed on to the state; what is carried from one settlement to the next
or paid out; what never happened, such as a cancelled order."""

INCOME = (GROSS_SALES, REIMBURSEMENTS)
"""Metrics whose amounts have Amazon's sign. Facts hold all others as costs: Amazon writes them negative."""

PLACES = (
    GROSS_SALES, "Returns", "Promo fees", "Referral fees", "FBA fees", "Other platform fees", "SEM costs",
    REIMBURSEMENTS, TAX, CASH,
)
"""Where a person may put what the rules do not know."""


@dataclass(frozen=True, order=True)
class Amount:
    """What tells an amount's kind: Amazon's own words, without the blanks around them."""

    transaction_type: str
    amount_type: str
    description: str


Condition = Callable[[Amount], bool]


def _words(*names: str) -> Condition:
    """The description is one of these. A name that ends in … may go on, one with … in it has anything there."""
    pattern = "|".join(re.escape(name).replace("…", ".*") for name in names)
    found = re.compile(pattern, re.IGNORECASE)
    return lambda amount: found.fullmatch(amount.description) is not None


def _of_type(*kinds: str) -> Condition:
    wanted = {kind.casefold() for kind in kinds}
    return lambda amount: amount.amount_type.casefold() in wanted


def _in(*transactions: str) -> Condition:
    wanted = {name.casefold() for name in transactions}
    return lambda amount: amount.transaction_type.casefold() in wanted


def _all(*conditions: Condition) -> Condition:
    return lambda amount: all(condition(amount) for condition in conditions)


def _names_advertising(amount: Amount) -> bool:
    words = f"{amount.transaction_type} {amount.amount_type} {amount.description}".casefold()
    return "advertising" in words


_REFUNDS = ("Refund", "Chargeback Refund", "A-to-z Guarantee Refund")
_SALES = ("Principal", "Shipping", "GiftWrap")

RULES: tuple[tuple[Condition, str], ...] = (
    (_all(_in("Liquidations"), _words("Principal")), GROSS_SALES),
    (_all(_in("Order"), _of_type("ItemPrice"), _words(*_SALES)), GROSS_SALES),
    (_all(_in(*_REFUNDS), _of_type("ItemPrice"), _words(*_SALES, "Goodwill", "RestockingFee")), "Returns"),
    (_all(_of_type("ItemPrice"), _words("Tax", "ShippingTax", "GiftWrapTax")), TAX),
    (_of_type("ItemWithheldTax", "ItemTCS", "ItemTDS"), TAX),
    (_all(_of_type("ItemFees"), _words("MarketplaceFacilitator…", "LowValueGoodsTax…", "TCS-…", "TDS…")), TAX),
    (_all(_of_type("Promotion"), _words("TaxDiscount")), TAX),
    (_of_type("Promotion"), "Promo fees"),
    (_all(_of_type("ItemFees"), _words(
        "Commission", "RefundCommission", "VariableClosingFee", "FixedClosingFee", "DigitalServicesFee",
        "SalesTaxServiceFee",
    )), "Referral fees"),
    (_words("FBA Inventory Reimbursement - …"), REIMBURSEMENTS),
    (_words("FBA…Fee"), "FBA fees"),
    (_words(
        "ShippingChargeback", "GiftwrapChargeback", "ShippingHB", "ReturnShipping", "Storage Fee",
        "StorageRenewalBilling", "LowInventoryLevelFee", "Subscription Fee", "DisposalComplete", "RemovalComplete",
        "LightningDealFee…", "Manual Processing Fee", "Shipping label purchase", "ShippingServices",
        "NonSubscriptionFeeAdj",
    ), "Other platform fees"),
    (_of_type("Cost of Advertising"), "SEM costs"),
    (_all(_of_type("other-transaction"), _words("TransactionTotalAmount"), _names_advertising), "SEM costs"),
    (_words(
        "WAREHOUSE_DAMAGE", "WAREHOUSE_DAMAGE_EXCEPTION", "WAREHOUSE_LOST", "MISSING_FROM_INBOUND",
        "REVERSAL_REIMBURSEMENT", "CS_ERROR_ITEMS", "REMOVAL_ORDER_DAMAGED", "MULTICHANNEL_ORDER_…",
        "INCORRECT_FEES_…", "Refund Reimbursal", "…Reimbursement",
    ), REIMBURSEMENTS),
    (_words(
        "Current Reserve Amount", "Previous Reserve Amount Balance", "Failed Disbursement", "Transfer",
        "Payable to Amazon", "Successful charge", "BalanceAdjustment", "Debt…", "Amazon Capital Services",
    ), CASH),
)
"""From the top: the first that fits tells the place."""


def place_of(amount: Amount) -> str:
    """The metric an amount belongs to, `TAX` or `CASH`; `UNSORTED` where no rule knows it."""
    return next((place for fits, place in RULES if fits(amount)), UNSORTED)


def sign_of(place: str) -> int:
    """What an amount of Amazon's is multiplied with to be a fact: costs are positive there."""
    return 1 if place in INCOME else -1


def counts_units(amount: Amount) -> bool:
    """Whether the line's quantity counts: Amazon repeats it on every line of the item."""
    return _SOLD(amount)


_SOLD = _all(_in("Order"), _of_type("ItemPrice"), _words("Principal"))


def lump_of(amount: Amount) -> str:
    """`advertising` or `storage` for an amount that a report of Amazon's tells by product; '' for all others."""
    if place_of(amount) == ADVERTISED:
        return "advertising"
    return "storage" if _STORAGE(amount) else ""


_STORAGE = _words("Storage Fee", "StorageRenewalBilling")
