"""Which files are workbooks, what others are called, how much one may cost; .ods and .xls by their values."""

import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from database.imports.workbook import limits
from database.imports.workbook.container import Parts, kind_of
from database.imports.workbook.sheet import Sheet, open_sheet
from domain.errors import Refused
from tests.database.imports.test_workbook_cells import read, refused
from tests.database.imports.workbooks import ods, xlsx

FILES = Path(__file__).resolve().parents[2] / "files"
ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'


def opened(path: Path, sheet: str | None = None) -> tuple[Sheet, str]:
    """The sheet that is read, through the process that reads it, and its CSV file: one with 'asin' in it is known."""
    with open_sheet(path, path.name, sheet=sheet, is_known=lambda head: "asin" in head.read_text().casefold()) as found:
        return found, found.path.read_text(encoding="utf-8")


def archive(path: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return path


def test_what_is_no_workbook_is_called_by_its_name(tmp_path):
    def types(kind: str) -> dict[str, str]:
        return {"[Content_Types].xml": f'<Override ContentType="application/vnd.{kind}"/>'}

    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    path = tmp_path / "a.xlsx"
    found = []
    for parts in (
        {"a/report.csv": "1", "b.csv": "2"}, types("openxmlformats-officedocument.wordprocessingml.document.main+xml"),
        types("openxmlformats-officedocument.presentationml.main+xml"),
        types("ms-excel.sheet.binary.macroEnabled.main"),
        types("ms-visio.drawing.main+xml"), {"Index/Document.iwa": b""},
        {"mimetype": "application/vnd.oasis.opendocument.text"},
    ):
        with pytest.raises(Refused) as caught:
            kind_of(archive(path, parts))
        found.append(str(caught.value))
    for name in ("EncryptedPackage", "WordDocument", "Nothing"):
        path.write_bytes(old + bytes(600) + name.encode("utf-16-le") + b"\0\0")
        with pytest.raises(Refused) as caught:
            kind_of(path)
        found.append(str(caught.value))
    assert found == [
        "is a zip archive (a/report.csv, b.csv) and no workbook; unpack it first",
        "is a Word document; save its table as a workbook or as CSV UTF-8",
        "is a PowerPoint file; save its table as a workbook or as CSV UTF-8",
        "is a binary workbook (.xlsb); save it as .xlsx",
        "is an Office file without a workbook in it; save its table as CSV UTF-8",
        "is a Numbers document; export it from Numbers as Excel or CSV",
        "is no workbook (application/vnd.oasis.opendocument.text); save its table as .ods or as CSV UTF-8",
        "is a workbook with a password; take the password off (Excel: File, Info, Protect Workbook) and save it",
        "is no workbook but another old Office file; save its table as CSV UTF-8",
        "is no workbook but another old Office file; save its table as CSV UTF-8",
    ]


def test_a_workbook_with_macros_is_read_and_its_macros_are_not(tmp_path):
    path = xlsx(tmp_path / "a.xlsm", ONE)
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    )
    assert read(archive(path, parts | {"xl/vbaProject.bin": b"\0"}))[0] == "1\n"


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9, 0.99])
def test_a_workbook_that_is_cut_off_is_damaged(tmp_path, kept):
    path = xlsx(tmp_path / "a.xlsx", ONE * 50)
    whole = path.read_bytes()
    path.write_bytes(whole[:max(8, int(len(whole) * kept))])
    with pytest.raises(Refused, match=r"^a\.xlsx: is a damaged workbook \(its end is missing"):
        opened(path)


