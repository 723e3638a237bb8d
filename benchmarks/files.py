"""Files to import, as large as one likes."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import xlsxwriter

_PLACES = "['US', 'UK', 'DE', 'FR', 'IT', 'ES', 'IN']"
_METRICS = (
    "['Net units', 'Net revenue', 'Net COGS', 'CM1', 'Referral fees', 'FBA fees', 'Other platform fees', 'CM2', "
    "'Marketing', 'CM3']"
)
SETTLEMENT_HEADINGS = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "marketplace-name", "amount-type", "amount-description", "amount", "posted-date",
    "posted-date-time", "sku", "quantity-purchased",
)
_SETTLED = ("9001", "2025-01-24 08:00:00 UTC", "2025-02-07 08:00:00 UTC", "2025-02-09 08:00:00 UTC")
_EMPTY = "''"
WORKBOOK_METRICS, WORKBOOK_MONTHS = ("Net revenue", "Net units", "CM3"), 19


def write_long_file(path: Path, facts: int) -> None:
    """A long file of 10 metrics, 7 marketplaces, 36 months and as many products as it takes."""
    _write(path, f"""
        SELECT 'B0' || lpad((product * 7919)::VARCHAR, 8, '0') AS asin, 'Brand ' || (product % 40) AS brand,
            'Category ' || (product % 40 % 8) AS category, {_PLACES}[1 + place % 7] AS marketplace,
            {_METRICS}[1 + measure] AS metric,
            strftime(DATE '2023-01-01' + to_months(moment::INTEGER), '%Y-%m') AS month,
            ((hash(number) % 1000000) / 100)::DECIMAL(15,2) AS value
        FROM (SELECT number, number % 10 AS measure, number // 10 % 7 AS place, number // 70 % 36 AS moment,
                     number // 2520 AS product FROM range({facts}) numbers(number))""")


def write_correction(path: Path, facts: int, *, month: str, turn: int) -> None:
    """A long file of so many facts of one month; each `turn` gives the same keys other values."""
    _write(path, f"""
        SELECT 'B1' || lpad((number // 70 * 7919)::VARCHAR, 8, '0') AS asin,
            'Correction ' || (number // 70 % 40) AS brand, {_PLACES}[1 + number // 10 % 7] AS marketplace,
            {_METRICS}[1 + number % 10] AS metric, '{month}' AS month,
            ((hash(number + {turn}) % 1000000) / 100)::DECIMAL(15,2) AS value
        FROM range({facts}) numbers(number)""")


def write_settlement(path: Path, lines: int) -> None:
    """One settlement of two weeks over a month's end: orders of 2,000 SKUs, four lines each, and its deposit."""
    with duckdb.connect() as connection:
        connection.execute(f"""
            CREATE TABLE line AS
            SELECT number, ['Principal', 'Tax', 'Commission', 'FBAPerUnitFulfillmentFee'][1 + number % 4] AS words,
                ['ItemPrice', 'ItemPrice', 'ItemFees', 'ItemFees'][1 + number % 4] AS kind,
                (([2499, 200, -375, -512][1 + number % 4] + (number // 4 % 97) * (CASE WHEN number % 4 < 2 THEN 1
                    ELSE -1 END)) / 100)::DECIMAL(15,2) AS amount,
                TIMESTAMP '2025-01-24 08:00:00' + to_seconds(number * 1209000 // {lines}) AS moment
            FROM range({lines}) numbers(number)
        """)
        total = connection.execute("SELECT sum(amount) FROM line").fetchone()[0]
        known = {
            "settlement-id": "'9001'", "transaction-type": "'Order'",
            "order-id": "'111-' || lpad((number // 4)::VARCHAR, 7, '0') || '-0000001'",
            "marketplace-name": "'Amazon.com'", "amount-type": "kind", "amount-description": "words",
            "amount": "amount::VARCHAR", "posted-date": "strftime(moment, '%Y-%m-%d')",
            "posted-date-time": "strftime(moment, '%Y-%m-%d %H:%M:%S UTC')", "sku": "'SKU-' || (number // 4 % 2000)",
            "quantity-purchased": "'1'",
        }
        columns = ", ".join(f'{known.get(name, _EMPTY)} AS "{name}"' for name in SETTLEMENT_HEADINGS)
        body = path.with_suffix(".body")
        connection.execute(f"COPY (SELECT {columns} FROM line ORDER BY number) TO '{body}' "
                           "(FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '')")
    deposit = (*_SETTLED, str(total), "USD")
    with path.open("w", encoding="utf-8") as file, body.open(encoding="utf-8") as rest:
        for cells in (SETTLEMENT_HEADINGS, (*deposit, *("" for _ in SETTLEMENT_HEADINGS[len(deposit):]))):
            file.write("\t".join(cells) + "\n")
        while chunk := rest.read(2**20):
            file.write(chunk)
    body.unlink()



def write_workbook(path: Path, rows: int) -> None:
    """A wide sheet as a spreadsheet program writes it: ASIN, brand, marketplace, then a column per metric and month."""
    chance = random.Random(1)
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Figures")
    months = [f"{2023 + number // 12}-{number % 12 + 1:02}" for number in range(WORKBOOK_MONTHS)]
    names = [f"{metric} {month}" for metric in WORKBOOK_METRICS for month in months]
    sheet.write_row(0, 0, ["ASIN", "Brand", "MP", *names])
    numbers = [round(chance.uniform(-50, 900), 2) for _ in range(10_007)]
    for row in range(1, rows + 1):
        at = row * 61 % (len(numbers) - len(names))
        sheet.write_row(row, 0, [f"B0{row:08}", f"Brand {row % 40}", "US", *numbers[at : at + len(names)]])
    book.close()


def _write(path: Path, question: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({question}) TO '{path}' (HEADER)")
