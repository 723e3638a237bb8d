"""A generation knows what lines give day by day, and the days of a month are its figure to the cent."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.store import open_store
from database.summaries.days import months_with_changed_lines
from database.summaries.refresh import RefreshOptions, refresh
from tests.clock import set_today
from tests.database.lines.conftest import files, take_all, tell_products
from tests.database.lines.test_currencies import take, tell_rates
from tests.facts import add_brands, add_facts, kept_open, run_on_facts

COLUMNS = ("day", "marketplace", "brand_id", "category_id", "net_revenue", "net_units")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
APRIL = datetime.date(2025, 4, 2)


@pytest.fixture(autouse=True)
def _april(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, APRIL)


def days_of(store) -> list[tuple]:
    """The live generation's rows, in order."""
    table = schema.summary_day
    query = sa.select(*(table.c[name] for name in COLUMNS)).order_by(*(table.c[name] for name in COLUMNS[:4]))
    return store.read(lambda reading: [
        tuple(row) for row in
        reading.connection.execute(query.where(table.c.generation == reading.generation.generation))
    ])


def month_sums(store) -> dict[tuple, Decimal]:
    """Month, marketplace, brand and figure -> the live generation's figure."""
    level = schema.summary_asin
    grain = (level.c.month, level.c.marketplace, level.c.brand_id, level.c.metric)
    query = sa.select(*grain, sa.func.sum(level.c.value)).where(level.c.metric.in_(("Net revenue", "Net units")))
    rows = store.read(lambda reading: reading.connection.execute(query.group_by(*grain)).all())
    return {tuple(row[:4]): row[4] for row in rows}


def added_up(days: Iterable[tuple]) -> dict[tuple, Decimal]:
    """The same of days."""
    found: Counter = Counter()
    for day, marketplace, brand, _, *values in days:
        for metric, value in zip(("Net revenue", "Net units"), values, strict=True):
            if value is not None:
                found[day.replace(day=1), marketplace, brand, metric] += value
    return dict(found)


def split_by_brand(store) -> None:
    """Products whose ASIN ends in an even number are brand 1's, others brand 2's."""
    add_brands(store, ("Even", None, None), ("Odd", None, None))
    for digit in range(10):
        run_on_facts(store, sa.update(schema.asin).where(schema.asin.c.asin.endswith(str(digit))).values(
            brand_id=1 + digit % 2
        ))


def settled(paths: Iterable[Path], asins: dict[str, str]) -> dict[tuple, Decimal]:
    """Day by the clock of Los Angeles, brand and figure, as the files of settlements say it."""
    found: Counter = Counter()
    for path in paths:
        heading, _, *lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
        for cells in lines:
            line = dict(zip(heading, cells, strict=False))
            if line["amount-type"] != "ItemPrice" or "Tax" in line["amount-description"]:
                continue
            moment = datetime.datetime.strptime(line["posted-date-time"], "%Y-%m-%d %H:%M:%S UTC")
            day = moment.replace(tzinfo=datetime.UTC).astimezone(LOS_ANGELES).date()
            brand = 1 + int(asins[line["sku"]][-1]) % 2
            found[day, brand, "Net revenue"] += Decimal(line["amount"])
            if line["transaction-type"] == "Order" and line["amount-description"] == "Principal":
                found[day, brand, "Net units"] += Decimal(line["quantity-purchased"])
    return dict(found)


def test_days_are_those_that_files_tell_by_the_clock_of_the_marketplace(store):
    with kept_open(store):
        paths = files("settlement_us_*.txt")
        tell_products(store)
        take_all(store, paths)
        split_by_brand(store)
        result = refresh(store)
    listings = [line.split("\t") for line in files("listings.txt")[0].read_text(encoding="cp1252").splitlines()]
    sku, asin = listings[0].index("seller-sku"), listings[0].index("asin1")
    told = {
        (day, brand, metric): value for day, _, brand, _, *values in days_of(store)
        for metric, value in zip(("Net revenue", "Net units"), values, strict=True) if value is not None
    }
    wanted = settled(paths, {cells[sku]: cells[asin] for cells in listings[1:]})
    assert {key: value for key, value in told.items() if value} == {
        key: value for key, value in wanted.items() if value
    }
    assert added_up(days_of(store)) == month_sums(store)
    assert result.notes == ()


