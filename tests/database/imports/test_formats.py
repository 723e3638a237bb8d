"""Each format gives the facts it holds: spellings, line ends, number styles, months, skipped cells."""

import csv
import datetime
import json
from collections import defaultdict
from decimal import Decimal

import duckdb
import pytest

from database.imports.csv_file import open_csv
from database.imports.files import FORMATS, import_file, stage
from database.imports.month_texts import read_month
from database.imports.numbers import read_odd_numbers
from database.imports.staging import ImportOptions
from tests.conftest import SHARED_FILES
from tests.database.imports.conftest import HEADINGS, stored_facts
from tests.databases import on_one_server


def test_a_long_file_may_order_its_columns_as_it_likes(staged_rows):
    content = "value;month;metric;MARKETPLACE;Brand;ASIN\n10,50;2024-01;COGS;US;Acme;A1\n"
    assert staged_rows(content) == [("A1", "US", "Net COGS", "2024-01", "10.50")]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "mixed"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_line_ends_marks_and_delimiters_do_not_matter(staged_rows, ends, mark, delimiter):
    lines = [
        "asin,brand,marketplace,metric,month,value", "A1,Acme,US,CM1,2024-01,1", 'A2,"Ac\nme",US,CM1,2024-01,2', "",
        "A3,Acme,US,CM1,2024-01,3",
    ]
    content = mark + ("\n".join(lines) + "\n").replace(",", delimiter)
    content = content.replace("\n", "\r\n", 2) if ends == "mixed" else content.replace("\n", ends)
    assert staged_rows(content) == [(f"A{n}", "US", "CM1", "2024-01", f"{n}.00") for n in (1, 2, 3)]


def test_blanks_around_words_are_no_part_of_them(staged_rows):
    content = HEADINGS + " A1 ,Acme,,US\u00a0, Net Revenue,2024-01 ,1\nA2,Acme,,US,Other Thing,2024-01,2\n"
    assert staged_rows(content) == [
        ("A1", "US", "Net revenue", "2024-01", "1.00"), ("A2", "US", "Other Thing", "2024-01", "2.00"),
    ]


def test_a_last_line_without_an_end_counts(staged_rows):
    assert staged_rows(HEADINGS + "A1,Acme,,US,CM1,2024-01,1") == [("A1", "US", "CM1", "2024-01", "1.00")]


def test_cells_without_a_value_give_no_fact(staged_rows):
    rows = "".join(f"A{number},Acme,,US,CM1,2024-01,{value}\n" for number, value in enumerate(["", "-", "–", " ", "0"]))
    assert staged_rows(HEADINGS + rows + ",,,,,,\n") == [("A4", "US", "CM1", "2024-01", "0.00")]


def test_a_file_without_brands_takes_the_brand_given(write):
    path = write("asin,marketplace,metric,month,value\nA1,US,CM1,2024-01,1\n")
    with duckdb.connect() as scratch, open_csv(path) as file:
        staged = stage(scratch, file, ImportOptions(brand="O'Hara"), file_format="auto", currency="USD")
        assert scratch.execute(f"SELECT asin, brand FROM {staged.products}").fetchall() == [("A1", "O'Hara")]


def test_an_unknown_column_is_skipped_and_named(write):
    path = write("asin,brand,catgory,marketplace,metric,month,value\nA1,Acme,Toys,US,CM1,2024-01,1\n")
    with duckdb.connect() as scratch, open_csv(path) as file:
        staged = stage(scratch, file, ImportOptions(), file_format="auto", currency="USD")
    assert staged.skipped_columns == ("catgory",)
    assert staged.warnings == ("column 'catgory' is not known and was not read; did you mean category?",)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,234.56", "1,000", "7"], ["1234.56", "1000.00", "7.00"]),
        (["1.234,56", "1.000", "7"], ["1234.56", "1000.00", "7.00"]),
        (["1 234,56", "1\u00a0000", "1\u202f000", "1'000"], ["1234.56", "1000.00", "1000.00", "1000.00"]),
        (["1,234,567", "1,234"], ["1234567.00", "1234.00"]),
        (["$ 2,985.06", "€5.00", "5.00 £", "₹ 5.00", "USD 5.00"], ["2985.06", "5.00", "5.00", "5.00", "5.00"]),
        (["(1.00)", "−1", "-$5.00", "$-5.00", "($ 5.00)"], ["-1.00", "-1.00", "-5.00", "-5.00", "-5.00"]),
        (["9999999999999.99", "-9,999,999,999,999.99"], ["9999999999999.99", "-9999999999999.99"]),
    ],
)
def test_numbers_are_read_in_the_files_own_style(staged_rows, texts, values):
    rows = "".join(f'A{number};Acme;;US;CM1;2024-01;"{text}"\n' for number, text in enumerate(texts))
    assert [row[-1] for row in staged_rows(HEADINGS.replace(",", ";") + rows)] == values


