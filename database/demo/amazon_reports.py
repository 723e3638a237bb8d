"""A matching set of small Amazon reports of a made-up seller, and the sums that they must give."""

from __future__ import annotations

import csv
import datetime
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from database.demo.made_up_seller import (
    DAY,
    MONTHS,
    PIECES,
    PRODUCTS,
    TAX,
    Line,
    Seller,
    ad_sales,
    cost_of,
    happen,
    impressions,
    part_of,
)
from domain.months import add_months, format_month, month_of

MARKETPLACE = "US"
PERIOD = 14 * DAY
"""Amazon settles every two weeks."""


@dataclass(frozen=True)
class WrittenReports:
    """What was written: the reports, and the file of their sums."""

    reports: tuple[Path, ...]
    sums: Path
    months: tuple[datetime.date, ...]


def write_reports(folder: Path, *, seed: int, today: datetime.date) -> WrittenReports:
    """Writes the reports of the three months before `today`'s, with the orders since, into `folder`/reports, and
    `folder`/sums.csv: asin, marketplace, metric, month, value. Same seed and day, same files. Raises FileExistsError or
    another OSError."""
    months = [add_months(month_of(today), -back) for back in range(MONTHS, 0, -1)]
    seller = happen(random.Random(seed), months, today)
    reports = folder / "reports"
    reports.mkdir(parents=True)
    texts = {
        "listings.txt": _tabs(_listings()), "orders.txt": _tabs(_orders(seller)), "costs.csv": _commas(_costs(seller)),
        "advertising.csv": _commas(_advertising(seller)), "storage.csv": _commas(_storage(seller)),
    }
    for number, rows in enumerate(_settlements(seller), 1):
        texts[f"settlement_{number}.txt"] = _tabs(rows)
    for name, text in texts.items():
        (reports / name).write_text(text, encoding="utf-8", newline="")
    sums = folder / "sums.csv"
    sums.write_text(_commas(_sums(seller)), encoding="utf-8", newline="")
    return WrittenReports(tuple(reports / name for name in sorted(texts)), sums, tuple(seller.months))


def _sums(seller: Seller) -> Iterator[list[str]]:
    yield ["asin", "marketplace", "metric", "month", "value"]
    for (name, month, metric), value in sorted(seller.sums.items()):
        if value:
            pieces = metric in PIECES
            yield [name, MARKETPLACE, metric, format_month(month), f"{value}.00" if pieces else _money(value)]


def _listings() -> Iterator[list[str]]:
    yield ["item-name", "listing-id", "seller-sku", "price", "quantity", "open-date", "asin1", "fulfillment-channel",
           "status"]
    for number, each in enumerate(PRODUCTS, 1):
        yield [each.name, f"L{number:04}", each.sku, _money(each.price), "", "2024-01-01 00:00:00 PST", each.asin,
               "AMAZON_NA", "Active"]


def _costs(seller: Seller) -> Iterator[list[str]]:
    yield ["asin", "marketplace", "valid from", "unit cost"]
    for each in PRODUCTS:
        if each.cost is not None:
            yield [each.asin, "", format_month(seller.months[0]), str(each.cost)]
    dearer = cost_of(seller, PRODUCTS[0].asin, seller.months[-1])
    yield [PRODUCTS[0].asin, "", format_month(seller.months[-1]), str(dearer)]


def _orders(seller: Seller) -> Iterator[list[str]]:
    yield ["amazon-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
           "sales-channel", "product-name", "sku", "asin", "item-status", "quantity", "currency", "item-price",
           "item-tax", "item-promotion-discount"]
    for order in seller.orders:
        product, status = order.product, "Cancelled" if order.is_cancelled else "Shipped"
        sold = ["", "", ""] if order.is_cancelled else [
            _money(order.price), _money(part_of(order.price, TAX)), _money(order.promotion) if order.promotion else "",
        ]
        yield [
            order.number, f"{order.moment.isoformat()}+00:00", f"{(order.moment + DAY).isoformat()}+00:00", status,
            "Amazon", "Amazon.com", product.name, product.sku, product.asin, status,
            str(0 if order.is_cancelled else order.units), "" if order.is_cancelled else "USD", *sold,
        ]


def _advertising(seller: Seller) -> Iterator[list[str]]:
    yield ["Date", "Portfolio name", "Currency", "Campaign Name", "Ad Group Name", "Advertised SKU", "Advertised ASIN",
           "Impressions", "Clicks", "Spend", "7 Day Total Sales "]
    for day, product, clicks, cents in seller.advertising:
        yield [f"{day:%b %d, %Y}", "", "USD", f"Auto {product.sku}", "ad group 1", product.sku, product.asin,
               str(impressions(clicks)), str(clicks), f"${_money(cents)}", f"${_money(ad_sales(product, clicks))}"]


def _storage(seller: Seller) -> Iterator[list[str]]:
    yield ["asin", "fnsku", "product_name", "fulfillment_center", "country_code", "month_of_charge", "currency",
           "estimated_monthly_storage_fee"]
    for (month, product), fee in seller.storage.items():
        # Two warehouses, whose parts are rounded together.
        for warehouse, part in (("ABE2", fee - Decimal("0.3333")), ("LAX9", Decimal("0.3333"))):
            yield [product.asin, f"X{product.asin[1:]}", product.name, warehouse, "US", format_month(month), "USD",
                   str(part)]


SETTLEMENT = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name",
    "amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time",
    "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
)


def _settlements(seller: Seller) -> Iterator[list[list[str]]]:
    """The rows of each, headings first."""
    start, end = (datetime.datetime.combine(day, datetime.time()) for day in
                  (seller.months[0], add_months(seller.months[-1], 1)))
    held, number = 0, 24_000_000_001
    while start < end:
        until = min(start + PERIOD, end)
        lines = [line for line in seller.lines if start <= line.moment < until]
        if held:
            lines.insert(0, _cash(start, "Previous Reserve Amount Balance", held))
        held = max(0, sum(line.cents for line in lines) // 20) if until < end else 0
        if held:
            lines.append(_cash(until - datetime.timedelta(seconds=1), "Current Reserve Amount", -held))
        about = [str(number), *(f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (start, until, until + 2 * DAY)),
                 _money(sum(line.cents for line in lines)), "USD"]
        rows = [dict(zip(SETTLEMENT, about, strict=False)), *(_cells(str(number), line) for line in lines)]
        yield [list(SETTLEMENT), *([row.get(name, "") for name in SETTLEMENT] for row in rows)]
        start, number = until, number + 1


def _cash(moment: datetime.datetime, description: str, cents: int) -> Line:
    return Line(moment, "other-transaction", "other-transaction", description, cents)


def _cells(number: str, line: Line) -> dict[str, str]:
    return {
        "settlement-id": number, "currency": "USD", "transaction-type": line.transaction, "order-id": line.order,
        "marketplace-name": "Amazon.com", "amount-type": line.kind, "amount-description": line.description,
        "amount": _money(line.cents), "posted-date": f"{line.moment:%Y-%m-%d}",
        "posted-date-time": f"{line.moment:%Y-%m-%d %H:%M:%S} UTC", "sku": line.product.sku if line.product else "",
        "quantity-purchased": str(line.units) if line.units else "",
    }


def _money(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"


def _tabs(rows: Iterable[list[str]]) -> str:
    """As Amazon writes its .txt files: never quoted."""
    return "".join("\t".join(row) + "\r\n" for row in rows)


def _commas(rows: Iterable[list[str]]) -> str:
    class Sink(list):
        write = list.append

    sink = Sink()
    csv.writer(sink).writerows(rows)
    return "".join(sink)
