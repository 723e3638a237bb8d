"""Files whose figures would be wrong without a word: each gives what was written, or is refused in words that help."""

import duckdb
import pytest

from database.imports.csv_file import open_csv
from database.imports.files import stage
from database.imports.staging import ImportOptions
from domain.remarks import currency_above, fault_of_remark, scale_above
from domain.totals import is_total_of_products

IDS = "ASIN,Brand,MP"
ONE = f"{IDS},Net revenue Jan-24,Net revenue Feb-24\n"
ROW = "B0TEST0001,Acme,US,1.50,2.50\n"
LONG = "asin,brand,marketplace,metric,month,value\n"
TIDY = f"{IDS},Month,Net revenue\n"
JANUARY = ("B0TEST0001", "US", "Net revenue", "2024-01", "1.50")
FACTS = [JANUARY, ("B0TEST0001", "US", "Net revenue", "2024-02", "2.50")]


@pytest.mark.parametrize(("content", "words"), [
    # A month that is not read takes none of its figures with it.
    (f",,,Net revenue,\n{IDS},Janu-24,Feb-24\n" + ROW,
     "'Janu-24' stands before months and cannot be read as one; mend it, or leave it out with --skip-column 'Janu-24'"),
    (f",,,Net revenue,\n{IDS},Rest,Feb-24\n" + ROW, "'Rest' stands before months"),
    (f"{IDS},Net revenue Jan 2024 - Mar 2024,Net revenue Apr 2024\n" + ROW,
     "'Net revenue Jan 2024 - Mar 2024' stands before months"),
    (f"{IDS},Net revenue Apr 2024,Net revenue May - Jul 2024\n" + ROW,
     "'Net revenue May - Jul 2024' stands behind months"),
    (ONE.replace("Jan-24", "######") + ROW, "'Net revenue ######' stands before months and cannot be read as one"),
    (ONE.replace("Jan-24", "then") + ROW, "'Net revenue then' stands before months and cannot be read as one"),
    # What a heading says of its figures is not lost with its brackets.
    (f",,,Net revenue (in thousands),\n{IDS},Jan-24,Feb-24\n" + ROW,
     "says (in thousands): write its figures out in full, and take the remark off; --skip-column"),
    (f"{IDS},Net revenue (Plan) Jan-24,Net revenue Feb-24\n" + ROW,
     "column Net revenue (Plan): says (Plan): only what has happened is imported; "
     "--skip-column 'Net revenue (Plan)' leaves it out"),
    (TIDY.replace("revenue", "revenue (YTD)") + "B0TEST0001,Acme,US,2024-01,1\n", "only a month's own figures are"),
    (LONG + "B0TEST0001,Acme,US,Net COGS (per unit),2024-01,1\n", "only a month's sums are imported"),
    ("Angaben in TEUR,,,,\n" + ONE + ROW,
     "'Angaben in TEUR' says that the figures are not written out in full; write them so, and take this line out"),
    (f",,,Net revenue,,,\n,,,Actual,Plan,Actual,Plan\n{IDS},Jan-24,Jan-24,Feb-24,Feb-24\nB0TEST0001,Acme,US,1,2,3,4\n",
     "column Net revenue (Plan): says (Plan)"),
    # Sums that would count twice.
    (ONE + ROW + "B0TEST0001,Acme,Total,1.50,2.50\n", "'Total' is a sum of marketplaces and none of them"),
    (ONE + ROW + "B0TEST0001,Acme,Alle Länder,1.50,2.50\n", "'Alle Länder' is a sum of marketplaces and none of them"),
    # Products that a spreadsheet or a program has dressed up as numbers.
    ("Product ID,Brand,MP,Net revenue Jan-24\n117.0,Acme,US,1\n", "column Product ID: '117.0' is written as a number"),
    ("Product ID,Brand,MP,Net revenue Jan-24\n1.23E+12,Acme,US,1\n", "'1.23E+12' is an ASIN that a spreadsheet took"),
    (ONE + '"=""306406152""",Acme,US,1,2\n', "is an ASIN without the zeros at its front"),
    # Advice that would lead to a wrong figure.
    (LONG.replace("value", "amount") + "B0TEST0001,Acme,US,Net revenue,2024-01,1\n", "long (line 1) lacks value"),
    # Texts of other kinds.
    ("<html><body><table><tr><td>ASIN</td></tr></table></body></html>\n", "is a web page (HTML)"),
    ('<?xml version="1.0"?>\n<Workbook></Workbook>\n', "is XML; open it in a spreadsheet"),
    ('[{"asin": "B0TEST0001", "value": 1}]\n', "is JSON; export it as CSV"),
    (ONE.replace(",", "|") + ROW.replace(",", "|"), "its cells stand between |; save it with commas"),
    (b"%PDF-1.4\n", "is a PDF"), (b"PAR1\x15\x04", "is a Parquet file"),
    ((ONE + ROW).encode() + bytes(100), "line 3: a NUL byte; this is no text file, or it is damaged"),
    ("\n" * 40 + ONE + ROW, "nothing stands in its first 30 lines, where headings are looked for"),
    # A record that was cut off is no note under the table.
    (LONG.replace("asin,brand", "brand,asin") + "Acme Inc,B0TEST0001,US,Net revenue,2024-01,1\nAcme In",
     "1 cells where the headings have 6"),
    (ONE + ROW + 'Note "as of today\n', "1 cells where the headings have 5"),
])
def test_what_would_be_wrong_without_a_word_is_refused(refusal_of, content, words):
    assert words in "\n".join(refusal_of(content))


