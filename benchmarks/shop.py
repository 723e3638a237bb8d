"""The shop that is measured: few products sell, many are listed; the same seed gives the same facts."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

from database.demo.shape import METRICS, DemoShape

THROUGH = datetime.date(2025, 12, 31)
FACTS_PER_GROUP = 24
"""68 million facts are 2.8 million groups of product, marketplace, month and metric."""
TEN_METRICS = tuple(name for name in METRICS if name != "Other platform fees")


def shop_of(facts: int) -> DemoShape:
    """4,000 selling products of 43,706, 487 brands, 9 categories, 7 marketplaces, 36 months, 10 metrics."""
    return DemoShape(
        through=THROUGH, facts=facts, seed=68, brands=487, categories=9, products=43_706, selling=4_000, months=36,
        metrics=TEN_METRICS, facts_per_group=FACTS_PER_GROUP,
    )


COLUMNS = "asin, brand, category, marketplace, metric, month, value"


def write_long_file(path: Path, facts: int) -> None:
    """A long file of 10 metrics, 7 marketplaces, 36 months and as many products as it takes."""
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (
                SELECT 'B0' || lpad((product * 7919)::VARCHAR, 8, '0') AS asin, 'Brand ' || (product % 40) AS brand,
                    'Category ' || (product % 40 % 8) AS category,
                    ['US', 'UK', 'DE', 'FR', 'IT', 'ES', 'IN'][1 + place % 7] AS marketplace,
                    ['Net units', 'Net revenue', 'Net COGS', 'CM1', 'Referral fees', 'FBA fees', 'Other platform fees',
                     'CM2', 'Marketing', 'CM3'][1 + measure] AS metric,
                    strftime(DATE '2023-01-01' + to_months(moment::INTEGER), '%Y-%m') AS month,
                    ((hash(number) % 1000000) / 100)::DECIMAL(15,2) AS value
                FROM (SELECT number, number % 10 AS measure, number // 10 % 7 AS place, number // 70 % 36 AS moment,
                             number // 2520 AS product FROM range({facts}) numbers(number))
            ) TO '{path}' (HEADER)
        """)


def write_correction(path: Path, facts: int, *, month: str, turn: int) -> None:
    """A long file of so many facts of one month; each `turn` gives the same keys other values."""
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (
                SELECT 'B1' || lpad((number // 70 * 7919)::VARCHAR, 8, '0') AS asin,
                    'Correction ' || (number // 70 % 40) AS brand,
                    ['US', 'UK', 'DE', 'FR', 'IT', 'ES', 'IN'][1 + number // 10 % 7] AS marketplace,
                    ['Net units', 'Net revenue', 'Net COGS', 'CM1', 'Referral fees', 'FBA fees', 'Other platform fees',
                     'CM2', 'Marketing', 'CM3'][1 + number % 10] AS metric,
                    '{month}' AS month,
                    ((hash(number + {turn}) % 1000000) / 100)::DECIMAL(15,2) AS value
                FROM range({facts}) numbers(number)
            ) TO '{path}' (HEADER)
        """)