def test_rounding_is_half_to_even_and_says_what_it_moved():
    cases = {"0.125": "0.12", "0.135": "0.14", "0.1250001": "0.13", "-2.665": "-2.66", "2.675": "2.68", "1.999": "2.00"}
    with duckdb.connect() as scratch:
        scratch.execute(
            "CREATE TEMP TABLE odd AS SELECT unnest($texts::VARCHAR[]) AS text, 1 AS n", {"texts": list(cases)}
        )
        style = read_odd_numbers(scratch, table="odd", points=1, decimal=None, rounding=True)
        read = dict(scratch.execute("SELECT text, value::VARCHAR FROM odd_read").fetchall())
    assert read == cases
    assert style.rounded == sum(Decimal(value) - Decimal(text) for text, value in cases.items())


@pytest.mark.parametrize(
    "text",
    ["Jan-24", "Jan'24", "Jan 2024", "2024-01", "01/2024", "1/2024", "January 2024", "january-24", "2024-01-31",
     "31.01.2024", "31/01/2024", "01/31/2024", "01/01/2024", "2024-01-31T23:59:59+00:00", "2024-01-31 10:00:00"],
)
def test_months_are_read_however_they_are_written(text):
    assert read_month(text) == datetime.date(2024, 1, 1)


@pytest.mark.parametrize(("order", "month"), [("dmy", "2024-04"), ("mdy", "2024-03")])
def test_a_date_that_could_be_two_is_read_as_a_person_tells(staged_rows, order, month):
    content = HEADINGS + "A1,Acme,,US,CM1,03/04/2024,1\n"
    assert staged_rows(content, date_order=order) == [("A1", "US", "CM1", month, "1.00")]


@pytest.mark.parametrize("name", ["wide_asin_european.csv", "wide_product_id.csv"])
def test_the_wide_files_give_the_totals_they_must(name, write):
    kind = "asin" if "asin" in name else "product_id"
    with (SHARED_FILES / "wide_expected_totals.json").open() as file:
        expected = {key: Decimal(value) for key, value in json.load(file).items() if key.startswith(f"{kind}|")}
    with duckdb.connect() as scratch, open_csv(SHARED_FILES / name) as file:
        stage(scratch, file, ImportOptions(), file_format="auto", currency="USD")
        rows = scratch.execute("SELECT metric::VARCHAR, month, sum(value) FROM staged GROUP BY ALL").fetchall()
    assert {f"{kind}|{metric}|{month}": total for metric, month, total in rows} == expected


def test_a_product_id_becomes_a_key_and_columns_that_are_no_month_are_skipped(write):
    path = write(
        ";;;;Net Units;;;COGS\n"
        "Product ID;Brand;MP;Status;Jan-24;2024-02;Total;March 2024\n"
        "10000;Acme;US;Active;5;-;5;$ 1,000.25\n"
    )
    with duckdb.connect() as scratch, open_csv(path) as file:
        staged = stage(scratch, file, ImportOptions(), file_format="auto", currency="USD")
        facts = "SELECT asin::VARCHAR, metric::VARCHAR, month, value FROM staged ORDER BY month"
        assert scratch.execute(facts).fetchall() == [
            ("ASIN-10000", "Net units", datetime.date(2024, 1, 1), Decimal("5.00")),
            ("ASIN-10000", "Net COGS", datetime.date(2024, 3, 1), Decimal("1000.25")),
        ]
        products = scratch.execute(f"SELECT * EXCLUDE n FROM {staged.products}").fetchall()
        assert products == [("ASIN-10000", "Acme", None, "Active")]
    assert (staged.skipped_columns, staged.symbols, staged.currencies) == (("Net Units / Total",), ("$",), ("USD",))
    assert [(skipped.reason, skipped.count) for skipped in staged.skipped] == [("blank cells", 1)]


ORDERS = "Order ID,Date,Status,Sales Channel,SKU,Category,ASIN,Qty,currency,Amount\n"