@pytest.mark.parametrize(("content", "facts"), [
    (ONE + '"=""b0test0001""",Acme,US,1.50,2.50\n', FACTS), (ONE + "'" + ROW, FACTS),
    (ONE + ROW + "Total US,,US,1.50,2.50\n", FACTS), (ONE + ROW + "Razem,,PL,1.50,2.50\n", FACTS),
    (ONE + ROW + "All products,,US,1.50,2.50\n", FACTS),
    (f"{IDS},Net revenue,\n,,,Jan-24,Feb-24\n" + ROW, FACTS),
    (f",,,Net revenue,\n,,,USD,USD\n{IDS},Jan-24,Feb-24\n" + ROW, FACTS),
    (ONE.replace("ASIN", "(Parent) ASIN,(Child) ASIN") + "B0TEST0002," + ROW, FACTS),
    (TIDY + "B0TEST0001,Acme,US,\u200e2024-01\u200b,1.50\n", [JANUARY]),
    (TIDY.replace("Month", "Year,EAN,Month") + "B0TEST0001,Acme,US,2024,4006381333931,2024-01,1.50\n", [JANUARY]),
    (TIDY.replace("\n", ",Avg price,Session percentage\n") + "B0TEST0001,Acme,US,2024-01,1.50,9.99,12\n", [JANUARY]),
    (LONG + "B0TEST0001,Acme,US,net_revenue,2024-01,1.50\n", [JANUARY]),
    (ONE + ROW + "\nExported on 3 March 2024, by hand\n", FACTS), (ONE + ROW + "Source: own report\n", FACTS),
    (ONE + '"B0TEST0001",Acme,US,1.50,2.50\n\nSource: own report', FACTS), (ONE + ROW + "\x1a", FACTS),
])
def test_what_can_be_read_in_one_way_only_is_read(staged_rows, content, facts):
    assert staged_rows(content) == facts


def test_what_is_wrong_alike_in_many_lines_hides_nothing(refusal_of):
    rows = "".join(f"B0TEST{number:04},Acme,US,2024-01,{number}.50,USA\n" for number in range(30))
    told = refusal_of(TIDY.replace("\n", ",Country\n") + rows + "B0TEST0099,Acme,US,soon,1.50,USA\n")
    of_country = [
        f"line {line}, column Country: 'USA' is not a number; --skip-column 'Country' leaves its column out"
        for line in range(2, 21)
    ]
    assert told == [
        "file.csv: 32 faults; nothing was imported", *of_country,
        "line 32, column Month: 'soon' is not a month; write it like 2024-03", "and 12 more",
    ]


