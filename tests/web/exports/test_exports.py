"""What leaves as a file: the rows of the page, typed, harmless, and with a word about where they come from."""

from __future__ import annotations

import csv
import datetime
import gzip
import html
import io
import re
from decimal import Decimal

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.people import users
from domain.spreadsheets import harmless
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.exports.shown import is_shown, page_lines
from tests.web.shop import NAMES, ROWS, TODAY
from web.exports.csv import ORIGIN
from web.exports.plain_values import plain
from web.figures.formats import COUNT, MONEY, PERCENT, RATE
from web.figures.sheets import TEXT
from web.pages import dashboard

VARIABLES = {"brand_id": "1", "asin": "B000000001", "settlement_id": "28400001001"}
"""What stands in the addresses of pages about one thing, for the shop of these tests."""

VIEWED = {"per_unit": "show=unit", "of_revenue": "show=share"}
"""Table -> what the page shows it by."""

@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


def csv_rows(client: FlaskClient, address: str) -> list[list[str]]:
    """Headings and rows of a CSV answer."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def workbook(client: FlaskClient, address: str) -> openpyxl.Workbook:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def audit(store: Store) -> list[tuple[str, str, str]]:
    with store.application_reading.connect() as connection:
        log = schema.audit_log
        rows = connection.execute(sa.select(log).where(log.c.action == "export").order_by(log.c.id))
        return [(row.user_name, row.address, row.detail) for row in rows]


# --- page, CSV, XLSX and API are one


def test_page_csv_xlsx_and_api_hold_the_same_rows_on_every_page_with_files(app: Flask, reader: FlaskClient) -> None:
    addresses = offered(app)
    assert {"/dashboard", "/profitability", "/categories", "/brands/1", "/products"} <= set(addresses)
    for address in addresses:
        selections = ("", "from=2025-10&to=2025-10&compare=year", "from=2025-08&to=2025-11&metric=CM3%20%25")
        of_no_months = address.startswith(("/settlements", "/overheads", "/operations"))
        for query in selections[:1] if of_no_months else selections:
            compare(reader, address, query)


def offered(app: Flask) -> list[str]:
    """The address of every page whose files are made from its offer."""
    files = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    rules = {page.rule for page in app.url_map.iter_rules() if files.get(f"{page.endpoint}.csv") == f"{page.rule}.csv"}
    return [re.sub(r"<(?:\w+:)?(\w+)>", lambda found: VARIABLES[found[1]], rule) for rule in sorted(rules)]


def compare(reader: FlaskClient, address: str, query: str) -> None:
    page = reader.get(f"{address}?{query}").text
    text, lines = " ".join(html.unescape(page).split()), page_lines(page)
    book = workbook(reader, f"{address}.xlsx?{query}")
    tables = reader.get(f"/api/v1{address}?{query}").json["tables"]
    names = iter(book.sheetnames)
    for table in tables:
        answer = reader.get(f"/api/v1{address}?{query}&table={table}&per_page=1000").json
        columns = answer["columns"]
        rows = [[row[column["key"]] for column in columns] for row in answer["rows"]]
        as_cells = [[as_cell(text, column) for text, column in zip(row, columns, strict=True)] for row in rows]
        first, *others = csv_rows(reader, f"{address}.csv?{query}&table={table}")
        assert first == [*(harmless(column["name"]) for column in columns), *ORIGIN]
        assert [row[:-len(ORIGIN)] for row in others] == [[text or "" for text in row] for row in as_cells], address
        if rows:  # else it has no sheet
            sheet = book[next(names)]
            assert sheet_texts(sheet) == as_cells, (address, table)
            assert [heading_text(cell) for cell in sheet[1]] == [harmless(column["name"]) for column in columns]
        if table in VIEWED:
            view = reader.get(f"{address}?{query}&{VIEWED[table]}".replace("?&", "?")).text
            missing = [row for row in rows if not is_shown(row, html.unescape(view), page_lines(view))]
        else:
            missing = [row for row in rows if not is_shown(row, text, lines)]
        assert (address, table, missing) == (address, table, [])


def as_cell(text: str | None, column: dict) -> str | None:
    """A value of the API as a spreadsheet gets it: an empty text is an empty cell there."""
    return (harmless(text) if column["kind"] == TEXT else text) if text else None


def sheet_texts(sheet) -> list[list[str | None]]:
    """The cells below the headings, as CSV would write them."""
    return [[cell_text(cell) for cell in row] for row in sheet.iter_rows(min_row=2)]


def heading_text(cell) -> str:
    """A heading as it is shown; a month is a date and nothing else."""
    if isinstance(cell.value, datetime.datetime):
        mark = cell.number_format.removeprefix("mmm yyyy").replace('"', "")
        return f"{cell.value:%b %Y}{mark}"
    assert not re.fullmatch(r"\w{3} \d{4}.*", cell.value), cell.value
    return cell.value


def cell_text(cell) -> str | None:
    if cell.value is None or isinstance(cell.value, str):
        assert cell.data_type != "f"
        return cell.value
    if isinstance(cell.value, datetime.datetime):
        assert cell.number_format == "yyyy-mm"
        return f"{cell.value:%Y-%m}"
    kinds = {"#,##0.00": MONEY, "0.0%": PERCENT, "#,##0": COUNT, "#,##0.##": COUNT, "0.0000######": RATE}
    return plain(Decimal(repr(cell.value)), kinds[cell.number_format])


def test_a_row_with_another_figure_or_another_order_is_not_taken_for_shown() -> None:
    lines = page_lines('<tr><th>Toys</th><td class="number">$1.50</td><td class="number">up 20.0%</td></tr>')

    assert is_shown(["Toys", "1.50", "0.2"], "Toys", lines)
    assert is_shown(["Toys", "1.50", "7.00", "0.2", None], "Toys", lines)
    assert is_shown(["Toys", "1.50"], "Toys", lines)
    assert not is_shown(["Toys", "0.2", "1.50"], "Toys", lines)
    assert not is_shown(["Toys", "1.51", "0.2"], "Toys", lines)
    assert not is_shown(["Toys", "1.50", "0.3"], "Toys", lines)
    assert not is_shown(["Games", "1.50", "0.2"], "Toys", lines)

    lines = page_lines('<tr><th>Toys</th><td class="number">$1.50</td><td class="number">up 3.5 pts</td></tr>')
    assert is_shown(["Toys", "1.50", "0.2", "0.035"], "Toys", lines)
    assert not is_shown(["Toys", "1.50", "0.2", "0.034"], "Toys", lines)


# --- CSV


def test_csv_is_a_plain_table_that_says_where_each_row_comes_from(reader: FlaskClient) -> None:
    address = "/dashboard.csv?from=2025-10&to=2025-10&marketplace=US,DE&compare=year"
    answer = reader.get(address)

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dashboard_2025-10_2025-10_g1.csv"'
    assert answer.headers["Content-Length"] == str(len(answer.data))
    lines = answer.data.split(b"\r\n")
    assert lines[0].startswith(b"\xef\xbb\xbfBrand,Net revenue,Share,")
    assert lines[-1] == b""
    first = csv_rows(reader, address)[1]
    assert first[:2] == ["Alder <& Ash>", "1234567.89"]
    assert first[-4:-1] == [
        "Period: Oct 2025; Months: 2025-10 to 2025-10; Metric: Net revenue; "
        "Marketplace: DE · Germany, US · United States; Compared with: 2024-10 to 2024-10",
        "1", "2025-11-03T06:30:00Z",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first[-1])


def test_another_table_of_the_page_is_picked_by_its_word(reader: FlaskClient) -> None:
    answer = reader.get("/dashboard.csv?table=months&from=2025-09&to=2025-10")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dashboard-months_2025-09_2025-10_g1.csv"'
    rows = csv_rows(reader, "/dashboard.csv?table=months&from=2025-09&to=2025-10")
    assert [row[:2] for row in rows] == [
        ["Month", "Net revenue"], ["2025-09", "500000.61"], ["2025-10", "1234567.89"],
    ]


def test_a_loss_is_a_number_and_a_name_that_is_a_formula_is_a_text(reader: FlaskClient) -> None:
    rows = csv_rows(reader, "/dashboard.csv?metric=CM3&brand=2")
    assert rows[1][:2] == ["'=HYPERLINK(\"http://x\";\"y\")", "-20000.00"]
    cells = workbook(reader, "/dashboard.xlsx?metric=CM3&brand=2").worksheets[0][2]
    assert [(cell.value, cell.data_type) for cell in cells[:2]] == [
        ("'=HYPERLINK(\"http://x\";\"y\")", "s"), (-20000, "n"),
    ]


def test_an_export_holds_every_row_whatever_page_the_reader_is_on(reader: FlaskClient) -> None:
    assert len(csv_rows(reader, "/dashboard.csv?page=1")) == len(csv_rows(reader, "/dashboard.csv?page=7"))


def test_csv_goes_out_compressed_where_that_is_understood(small_reader: FlaskClient) -> None:
    packed = small_reader.get("/dashboard.csv", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding, Cookie")
    plainly = small_reader.get("/dashboard.csv", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plainly.headers
    assert gzip.decompress(packed.data).partition(b"\r\n")[0] == plainly.data.partition(b"\r\n")[0]


# --- XLSX


def test_a_workbook_has_a_sheet_for_each_table_and_one_about_them(reader: FlaskClient) -> None:
    answer = reader.get("/dashboard.xlsx?brand=1&period=2025")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dashboard_2025-01_2025-10_g1.xlsx"'
    assert answer.headers["Cache-Control"] == "no-store"
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    empty = ("Movers", "Loss-makers", "Estimate of the month")
    titles = [title for title in dashboard.offer.tables.values() if title not in empty]
    assert book.sheetnames == [*titles, "About"]
    assert book["Brands"].freeze_panes == "A2"
    assert [cell.number_format for cell in book["Brands"][2]] == [
        "General", "#,##0.00", "0.0%", *(cell.number_format for cell in book["Brands"][2][3:5]), "0.0%",
    ]
    assert [cell.number_format for cell in book["Headlines"][3][1:2]] == ["#,##0"]
    assert book["Brands"].column_dimensions["A"].width > 10
    about = dict(book["About"].iter_rows(values_only=True))
    exported = about.pop("Exported")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", exported)
    assert about == {
        "Page": "Dashboard", "Period": "2025", "Months": "2025-01 to 2025-10", "Metric": "Net revenue",
        "Brand": "Alder <& Ash>", "Data through": "2025-10", "Generation": "1", "Published": "2025-11-03T06:30:00Z",
        "Currency": "USD", "Address": "/dashboard.xlsx?brand=1&period=2025",
        "Without rows": "Movers, Loss-makers, Estimate of the month",
    }


# --- a month in progress


def test_files_say_which_month_is_in_progress_and_what_that_means(reader: FlaskClient, store: Store) -> None:
    november = [(1, 1, 5, "US", "2025-11", metric, "10.00") for metric in ("Net revenue", "CM3")]
    publish(store, [*ROWS, *november], generation=2, **NAMES)
    words = "2025-11 counts in totals and is left out of changes"
    months = "from=2025-10&to=2025-11"

    for page in ("dashboard", "profitability", "brands/1", "products/B000000001"):
        about = dict(workbook(reader, f"/{page}.xlsx?{months}")["About"].iter_rows(values_only=True))
        assert about["In progress"] == words, page
        selection = csv_rows(reader, f"/{page}.csv?{months}")[1][-4]
        assert f"Months: 2025-10 to 2025-11; In progress: {words}; " in f"{selection}; ", page
    assert "In progress" not in csv_rows(reader, "/dashboard.csv?from=2025-10&to=2025-10")[1][-4]


def test_headings_of_a_month_in_progress_say_so_and_keep_their_key(reader: FlaskClient, store: Store) -> None:
    publish(store, [*ROWS, (1, 1, 5, "US", "2025-11", "Net revenue", "10.00")], generation=2, **NAMES)
    months = "from=2025-10&to=2025-11"

    assert csv_rows(reader, f"/profitability.csv?{months}")[0][-6:-4] == ["Oct 2025", "Nov 2025 (in progress)"]
    assert csv_rows(reader, f"/brands/1.csv?table=profit&{months}")[0][-5] == "Nov 2025 (in progress)"
    product = csv_rows(reader, f"/products/B000000001.csv?{months}")[0]
    assert product == [
        "Metric", "Total", "Per unit", "% of net revenue", "Year before", "Change", "Oct 2025",
        "Nov 2025 (in progress)", *ORIGIN,
    ]
    for page in ("profitability", "products/B000000001"):
        columns = reader.get(f"/api/v1/{page}?{months}").json["columns"]
        assert [column["key"] for column in columns][-2:] == ["2025-10", "2025-11"]


# --- who, what and where


def test_every_export_is_in_the_audit_trail(reader: FlaskClient, store: Store) -> None:
    reader.get("/dashboard.csv?period=3m")
    book = workbook(reader, "/dashboard.xlsx?brand=1")
    rows = sum(sheet.max_row - 1 for sheet in book.worksheets[:-1])
    reader.get("/dashboard.csv?period=nonsense")
    assert audit(store) == [
        ("viewer", "127.0.0.1",
         "/dashboard.csv?period=3m generation 1, 5 rows, as dashboard_2025-08_2025-10_g1.csv"),
        ("viewer", "127.0.0.1",
         f"/dashboard.xlsx?brand=1 generation 1, {rows} rows, as dashboard_2024-11_2025-10_g1.xlsx"),
    ]


def test_nothing_stays_on_disk(small_reader: FlaskClient, small_app: Flask) -> None:
    for form in ("csv", "xlsx"):
        assert small_reader.get(f"/dashboard.{form}").status_code == 200
    folder = small_app.extensions["lego_store"].settings.database.path / "cache" / "exports"
    assert (list(folder.iterdir()), folder.stat().st_mode & 0o777) == ([], 0o700)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("table=nothing", f"table 'nothing' is not one of {', '.join(dashboard.offer.tables)}"),
        ("table=brands&table=months", "table is given twice"),
        ("brands=1", "unknown parameter 'brands'; permitted are period, from, to,"),
        ("per_page=5", "unknown parameter 'per_page'"),
        ("metric=%3D1", "metric '=1' is not one of"),
    ],
)
def test_what_is_not_permitted_is_refused_in_words(small_reader: FlaskClient, query: str, words: str) -> None:
    answer = small_reader.get(f"/dashboard.csv?{query}")
    assert answer.status_code == 400
    assert words in html.unescape(answer.text)


def test_whoever_is_limited_to_a_brand_takes_that_brand_home(reader: FlaskClient, store: Store) -> None:
    with store.application.begin() as connection:
        user = users.find_user(connection, "viewer").id
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=1))
    rows = csv_rows(reader, "/dashboard.csv")
    assert [row[:2] for row in rows[1:]] == [["Alder <& Ash>", "1234567.89"], ["Total", "1234567.89"]]
    assert "Limited to: Alder <& Ash>" in rows[1][-4]
    book = workbook(reader, "/dashboard.xlsx")
    assert [row[0] for row in book["Brands"].iter_rows(min_row=2, values_only=True)] == ["Alder <& Ash>", "Total"]
    assert dict(book["About"].iter_rows(values_only=True))["Limited to"] == "Alder <& Ash>"
    assert reader.get("/dashboard.csv?brand=2").status_code == 400


def test_the_menu_carries_the_selection_and_is_left_alone_by_scripts(small_reader: FlaskClient) -> None:
    page = small_reader.get("/dashboard?brand=1&period=3m").text
    links = re.findall(r'<a class="menu-button export-link" href="([^"]*)" download rel="nofollow">([^<]*)</a>', page)
    main, *others = dashboard.offer.tables.items()
    assert [(html.unescape(address), words) for address, words in links] == [
        ("/dashboard.xlsx?period=3m&brand=1", "Excel, all tables (.xlsx)"),
        ("/dashboard.csv?period=3m&brand=1", f"{main[1]} (.csv)"),
        *((f"/dashboard.csv?period=3m&brand=1&table={name}", f"{title} (.csv)") for name, title in others),
    ]
    for address, _ in links:
        assert small_reader.get(html.unescape(address)).status_code == 200
