"""Overheads told by files: facts of the months that have come, told anew by name, undone, never past other figures."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive
from database.imports.files import FORMATS
from database.imports.templates import template_of
from database.imports.undo import undo_import
from database.names.joining import join_names
from database.queries.choices import read_selectable
from database.summaries.refresh import refresh
from domain.errors import Refused
from tests.database.imports.conftest import HEADINGS
from tests.databases import on_one_server

pytestmark = on_one_server

SALES = HEADINGS + "".join(
    f"B0SALES001,Alder,,US,{metric},2025-0{month},{value}\n"
    for month in (1, 2, 3) for metric, value in (("Net revenue", 100 * month), ("CM3", 30 * month))
)
FILE = """Name,Amount,From,To,Currency,Brand,Marketplace
Salaries,"1,000.00",2025-01,2026-12,,,
Photographer,50.25,Feb 2025,,,alder,
Software,10.00,2025-02,2025-03,EUR,,Amazon.de
"""
JANUARY, FEBRUARY, MARCH, APRIL = (datetime.date(2025, month, 1) for month in (1, 2, 3, 4))


def overheads(store) -> list[tuple]:
    """Product, marketplace, month, value and currency of each fact."""
    fact, product = schema.financials, schema.asin
    with store.facts() as connection:
        rows = connection.execute(
            sa.select(product.c.asin, fact.c.marketplace, fact.c.month, fact.c.value, fact.c.currency)
            .join_from(fact, product, product.c.id == fact.c.asin_id).where(fact.c.metric == "Overheads")
            .order_by(product.c.asin, fact.c.marketplace, fact.c.month, fact.c.value)
        ).all()
    return [(*row[:2], f"{row.month:%Y-%m}", str(row.value), row.currency) for row in rows]


def told(store) -> list[tuple]:
    """What the live generation tells, for pages."""
    table = schema.summary_overhead
    columns = (table.c.name, table.c.marketplace, table.c.first_month, table.c.last_month, table.c.amount)
    return store.read(lambda reading: [tuple(row) for row in reading.connection.execute(
        sa.select(*columns).where(table.c.generation == reading.generation.generation).order_by(table.c.name)
    )])


def levels(store) -> dict[tuple, Decimal]:
    """Brand, marketplace and month -> Overheads, as published."""
    table = schema.summary_asin
    return store.read(lambda reading: {
        (row.brand_id, row.marketplace, f"{row.month:%Y-%m}"): row.value
        for row in reading.connection.execute(sa.select(table).where(table.c.metric == "Overheads"))
    })


SALARIES = [("ACCOUNT", "NONE", f"2025-0{month}", "1000.00", None) for month in (1, 2, 3)]


def test_a_file_gives_a_fact_for_each_month_up_to_the_last_one_with_figures(store, take) -> None:
    take(SALES)
    report = take(FILE, "overheads.csv")
    assert (report.format, report.rows_read, report.new.products) == ("overheads", 3, 3 - 1)
    assert [(each.metric, each.currency, each.facts, str(each.value)) for each in report.metrics] == [
        ("Overheads", "", 4, "3050.25"), ("Overheads", "EUR", 2, "20.00"),
    ]
    assert [(each.currency, each.months) for each in report.without_rates] == [("EUR", (FEBRUARY, MARCH))]
    assert report.notes == ("not counted yet after 2025-03, until there are figures of those months: Salaries",)
    brand = next(row for row in overheads(store) if row[0] != "ACCOUNT")
    assert overheads(store) == [
        ("ACCOUNT", "DE", "2025-02", "10.00", "EUR"), ("ACCOUNT", "DE", "2025-03", "10.00", "EUR"), *SALARIES,
        (brand[0], "NONE", "2025-02", "50.25", None),
    ]
    with store.facts() as connection:
        names = sa.select(schema.asin.c.asin, schema.asin.c.name, schema.brand.c.brand).join_from(
            schema.asin, schema.brand, schema.brand.c.id == schema.asin.c.brand_id, isouter=True
        ).where(schema.asin.c.name == "Not of one product").order_by(schema.asin.c.asin)
        assert [tuple(row) for row in connection.execute(names)] == [
            ("ACCOUNT", "Not of one product", None), (brand[0], "Not of one product", "Alder"),
        ]


def test_a_refresh_publishes_them_converted_and_counts_what_has_come_since(store, take) -> None:
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.exchange_rate).values(
            base="USD", currency="EUR", month=FEBRUARY, rate="1.25", source="test", changed_by="test",
            changed_at=datetime.datetime(2025, 4, 1),
        ))
    take(SALES)
    take(FILE, "overheads.csv")
    refresh(store)
    alder = next(number for number, name in _brands(store).items() if name == "Alder")
    without_march = {
        (0, "DE", "2025-02"): Decimal("12.50"), (alder, "NONE", "2025-02"): Decimal("50.25"),
        **{(0, "NONE", f"2025-0{month}"): Decimal(1000) for month in (1, 2, 3)},
    }
    # Nobody told the rate of March: that amount is left out.
    assert levels(store) == without_march
    assert told(store) == [
        ("Photographer", "NONE", FEBRUARY, FEBRUARY, Decimal("50.25")),
        ("Salaries", "NONE", JANUARY, datetime.date(2026, 12, 1), Decimal("1000.00")),
        ("Software", "DE", FEBRUARY, MARCH, Decimal("10.00")),
    ]

    april = take(HEADINGS + "B0SALES001,Alder,,US,CM3,2025-04,7\n", "april.csv", source="april")
    result = refresh(store)
    assert "overheads count anew in 2025-04" in result.notes
    assert levels(store) == without_march | {(0, "NONE", "2025-04"): Decimal(1000)}

    undo_import(store, april.import_id)
    refresh(store)
    assert levels(store) == without_march
    assert refresh(store).status == "nothing to do"


def test_the_same_name_from_the_same_month_is_told_anew_and_undo_brings_back_what_was(store, take) -> None:
    take(SALES)
    take(FILE, "overheads.csv")
    before = overheads(store)
    shorter = take("name,amount,from,to\nsalaries,1200,2025-01,2025-02\nRent,5,2025-03,\n", "shorter.csv")
    assert "told anew, in place of what was told before: salaries" in shorter.notes
    assert [row for row in overheads(store) if row[:2] == ("ACCOUNT", "NONE")] == [
        ("ACCOUNT", "NONE", "2025-01", "1200.00", None), ("ACCOUNT", "NONE", "2025-02", "1200.00", None),
        ("ACCOUNT", "NONE", "2025-03", "5.00", None),
    ]
    gone = take("name,amount,from\nSalaries,0,2025-01\n", "gone.csv")
    assert gone.months == (JANUARY, FEBRUARY)
    assert "with an amount of 0, taken back: Salaries" in gone.notes
    # Whichever is undone first, what was told last of the rest counts.
    undo_import(store, shorter.import_id)
    assert [row for row in overheads(store) if row[:2] == ("ACCOUNT", "NONE")] == []
    undo_import(store, gone.import_id)
    assert overheads(store) == before


@pytest.mark.parametrize(("line", "words"), [
    ("Rent,5,2025-03,2025-02,,,", "is before it begins"),
    ("Rent,5,1990-01,,,,", "is before 1995"),
    ("Rent,5,2025-03,2199-01,,,", "months ahead"),
    ("Rent,,2025-03,,,,", "is blank"),
    ("Rent,EUR 5,2025-03,,,,", "names a currency; write it in a column currency"),
    ("Rent,5,2025-03,,XYZ,,", "is no currency's code"),
    ("Rent,5,2025-03,,,,ALL", "is not one marketplace; leave it blank for none"),
    ("Rent,-5,2025-03,,,,", "--negative-costs turns them"),
    ("Rent,5,2025-03,,,,\nrent ,6,2025-03,2025-04,,,", "begins in the same month as in line 2; keep one"),
    ("Rent,5.123,2025-03,,,,", "5.123"),
])
def test_what_cannot_be_meant_is_refused_with_its_line(store, take, line, words) -> None:
    with pytest.raises(Refused) as refused:
        take(f"Name,Amount,From,To,Currency,Brand,Marketplace\n{line}\n")
    assert words in "\n".join((str(refused.value), *refused.value.faults))


def test_an_archived_month_is_not_changed_and_others_still_are(store, take) -> None:
    take(SALES)
    take(FILE, "overheads.csv")
    refresh(store)
    archive(store, before=FEBRUARY)
    with pytest.raises(Refused, match="changes overheads of 2025-01, which is archived"):
        take("name,amount,from,to\nSalaries,1200,2025-01,2025-02\n", "less.csv")
    ended = take("name,amount,from,to\nSalaries,1000,2025-01,2025-02\n", "ended.csv")
    assert ended.months == (MARCH,)
    assert [row for row in overheads(store) if row[:2] == ("ACCOUNT", "NONE")] == [
        ("ACCOUNT", "NONE", "2025-02", "1000.00", None),
    ]
    with pytest.raises(Refused, match="1 overhead"):
        join_names(store, "marketplace", "DE", "US", dry_run=False)


def test_names_that_overheads_are_told_of_are_not_joined(store, take) -> None:
    take(SALES + "B0SALES002,Elder,,US,CM3,2025-01,1\n")
    take(FILE, "overheads.csv")
    with pytest.raises(Refused, match="1 overhead is told of Alder and would come back under that name"):
        join_names(store, "brand", "Alder", "Elder", dry_run=False)


def test_its_template_goes_in_as_it_is(store, take) -> None:
    assert "overheads" in FORMATS
    report = take(template_of("overheads"), "template.csv")
    assert (report.format, report.months) == ("overheads", (JANUARY, FEBRUARY))


def _brands(store) -> dict[int, str]:
    return store.read(lambda reading: read_selectable(reading, today=datetime.date(2025, 6, 1)).brands)
