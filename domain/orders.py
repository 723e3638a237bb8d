"""What became of a line of an order report, and which metrics its amounts go into."""

from __future__ import annotations

from domain.spelling import name_key

SOLD, CANCELLED, RETURNED, PENDING = "sold", "cancelled", "returned", "pending"
FATES = (SOLD, CANCELLED, RETURNED, PENDING)

_CANCELLED = (
    "cancelled", "canceled", "storniert", "annulé", "annulée", "annullato", "annullata", "cancellato", "cancelado",
    "cancelada", "geannuleerd", "anulowane", "anulowano", "anulowany", "avbeställd", "avbruten", "annullerad",
    "inställd", "makulerad", "キャンセル", "キャンセル済み", "unfulfillable",
)
"""English, German, French, Italian, Spanish, Dutch, Polish, Swedish, Japanese."""
_SOLD = ("shipped", "shipping", "unshipped", "partiallyshipped", "partially shipped", "invoiceunconfirmed", "complete")

PRICES = ("item-price", "shipping-price", "gift-wrap-price")
TAXES = ("item-tax", "shipping-tax", "gift-wrap-tax")
PROMOTIONS = ("item-promotion-discount", "ship-promotion-discount")
AMOUNTS = (*PRICES, *TAXES, *PROMOTIONS)
"""Columns of amounts, as Amazon heads them."""


def is_cancelled(status: str) -> bool:
    """Whether a status, of the order or of the item, says that nothing was sold."""
    return name_key(status) in _CANCELLED


def fate_of(status: str) -> str | None:
    """What became of a line by its order's status; None if nobody can tell."""
    key = name_key(status)
    if key in _CANCELLED:
        return CANCELLED
    if key.startswith("pending"):
        return PENDING
    if "return" in key or "reject" in key:
        return RETURNED
    if key in _SOLD or key.startswith(("shipped -", "shipped-", "shipped –")):
        return SOLD
    return None
