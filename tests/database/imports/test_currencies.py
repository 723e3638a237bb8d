"""Files in other currencies: what names one is recorded, what contradicts itself refused, nothing added up across."""

import datetime
from decimal import Decimal

import duckdb
import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.imports.csv_file import open_csv
from database.imports.files import AUTO, stage
from database.imports.report import MissingRates, MonthChange
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from domain.errors import Refused
from domain.moments import utc_now
from tests.facts import run_on_facts

LONG = "asin,brand,marketplace,metric,month,value,currency\n"
IDS = "ASIN,Brand,MP"
ROW = "B0TEST0001,Acme,UK,1.50,2.50\n"
WIDE = f"{IDS},Net revenue Jan-24,Net units Jan-24\n"


@pytest.fixture
def stated(write):
    """(metric, marketplace, value, currency) of the facts that a text gives, in order, and what was staged."""

    def rows(content, *, own="USD", **options):
        with duckdb.connect() as scratch, open_csv(write(content)) as file:
            staged = stage(scratch, file, ImportOptions(**options), file_format=AUTO, currency=own)
            code = "currency" if staged.foreign else "NULL"
            return scratch.execute(
                f"SELECT metric::VARCHAR, marketplace::VARCHAR, value::VARCHAR, {code} FROM staged ORDER BY ALL"
            ).fetchall(), staged

    return rows


@pytest.mark.parametrize(("content", "options"), [
    ("All amounts in EUR,,,,\n" + WIDE + ROW, {}),
    (WIDE.replace("revenue", "revenue [EUR]") + ROW, {}),
    (WIDE.replace("revenue", "sales EUR") + ROW, {}),
    (f",,,Net revenue,Net units\n,,,EUR,EUR\n{IDS},Jan-24,Jan-24\n" + ROW, {}),
    (WIDE + ROW.replace("1.50", "EUR 1.50"), {}),
    (WIDE.replace("MP", "MP,Currency") + ROW.replace("UK", "UK,eur"), {}),
    ("ASIN,Brand,MP,Month,Net revenue (EUR),Net units\nB0TEST0001,Acme,UK,2024-01,1.50,2.50\n", {}),
    (LONG + "B0TEST0001,Acme,UK,Net revenue,2024-01,1.50,EUR\nB0TEST0001,Acme,UK,Net units,2024-01,2.50,EUR\n", {}),
    (LONG + "B0TEST0001,Acme,UK,Net revenue [EUR],2024-01,1.5,\nB0TEST0001,Acme,UK,Net units,2024-01,2.50,EUR\n", {}),
    (WIDE + ROW, {"currency": "EUR"}),
    (WIDE + ROW.replace("UK", "DE"), {"currency": "local"}),
    ("All amounts in EUR,,,,\n" + WIDE.replace("revenue", "revenue [EUR]") + ROW, {"currency": "eur"}),
])
def test_whatever_names_a_currency_settles_it_for_money_and_for_nothing_else(stated, content, options):
    rows, staged = stated(content, **options)
    assert [(metric, value, code) for metric, _, value, code in rows] == [
        ("Net revenue", "1.50", "EUR"), ("Net units", "2.50", None),
    ]
    assert (staged.foreign, staged.currencies) == (("EUR",), ())
    # In its own currency, and in one that was allowed, it is counted as the dashboard's.
    for own, wish in (("EUR", options), ("USD", {**options, "allow_currency": ("EUR",)})):
        rows, staged = stated(content, own=own, **wish)
        assert ({code for *_, code in rows}, staged.foreign, staged.currencies) == ({None}, (), ("EUR",))


def test_one_file_holds_several_currencies_by_row_by_column_and_by_cell(stated):
    row = "B0TEST0001,Acme,{},Net revenue,2024-0{},{},{}\n"
    rows, staged = stated(LONG + row.format("DE", 1, 1, "EUR") + row.format("UK", 1, 2, "GBP") + row.format(
        "US", 1, 3, "USD"))
    assert [(place, code) for _, place, _, code in rows] == [("DE", "EUR"), ("UK", "GBP"), ("US", None)]
    assert (staged.foreign, staged.currencies, staged.warnings) == (("EUR", "GBP"), ("USD",), ())
    rows, _ = stated(f"{IDS},Net revenue [EUR] Jan-24,Net revenue [GBP] Feb-24,Net COGS [USD] Jan-24\n"
                     "B0TEST0001,Acme,DE,1,2,3\n")
    assert [(metric, value, code) for metric, _, value, code in rows] == [
        ("Net COGS", "3.00", None), ("Net revenue", "1.00", "EUR"), ("Net revenue", "2.00", "GBP"),
    ]
    rows, staged = stated(f"{IDS},Net revenue Jan-24,Net revenue Feb-24,Net revenue Mar-24\n"
                          "B0TEST0001,Acme,DE,EUR 1,2 GBP,$3\n")
    assert [(value, code) for *_, value, code in rows] == [("1.00", "EUR"), ("2.00", "GBP"), ("3.00", None)]
    assert staged.warnings == (
        "1 amounts name no currency beside others that do, and were counted as USD; --currency CODE says what they are "
        "in",
    )


