"""What stands in a workbook's cells is what the CSV file holds: nothing is lost, rounded or moved in silence."""

import csv
import datetime
import re
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from database.imports.workbook import child
from database.imports.workbook.cell_texts import (
    DATE,
    PERCENT,
    PLAIN,
    column_name,
    column_position,
    date_text,
    number_format_kind,
    number_text,
    percent_text,
)
from domain.errors import Refused
from tests.database.imports.workbooks import MAIN, xlsx

STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="mmm\\-yy"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs>'
)


def read(path: Path, number: int = 0) -> tuple[str, dict]:
    """The CSV file of a sheet, and what was found in it."""
    found = child.read(path, path.parent, number)["read"][number]
    return (path.parent / f"{number}.csv").read_text(encoding="utf-8"), found


def refused(path: Path, number: int = 0) -> str:
    with pytest.raises(Refused) as caught:
        read(path, number)
    return str(caught.value)


@pytest.mark.parametrize(("written", "text"), [
    ("1234.56", "1234.56"), ("100", "100"), ("-5", "-5"), ("12.300000000000001", "12.3"),
    ("2.2999999999999998", "2.3"), ("1E-9", "0"), ("-1E-9", "0"), ("1.2E+05", "120000"), ("0.1", "0.1"),
    ("1.005000000000001", "1.005000000000001"), ("1.234", "1.2340"), ("1.2340", "1.2340"), ("0.00001", "0.00001"),
    ("123456789012345.67", "123456789012345.67"), ("1E+300", "1E+300"), ("1.9999999", "2"),
    ("1.00000101", "1.00000101"),
])
def test_a_number_counts_as_its_two_places_if_it_is_within_a_millionth(written, text):
    assert number_text(written) == text


def test_a_percentage_is_written_as_it_is_shown():
    assert [percent_text(text) for text in ("0.25", "0.1", "1", "0.123456")] == ["25%", "10%", "100%", "12.3456%"]


@pytest.mark.parametrize(("serial", "is_1904", "text"), [
    ("45292", False, "2024-01-01"), ("43830", True, "2024-01-01"), ("45292.5", False, "2024-01-01 12:00:00"),
    ("59", False, "1900-02-28"), ("61", False, "1900-03-01"), ("0.25", False, "06:00:00"),
    ("45291.9999999999", False, "2024-01-01"), ("99999999", False, "99999999"),
])
def test_a_serial_day_becomes_an_iso_date(serial, is_1904, text):
    assert date_text(serial, is_1904=is_1904) == text


def test_number_formats_are_told_apart_by_their_codes():
    dates = (
        "mmm-yy", "[$-409]mmm\\ yy;@", "dd/mm/yyyy", "[h]:mm", 'yyyy"-"mm', "[$-F800]dddd\\,\\ mmmm\\ dd",
        "m/d/yy h:mm",
    )
    plain = (
        "General", "#,##0.00", '0.00" USD"', "[Red]#,##0", '"Days" 0', "0.00E+00", "_-* #,##0.00\\ [$€-407]_-", "@",
        "\\d0",
    )
    percent = ("0%", "0.00%;[Red]-0.00%", "[Green]0%")
    assert {number_format_kind(164, code) for code in dates} == {DATE}
    assert {number_format_kind(164, code) for code in plain} == {PLAIN}
    assert {number_format_kind(164, code) for code in percent} == {PERCENT}
    assert [number_format_kind(number, None) for number in (0, 4, 9, 10, 14, 17, 22, 47)] == [
        PLAIN, PLAIN, PERCENT, PERCENT, DATE, DATE, DATE, DATE,
    ]


def test_columns_are_named_as_on_the_screen():
    assert [column_name(number) for number in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_position(column_name(number)) == number for number in range(0, 16_384, 7))


def test_each_row_of_the_sheet_is_one_line_with_as_many_cells(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", (
        '<row r="2"><c r="B2" t="inlineStr"><is><t>a "b", c</t></is></c></row>'
        '<row r="5"><c r="A5" t="s"><v>0</v></c><c r="D5"><v>7</v></c></row><row r="6"><c r="A6"/></row><row r="900"/>'
    ), texts="<si><r><t>line</t></r><r><t xml:space=\"preserve\">\nbreak_x000D_\n</t></r><rPh><t>no</t></rPh></si>")
    assert read(path)[0] == ',,,\n,"a ""b"", c",,\n,,,\n,,,\nline break ,,,7\n'


