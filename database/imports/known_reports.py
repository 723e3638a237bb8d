"""Amazon's reports that are not read: called by their names, with what to import instead.

Each is told by headings that no other report has. Names of headings are compared as everywhere: without regard
to case and spaces. Those of the transactions are in every language that Seller Central writes them in.
"""

from __future__ import annotations

from dataclasses import dataclass

from database.imports.head import Head

_ORDERS = "import the order report: Seller Central, Reports, Fulfilment, All Orders"
_FEES = "fees that were charged can be imported as a long or wide file, metrics FBA fees and Referral fees"
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


_TRANSACTIONS = (
    "date/time|settlement id|type|total", "datum/uhrzeit|abrechnungsnummer|typ|gesamt",
    "date/heure|numéro de versement|type|total", "data/ora:|numero pagamento|tipo|totale",
    "data/ora|numero pagamento|tipo|totale", "fecha y hora|identificador de pago|tipo|total",
    "fecha/hora|id. de liquidación|tipo|total", "datum/tijd|schikkings-id|type|totaal",
    "日付/時間|決済番号|トランザクションの種類|合計", "datum/tid|reglerings-id|typ",
    "data/godzina|identyfikator rozliczenia|typ",
)

REPORTS = (
    _report("fee preview", "fnsku|asin|amazon-store|your-price|longest-side", instead=f"it holds estimates; {_FEES}"),
    _report("fulfilled shipments report", "amazon-order-id|shipment-id|shipment-item-id|quantity-shipped",
            instead=f"it holds shipments and no cancelled orders; {_ORDERS}"),
    _report("returns report", "return-date|order-id|fnsku|detailed-disposition", "order id|return request date",
            "order-id|return-request-date",
            instead="what came back can be imported as a long or wide file, metrics Returned units and Returns"),
    _report("reimbursements report", "approval-date|reimbursement-id|reason",
            instead="amounts can be imported as a long or wide file, metric Reimbursements"),
    _report("FBA inventory report", "fnsku|asin|afn-fulfillable-quantity", "snapshot-date|fnsku|available",
            "fnsku|asin|msku|event type", "seller-sku|fulfillment-channel-sku|quantity available",
            instead=f"stock has no place on the pages; {_SALES}"),
    _report("deferred transactions report", "transaction status|transaction type|order id|total product charges",
            "date|transaction type|order id|total product charges", instead=_SALES),
    _report("settlement report of the first version (V1)",
            "settlement-id|price-type|price-amount|item-related-fee-type", instead=_SALES),
    _report("VAT transactions report", "unique_account_identifier|activity_period|transaction_type",
            "marketplace id|merchant id|order date|tax calculation reason code", instead=_SALES),
    _report("settlement report", "settlement-id|amount-type|amount-description|amount",
            instead=f"it is not read yet; {_SALES}; {_FEES}"),
    _report("transactions report", *_TRANSACTIONS, instead=f"it is not read yet; {_SALES}; {_FEES}"),
    _report("advertising report", "advertised asin|spend", "advertised sku|spend",
            instead="it is not read yet; what was spent can be imported as a long or wide file, metric SEM costs"),
    _report("business report", "(child) asin|units ordered|ordered product sales",
            "(parent) asin|units ordered|ordered product sales", instead=f"it is not read yet; {_SALES}"),
    _report("storage fees report", "month_of_charge|estimated_monthly_storage_fee",
            instead="it is not read yet; fees can be imported as a long or wide file, metric Other platform fees"),
    _report("listings report", "seller-sku|asin1",
            instead="it is not read yet; flask products takes a CSV file asin, name, brand, category, status"),
)