def test_a_sign_is_no_statement(stated):
    rows, staged = stated(WIDE + ROW.replace("1.50", "€1.50"))
    assert ({code for *_, code in rows}, staged.currencies) == ({None}, ("EUR",))
    assert staged.warnings == ("cells show €, and were counted as USD, one to one",)
    rows, staged = stated(WIDE + ROW.replace("1.50", "€1.50"), currency="GBP")
    assert (rows[0][3], staged.currencies) == ("GBP", ())
    assert staged.warnings == ("cells show €, and were counted as GBP",)
    assert stated(WIDE + ROW.replace("1.50", "€1.50"), currency="EUR")[1].warnings == ()
    words = stated(f"{IDS},Storage cost EUR Jan-24\nB0TEST0001,Acme,UK,1\n")[1].warnings
    assert words == (
        "'Storage cost EUR' may be in EUR, and was counted as USD; write Storage cost [EUR] if it is",
    )


@pytest.mark.parametrize(("content", "options", "words"), [
    (WIDE.replace("revenue", "revenue [EUR]") + ROW.replace("1.50", "USD 1.50"), {},
     "line 2, column Net revenue [EUR] Jan-24: 'USD 1.50' its cell says USD, its column EUR; one of them is wrong"),
    (LONG + "A1,Acme,UK,CM1,2024-01,1.50,GBP\nA2,Acme,UK,CM1,2024-01,EUR 5,GBP\n", {},
     "line 3, column value: 'EUR 5' its cell says EUR, its row GBP; one of them is wrong"),
    ("All amounts in EUR,,,,\n" + WIDE.replace("revenue", "revenue [USD]") + ROW, {},
     "line 3, column Net revenue [USD] Jan-24: '1.50' its column says USD, a line above the table EUR; one of them"),
    ("All amounts in EUR,,,,\n" + WIDE + ROW, {"currency": "GBP", "allow_currency": ("EUR", "GBP")},
     "line 3, column Net revenue Jan-24: '1.50' a line above the table says EUR, --currency GBP; one of them is wrong"),
    (WIDE.replace("revenue", "revenue [EUR]") + ROW, {"currency": "local"},
     "its column says EUR, --currency GBP; one of them is wrong"),
    ("All amounts in EUR,,,,\nCurrency: GBP,,,,\n" + WIDE + ROW, {},
     "line 2: 'Currency: GBP' says GBP, and line 1 above the table says EUR; take out the one that is wrong"),
])
def test_a_file_that_contradicts_itself_is_refused_in_one_line(stated, content, options, words):
    with pytest.raises(Refused) as refused:
        stated(content, **options)
    assert refused.value.faults == ()
    assert words in str(refused.value)


def test_the_same_key_in_two_currencies_is_two_facts_and_in_one_it_is_twice_the_same(stated, refusal_of):
    rows = "A1,Acme,UK,CM1,2024-01,1.50,GBP\nA1,Acme,UK,CM1,2024-01,2.50,EUR\n"
    found, staged = stated(LONG + rows)
    assert [(value, code) for *_, value, code in found] == [("1.50", "GBP"), ("2.50", "EUR")]
    assert staged.warnings == (
        "1 figures of one product, marketplace, metric and month stand in several currencies, and add up once they are "
        "converted",
    )
    again = "A1,Acme,UK,CM1,2024-01,4,GBP\n"
    assert "gives A1 UK CM1 2024-01 again; line 2 gave it first" in refusal_of(LONG + rows + again)[0]
    found, _ = stated(LONG + rows + again, sum_rows=True)
    assert [(value, code) for *_, value, code in found] == [("2.50", "EUR"), ("5.50", "GBP")]
    # Counted one to one they are the same.
    assert "gives A1 UK CM1 2024-01 again" in refusal_of(LONG + rows, allow_currency=("GBP", "EUR"))[0]


def facts(store):
    """(asin, metric, month, value, currency) of all facts, in order."""
    fact, product = schema.financials, schema.asin
    query = sa.select(product.c.asin, fact.c.metric, fact.c.month, fact.c.value, fact.c.currency).join_from(
        fact, product, product.c.id == fact.c.asin_id
    )
    with store.facts() as connection:
        return sorted(
            (*row[:2], f"{row.month:%Y-%m}", str(row.value), row.currency or "") for row in connection.execute(query)
        )


def named(store):
    with store.facts() as connection:
        rows = connection.execute(sa.select(schema.financials_currency).order_by("month", "currency"))
        return [(f"{row.month:%Y-%m}", row.currency) for row in rows]