def test_one_column_has_no_line_that_could_be_taken_for_none(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row><row r="3"><c r="A3"><v>2</v></c></row>')
    assert read(path)[0] == '1\n""\n2\n'


def test_plain_rows_and_others_give_the_same(tmp_path):
    """A row is read by a regular expression if it is plain, and by expat if anything is unusual about it."""
    cells = (
        '<c r="A{0}" t="s"><v>0</v></c><c r="B{0}" s="0"><v>1.5</v></c><c r="C{0}" s="1"><v>45292</v></c>'
        '<c r="D{0}" s="2"><v>0.5</v></c><c r="E{0}" t="b"><v>1</v></c><c r="F{0}" t="e"><v>#REF!</v></c>'
        '<c r="G{0}" t="str"><f>A1</f><v>é</v></c>'
        '<c r="H{0}" t="inlineStr"><is><t xml:space="preserve">x y</t></is></c>'
        '<c r="I{0}"><f t="shared" si="0"/><v>2</v></c><c r="J{0}"/><c r="K{0}"></c><c r="L{0}" t="n"><v>3</v></c>'
    )
    plain = "".join(f'<row r="{row}" spans="1:12">{cells.format(row)}</row>' for row in (1, 3))
    odd = "".join(f"<row r='{row}'>\n{cells.format(row)}</row>" for row in (2, 4))
    rows = plain.split("</row>")[0] + "</row>" + odd.split("</row>")[0] + "</row>"
    rows += plain.split("</row>")[1] + "</row>" + odd.split("</row>")[1] + "</row>"
    text, found = read(xlsx(tmp_path / "a.xlsx", rows, styles=STYLES, texts="<si><t>one</t></si>"))
    line = "one,1.5,2024-01-01,50%,TRUE,#REF!,é,x y,2,,,3\n"
    assert text == line * 4
    assert (found["errors"], found["percent_columns"]) == (["F1", "F2", "F3", "F4"], [3])


def test_rows_in_comments_are_no_rows(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", (
        '<row r="1"><c r="A1"><v>1</v></c></row><!-- <row r="2"><c r="A2"><v>2</v></c></row>'
        '<row r="3"><c r="A3"><v>3</v></c></row> --><row r="4"><c r="A4"><v>4</v></c></row>'
    ))
    assert "counted in two ways, a sheet has 2 and 4 rows" in refused(path)


