"""How long a large workbook takes: 200,000 rows of 60 columns, whole process, peak memory.

    python3 benchmarks/workbook_speed.py --rows 200000

A product's figures of three metrics and nineteen months stand in each row, as a spreadsheet program writes them.
Nothing that exists is touched.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.import_speed import import_seconds, run  # noqa: E402
from settings import DatabaseSettings, Settings  # noqa: E402
from tests.conftest import embedded_settings  # noqa: E402

METRICS, MONTHS = ("Net revenue", "Net units", "CM3"), 19
WANTED = 60
"""Seconds, at most."""


def main() -> None:
    """Writes the workbook, takes it in and prints how long it took."""
    run("rows", "figures.xlsx", write_workbook, {"embedded": measure}, about=__doc__)


def write_workbook(path: Path, rows: int) -> None:
    """A wide sheet: ASIN, brand, marketplace, then a column per metric and month."""
    chance = random.Random(1)
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Figures")
    months = [f"{2023 + number // 12}-{number % 12 + 1:02}" for number in range(MONTHS)]
    sheet.write_row(0, 0, ["ASIN", "Brand", "MP", *(f"{metric} {month}" for metric in METRICS for month in months)])
    numbers = [round(chance.uniform(-50, 900), 2) for _ in range(10_007)]
    columns = len(METRICS) * MONTHS
    for row in range(1, rows + 1):
        at = row * 61 % (len(numbers) - columns)
        sheet.write_row(row, 0, [f"B0{row:08}", f"Brand {row % 40}", "US", *numbers[at : at + columns]])
    book.close()


def measure(folder: Path, path: Path, rows: int) -> None:
    """flask import into an empty embedded store."""
    database = DatabaseSettings(engine="embedded", path=embedded_settings(folder).database.path)
    seconds = import_seconds(Settings(database=database), path, rows)
    print(f"{seconds:.1f} s; wanted {WANTED} s: {'yes' if seconds <= WANTED else 'no'}")


if __name__ == "__main__":
    main()
