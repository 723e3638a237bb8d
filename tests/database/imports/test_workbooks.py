"""Workbooks go through the same staging as text files: what they give, what is told, what they are refused for."""

import datetime
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from database.imports.files import AUTO, import_file, is_of_known_format, stage
from database.imports.opening import open_text
from database.imports.products import take_products
from database.imports.staging import ImportOptions, Staged
from domain.errors import Refused
from tests.database.imports.conftest import stored_facts

FILES = Path(__file__).resolve().parents[2] / "files"
LONG = ("asin", "brand", "marketplace", "metric", "month", "value")


def staged(path: Path, sheet: str | None = None, **options) -> tuple[Staged, list[tuple]]:
    """A file read without a store: what is known of it, and its facts."""
    wishes = ImportOptions(sheet=sheet, **options)
    with duckdb.connect() as scratch, open_text(path, sheet=sheet, is_known=is_of_known_format) as text:
        found = stage(scratch, text, wishes, file_format=AUTO, currency="USD")
        facts = scratch.execute(
            "SELECT asin::VARCHAR, marketplace::VARCHAR, metric::VARCHAR, strftime(month, '%Y-%m'), value::VARCHAR "
            "FROM staged ORDER BY ALL"
        ).fetchall()
        return found, facts


def refused(path: Path, sheet: str | None = None, **options) -> list[str]:
    with pytest.raises(Refused) as caught:
        staged(path, sheet, **options)
    return [str(caught.value), *caught.value.faults]


def long_sheet(book: xlsxwriter.Workbook, name: str, *rows: tuple) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet(name)
    for number, row in enumerate((LONG, *rows)):
        sheet.write_row(number, 0, row)
    return sheet


def test_an_old_workbook_gives_its_figures_and_says_how_it_was_read():
    found, facts = staged(FILES / "workbook.xls")
    assert facts == [
        ("B0TEST0001", "DE", "FBA fees", "2024-01", "100.00"),
        ("B0TEST0001", "DE", "Net revenue", "2024-01", "1234.56"),
        ("B0TEST0001", "DE", "Net revenue", "2024-02", "12.30"),
        ("B0TEST0002", "US", "FBA fees", "2024-01", "3.05"),
        ("B0TEST0002", "US", "Net revenue", "2024-01", "-5.00"),
        ("B0TEST0002", "US", "Net revenue", "2024-02", "7.70"),
    ]
    assert found.skipped_columns == ("CM3 % / 2024-01-01 (shown as percentages)",)
    assert found.notes == (
        "sheet 'P&L 2024' was read", "sheets that were not read (--sheet NAME reads another): 'Notes', 'Old' (hidden)",
        "hidden rows were read like others: 6", "hidden columns were read like others: B",
        "merged cells were read as if each held their text: 1", "row 1 above the headings: 'Acme P&L 2024'",
    )


def test_figures_dates_and_merged_metrics_of_a_workbook(tmp_path):
    path = tmp_path / "P&L.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Notes").write(0, 0, "Prepared by finance")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=2024!$D$3:$E$3"})
        book.add_chartsheet("Chart").set_chart(chart)
        sheet = book.add_worksheet("2024")
        month = book.add_format({"num_format": "mmm-yy"})
        sheet.merge_range("A1:A2", "ASIN")
        sheet.write_row("B2", ["Brand", "Marketplace"])
        sheet.merge_range("D1:E1", "Net revenue")
        sheet.merge_range("F1:G1", "FBA fees")
        sheet.write_row("D2", [datetime.date(2024, number, 1) for number in (1, 2, 1, 2)], month)
        sheet.write_row("A3", ["A1", "Acme", "US", 1234.56, 0.1 + 0.2, "", 1e-9])
    found, facts = staged(path)
    assert facts == [
        ("A1", "US", "FBA fees", "2024-02", "0.00"), ("A1", "US", "Net revenue", "2024-01", "1234.56"),
        ("A1", "US", "Net revenue", "2024-02", "0.30"),
    ]
    assert found.notes[1] == "sheets that were not read (--sheet NAME reads another): 'Notes', 'Chart' (no table)"