def test_lines_below_the_table_and_columns_without_a_heading_are_named(notes_of, staged_of):
    assert notes_of(ONE + ROW + "\nSource: own report\nAs of today\n") == (
        "lines 4 to 5 below the table left out: 'Source: own report', 'As of today'",
    )
    assert staged_of(ONE.replace("\n", ",\n") + ROW.replace("\n", ",9\n")).skipped_columns == (
        "column 6, which has no heading (1 value)",
    )


def test_a_few_products_that_are_no_asins_and_signs_of_other_currencies_are_warned_of(staged_of):
    rows = "".join(f"B0TEST000{number},Acme,US,$1.00,2.50\n" for number in range(3))
    assert staged_of(ONE + rows + "ACME,Acme,US,€3.00,7.50\n").warnings == (
        "cells show €, and were counted as USD, one to one",
        "1 of 4 products are no ASINs: 'ACME'; if one is a group or a total, it counts twice",
    )
    assert staged_of(ONE + "A1,Acme,US,1,2\nA2,Acme,US,1,2\n").warnings == ()


COSTS = "asin;valid from;unit cost\n"


def test_unit_costs_are_read_by_the_style_that_their_file_settles(write, refusal_of):
    def costs(content: str) -> list[tuple]:
        with duckdb.connect() as scratch, open_csv(write(content)) as file:
            stage(scratch, file, ImportOptions(), file_format="auto", currency="USD")
            return scratch.execute("SELECT asin, cost::VARCHAR FROM staged_cost ORDER BY asin").fetchall()

    rows = "B0TEST0001;2025-01;1.234,5\n=\"B0TEST0002\";2025-01;12,5\nB0TEST0003;2025-01;1.234\n"
    assert costs(COSTS + rows.replace('="B0TEST0002"', '"=""B0TEST0002"""')) == [
        ("B0TEST0001", "1234.5000"), ("B0TEST0002", "12.5000"), ("B0TEST0003", "1234.0000"),
    ]
    assert costs(COSTS + "B0TEST0001;2025-01;€ 1.234\nB0TEST0002;2025-01;3.75\n") == [
        ("B0TEST0001", "1.2340"), ("B0TEST0002", "3.7500"),
    ]
    for row, words in (
        ("B0TEST0001;2025-01;1.234", "'1.234' could be thousands or thousandths; give --decimal . or --decimal ,"),
        ("B0TEST0001;2025-01;12,50\nB0TEST0002;2025-01;3.75", "'12,50' has a decimal comma, and the decimal mark of"),
        ("306406152;2025-01;3.75", "'306406152' is an ASIN without the zeros at its front"),
    ):
        assert words in "\n".join(refusal_of(COSTS + row + "\n"))
    assert "is an ASIN without the zeros" in refusal_of("sku,asin\nMUG,306406152\n")[0]


def test_remarks_and_lines_above_a_table_say_scale_and_currency():
    for remark in ("k€", "T€", "TEUR", "in Tsd. €", "000s", "'000", "Mio. EUR", "USD thousands", "x1000", "EUR m"):
        assert "write its figures out in full" in fault_of_remark(remark), remark
    for remark in ("EUR", "ex VAT", "kr", "m", "M", "FBA", "incl. tax", "units", "Rs"):
        assert fault_of_remark(remark) == "", remark
    for line in ("All figures in thousands of USD", "Report (in thousands)", "Werte in T€", "Revenue ($000s)"):
        assert scale_above(line), line
    for line in ("Sales report 2024", "Top 1000 products", "1,000 rows", "Made in USA", "Figures in m", "Row 2000"):
        assert not scale_above(line), line
    assert [currency_above(line) for line in (
        "All amounts in EUR", "Currency: GBP", "Währung CHF", "Made in USA", "Top sellers EUR", "Report in PDF",
    )] == ["EUR", "GBP", "CHF", None, None, None]


def test_words_for_totals_before_a_name_are_those_of_products_only():
    for text in ("Total US", "Grand total (USD)", "Subtotal: Acme", "TOTAL 2024", "Итого", "All"):
        assert is_total_of_products(text), text
    for text in ("Acme", "Sum 41", "Totally spiced", "Allure", "B0TOTAL001"):
        assert not is_total_of_products(text), text