@pytest.mark.parametrize("main", [MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_namespaces_may_be_strict_or_have_a_prefix(tmp_path, main, prefix):
    attribute = f'xmlns:x="{main}"' if prefix else f'xmlns="{main}"'
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="d"><v>2024-01-01T00:00:00</v></c></row>'
    body = re.sub("<(/?)", rf"<\1{prefix}", rows)
    sheet = (
        f'<?xml version="1.0"?><{prefix}worksheet {attribute}><{prefix}sheetData>{body}</{prefix}sheetData>'
        f'<{prefix}mergeCells><{prefix}mergeCell ref="B1:C1"/></{prefix}mergeCells></{prefix}worksheet>'
    )
    assert read(xlsx(tmp_path / "a.xlsx", "", sheet=sheet, main=main))[0] == "1,2024-01-01,2024-01-01\n"


def test_cells_and_rows_need_no_names_and_a_wrong_dimension_misleads_nobody(tmp_path):
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c/><c><v>3</v></c></row>"
    assert read(xlsx(tmp_path / "a.xlsx", rows, before='<dimension ref="A1"/>'))[0] == "1,2\n,3\n"


@pytest.mark.parametrize(("rows", "words"), [
    ('<row r="2"/><row r="1"/>', "row 1 stands after row 2"),
    ('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>', "cell A1 stands after column B"),
    ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>1</v></c></row>', "cell A1 stands after column A"),
    ('<row r="1"><c r="A2"><v>1</v></c></row>', "cell A2 stands in row 1"),
    ('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', "cell A1 refers to text '7', which is not there"),
    ('<row r="1"><c r="A1"><v>12,5</v></c></row>', "cell A1 holds '12,5' as a number"),
    ('<row r="1"><c r="A1"><v>NaN</v></c></row>', "cell A1 holds 'NaN' as a number"),
    ('<row r="1"><c r="A1" t="z"><v>1</v></c></row>', "cell A1 is of the kind 'z', which is not known"),
    ('<row r="1"><c r="A1"><v>1</v></c>', "its part xl/worksheets/sheet1.xml is no XML"),
])
def test_a_sheet_that_contradicts_itself_is_damaged(tmp_path, rows, words):
    said = refused(xlsx(tmp_path / "a.xlsx", rows))
    assert said.startswith("is a damaged workbook (") and words in said


def test_merged_texts_hold_for_each_cell_and_merged_numbers_for_one(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("B1:D1", "Net revenue")
        sheet.merge_range("A2:A4", "Acme")
        sheet.merge_range("B2:C2", 7.5)
        sheet.write_row("B3", [1, 2, 3])
        sheet.write_row("B4", [4, 5, 6])
    text, found = read(path)
    assert text == ",Net revenue,Net revenue,Net revenue\nAcme,7.5,,\nAcme,1,2,3\nAcme,4,5,6\n"
    assert found["notes"] == ["merged cells were read as if each held their text: 4"]


def test_hidden_rows_and_columns_are_read_and_named(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row in range(6):
            sheet.write_row(row, 0, [row, 1])
        for row in (1, 2, 4, 50):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column("B:B", None, None, {"hidden": True})
        sheet.set_column("XA:XFD", None, None, {"hidden": True})
    text, found = read(path)
    assert text == "".join(f"{row},1\n" for row in range(6))
    assert found["notes"] == ["hidden rows were read like others: 2–3, 5", "hidden columns were read like others: B"]


def test_a_formula_counts_by_its_value_and_one_without_is_named(tmp_path):
    rows = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>1+1</f><v></v></c><c r="C1"><f>1+1</f><v/></c>'
        '<c r="D1"><f>1+1</f></c><c r="E1" t="str"><f>""</f><v></v></c><c r="F1"><f>0</f><v>0</v></c></row>'
        '<row r="2"><c r="A2" t="str"><f>A1</f></c></row>'
    )
    text, found = read(xlsx(tmp_path / "a.xlsx", rows))
    nothing = "#NOT-CALCULATED!"
    assert text == f"2,{nothing},{nothing},{nothing},,0\n{nothing},,,,,\n"
    assert (found["without_value"], found["without_value_count"]) == (["B1", "C1", "D1", "A2"], 4)


def test_a_zero_that_was_written_in_place_of_every_value_is_none(tmp_path):
    """XlsxWriter and openpyxl leave formulas to Excel: fullCalcOnLoad."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_formula("A1", "=1+2")
        sheet.write_formula("B1", "=1+2", None, 3)
        sheet.write_number("C1", 0)
    assert read(path)[0] == "#NOT-CALCULATED!,3,0\n"
    made = openpyxl.Workbook()
    made.active.append(["=1+2", 4])
    made.save(path)
    assert read(path)[0] == "#NOT-CALCULATED!,4\n"


def test_dates_of_both_systems_are_the_days_that_are_shown(tmp_path):
    days = [datetime.date(2024, 1, 1), datetime.datetime(2024, 2, 29, 13, 45)]
    for is_1904 in (False, True):
        path = tmp_path / "a.xlsx"
        with xlsxwriter.Workbook(path, {"date_1904": is_1904}) as book:
            book.add_worksheet().write_row(0, 0, [*days, "Jan-24"], book.add_format({"num_format": "mmm-yy"}))
        assert read(path)[0] == "2024-01-01,2024-02-29 13:45:00,Jan-24\n"


def test_a_workbook_that_calculates_only_when_told_says_so(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>', book='<calcPr calcMode="manual"/>')
    assert read(path)[1]["notes"][0].startswith("the workbook calculates only when it is told to")


LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffe\uffff")
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-10**12, 10**12),
    st.integers(-10**11, 10**11).map(lambda cents: cents / 100),
    st.text(LETTERS, min_size=1, max_size=12).filter(lambda text: text[0] != "=" and text.strip() == text),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=8), min_size=1, max_size=20), st.booleans())
def test_what_openpyxl_and_xlsxwriter_write_is_what_is_read(tmp_path_factory, rows, by_openpyxl):
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    if by_openpyxl:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    text, found = read(path)
    was = [[shown(cell) for cell in row] for row in rows]
    width = max((number + 1 for row in was for number, cell in enumerate(row) if cell), default=0)
    while was and not any(was[-1]):
        was.pop()
    assert list(csv.reader(text.splitlines())) == [(row + [""] * width)[:width] for row in was]
    assert found["filled"] == sum(cell != "" for row in was for cell in row)


def shown(cell: object) -> str:
    """As a cell of the CSV file holds it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    return f"{cell + 0.0:.2f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
