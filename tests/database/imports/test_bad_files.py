"""Whatever is wrong with a file is told with line, column, cell and rule; nothing of it goes in."""

import datetime
import gzip
import os
import threading
import zipfile

import pytest

from database.imports.csv_file import open_csv
from database.imports.files import import_file
from database.imports.month_texts import UNSETTLED
from database.imports.opening import open_text
from database.imports.staging import ImportOptions
from domain.errors import Refused
from tests.clock import set_today
from tests.database.imports.conftest import HEADINGS, contents
from tests.plain_user import as_plain_user

GOOD = "A1,Acme,Toys,US,Net revenue,2024-01,10.50\n"
WIDE = ";;;Net revenue;\nASIN;Brand;MP;Jan-24;Feb-24\n"


def row(value: str = "1.00", month: str = "2024-02", asin: str = "A2", marketplace: str = "US", metric: str = "CM1",
        brand: str = "Acme") -> str:
    return f'{asin},{brand},Toys,{marketplace},{metric},{month},"{value}"\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "file.csv: is empty"),
        (b"\n\r\n \n", "file.csv: is empty but for blank lines"),
        (b"\xef\xbb\xbf", "file.csv: is empty but for blank lines"),
        ((HEADINGS + GOOD).encode("utf-32"), "file.csv: is UTF-32; save it as UTF-8"),
        ((HEADINGS + GOOD).encode("utf-16-le"),
         "file.csv: line 1: every other byte is NUL, so it is UTF-16; give --encoding utf-16-le or "
         "--encoding utf-16-be, or save it as UTF-8"),
        (gzip.compress(b"x", mtime=0), "file.csv: is compressed with gzip; unpack it first: gunzip"),
        ((HEADINGS + GOOD).encode() + b"A2,Ac\x81 me,Toys,US,CM1,2024-01,1\n",
         "file.csv: line 3: byte 0x81 is of no known encoding; save the file as UTF-8; nothing was imported"),
        ((HEADINGS + GOOD.replace("Acme", "Caf\u00e9")).encode() + b"A2,Ac\xffme,Toys,US,CM1,2024-01,1\n",
         "file.csv: line 3: byte 0xFF is not UTF-8, as the rest of the file is; save the file as UTF-8, or give "
         "--encoding; nothing was imported"),
        ((HEADINGS + GOOD).encode() + b"A2,Ac\0me,Toys,US,CM1,2024-01,1\n",
         "file.csv: line 3: a NUL byte; this is no text file, or it is damaged; nothing was imported"),
        ((HEADINGS + GOOD).encode().replace(b"\n", b"\r"),
         "file.csv: its lines end with a carriage return only; save it with LF or CRLF line ends"),
        (HEADINGS + GOOD + 'A2,"Acme,Toys,US,CM1,2024-01,1\n' + GOOD,
         "file.csv: line 3: a quote is opened here and never closed; nothing was imported"),
        (HEADINGS + GOOD + 'A2,"Ac"me,Toys,US,CM1,2024-01,1\n',
         "file.csv: line 3: a closing quote is followed by more text; double the quotes inside a cell; "
         "nothing was imported"),
        (HEADINGS + GOOD + "A2,Acme,Toys,US,CM1,2024-01\n",
         "file.csv: line 3: 6 cells where the headings have 7; nothing was imported"),
        (HEADINGS + GOOD + "A2,Acme,Toys,US,CM1,2024-01,1,2\n",
         "file.csv: line 3: 8 cells where the headings have 7; nothing was imported"),
        (HEADINGS + GOOD + f"A2,{'x' * 200_000},Toys,US,CM1,2024-01,1\n",
         "file.csv: line 3: a cell is longer than 100,000 characters; nothing was imported"),
        (HEADINGS.replace("value", "value,note") + GOOD.replace("\n", f",{'x' * 200_000}\n"),
         "file.csv: line 2: a cell is longer than 100,000 characters; nothing was imported"),
        (HEADINGS.replace("value", "value,Value") + GOOD.replace("\n", ",1\n"),
         "file.csv: line 1, column Value: this heading stands there twice; nothing was imported"),
        (HEADINGS.replace("marketplace", "shop") + GOOD,
         "file.csv: line 1: the column marketplace is missing; add it, or give --marketplace CODE; "
         "nothing was imported"),
        (HEADINGS.replace("brand", "maker") + GOOD,
         "file.csv: line 1: the column brand is missing; add it, or give --brand NAME; nothing was imported"),
        (WIDE.replace("Feb-24", "Feb-24;Mar-24"),
         "file.csv: line 2: has 6 cells, the first header row has 5; nothing was imported"),
        (";;;;Net revenue\nASIN;Brand;MP;Jan-24;Feb-24\nA1;Acme;US;1;2\n",
         "file.csv: line 2: 'Jan-24' stands under no metric; the first header row is blank up to it; "
         "nothing was imported"),
        (";;;Net revenue;\nASIN;Brand;MP;Total;Sum\nA1;Acme;US;1;2\n",
         "file.csv: line 2: no column has a month as its second heading; write months like Jan-24 or 2024-01; "
         "nothing was imported"),
        (";;;COGS;Net COGS\nASIN;Brand;MP;Jan-24;Jan-24\nA1;Acme;US;1;2\n",
         "file.csv: line 2, column Net COGS / Jan-24: means Net COGS 2024-01, as the column COGS / Jan-24 does; "
         "keep one of them; nothing was imported"),
        (";;;CM1;CM1\nASIN;Brand;MP;Jan-24;Jan-24\nA1;Acme;US;1;2\n",
         "file.csv: line 2, column CM1 / Jan-24: this heading stands there twice; nothing was imported"),
        (";;;CM1\nASIN;Brand;MP;03/04/2024\nA1;Acme;US;1\n",
         f"file.csv: line 2: '03/04/2024' {UNSETTLED}; nothing was imported"),
        (";;CM1\nASIN;Brand;Jan-24\nA1;Acme;1\n",
         "file.csv: line 2: the column Marketplace (or MP) is missing; add it, or give --marketplace CODE; "
         "nothing was imported"),
    ],
)
def test_a_file_that_is_broken_as_a_whole_is_refused(refusal_of, content, words):
    assert refusal_of(content) == [words]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (row("NaN"), "column value: 'NaN' is not a number"),
        (row("Infinity"), "column value: 'Infinity' is not a number"),
        (row("1e400"), "column value: '1e400' is not a number"),
        (row("1_000"), "column value: '1_000' is not a number"),
        (row("٣"), "column value: '٣' is not a number"),
        (row("12,34,5"), "column value: '12,34,5' is not a number"),
        (row("twelve"), "column value: 'twelve' is not a number"),
        (row("1.239"), "column value: '1.239' has more than two decimals; --round rounds half to even"),
        (row("10000000000000.00"), "column value: '10000000000000.00' is beyond 9,999,999,999,999.99"),
        (row("1,5"), "column value: '1,5' has a decimal comma, and the decimal mark of this file is ."),
        (row(month="2024-02-30"), "column month: '2024-02-30' is not a date that exists"),
        (row(month="2024-13"), "column month: '2024-13' is not a date that exists"),
        (row(month="03/04/2024"), f"column month: '03/04/2024' {UNSETTLED}"),
        (row(month="1994-12"), "column month: '1994-12' is before 1995"),
        (row(month="soon"), "column month: 'soon' is not a month; write it like 2024-03"),
        (row(month=""), "column month: '' is blank"),
        (row(asin=""), "column asin: '' is blank"),
        (row(asin="A" * 65), f"column asin: '{'A' * 60}'… (65 characters) is longer than 64 characters"),
        (row(brand="B" * 300), f"column brand: '{'B' * 60}'… (300 characters) is longer than 255 characters"),
        (row(marketplace="ALL"), "column marketplace: 'ALL' is reserved for the sum of all marketplaces"),
        (row(marketplace="ELEVENCHARS"), "column marketplace: 'ELEVENCHARS' is longer than 10 characters"),
        (row(marketplace=""), "column marketplace: '' is blank"),
        (row(metric=""), "column metric: '' is blank"),
        (row(metric="M" * 101), f"column metric: '{'M' * 60}'… (101 characters) is longer than 100 characters"),
    ],
)
def test_a_bad_cell_is_told_with_line_column_cell_and_rule(refusal_of, bad, words):
    assert refusal_of(HEADINGS + GOOD + bad) == [f"file.csv: line 3, {words}; nothing was imported"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADINGS + row(month="2026-06") + row(month="9999-12"), "line 3, column month: '9999-12'"),
        (";;;Net units;\nASIN;Brand;MP;Jun-26;Jul-26\nA1;Acme;US;1;\n", "line 2: 'Jul-26'"),
        ("Order ID,Date,Status,Sales Channel,ASIN,Qty,Amount\n1,2027-03-01,Shipped,Amazon.com,A1,1,1\n",
         "line 2, column Date: '2027-03-01'"),
    ],
)
def test_a_month_that_is_far_ahead_refuses_a_file_of_any_format(refusal_of, monkeypatch, content, words):
    set_today(monkeypatch, datetime.date(2024, 6, 30))
    assert refusal_of(content) == [
        f"file.csv: {words} is more than 24 months ahead of 2024-06; nothing was imported"
    ]


