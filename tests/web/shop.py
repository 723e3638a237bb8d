"""A small shop for tests of what is taken out of pages: names that spreadsheets would run, losses, gaps."""

from __future__ import annotations

import datetime
from decimal import Decimal

from database import schema

TODAY = datetime.date(2025, 11, 22)

ROWS = [
    (1, 1, 5, "US", "2024-10", "Net revenue", "1000000.00"),
    (1, 1, 5, "US", "2024-10", "Net COGS", "400000.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "1234567.89"),
    (1, 1, 5, "US", "2025-10", "Net units", "4321.00"),
    (1, 1, 5, "US", "2025-10", "Net COGS", "500000.00"),
    (1, 1, 5, "US", "2025-10", "CM1", "734567.89"),
    (1, 1, 5, "US", "2025-10", "CM2", "400000.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "271604.94"),
    (1, 1, 5, "US", "2025-10", "Marketing", "128395.06"),
    (2, 2, 6, "DE", "2025-09", "Net revenue", "500000.11"),
    (2, 2, 6, "DE", "2025-09", "CM3", "-20000.00"),
    (2, 2, 6, "DE", "2025-09", "Net units", "0.50"),
    (3, 0, 0, "DE", "2025-09", "Net revenue", "0.50"),
    (4, 3, 6, "UK", "2025-08", "Net revenue", "-7.25"),
]
LINES = {
    schema.summary_settlement: [{
        "settlement_id": "28400001001", "import_id": 3, "marketplace": "US", "currency": "USD",
        "starts_at": datetime.datetime(2025, 9, 24), "ends_at": datetime.datetime(2025, 10, 8),
        "deposited_at": datetime.datetime(2025, 10, 10), "total": Decimal("81.50"), "pnl": Decimal("90.00"),
        "tax": Decimal("0.00"), "cash": Decimal("-5.25"), "unsorted": Decimal("-3.25"), "line_count": 5,
    }],
    schema.summary_kind: [
        {"kind_id": number, "report": "amazon-settlement", "transaction_type": kind, "amount_type": amount_type,
         "description": words, "place": place, "is_told": False}
        for number, kind, amount_type, words, place in (
            (1, "Order", "ItemPrice", "=Principal", "Gross sales"), (2, "Order", "ItemFees", "Commission",
                                                                    "Referral fees"),
            (3, "other-transaction", "other-transaction", "Current Reserve Amount", "cash"),
            (4, "other-transaction", "other-transaction", "Quantum <levy>", "Unsorted Amazon amounts"),
        )
    ],
    schema.summary_amount: [
        {"report": "amazon-settlement", "settlement_id": "28400001001", "marketplace": "US",
         "month": datetime.date(2025, month, 1), "kind_id": kind, "currency": "USD", "line_count": 1,
         "amount": Decimal(amount)}
        for kind, month, amount in (
            (1, 9, "60.00"), (1, 10, "45.00"), (2, 10, "-15.00"), (3, 10, "-5.25"), (4, 10, "-3.25"),
        )
    ],
    schema.summary_report: [
        {"marketplace": "US", "month": datetime.date(2025, 10, 1), "report": "amazon-settlement",
         "metric": "Gross sales", "currency": "USD", "counts": False, "line_count": 1, "value": Decimal("45.00")},
    ],
    schema.summary_unknown_sku: [
        {"sku": "=SKU", "marketplace": "US", "line_count": 2, "first_day": datetime.date(2025, 9, 30),
         "last_day": datetime.date(2025, 10, 2)},
    ],
}
"""What its generation tells of lines of Amazon's reports: one settlement, explained, with something to sort."""

NAMES = {
    "brands": {1: "Alder <& Ash>", 2: "=HYPERLINK(\"http://x\";\"y\")", 3: "Ünïcødé, \"quoted\""},
    "categories": {5: "Toys", 6: "+Games"},
    "marketplaces": {"US": "United States", "DE": "Germany", "UK": "United Kingdom"},
    "products": [
        {"id": 1, "asin": "B000000001", "name": "Block, red", "brand_id": 1, "status": "Active"},
        {"id": 2, "asin": "=2+3", "name": "-Block, \"green\"", "brand_id": 2},
        {"id": 3, "asin": "B000000003"},
    ],
    "lines": LINES,
}