def test_converted_days_add_up_to_the_month_and_follow_its_rate(seller):
    split_by_brand(seller)
    tell_rates(seller)
    take(seller, "settlement_uk_*.txt", "orders_de_*.txt")
    assert refresh(seller).notes == ()
    before = days_of(seller)
    british = {key: value for key, value in month_sums(seller).items() if key[1] == "UK"}
    assert {key: value for key, value in added_up(before).items() if key[1] == "UK"} == british
    assert {key[0].month for key in british} == {1, 2, 3}

    with seller.application.begin() as connection:
        connection.execute(sa.update(schema.exchange_rate).where(
            schema.exchange_rate.c.month == datetime.date(2025, 2, 1)
        ).values(rate="2.0001"))
    assert refresh(seller).months == (datetime.date(2025, 2, 1),)
    after = days_of(seller)
    assert added_up(after) == month_sums(seller)
    assert {row for row in before if row[0].month != 2} == {row for row in after if row[0].month != 2}
    assert before != after


def test_days_are_their_months_whichever_report_counts(store):
    """Orders, settlements and transactions in three marketplaces, with advertising and unit costs beside them."""
    with kept_open(store):
        tell_products(store)
        take_all(store, files("orders_*.txt", "settlement_*.txt", "transactions_us_2025-02.csv", "ads_*.csv"))
        assert refresh(store).notes == ()
        by_payments = days_of(store)
    assert added_up(by_payments) == month_sums(store)
    other = open_store(dataclasses.replace(
        store.settings, amazon=dataclasses.replace(store.settings.amazon, sales_from="orders")
    ))
    try:
        refresh(other)
        by_orders = days_of(other)
        assert added_up(by_orders) == month_sums(other)
        assert by_orders != by_payments
    finally:
        other.close()


def test_days_stay_where_months_are_archived(store, tmp_path):
    with kept_open(store):
        take_orders(store, orders(tmp_path, "1.txt", ("1", "2025-02-03T20:00:00+00:00", "10.00", NEW),
                                  ("2", "2025-03-03T20:00:00+00:00", "4.00", NEW)))
        refresh(store)
    before = days_of(store)
    archive(store, before=datetime.date(2025, 3, 1), folder=tmp_path)
    assert refresh(store).notes == ()
    assert days_of(store) == before
    assert added_up(before) == month_sums(store)


HEADINGS = (
    "amazon-order-id", "purchase-date", "last-updated-date", "order-status", "sales-channel", "sku", "asin",
    "item-status", "quantity", "currency", "item-price", "item-tax",
)


def orders(folder: Path, name: str, *rows: tuple[str, str, str, str]) -> Path:
    """A report of orders: number, moment, price, and when it was changed last."""
    path = folder / name
    path.write_text("\r\n".join(["\t".join(HEADINGS)] + [
        "\t".join((f"113-0000000-{number:>07}", moment, updated, "Shipped", "Amazon.com", "MUG", "B0SALES001",
                   "Shipped", "1", "USD", price, "0.00"))
        for number, moment, price, updated in rows
    ]) + "\r\n", encoding="utf-8")
    return path


def take_orders(store, path: Path) -> int:
    """Imports a report of orders; its number."""
    with store.lock("test"):
        return import_file(store, path, ImportOptions()).import_id


def revenue(store) -> dict[str, str]:
    """Day -> net revenue, of days that have any."""
    return {f"{row[0]}": str(row[4]) for row in days_of(store) if row[4]}


NEW = "2025-03-20T00:00:00+00:00"


def test_a_day_is_in_its_month_by_the_marketplaces_clock_also_in_a_leap_year(store, tmp_path, monkeypatch):
    set_today(monkeypatch, datetime.date(2024, 3, 5))
    path = orders(
        tmp_path, "orders.txt",
        # Half past seven in the evening of the 29th, and half an hour after midnight, in Los Angeles.
        ("1", "2024-03-01T03:30:00+00:00", "10.00", NEW), ("2", "2024-03-01T08:30:00+00:00", "7.00", NEW),
        ("3", "2024-02-01T07:59:00+00:00", "5.00", NEW),
    )
    take_orders(store, path)
    assert refresh(store).notes == ()
    assert revenue(store) == {"2024-01-31": "5.00", "2024-02-29": "10.00", "2024-03-01": "7.00"}
    assert added_up(days_of(store)) == month_sums(store)


def test_an_order_that_moves_within_a_month_moves_its_day_and_undo_moves_it_back(store, tmp_path):
    old = "2025-03-10T00:00:00+00:00"
    with kept_open(store):
        take_orders(store, orders(tmp_path, "1.txt", ("1", "2025-02-03T20:00:00+00:00", "10.00", old),
                                  ("2", "2025-03-03T20:00:00+00:00", "4.00", old)))
        refresh(store)
        before = days_of(store)
        # February's facts stay as they are, March's do not.
        second = take_orders(store, orders(tmp_path, "2.txt", ("1", "2025-02-05T20:00:00+00:00", "10.00", NEW),
                                           ("2", "2025-03-03T20:00:00+00:00", "6.00", NEW)))
        with store.facts() as connection:
            ledger = schema.changed_month
            assert set(connection.execute(sa.select(ledger.c.month).where(ledger.c.import_id == second)).scalars()) == {
                datetime.date(2025, 3, 1)
            }
            assert {month.month for month in months_with_changed_lines(connection, after=2)} == {2, 3}
        refresh(store)
        assert revenue(store) == {"2025-02-05": "10.00", "2025-03-03": "6.00"}
        moved = days_of(store)
        refresh(store, RefreshOptions(full=True))
        assert days_of(store) == moved
        with store.lock("test"):
            undo_import(store, second)
        refresh(store)
    assert days_of(store) == before