def test_more_columns_than_a_spreadsheet_has_are_told_at_once(refusal_of):
    content = HEADINGS.replace("\n", "") + "".join(f",x{number}" for number in range(300_000)) + "\n" + GOOD
    assert refusal_of(content) == [
        "file.csv: line 1: has 300,007 columns; a file may have 16,384, as a spreadsheet; nothing was imported"
    ]


def test_headings_without_rows_give_no_fact(take, store):
    with pytest.raises(Refused, match="^file.csv: gives no fact: every value cell is blank, or there is no row$"):
        take(HEADINGS)


def test_twenty_faults_are_listed_and_all_are_counted(refusal_of):
    lines = refusal_of(HEADINGS + "".join(row("x", asin=f"A{number}") for number in range(1_000)))
    assert lines[0] == "file.csv: 1,000 faults; nothing was imported"
    assert lines[1] == "line 2, column value: 'x' is not a number"
    assert lines[20:] == ["line 21, column value: 'x' is not a number", "and 980 more"]


def test_faults_of_several_kinds_are_told_in_the_order_of_lines(refusal_of):
    assert refusal_of(HEADINGS + row("x") + row(month="never") + GOOD + row(marketplace="ALL", asin="A9")) == [
        "file.csv: 3 faults; nothing was imported",
        "line 2, column value: 'x' is not a number",
        "line 3, column month: 'never' is not a month; write it like 2024-03",
        "line 5, column marketplace: 'ALL' is reserved for the sum of all marketplaces",
    ]