def test_a_part_that_is_not_what_its_checksum_says_is_damaged(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(xlsx(path, ONE)) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    path.write_bytes(path.read_bytes().replace(b"<v>1</v>", b"<v>7</v>"))
    assert refused(path) == (
        "is a damaged workbook (its part xl/worksheets/sheet1.xml cannot be unpacked); save or send it once more"
    )


def test_a_part_that_would_unpack_to_hundreds_of_times_its_size_is_not_unpacked(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(xlsx(path, ONE), "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/bomb.xml", b" " * (32 << 20))
    words = r"^would unpack to 32 MiB \(xl/worksheets/bomb.xml, 1,0\d\d times"
    with Parts(path) as parts, pytest.raises(Refused, match=words):
        next(parts.chunks("xl/worksheets/bomb.xml"))


def test_a_part_larger_than_permitted_is_not_unpacked(tmp_path):
    with Parts(xlsx(tmp_path / "a.xlsx", ONE)) as parts, pytest.raises(Refused, match="would unpack to 0 MiB"):
        next(parts.chunks("xl/workbook.xml", 10))


def test_entities_are_not_expanded(tmp_path):
    sheet = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="str"><v>&b;</v></c></row></sheetData></worksheet>'
    )
    assert refused(xlsx(tmp_path / "a.xlsx", "", sheet=sheet)) == (
        "holds a document type, which no workbook has; it was not read; save the sheet as CSV UTF-8"
    )


def test_one_stray_cell_far_away_does_not_make_a_file_of_gigabytes(tmp_path):
    rows = ONE + '<row r="2"><c r="XFD2"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    assert refused(xlsx(tmp_path / "a.xlsx", rows)).startswith("reaches to row 1,048,576 and column 16,384, more cells")


def test_empty_rows_and_cells_that_have_a_format_cost_nothing(tmp_path):
    rows = ONE + "".join(
        f'<row r="{row}" s="1">' + "".join(f'<c r="{letter}{row}" s="0"/>' for letter in "ABCDEFGH") + "</row>"
        for row in range(2, 5000)
    )
    text, found = read(xlsx(tmp_path / "a.xlsx", rows))
    assert (text, found["rows"]) == ("1\n", 1)


def test_the_process_that_reads_limits_itself(tmp_path):
    """Memory: a table of texts that unpacks to more than it may have ends in one line."""
    code = (
        "import resource\nfrom database.imports.workbook.limits import limit_this_process\nlimit_this_process()\n"
        "print([resource.getrlimit(what)[0] for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)])\n"
        "bytearray(resource.getrlimit(resource.RLIMIT_AS)[0])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=FILES.parent.parent)
    assert ended.stdout == f"[{limits.MEMORY}, {limits.CPU_SECONDS}]\n"
    assert ended.stderr.endswith("MemoryError\n")


def test_a_workbook_that_needs_more_memory_than_it_may_have_is_refused_in_one_line(tmp_path):
    text = random.Random(1).randbytes(1 << 10).hex() * (20 << 10)
    path = xlsx(tmp_path / "a.xlsx", ONE, texts=f"<si><t>{text}</t></si>")
    code = (
        "import sys\nfrom database.imports.workbook import child, limits\nlimits.MEMORY = 64 << 20\n"
        "sys.argv[1:] = ['{}', '{}', '0']\nchild.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code.format(path, tmp_path)], capture_output=True, text=True, cwd=FILES.parent.parent
    )
    assert (ended.stdout, ended.stderr) == (
        '{"refused": "needs more than 832 MiB of memory to be read; save the sheet as CSV UTF-8"}\n', ""
    )


def test_the_first_sheet_of_a_known_format_is_read_and_the_others_are_named(tmp_path):
    sheet, text = opened(FILES / "workbook.xls")
    assert (sheet.name, sheet.rows, sheet.percent_columns) == ("P&L 2024", 6, (6,))
    assert sheet.notes == (
        "sheet 'P&L 2024' was read", "sheets that were not read (--sheet NAME reads another): 'Notes', 'Old' (hidden)",
        "hidden rows were read like others: 6", "hidden columns were read like others: B",
        "merged cells were read as if each held their text: 1",
    )
    assert text == (
        "Acme P&L 2024,,,,,,\n,,,,,,\n,,,Net revenue,Net revenue,FBA fees,CM3 %\n"
        "ASIN,Brand,Marketplace,2024-01-01,2024-02-01,2024-01-01,2024-01-01\n"
        "B0TEST0001,Böhm & Söhne,DE,1234.56,12.3,100,25%\nB0TEST0002,Böhm & Söhne,US,-5,7.7,3.05,10%\n"
    )


@pytest.mark.parametrize("name", ["cases/X01.xlsx", "libreoffice.ods", "libreoffice.xls"])
def test_the_same_table_is_the_same_in_each_kind_of_workbook(name):
    """One workbook, and what LibreOffice saved it as."""
    sheet, text = opened(FILES / name)
    assert (sheet.name, sheet.percent_columns) == ("P&L 2024", (8,))
    assert text == (
        "Acme P&L 2024,,,,,,,,\n,,,,,,,,\n,,,,Net revenue,Net revenue,FBA fees,FBA fees,CM3 %\n"
        "ASIN,Brand,Marketplace,Status,Jan-24,Feb-24,Jan-24,Feb-24,Jan-24\n"
        "B0TEST0001,Acme,DE,live,1234.56,12.3,100,0.1,25%\nB0TEST0002,Acme,DE,live,-5,7.7,3.05,,10%\n"
        "0306406152,Böhm & Söhne,US,,1000000,2.1,0,0.3,50%\n,,,,,,,,\nTotal,,,,1001229.56,22.1,103.05,0.4,\n"
    )


def test_a_sheet_can_be_named_also_a_hidden_one_and_one_that_is_not_there_is_told(tmp_path):
    assert opened(FILES / "workbook.xls", "old")[1] == "ASIN\n"
    with pytest.raises(Refused) as caught:
        opened(FILES / "workbook.xls", "2023")
    assert str(caught.value) == "workbook.xls: has no sheet '2023'; its sheets are 'Notes', 'P&L 2024', 'Old' (hidden)"


def test_an_empty_workbook_says_so(tmp_path):
    with pytest.raises(Refused, match="is a workbook whose sheets are empty$"):
        opened(xlsx(tmp_path / "a.xlsx", ""))


def test_an_old_workbook_tells_of_errors_and_of_formulas_that_nobody_calculated(tmp_path):
    text, found = read_copy("formulas.xls", tmp_path)
    assert text == "A,#NOT-CALCULATED!,\n7,#NOT-CALCULATED!,\n#REF!,,TRUE\n"
    assert (found["without_value"], found["errors"]) == (["B1", "B2"], ["A3"])


@pytest.mark.parametrize("kept", [700, 2000, 4000])
def test_an_old_workbook_that_is_cut_off_is_damaged(tmp_path, kept):
    path = tmp_path / "a.xls"
    path.write_bytes((FILES / "workbook.xls").read_bytes()[:kept])
    with pytest.raises(Refused, match="damaged workbook|is no workbook"):
        opened(path)


def test_an_open_document_is_read_by_its_values(tmp_path):
    def cell(kind: str, attribute: str, value: str, shown: str = "", more: str = "") -> str:
        return (
            f'<table:table-cell office:value-type="{kind}" office:{attribute}="{value}" {more}>'
            f"<text:p>{shown}</text:p></table:table-cell>"
        )

    def text(*paragraphs: str, more: str = "") -> str:
        inner = "".join(f"<text:p>{words}</text:p>" for words in paragraphs)
        return f'<table:table-cell office:value-type="string" {more}>{inner}</table:table-cell>'

    blank = '<table:table-cell table:number-columns-repeated="{}"/>'
    covered = "<table:covered-table-cell/>"
    rows = [
        blank.format(2) + text("Net", "revenue", more='table:number-columns-spanned="2"') + covered
        + blank.format(16_380),
        text("ASIN")
        + text('<text:span>a</text:span><text:s/>"b"<office:annotation><text:p>no</text:p></office:annotation>')
        + cell("date", "date-value", "2024-01-01", "Jan 24")
        + cell("date", "date-value", "2024-02-01T00:00:00", "Feb 24"),
        text("B1", more='table:number-columns-repeated="2"') + cell("float", "value", "1234.5600000001", "1,235")
        + cell("percentage", "value", "0.25", "25 %"),
        text("B2") + cell("boolean", "boolean-value", "true", "WAHR") + cell("currency", "value", "-5", "-5 €")
        + cell("string", "string-value", "", "#REF!", 'calcext:value-type="error" table:formula="of:=x"'),
        text("B3") + '<table:table-cell table:formula="of:=1+1"/>'
        + cell("float", "value", "0", "Err:502", 'table:formula="of:=y"')
        + cell("float", "value", "3", "3", 'table:formula="of:=1+2"'),
    ]
    table = '<table:table table:name="{}" table:style-name="{}">{}</table:table>'
    body = (
        '<table:table-column/><table:table-column table:visibility="collapse"/>'
        + f"<table:table-row>{rows[0]}</table:table-row>"
        + '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        + f"<table:table-header-rows><table:table-row>{rows[1]}</table:table-row></table:table-header-rows>"
        + f'<table:table-row table:visibility="filter">{rows[2]}</table:table-row>'
        + f'<table:table-row table:number-rows-repeated="2">{rows[3]}</table:table-row>'
        + f"<table:table-row>{rows[4]}</table:table-row>"
        + '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    )
    hidden = (
        '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/>'
        "</style:style>"
    )
    path = ods(
        tmp_path / "a.ods", table.format("Notes", "ta2", f"<table:table-row>{text('asin')}</table:table-row>")
        + table.format("P&amp;L", "ta1", body), styles=hidden,
    )
    sheet, found = opened(path)
    assert found == (
        ',,Net revenue,Net revenue\n,,,\n,,,\nASIN,"a ""b""",2024-01-01,2024-02-01\nB1,B1,1234.56,25%\n'
        "B2,TRUE,-5,#REF!\nB2,TRUE,-5,#REF!\nB3,#NOT-CALCULATED!,Err:502,3\n"
    )
    assert sheet.notes == (
        "sheet 'P&L' was read", "sheets that were not read (--sheet NAME reads another): 'Notes' (hidden)",
        "hidden rows were read like others: 5", "hidden columns were read like others: B",
        "merged cells were read as if each held their text: 1",
    )
    assert (sheet.without_value, sheet.errors, sheet.percent_columns) == (("B8",), ("D6", "C8"), ())


def test_an_open_document_with_a_password_is_told(tmp_path):
    with pytest.raises(Refused, match="is a workbook with a password"):
        opened(ods(tmp_path / "a.ods", "", manifest="<manifest:encryption-data/>"))


def test_a_table_of_an_open_document_that_repeats_itself_without_end_is_refused(tmp_path):
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    table = (
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
        "</table:table>"
    )
    assert "more cells than a table of figures needs" in refused(ods(tmp_path / "a.ods", table))


def read_copy(name: str, folder: Path) -> tuple[str, dict]:
    path = folder / name
    path.write_bytes((FILES / name).read_bytes())
    return read(path)
