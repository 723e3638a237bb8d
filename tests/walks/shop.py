"""The seller whose pages are walked through: three months of Amazon's reports, and the history before them as one file.

Every figure is counted here or by `database/demo`, without the program that shows it.
"""

from __future__ import annotations

import csv
import datetime
import statistics
from collections import Counter
from decimal import Decimal
from pathlib import Path

from database import migrations
from database.demo.amazon_reports import write_reports
from database.demo.made_up_seller import PRODUCTS
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done
from database.people import users
from database.people.passwords import hash_password
from database.summaries.refresh import refresh
from domain.months import add_months, format_month
from domain.people import ADMIN, ANALYST, VIEWER
from tests.browser.conftest import PASSWORD

TODAY = datetime.date(2026, 11, 21)
FIRST, REPORTED = datetime.date(2025, 1, 1), datetime.date(2026, 8, 1)
"""The history begins, and the reports do."""
MARCH = datetime.date(2026, 3, 1)
GRINDERS, CUPS = "Grindwell", "Little Cup"
BRANDS = {each.asin: CUPS if "CUPS" in each.sku or "TAMPER" in each.sku else GRINDERS for each in PRODUCTS}
FOUNDER, MANAGER, FINANCE, OPERATOR = "frieda", "milan", "aisha", "olga"
ROLES = {FOUNDER: VIEWER, MANAGER: VIEWER, FINANCE: ANALYST, OPERATOR: ADMIN}
CORRECTED = Decimal("80.00")
"""So much more was spent on clicks for the cups in July 2026 than the first file said."""

Sums = Counter[tuple[str, datetime.date, str]]
"""(ASIN or ACCOUNT, month, metric) -> value."""


def history() -> Sums:
    """Whole P&Ls before the reports: a quarter more is sold each year, and the clicks of one March cost five times as
    much."""
    sums: Sums = Counter()
    months = [add_months(FIRST, number) for number in range(30) if add_months(FIRST, number) < REPORTED]
    for number, month in enumerate(months):
        for place, product in enumerate(PRODUCTS):
            units = (14 + 5 * place % 9 + (month.month % 5)) * (100 + 25 * (number // 12)) // 100
            revenue = Decimal(units * product.price).scaleb(-2)
            clicks = Decimal(units) * (5 if month == MARCH else 1)
            parts = {
                "Net units": Decimal(units), "Net revenue": revenue,
                "Net COGS": units * (product.cost or Decimal(4)).quantize(Decimal("0.01")),
                "Referral fees": (revenue * 15).quantize(Decimal(1)) / 100,
                "FBA fees": Decimal(units * product.fulfilment).scaleb(-2), "SEM costs": clicks,
            }
            parts["CM1"] = parts["Net revenue"] - parts["Net COGS"]
            parts["CM2"] = parts["CM1"] - parts["Referral fees"] - parts["FBA fees"]
            parts["CM3"] = parts["CM2"] - parts["SEM costs"]
            sums.update({(product.asin, month, metric): value for metric, value in parts.items()})
    return sums


def estimate_of_november(folder: Path) -> Decimal:
    """Net revenue of the month in progress: what had come by the 20th, by the part of a month that had come as far into
    it, the middle one of three; of the days of the settlements that `fill` imported from `folder`."""
    by_day: Counter[datetime.date] = Counter()
    for path in sorted((folder / "trial" / "reports").glob("settlement_*.txt")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if (row["amount-type"], row["amount-description"]) == ("ItemPrice", "Principal"):
                    by_day[datetime.date.fromisoformat(row["posted-date"])] += Decimal(row["amount"])
    parts = []
    for month in (add_months(TODAY.replace(day=1), -back) for back in (1, 2, 3)):
        days = [by_day[month + datetime.timedelta(day)] for day in range((add_months(month, 1) - month).days)]
        whole, rest = divmod(Decimal(20 * len(days)) / 30, 1)
        parts.append((sum(days[: int(whole)]) + rest * days[int(whole)]) / sum(days))
    with (folder / "trial" / "reports" / "orders.txt").open(encoding="utf-8", newline="") as file:
        so_far = sum(
            Decimal(row["item-price"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["purchase-date"].startswith(f"{TODAY:%Y-%m}") and row["order-status"] != "Cancelled"
        )
    return so_far / statistics.median(parts)


def fill(store: Store, folder: Path) -> Sums:
    """Imports everything as the operator would, corrects one month, refreshes; what all figures come to."""
    migrations.upgrade(store)
    sums, cups = history(), PRODUCTS[5].asin
    _write(folder / "history.csv", sums)
    july = add_months(REPORTED, -1)
    for metric, sign in (("SEM costs", 1), ("CM3", -1)):
        sums[cups, july, metric] += sign * CORRECTED
    of_july = {key: value for key, value in sums.items() if key[:2] == (cups, july)}
    _write(folder / "july, corrected.csv", Counter(of_july))
    written = write_reports(folder / "trial", seed=1, today=TODAY)
    with written.sums.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            month = datetime.date.fromisoformat(f"{row['month']}-01")
            sums[row["asin"], month, row["metric"]] += Decimal(row["value"])
    _add_people(store)
    _import(store, [folder / "history.csv", *written.reports], by=OPERATOR)
    refresh(store)
    _import(store, [folder / "july, corrected.csv"], by=FINANCE)
    refresh(store)
    return sums


def _write(path: Path, sums: Sums) -> None:
    names = {each.asin: each.name for each in PRODUCTS}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["asin", "product name", "brand", "category", "marketplace", "metric", "month", "value"])
        for (asin, month, metric), value in sums.items():
            rows.writerow([asin, names[asin], BRANDS[asin], "Kitchen", "US", metric, format_month(month), value])


def _import(store: Store, paths: list[Path], *, by: str) -> None:
    with store.lock("walks"):
        for path in paths:
            tell_done(store, import_file(store, path, ImportOptions()), user_name=by)


def _add_people(store: Store) -> None:
    hashed = hash_password(PASSWORD)
    with store.application.begin() as connection:
        for name, role in ROLES.items():
            users.add_user(connection, name=name, role=role, password_hash=hashed)