def test_an_import_records_its_currencies_and_says_what_came_in_by_each(store, take):
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.exchange_rate).values(
            base="USD", currency="EUR", month=datetime.date(2024, 1, 1), rate="1.1", source="x", changed_by="ann",
            changed_at=utc_now(),
        ))
    rows = "A1,Acme,DE,Net revenue,2024-01,10,EUR\nA1,Acme,UK,Net revenue,2024-02,20,GBP\n"
    report = take(LONG + rows + "A1,Acme,US,Net revenue,2024-01,5,\nA1,Acme,US,Net units,2024-01,1,EUR\n")
    assert facts(store) == [
        ("A1", "Net revenue", "2024-01", "10.00", "EUR"), ("A1", "Net revenue", "2024-01", "5.00", ""),
        ("A1", "Net revenue", "2024-02", "20.00", "GBP"), ("A1", "Net units", "2024-01", "1.00", ""),
    ]
    assert named(store) == [("2024-01", "EUR"), ("2024-02", "GBP")]
    assert (report.value, report.value_currency) == (None, "*")
    assert report.without_rates == (MissingRates("GBP", (datetime.date(2024, 2, 1),)),)
    lines = [line for line in report.lines() if line.startswith(("  currency", "  taken", "    "))]
    assert lines == [
        "  currency  EUR is converted into USD at each month's rate; rates are there",
        "  currency  GBP is converted into USD at each month's rate; no rate for 2024-02: left out there until flask "
        "rates tells it",
        "  taken     4 facts, sums 6.00 in the dashboard's, 10.00 EUR, 20.00 GBP, 2 months, 2024-01 to 2024-02",
        "    Net revenue: 1 facts, sum 5.00", "      2024-01  5.00",
        "    Net revenue: 1 facts, sum 10.00 EUR", "      2024-01  10.00",
        "    Net revenue: 1 facts, sum 20.00 GBP", "      2024-02  20.00",
        "    Net units: 1 facts, sum 1.00", "      2024-01  1.00",
    ]
    # The next state of it is held against the last in each currency, and replaces it whatever its currency.
    later = take(LONG + "A1,Acme,DE,Net revenue,2024-01,9,EUR\nA1,Acme,UK,Net revenue,2024-02,21,EUR\n")
    assert (later.value, later.value_currency, later.replaced_facts) == (Decimal("30.00"), "EUR", 2)
    january, february = datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)
    assert later.changes_of("Net revenue", "EUR") == (
        MonthChange(january, Decimal("10.00"), Decimal("9.00")), MonthChange(february, None, Decimal("21.00")),
    )
    assert later.changes_of("Net revenue", "GBP") == (MonthChange(february, Decimal("20.00"), None),)
    assert [words.partition(";")[0] for words in later.warnings] == [
        "lowers 2024-01, for which an earlier file gave more: Net revenue from 10.00 to 9.00 EUR",
        "lowers 2024-02, for which an earlier file gave more: Net revenue from 20.00 to 0.00 GBP",
    ]
    book = schema.financials_import
    with store.facts() as connection:
        told = connection.execute(sa.select(book.c.value, book.c.value_currency, book.c.currencies)).all()
    assert [(str(row.value), row.value_currency, row.currencies) for row in told] == [
        ("0.00", "*", ""), ("30.00", "EUR", ""),
    ]
    # A refresh may have forgotten what nothing was in; what comes back is written down again.
    run_on_facts(store, sa.delete(schema.financials_currency).where(schema.financials_currency.c.currency == "GBP"))
    undone = undo_import(store, 2)
    assert (undone.facts, undone.value, undone.returned_facts) == (2, Decimal("30.00"), 2)
    assert ("A1", "Net revenue", "2024-02", "20.00", "GBP") in facts(store)
    assert ("2024-02", "GBP") in named(store)
    assert undo_import(store, 1).value is None
    assert facts(store) == []


def test_what_another_source_says_in_its_currency_stands_beside_it(take):
    take(LONG + "A1,Acme,DE,Net revenue,2024-01,10,EUR\n", source="mine")
    report = take(LONG + "A1,Acme,DE,Net revenue,2024-01,11,\n", source="theirs", name="b.csv")
    assert any(
        line.startswith("  warning   source mine gives 1 of these facts too: it says 10.00 EUR, this file 11.00; both")
        for line in report.lines()
    )


def test_archived_facts_come_back_in_their_currency_and_so_does_what_undo_keeps(store, take, tmp_path):
    take(LONG + "A1,Acme,UK,Net revenue,2024-01,10,GBP\nA1,Acme,UK,Net COGS,2024-01,4,EUR\n")
    take(LONG + "A1,Acme,UK,Net revenue,2024-01,11,GBP\n", name="b.csv")
    before = facts(store)
    archive(store, before=datetime.date(2024, 2, 1), folder=tmp_path / "archive")
    assert facts(store) == []
    run_on_facts(store, sa.delete(schema.financials_currency))
    unarchive(store)
    assert (facts(store), named(store)) == (before, [("2024-01", "GBP")])
    undo_import(store, 2)
    assert [row[3:] for row in facts(store)] == [("4.00", "EUR"), ("10.00", "GBP")]
    assert named(store) == [("2024-01", "EUR"), ("2024-01", "GBP")]