def test_a_month_of_two_sources_keeps_its_days_and_is_no_fault(store, tmp_path):
    with kept_open(store):
        take_orders(store, orders(tmp_path, "1.txt", ("1", "2025-02-03T20:00:00+00:00", "10.00", NEW),
                                  ("2", "2025-03-03T20:00:00+00:00", "4.00", NEW)))
        refresh(store)
        # Another program adds figures that no line gives.
        add_facts(store, [("B0SALES001", "US", "Net revenue", "2025-03", "1.00"),
                          ("B0SALES001", "UK", "Net revenue", "2025-03", "2.00")])
        assert refresh(store).notes == ()
        assert revenue(store) == {"2025-02-03": "10.00", "2025-03-03": "4.00"}
        # What is not what lines give, though nothing else gives it, has no days, and is told with the difference.
        fact = schema.financials
        run_on_facts(store, sa.update(fact).where(
            fact.c.month == datetime.date(2025, 2, 1), fact.c.metric == "Net revenue"
        ).values(value=Decimal("10.01")))
        result = refresh(store, RefreshOptions(full=True, force=True))
    assert result.notes == (
        "US 2025-02: the days of Net revenue add up to 10.00, the month has 10.01, the difference is 0.01; there are "
        "no days of it",
    )
    assert revenue(store) == {"2025-03-03": "4.00"}


def test_days_follow_brands_reach_as_far_as_lines_and_are_kept_for_fourteen_months(store, tmp_path, monkeypatch):
    cancelled = orders(tmp_path, "3.txt", ("3", "2025-03-09T20:00:00+00:00", "0.00", NEW))
    cancelled.write_text(cancelled.read_text(encoding="utf-8").replace("Shipped", "Cancelled"), encoding="utf-8")
    with kept_open(store):
        take_orders(store, orders(tmp_path, "1.txt", ("1", "2024-02-03T20:00:00+00:00", "1.00", NEW),
                                  ("2", "2024-03-03T20:00:00+00:00", "2.00", NEW),
                                  ("4", "2025-03-03T20:00:00+00:00", "4.00", NEW)))
        take_orders(store, cancelled)
        refresh(store)
        assert days_of(store) == [
            (datetime.date(2024, 3, 3), "US", 0, 0, Decimal(2), Decimal(1)),
            (datetime.date(2025, 3, 3), "US", 0, 0, Decimal(4), Decimal(1)),
            (datetime.date(2025, 3, 9), "US", 0, 0, None, None),
        ]
        add_brands(store, ("Alder", None, None), ("Birch", None, "stock"))
        run_on_facts(store, sa.update(schema.asin).values(brand_id=1))
        set_today(monkeypatch, datetime.date(2025, 5, 1))
        refresh(store)
        assert [row[:4] for row in days_of(store)] == [
            (datetime.date(2025, 3, 3), "US", 1, 0), (datetime.date(2025, 3, 9), "US", 0, 0),
        ]
        run_on_facts(store, sa.update(schema.asin).values(brand_id=2))
        # Brands of an excluded group have figures nowhere.
        assert refresh(store).notes == ()
    assert [str(row[0]) for row in days_of(store)] == ["2025-03-09"]


def test_a_generation_that_knows_no_day_yet_is_followed_by_one_that_knows_all(store, tmp_path):
    with kept_open(store):
        take_orders(store, orders(tmp_path, "1.txt", ("1", "2025-02-03T20:00:00+00:00", "10.00", NEW)))
        refresh(store)
    forget_days(store)
    take_orders(store, orders(tmp_path, "2.txt", ("2", "2025-03-03T20:00:00+00:00", "4.00", NEW)))
    assert refresh(store).months == (datetime.date(2025, 3, 1),)
    assert revenue(store) == {"2025-02-03": "10.00", "2025-03-03": "4.00"}


def forget_days(store) -> None:
    """As a generation of an older program."""
    if store.settings.database.engine == "mysql":
        run_on_facts(store, sa.delete(schema.summary_day))
        return
    store.close()
    path = next((store.settings.database.path / "generations").glob("*.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM summary_day")
