"""A generation tells of lines what they give, to the cent, and is not published otherwise."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.undo import undo_import
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Refused
from tests.database.lines.conftest import files, take_all

SETTLEMENTS = files("settlement_us_*.txt", "settlement_de_1.txt")


def rows_of(store, table: sa.Table, *names: str) -> list[tuple]:
    """These columns of the live generation's rows, in order."""

    def ask(reading):
        live = table.c.generation == reading.generation.generation
        columns = [table.c[name] for name in names]
        return [tuple(row) for row in reading.connection.execute(sa.select(*columns).where(live).order_by(*columns))]

    return store.read(ask)


def all_told(store) -> list[list[tuple]]:
    """Everything that the live generation tells of lines."""
    return [
        rows_of(store, table, *(column.name for column in table.c if column.name != "generation"))
        for table in schema.LINE_SUMMARIES
    ]


def deposit(path: Path) -> tuple[str, Decimal, int]:
    """Settlement, total and number of lines, as the file says it."""
    _, header, *lines = path.read_text(encoding="utf-8").splitlines()
    cells = header.split("\t")
    return cells[0], Decimal(cells[4].replace(",", ".")), len(lines)


def test_each_deposit_is_told_with_what_it_is_made_of(store):
    reports = take_all(store, SETTLEMENTS)
    refresh(store)
    expected = sorted(deposit(path) for path in SETTLEMENTS)
    assert rows_of(store, schema.summary_settlement, "settlement_id", "total", "line_count") == expected
    sums = rows_of(store, schema.summary_settlement, "settlement_id", "total", "pnl", "tax", "cash", "unsorted")
    assert [row for row in sums if row[1] != sum(row[2:])] == []
    amounts: dict[str, Decimal] = {}
    for number, amount in rows_of(store, schema.summary_amount, "settlement_id", "amount"):
        amounts[number] = amounts.get(number, Decimal(0)) + amount
    assert amounts == {number: total for number, total, _ in expected}
    # No listing was imported: each SKU that was sold leads nowhere yet.
    sold = {line.split("\t")[21] for path in SETTLEMENTS for line in path.read_text(encoding="utf-8").splitlines()[2:]}
    assert {sku for sku, in rows_of(store, schema.summary_unknown_sku, "sku")} == sold - {""}

    # What a run that changed no line publishes is the same.
    before = all_told(store)
    with store.facts() as connection:
        connection.execute(sa.insert(schema.brand).values(id=1, brand="Bricks"))
        connection.execute(sa.update(schema.asin).values(brand_id=1))
        connection.commit()
    assert refresh(store).generation.generation == 2
    assert all_told(store) == before
    told = [store.read(lambda reading, t=table: reading.connection.execute(
        sa.select(sa.func.count()).select_from(t).where(t.c.generation == 1)).scalar(), generation=1)
        for table in schema.LINE_SUMMARIES]
    assert told == [len(rows) for rows in before]

    with store.lock("test"):
        for report in reports:
            undo_import(store, report.import_id)
    refresh(store, RefreshOptions(force=True))
    assert [rows_of(store, table, "generation") for table in schema.LINE_SUMMARIES] == [[]] * 6


def test_a_line_that_was_changed_by_a_cent_stops_the_refresh(store):
    path = files("settlement_us_1.txt")[0]
    take_all(store, [path])
    line = schema.amazon_line
    with store.facts() as connection:
        connection.execute(
            sa.update(line).where(line.c.line == 5).values(amount=line.c.amount + sa.literal(Decimal("0.01")))
        )
        connection.commit()
    number, total, _ = deposit(path)
    with pytest.raises(Refused) as refused:
        refresh(store)
    assert refused.value.faults == (
        f"settlement {number}: its amounts make {total + Decimal('0.01'):,}, its deposit is {total:,}, the difference "
        "0.01",
    )


def test_what_does_not_count_is_told_beside_what_does(store):
    take_all(store, files("transactions_us_2025-02.csv", "settlement_us_2.txt", "settlement_us_3.txt",
                          "settlement_us_4.txt", "orders_us_2.txt"))
    refresh(store)
    found = rows_of(store, schema.summary_report, "month", "report", "metric", "counts")
    sales = {(f"{month:%Y-%m}", report): bool(counts) for month, report, metric, counts in found
             if metric == "Gross sales"}
    assert {report: counts for (month, report), counts in sales.items() if month == "2025-02"} == {
        "amazon-orders": False, "amazon-settlement": False, "amazon-transactions": True,
    }
    assert sales["2025-01", "amazon-settlement"]


def test_lines_that_change_no_fact_are_published_all_the_same(store):
    take_all(store, files("transactions_us_2025-0*.csv"))
    refresh(store)
    assert rows_of(store, schema.summary_settlement, "settlement_id") == []
    path = files("settlement_us_2.txt")[0]
    take_all(store, [path])
    assert refresh(store).status == "success"
    assert rows_of(store, schema.summary_settlement, "settlement_id") == [(deposit(path)[0],)]
