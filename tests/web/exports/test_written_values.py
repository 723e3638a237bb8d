"""Values as files have them, and texts that a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime
import io
import re
import tracemalloc
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from domain.errors import Refused
from web.exports.about import About
from web.exports.csv import write_csv
from web.exports.plain_values import plain
from web.exports.xlsx import write_xlsx
from web.figures.formats import COUNT, MONEY, PERCENT
from web.figures.sheets import MONTH, TEXT, Cell, Column, LongRows, Sheet

ABOUT = About(
    title="Things", address="/things.csv", selection=(("Metric", ("CM3",)),), generation=1, last_month="2025-10",
    published=datetime.datetime(2025, 11, 3), exported=datetime.datetime(2025, 11, 4), currency="USD",
)


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_in_every_place(tmp_path: Path) -> None:
    for text in ("=1+1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\ufeff@sum"):
        check_apostrophes(text, tmp_path)


def check_apostrophes(text: str, tmp_path: Path) -> None:
    about = About(**{**vars(ABOUT), "selection": ((text, (text,)),), "title": text})
    sheet = Sheet("things", "Things", (Column(text, TEXT),), [(text,), (Cell(text, TEXT),)])
    out = io.BytesIO()
    assert write_csv(out, sheet, about) == 2
    rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows] == ["'" + text] * 3
    assert rows[1][1].startswith("'")
    out = io.BytesIO()
    write_xlsx(out, [sheet], about, folder=tmp_path)
    book = openpyxl.load_workbook(out)
    cells = [row[0] for row in book.worksheets[0].iter_rows()] + [book["About"]["B1"]]
    assert [(cell.data_type, unescaped(cell.value)) for cell in cells] == [("s", "'" + text)] * 4


def unescaped(text: str) -> str:
    """What Excel shows of a control character, which stands escaped in the file."""
    return re.sub(r"_x(000[9AD])_", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("text", ["a=b", "", " a=1", "'quoted'", "1-2", "<r><t>x</t></r>", "ASIN-1"])
def test_every_other_text_stays_as_it_is(text: str, tmp_path: Path) -> None:
    sheet = Sheet("things", "Things", (Column("Thing", TEXT), Column("End", TEXT)), [(text, "|")])
    out = io.BytesIO()
    write_csv(out, sheet, ABOUT)
    assert list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))[1][0] == text
    out = io.BytesIO()
    write_xlsx(out, [sheet], ABOUT, folder=tmp_path)
    assert (openpyxl.load_workbook(out).worksheets[0]["A2"].value or "").strip() == text.strip()


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Decimal("1234.5"), MONEY, "1234.50"),
        (Decimal("-0.01"), MONEY, "-0.01"),
        (Decimal("-0.001"), MONEY, "0.00"),
        (Decimal("10") / 3, MONEY, "3.33"),
        (Decimal("99999999999999999999999.99"), MONEY, "99999999999999999999999.99"),
        (Decimal("9" * 30 + ".99"), MONEY, "9" * 30 + ".99"),
        (7, MONEY, "7.00"),
        (Decimal("4321.00"), COUNT, "4321"),
        (Decimal("1E+3"), COUNT, "1000"),
        (Decimal("0.50"), COUNT, "0.5"),
        (0, COUNT, "0"),
        (Decimal(1) / 3, PERCENT, "0.333333"),
        (Decimal("-0.0000001"), PERCENT, "0"),
        (Decimal("0.2"), PERCENT, "0.2"),
        (datetime.date(2025, 3, 1), MONTH, "2025-03"),
        (Cell(Decimal("0.25"), PERCENT), MONEY, "0.25"),
        (None, MONEY, None),
        (Cell(None, PERCENT), MONEY, None),
        ("DE", TEXT, "DE"),
    ],
)
def test_values_are_written_plainly_and_to_the_cent(value, kind: str, text: str | None) -> None:
    assert plain(value, kind) == text


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_rows_pass_through_without_being_held(form: str, tmp_path: Path) -> None:
    """A row takes about a kilobyte while it is there: these would be six megabytes together."""
    count = 6_000
    columns = (Column("ASIN", TEXT), Column("Name", TEXT), *(Column(f"M{n}", MONEY) for n in range(4)))
    rows = LongRows(
        count=lambda: count,
        read=lambda start, limit: (
            (f"B{n:09}", f"{n} {'x' * 500}", *(Decimal(n) / 100 for _ in range(4))) for n in range(count)
        ),
    )
    sheet = Sheet("things", "Things", columns, rows)
    with (tmp_path / "out").open("wb") as out:
        tracemalloc.start()
        if form == "csv":
            assert write_csv(out, sheet, ABOUT) == count
        else:
            assert write_xlsx(out, [sheet], ABOUT, folder=tmp_path) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2_000_000


def test_more_rows_than_excel_takes_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    rows = LongRows(count=lambda: 1_048_576, read=lambda start, limit: pytest.fail("read"))
    with pytest.raises(Refused, match=r"Things has more rows than Excel takes \(1,048,575\); take .csv instead"):
        write_xlsx(io.BytesIO(), [Sheet("things", "Things", (Column("Thing", TEXT),), rows)], ABOUT, folder=tmp_path)


def test_more_columns_than_excel_takes_are_refused(tmp_path: Path) -> None:
    sheet = Sheet("things", "Things", (Column("Thing", TEXT),) * 16_385, [])
    with pytest.raises(Refused, match=r"Things has more columns than Excel takes \(16,384\); take .csv instead"):
        write_xlsx(io.BytesIO(), [sheet], ABOUT, folder=tmp_path)


def test_titles_that_excel_refuses_become_names_it_takes(tmp_path: Path) -> None:
    titles = ["Gains / losses: [all]?", "x" * 40, "x" * 41, "About", "'"]
    sheets = [Sheet(str(n), title, (Column("A", TEXT),), [("a",)]) for n, title in enumerate(titles)]
    out = io.BytesIO()
    write_xlsx(out, sheets, ABOUT, folder=tmp_path)
    assert openpyxl.load_workbook(out).sheetnames == [
        "Gains   losses   all", "x" * 31, "x" * 27 + " 2", "About 2", "Table", "About",
    ]
