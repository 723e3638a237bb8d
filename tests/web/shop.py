"""A small shop for tests of what is taken out of pages: names that spreadsheets would run, losses, gaps."""

from __future__ import annotations

import datetime

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
NAMES = {
    "brands": {1: "Alder <& Ash>", 2: "=HYPERLINK(\"http://x\";\"y\")", 3: "Ünïcødé, \"quoted\""},
    "categories": {5: "Toys", 6: "+Games"},
    "marketplaces": {"US": "United States", "DE": "Germany", "UK": "United Kingdom"},
    "products": [
        {"id": 1, "asin": "B000000001", "name": "Block, red", "brand_id": 1, "status": "Active"},
        {"id": 2, "asin": "=2+3", "name": "-Block, \"green\"", "brand_id": 2},
        {"id": 3, "asin": "B000000003"},
    ],
}