def test_a_line_number_counts_the_lines_inside_quotes(refusal_of):
    content = HEADINGS + 'A1,"Ac\nme",Toys,US,CM1,2024-01,1\n\n' + row("x")
    assert refusal_of(content) == ["file.csv: line 5, column value: 'x' is not a number; nothing was imported"]


def test_the_same_key_twice_names_both_lines(refusal_of):
    again = "A1,Acme,Toys,US,Net Revenue,Jan 2024,11\n"
    assert refusal_of(HEADINGS + GOOD + row() + again) == [
        "file.csv: line 4, column value: gives A1 US Net revenue 2024-01 again; line 2 gave it first; "
        "--sum adds such rows up; nothing was imported"
    ]


def test_the_same_product_twice_in_a_wide_file_names_both_lines(refusal_of):
    assert refusal_of(WIDE + "A1;Acme;US;1;\nA2;Acme;US;1;2\nA1;Acme;US;;3\nA1;Acme;US;4;\n") == [
        "file.csv: line 6, column Net revenue / Jan-24: gives A1 US Net revenue 2024-01 again; line 3 gave "
        "it first; --sum adds such rows up; nothing was imported"
    ]


def test_numbers_whose_style_cannot_be_settled_ask_for_decimal(refusal_of, staged_rows):
    content = HEADINGS + row("1.234") + row("7", asin="A3")
    assert refusal_of(content) == [
        "file.csv: line 2, column value: '1.234' could be thousands or thousandths, and no other cell settles it; "
        "give --decimal . or --decimal ,; nothing was imported"
    ]
    assert [values[-1] for values in staged_rows(content, decimal=",")] == ["1234.00", "7.00"]


def test_a_bad_cell_of_a_wide_file_is_told_with_its_two_headings(refusal_of):
    assert refusal_of(WIDE + "A1;Acme;US;1;x\n;Acme;US;;5\n") == [
        "file.csv: 2 faults; nothing was imported",
        "line 3, column Net revenue / Feb-24: 'x' is not a number",
        "line 4, column ASIN: '' is blank",
    ]


def test_a_zip_a_folder_and_a_missing_file_are_refused(write, tmp_path):
    with zipfile.ZipFile(tmp_path / "zip.csv", "w") as archive:
        archive.writestr("a.csv", "x")
    for path, words in (
        (tmp_path / "zip.csv", "zip.csv: is a zip archive (a.csv) and no workbook; unpack it first"),
        (tmp_path, f"{tmp_path}: is a folder; name the files in it"),
        (tmp_path / "gone.csv", f"{tmp_path / 'gone.csv'}: there is no such file"),
    ):
        with pytest.raises(Refused) as caught, open_text(path, is_known=lambda text: True):
            pass
        assert str(caught.value) == words


def test_a_file_without_permission_is_refused(write):
    path = write(HEADINGS + GOOD)
    path.chmod(0)
    refused = pytest.raises(Refused, match=r"cannot be read \(Permission denied\)$")
    with as_plain_user(), refused, open_csv(path):
        pass


def test_a_file_that_grows_or_disappears_while_it_is_read_is_refused(write):
    path = write(HEADINGS + GOOD)
    with pytest.raises(Refused, match="^file.csv: changed while it was read; nothing was imported"), open_csv(path):
        path.write_text(HEADINGS + GOOD + row())
    with pytest.raises(Refused, match="^file.csv: disappeared while it was read; nothing was imported"), open_csv(path):
        path.unlink()


def test_a_pipe_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    done = threading.Event()

    def read() -> None:
        with pytest.raises(Refused, match="is not a regular file"), open_csv(tmp_path / "pipe.csv"):
            pass
        done.set()

    threading.Thread(target=read, daemon=True).start()
    assert done.wait(10)


def test_a_refused_file_changes_nothing(store, write, take):
    take(HEADINGS + GOOD)
    before = contents(store)
    for content in (HEADINGS + GOOD + row("x"), HEADINGS + row() + row(), b"\xff\xfe\x01", HEADINGS, HEADINGS + GOOD):
        with pytest.raises(Refused):
            import_file(store, write(content, "bad.csv"), ImportOptions())
        assert contents(store) == before