def test_a_third_decimal_and_an_error_name_sheet_and_cell(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = long_sheet(
            book, "P&L", ("A1", "Acme", "US", "CM1", "2024-01", 1.005000000000001),
            ("A2", "Acme", "US", "CM1", "2024-01", 1.234), ("A3", "", "US", "CM1", "2024-01", 1),
            ("A4", "Acme", "US", "CM1", "2024-01", 0.25),
        )
        sheet.write_formula("F4", "=1/0", None, "#DIV/0!")
        sheet.write_formula("B4", "=x", None, "#REF!")
        sheet.write_formula("C2", "=x", None, "#NAME?")
        sheet.write_number("F5", 0.25, book.add_format({"num_format": "0%"}))
    error = "is an error of the spreadsheet; mend its formula, or clear the cell"
    decimals = "has more than two decimals"
    assert refused(path) == [
        "a.xlsx: 6 faults; nothing was imported",
        f"sheet P&L, cell C2, column marketplace: '#NAME?' {error}",
        f"sheet P&L, cell F2, column value: '1.005000000000001' {decimals}; --round rounds half to even",
        f"sheet P&L, cell F3, column value: '1.2340' {decimals}; --round rounds half to even",
        f"sheet P&L, cell B4, column brand: '#REF!' {error}",
        f"sheet P&L, cell F4, column value: '#DIV/0!' {error}",
        "sheet P&L, cell F5, column value: '25%' is a percentage, which nobody can sum; leave it out",
    ]


def test_an_error_that_says_that_there_is_no_value_is_none_and_one_that_is_not_read_matters_to_nobody(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = long_sheet(
            book, "a", ("A1", "Acme", "US", "CM1", "2024-01", 1), ("A2", "Acme", "US", "CM1", "2024-01", 1)
        )
        sheet.write_formula("F3", "=x", None, "#N/A")
        sheet.write("G1", "remarks")
        sheet.write_formula("G2", "=x", None, "#REF!")
        sheet.write_formula("G3", "=1+1")
    assert staged(path)[1] == [("A1", "US", "CM1", "2024-01", "1.00")]


def test_a_workbook_without_values_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = long_sheet(book, "a", ("A1", "Acme", "US", "CM1", "2024-01", 1))
        sheet.write_formula("F2", "=1+1")
    assert refused(path) == [
        "a.xlsx: sheet a, cell F2, column value: '#NOT-CALCULATED!' is a formula without a value; open the workbook in "
        "Excel, save it once, and import it again; nothing was imported",
    ]


def test_headings_that_are_formulas_without_a_value_are_told_too(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = long_sheet(book, "a", ("A1", "Acme", "US", "CM1", "2024-01", 1))
        sheet.write_formula("F1", '="value"')
    assert refused(path)[-1] == (
        "sheet a: a formula has no value (F1), as in a workbook that a program wrote; open it in Excel, "
        "save it once, and import it again (in LibreOffice: Data, Calculate, Recalculate Hard, before it is saved)"
    )


def test_each_sheet_is_taken_in_once_and_the_report_says_which(store, tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        long_sheet(book, "Jan", ("A1", "Acme", "US", "CM1", "2024-01", 1))
        long_sheet(book, "Feb", ("A1", "Acme", "US", "CM1", "2024-02", 2)).hide()
    report = import_file(store, path, ImportOptions())
    assert "  read as   sheet 'Jan' was read" in report.lines()
    assert "  read as   sheets that were not read (--sheet NAME reads another): 'Feb' (hidden)" in report.lines()
    import_file(store, path, ImportOptions(sheet="feb"))
    with pytest.raises(Refused, match="these bytes|the same|already"):
        import_file(store, path, ImportOptions(sheet="Jan"))
    assert [fact[5:] for fact in stored_facts(store)] == [("2024-01", "1.00"), ("2024-02", "2.00")]


def test_products_come_from_workbooks_too(store, tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover").write(0, 0, "Our products")
        sheet = book.add_worksheet("Products")
        sheet.write_row(0, 0, ["ASIN", "Brand"])
        sheet.write_row(1, 0, ["B0TEST0001", "Acme"])
    assert take_products(store, path, dry_run=True).created == 1


def test_a_sheet_of_a_text_file_cannot_be_asked_for(write):
    assert refused(write("asin\n"), "Jan") == [
        "file.csv: is no workbook, so there is no sheet 'Jan' in it; leave --sheet out"
    ]