def test_an_order_report_gives_what_was_sold_and_what_came_back(staged_rows):
    content = ORDERS + (
        "1,2024-01-05,Shipped,Amazon.in,S,Set,A1,2,USD,10.50\n"
        "2,2024-01-31,Shipped - Returned to Seller,Amazon.in,S,Set,A1,1,USD,5\n"
        "3,2024-01-06,Cancelled,Amazon.in,S,Set,A1,1,USD,99\n"
        "4,2024-01-06,Shipped - Rejected by Buyer,Amazon.co.uk,S,Set,A1,1,USD,7\n"
        "5,2024-01-06,Shipped,Non-Amazon,S,Set,A1,1,USD,  \n"
        "6,2024-02-06,Cancelled,Amazon.com,S,Set,A1,0,,\n"
    )
    assert staged_rows(content) == [
        ("A1", "IN", "Gross sales", "2024-01", "15.50"),
        ("A1", "IN", "Gross units", "2024-01", "3.00"),
        ("A1", "IN", "Net revenue", "2024-01", "10.50"),
        ("A1", "IN", "Net units", "2024-01", "2.00"),
        ("A1", "IN", "Returned units", "2024-01", "1.00"),
        ("A1", "IN", "Returns", "2024-01", "5.00"),
        ("A1", "OTHER", "Gross sales", "2024-01", "0.00"),
        ("A1", "OTHER", "Gross units", "2024-01", "1.00"),
        ("A1", "OTHER", "Net revenue", "2024-01", "0.00"),
        ("A1", "OTHER", "Net units", "2024-01", "1.00"),
        ("A1", "UK", "Gross sales", "2024-01", "7.00"),
        ("A1", "UK", "Gross units", "2024-01", "1.00"),
        ("A1", "UK", "Net revenue", "2024-01", "0.00"),
        ("A1", "UK", "Net units", "2024-01", "0.00"),
        ("A1", "UK", "Returned units", "2024-01", "1.00"),
        ("A1", "UK", "Returns", "2024-01", "7.00"),
    ]


def test_amazons_own_headings_are_understood_too(staged_rows):
    content = (
        "amazon-order-id\tpurchase-date\torder-status\tsales-channel\tsku\tasin\tquantity\tcurrency\titem-price\n"
        "1\t2024-01-05T08:00:00+00:00\tShipped\tAmazon.com\tS\tA1\t2\tUSD\t10.50\n"
    )
    assert [row[-1] for row in staged_rows(content)] == ["10.50", "2.00", "10.50", "2.00"]


def test_a_channel_that_is_not_amazons_own_is_another_shop(staged_rows):
    content = ORDERS + "1,2024-01-05,Shipped,My Shop,S,Set,A1,2,USD,10.50\n"
    assert {row[1] for row in staged_rows(content)} == {"OTHER"}


@on_one_server
def test_the_real_order_report_gives_what_python_counts(store):
    path = SHARED_FILES / "amazon_in_orders.csv"
    report = import_file(store, path, ImportOptions(allow_currency=("INR",)))
    expected: dict[tuple, Decimal] = defaultdict(Decimal)
    blank = cancelled = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            if "Cancel" in line["Status"]:
                cancelled += 1
                continue
            place = "IN" if line["Sales Channel"] == "Amazon.in" else "OTHER"
            returned = "Return" in line["Status"] or "Reject" in line["Status"]
            blank += not line["Amount"].strip()
            units, sales = Decimal(line["Qty"]), Decimal(line["Amount"].strip() or 0)
            key = (line["ASIN"], place, line["Date"][:7])
            for metric, amount in (("Gross units", units), ("Gross sales", sales)):
                expected[*key, metric] += amount
            for metric, amount in (("Returned units", units), ("Returns", sales)):
                expected[*key, metric] += amount if returned else 0
            kept = {"Net units": units, **dict.fromkeys(("Net revenue", "CM1", "CM2", "CM3"), sales)}
            for metric, amount in kept.items():
                expected[*key, metric] += 0 if returned else amount
    stored = {(a, mp, month, metric): Decimal(value) for a, _, _, mp, metric, month, value in stored_facts(store)}
    assert {key: value for key, value in stored.items() if value} == {key: v for key, v in expected.items() if v}
    assert [(skipped.reason, skipped.count) for skipped in report.skipped] == [
        ("cancelled order lines", cancelled), ("order lines without an amount", blank),
    ]
    assert (report.rows_read, report.currencies) == (2476, ("INR",))


def test_a_format_can_be_named(staged_rows):
    assert list(FORMATS) == [
        "amazon-settlement", "amazon-transactions", "amazon-ads", "amazon-business", "amazon-storage",
        "amazon-listings", "amazon-orders", "costs", "sku-map", "overheads", "long", "tidy", "wide",
    ]
    content = HEADINGS + "A1,Acme,,US,CM1,2024-01,1\n"
    assert staged_rows(content, file_format="long") == [("A1", "US", "CM1", "2024-01", "1.00")]
