"""A file becomes records: headings below a preamble, line breaks in cells, quotes; and every line is counted twice."""

import pytest

from database.imports.record_count import count_blank_lines, count_outside_quotes
from tests.database.imports.conftest import HEADINGS

LONG = "asin,brand,marketplace,metric,month,value\n"
WIDE = ",,,Net revenue,\nASIN,Brand,Marketplace,Jan-24,Feb-24\nA1,Acme,US,1.5,2.5\n"
SUMS = [("A1", "US", "Net revenue", "2024-01", "1.50"), ("A1", "US", "Net revenue", "2024-02", "2.50")]


def row(number: int, end: str = "\n") -> str:
    return f"A{number},Acme,US,CM1,2024-01,{number}{end}"


def facts(*numbers: int) -> list[tuple]:
    return [(f"A{number}", "US", "CM1", "2024-01", f"{number}.00") for number in numbers]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "headings",
    [
        'asin,brand,marketplace,metric,month,"value\n"\n', 'asin,brand,marketplace,metric,month,value,"a\nb\nc"\n',
        '"as\u200bin",BRAND,Market\u2060place," Metric ","Month",\u00a0value\n',
        '"asin"," brand","marketplace",metric,month,value\n',
    ],
)
def test_a_line_break_in_a_heading_loses_no_line(staged_rows, headings, ends, mark):
    more = "x" if headings.count(",") == 6 else ""
    content = mark + headings + "".join(row(number, f",{more}\n" if more else "\n") for number in range(1, 5))
    assert staged_rows(content.replace("\n", ends)) == facts(1, 2, 3, 4)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "above",
    ["Acme P&L 2024\n", "Acme,,,,\n,,,,\n", "\n\n", "sep=,\n", "Table 1\n\n", '"a\nb"\n\n"c"\n', 'one 12" rule\n',
     '"Acme" in 2024\n', '"Acme in 2024\n', 'a;b;c;d;e;f\n'],
)
def test_what_stands_above_the_headings_is_no_record(staged_rows, above, ends):
    assert staged_rows((above + WIDE).replace("\n", ends)) == SUMS


def test_the_report_names_what_stands_above_the_headings(notes_of):
    assert notes_of("Acme P&L 2024,,,,\n,,,,\n" + WIDE) == ("line 1 above the headings: 'Acme P&L 2024'",)
    assert notes_of("sep=,\n" + WIDE) == ()
    assert notes_of("\nOne\n\nTwo,2\n\nThree\nFour\n" + WIDE) == (
        "lines 2 to 7 above the headings: 'One', 'Two 2', 'Three' …",
    )


def test_headings_are_looked_for_in_thirty_lines(staged_rows, refusal_of):
    assert staged_rows("note\n" * 29 + LONG + row(1)) == facts(1)
    assert "its headings are those of no known format" in refusal_of("note\n" * 30 + LONG + row(1))[0]


def test_line_numbers_count_from_the_top_of_the_file(refusal_of):
    content = 'Title\n\nasin,brand,marketplace,metric,month,"value\n"\n' + row(1) + row(2).replace(",2\n", ",x\n")
    assert refusal_of(content) == ["file.csv: line 6, column value: 'x' is not a number; nothing was imported"]


def test_a_quote_that_swallowed_whole_records_is_refused(refusal_of):
    content = LONG + row(1) + 'A2,"Big Acme,US,CM1,2024-01,2\nA3,Small Acme",US,CM1,2024-01,3\n' + row(4)
    assert refusal_of(content) == [
        "file.csv: line 3: a quote is opened here and closed on line 4, and each of these lines is a whole record by "
        "itself; double the quotes inside a cell; nothing was imported"
    ]


def test_a_file_whose_two_counts_differ_is_refused_with_both(refusal_of):
    # DuckDB lets spaces stand before a quote that opens a cell, RFC 4180 does not.
    content = LONG.replace("value", "value,a,b") + row(1, ",x,y\n") + row(2, ', "x\nz", y\n')
    assert refusal_of(content) == [
        "file.csv: has 3 records by its line ends, but 2 could be read; nothing was imported; look for quotes that "
        "stand beside spaces, or save it anew as CSV UTF-8"
    ]


@pytest.mark.parametrize(
    ("content", "line_ends", "is_plain"),
    [
        ('a,b\n"c",d\n"","e"""\n', 3, True), ('a,b\n"c",d', 2, True), ('"c\nx",d\n', 1, False), ('a,12" b\n', 1, False),
        ('a,"b"\r\n"c","d"\r\n', 2, True), ('a,"b" \n', 1, False), ('a, "b"\n', 1, False), ('a,"b\n', 0, False),
        ('"a""b",""\n\n', 2, True), ("", 0, True),
    ],
)
def test_records_are_counted_outside_of_quotes(write, monkeypatch, content, line_ends, is_plain):
    path = write("headings\n" + content)
    for chunk in (1, 2, 3, 5, 4 << 20):
        monkeypatch.setattr("database.imports.record_count.CHUNK", chunk)
        found = count_outside_quotes(path, offset=9, delimiter=",")
        assert found.is_plain == is_plain
        assert not is_plain or found.line_ends == line_ends


@pytest.mark.parametrize(
    ("content", "count"), [("a\n\nb\n", 1), ("\n\r\n\n\na\r\n\r\n\r\nb\r\n", 6), ("a\nb", 0), (" \na\n", 0), ("\n", 1)]
)
def test_blank_lines_are_counted(write, monkeypatch, content, count):
    path = write("headings\n" + content)
    for chunk in (1, 2, 3, 5, 4 << 20):
        monkeypatch.setattr("database.imports.record_count.CHUNK", chunk)
        assert count_blank_lines(path, offset=9) == count


def test_blank_lines_between_records_are_no_records(staged_rows):
    for end in ("\n", "\r\n"):
        content = (HEADINGS.replace("category,", "") + "\n" + row(1) + "\n\n" + row(2) + "\n").replace("\n", end)
        assert staged_rows(content) == facts(1, 2)
