"""Amazon's reports that are not read: called by their names, with what to import instead.

Each is told by headings that no other report has. Names of headings are compared as everywhere: without regard
to case and spaces. """

from __future__ import annotations

from dataclasses import dataclass

from database.imports.head import Head

_ORDERS = "import the order report: Seller Central, Reports, Fulfilment, All Orders"
_PAYMENTS = "import the settlement report (V2, flat file) or the transactions: Seller Central, Payments, Reports"
_SALES = f"for sales and units {_ORDERS}"


@dataclass(frozen=True)
class KnownReport:
    """A report by its name, the headings that tell it (each set is one way), and what to do instead."""

    name: str
    headings: tuple[frozenset[str], ...]
    instead: str


def known_report(head: Head) -> KnownReport | None:
    """The report whose headings stand among the first records of a file, if there is one."""
    for record in head.records:
        keys = set(record.keys)
        for report in REPORTS:
            if any(headings <= keys for headings in report.headings):
                return report
    return None


def _report(name: str, *headings: str, instead: str) -> KnownReport:
    return KnownReport(name, tuple(frozenset(way.split("|")) for way in headings), instead)


REPORTS = (
    _report("fee preview", "fnsku|asin|amazon-store|your-price|longest-side",
            instead=f"it holds estimates; for what was charged {_PAYMENTS}"),
    _report("fulfilled shipments report", "amazon-order-id|shipment-id|shipment-item-id|quantity-shipped",
            instead=f"it holds shipments and no cancelled orders; {_ORDERS}"),
    _report("returns report", "return-date|order-id|fnsku|detailed-disposition", "order id|return request date",
            "order-id|return-request-date",
            instead=f"it holds pieces without amounts; for refunds {_PAYMENTS}"),
    _report("reimbursements report", "approval-date|reimbursement-id|reason",
            instead=f"payments hold what was reimbursed; {_PAYMENTS}"),
    _report("FBA inventory report", "fnsku|asin|afn-fulfillable-quantity", "snapshot-date|fnsku|available",
            "fnsku|asin|msku|event type", "seller-sku|fulfillment-channel-sku|quantity available",
            instead=f"stock has no place on the pages; {_SALES}"),
    _report("deferred transactions report", "transaction status|transaction type|order id|total product charges",
            "date|transaction type|order id|total product charges",
            instead=f"it holds what is not paid yet; {_PAYMENTS}"),
    _report("settlement report of the first version (V1)",
            "settlement-id|price-type|price-amount|item-related-fee-type", instead=_PAYMENTS),
    _report("VAT transactions report", "unique_account_identifier|activity_period|transaction_type",
            "marketplace id|merchant id|order date|tax calculation reason code", instead=_SALES),
)
