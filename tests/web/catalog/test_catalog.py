"""/catalog: what it lists, what can be changed with it and by whom, and what waits for a refresh."""

from __future__ import annotations

import csv
import html
import io
import re
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from database import schema
from database.imports.products import DIFFERENT_AT_ONCE, take_products
from database.summaries.refresh import refresh
from domain.spreadsheets import harmless
from tests.catalog_shop import open_shop, places
from tests.web.conftest import csrf_token, sign_in
from web.catalog.changes import LARGEST_UPLOAD, MOST_ROWS

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

BEFORE = {
    "B1": ("Alder", None), "B2": ("Alder", "Games"), "B3": ("birch", None), "B4": (None, "Games"), "B5": (None, None),
}
WAITING = "A change to the catalogue is waiting: the figures follow it with the next refresh."


@pytest.fixture
def filled_by():
    return open_shop


@pytest.fixture
def shop(store):
    return store


@pytest.fixture
def limited(app, shop, add_person):
    """The browser of an analyst who is limited to the brand Alder."""
    add_person("lena", "analyst")
    with shop.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id).where(schema.app_user.c.name == "lena")).scalar()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=1))
    client = app.test_client()
    assert sign_in(client, "lena").status_code == 303
    return client


def post(client, path, **form):
    """Sends a form as a browser does, and returns the page it leads to."""
    answer = client.post(path, data=form | {"csrf_token": csrf_token(client)})
    assert answer.status_code == 303, answer.text
    return client.get(answer.location)


def upload(client, text, name="products.csv"):
    return post(client, "/catalog/upload", file=(io.BytesIO(text.encode()), name))


def words(page) -> str:
    """The words of a page, without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.text[page.text.index("<main"):]).split())


def confirm(client, page):
    return post(client, re.search(r'action="(/catalog/drafts/[0-9a-f]{32})"', page.text)[1])


def uploads(store) -> list[Path]:
    return sorted((store.settings.database.path / "uploads").glob("*"))


def audit(store) -> list[tuple]:
    log = schema.audit_log
    with store.application_reading.connect() as connection:
        query = sa.select(log.c.user_name, log.c.action, log.c.detail).where(log.c.action.like("catalogue%"))
        return [tuple(row) for row in connection.execute(query.order_by(log.c.id))]


def test_a_viewer_reads_the_lists_and_is_offered_no_change(shop, signed_in):
    client = signed_in("viewer")
    page = client.get("/catalog")
    assert page.status_code == 200
    assert "2 products have no brand, 2 brands have no category" in words(page)
    assert ">B4</code>" in page.text and ">B1</code>" not in page.text
    assert "/catalog/assign" not in page.text and "/catalog/upload" not in page.text
    assert "birch – – 1 Cedar – stock 0" in words(client.get("/catalog?show=uncategorised"))
    assert "Nothing here has “zzz” in it." in words(client.get("/catalog?search=zzz"))


def test_page_files_and_api_hold_the_same_rows_of_every_list(shop, signed_in):
    client = signed_in("viewer")
    tables = client.get("/api/v1/catalog").json["tables"]
    assert tables == ["products", "unassigned", "brands", "uncategorised", "skus", "uncosted"]
    # Without reports of Amazon's there is no SKU, nor a product that lacks a cost; test_skus.py and
    # tests/database/lines/test_cost_publishing.py have some.
    for table in tables[:-2]:
        answer = client.get(f"/api/v1/catalog?table={table}").json
        rows = [[row[column["key"]] or "" for column in answer["columns"]] for row in answer["rows"]]
        is_of_products = "asin" in answer["rows"][0]
        page = re.findall(r"<tr>\s*<th scope=\"row\".*?</tr>", client.get(f"/catalog?show={table}").text, re.DOTALL)
        assert [as_listed(row) for row in page] == [as_shown(row) if is_of_products else row for row in rows]
        first, *others = csv.reader(client.get(f"/catalog.csv?show={table}").data.decode("utf-8-sig").splitlines())
        assert others == [as_filled_in(row) if is_of_products else row[:3] for row in rows]
        book = openpyxl.load_workbook(io.BytesIO(client.get(f"/catalog.xlsx?show={table}").data))
        sheet = [[cell or "" for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
        assert sheet == [first, *others]


def as_listed(row: str) -> list[str]:
    """The texts of a row of the page; what stands for nothing is ''."""
    name = re.findall(r"<(?:span|code) title=.*?</(?:span|code)>", row)
    cells = re.findall(r"<td.*?</td>", row)
    texts = [html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in (*name, *cells)]
    return ["" if text in ("–", "no name") else text for text in texts]


def as_shown(row: list[str]) -> list[str]:
    """A product of the API as the page has it: an inherited category says so."""
    asin, name, brand, category, own, _ = row
    return [name, asin, brand, category if own == "yes" or not category else f"{category} (by its brand)"]


def as_filled_in(row: list[str]) -> list[str]:
    """The same as the file that can be uploaded again has it."""
    asin, name, brand, category, own, status = row
    return [harmless(text) for text in (asin, name, brand, category if own == "yes" else "", status)]


def test_programs_search_the_catalogue_and_page_through_it(shop, signed_in):
    client = signed_in("viewer")
    first = client.get("/api/v1/catalog?per_page=2").json
    second = client.get(first["paging"]["next"]).json
    assert [row["asin"] for row in first["rows"] + second["rows"]] == ["B1", "B2", "B3", "B4"]
    assert (first["paging"]["rows"], first["paging"]["pages"]) == (5, 3)
    assert [row["asin"] for row in client.get("/api/v1/catalog?search=b4").json["rows"]] == ["B4"]
    for query in ("show=brands", "table=all", "period=3m", "page=9", "metric=CM3"):
        assert client.get(f"/api/v1/catalog?{query}").status_code == 400, query


def test_the_api_of_somebody_limited_holds_their_rows_alone(shop, limited):
    rows = {table: limited.get(f"/api/v1/catalog?table={table}").json["rows"] for table in (
        "products", "unassigned", "brands", "uncategorised",
    )}
    assert {table: len(found) for table, found in rows.items()} == {
        "products": 2, "unassigned": 0, "brands": 1, "uncategorised": 0,
    }


@EMBEDDED
def test_what_cannot_be_meant_gets_400(shop, signed_in):
    client = signed_in("viewer")
    for query in (
        "show=all", "show=brands&show=brands", "page=0", "page=2", "period=3m", "search=%00", "search=" + "x" * 101
    ):
        assert client.get(f"/catalog?{query}").status_code == 400, query
        assert client.get(f"/catalog.csv?{query}").status_code == (200 if query == "page=2" else 400), query


def test_rows_get_a_known_brand_at_once_and_wait_for_the_next_refresh(shop, signed_in):
    client = signed_in("analyst")
    page = post(client, "/catalog/assign", show="unassigned", item=["4", "5"], brand=" birch ")
    assert "2 products changed. The figures follow with the next refresh." in words(page)
    assert "Waiting for the next refresh" in words(page)
    assert "2 products to brand birch 2 products changed, analyst," in words(page)
    assert places(shop) == BEFORE | {"B4": ("birch", "Games"), "B5": ("birch", None)}
    assert "Loose 100% brick B4 birch waiting Games" in words(client.get("/catalog?show=products"))
    assert WAITING in words(client.get("/dashboard?period=2024"))
    assert uploads(shop) == []
    assert audit(shop) == [(
        "analyst", "catalogue changed",
        "2 products to brand birch: 2 products changed. The figures follow with the next refresh.",
    )]
    refresh(shop)
    assert "Every product has a brand." in words(client.get("/catalog"))
    assert "waiting" not in client.get("/catalog?show=products").text
    assert WAITING not in words(client.get("/dashboard?period=2024"))


def test_a_new_name_is_shown_before_it_is_made(shop, signed_in):
    client = signed_in("admin")
    page = post(client, "/catalog/assign", show="unassigned", item="4", brand="Dogwood", category="=Toys, \"new\"")
    assert "Products in the file 1 changed 1 new products 0 brands made 1 categories made 1" in words(page)
    assert "B4 brand – Dogwood B4 category Games =Toys, &#34;new&#34;" in words(page)
    assert places(shop) == BEFORE
    page = confirm(client, page)
    assert "1 product changed, 1 brand made, 1 category made." in words(page)
    assert places(shop) == BEFORE | {"B4": ("Dogwood", '=Toys, "new"')}
    assert '<option value="Dogwood">' in page.text


@EMBEDDED
def test_everything_a_search_finds_is_shown_before_it_is_assigned(shop, signed_in):
    client = signed_in("analyst")
    page = post(client, "/catalog/assign", show="products", search="red", all="1", category="Empty")
    assert "2 products to category Empty" in words(page)
    assert places(shop) == BEFORE
    confirm(client, page)
    assert places(shop) == BEFORE | {"B1": ("Alder", "Empty"), "B2": ("Alder", "Empty")}


def test_brands_get_a_category_and_a_group(shop, signed_in):
    client = signed_in("analyst")
    page = post(client, "/catalog/assign", show="brands", item="2", category="Toys", group="own")
    assert "1 brand changed." in words(page)
    assert "birch Toys waiting own waiting 1" in words(client.get("/catalog?show=brands"))


@EMBEDDED
def test_a_form_that_says_too_little_or_too_much_changes_nothing(shop, signed_in):
    client = signed_in("analyst")
    for form, said in (
        ({"brand": "birch"}, "Choose at least one row."),
        ({"item": "4"}, "Choose or type what the rows should get."),
        ({"item": "4", "brand": "x" * 256}, "The brand is longer than 255 characters."),
        ({"item": "4", "brand": "a\u202eb"}, "The brand holds a character that cannot be typed."),
        ({"item": "999", "brand": "birch"}, "Choose at least one row."),
    ):
        assert said in words(post(client, "/catalog/assign", show="unassigned", **form))
    assert (places(shop), uploads(shop)) == (BEFORE, [])


@EMBEDDED
def test_an_upload_is_reported_first_then_taken_in_and_removed(shop, signed_in):
    client = signed_in("analyst")
    page = upload(client, "asin,name,brand\nB5,Green slope,birch\nB9,,\n", "mine/my <b>file.csv")
    assert ">my &lt;b&gt;file.csv<" in page.text
    assert "Products in the file 2 changed 2 new products 1" in words(page)
    assert "B5 brand – birch B5 name – Green slope" in words(page)
    assert (places(shop), len(uploads(shop))) == (BEFORE, 2)
    assert {path.stat().st_mode & 0o777 for path in uploads(shop)} == {0o600}
    page = confirm(client, page)
    assert places(shop) == BEFORE | {"B5": ("birch", None), "B9": (None, None)}
    assert uploads(shop) == []
    assert "Waiting for the next refresh" in words(page)


@EMBEDDED
def test_a_file_with_faults_is_refused_with_its_own_name_and_every_fault(shop, signed_in):
    page = upload(signed_in("analyst"), "asin,brand\nB1,birch\n,birch\nB1,Alder\n", "faulty.csv")
    assert "Nothing was changed" in words(page)
    assert "faulty.csv: 2 faults; nothing was imported" in words(page)
    assert "line 3, column asin: &#39;&#39; is blank" in words(page)
    assert "Apply the changes" not in page.text and "Try again" not in page.text
    assert places(shop) == BEFORE


@EMBEDDED
def test_what_is_no_products_file_is_refused(shop, signed_in):
    client = signed_in("analyst")
    for content, said in ((b"", "is empty"), (b"PK\x03\x04zip", "is a damaged workbook")):
        page = post(client, "/catalog/upload", file=(io.BytesIO(content), "x.csv"))
        assert said in words(page)


@EMBEDDED
def test_discarding_a_file_removes_it(shop, signed_in):
    client = signed_in("analyst")
    page = upload(client, "asin,brand\nB5,birch\n")
    page = post(client, re.search(r'action="(/catalog/drafts/[0-9a-f]{32}/discard)"', page.text)[1])
    assert "products.csv was discarded; nothing was changed." in words(page)
    assert (places(shop), uploads(shop)) == (BEFORE, [])


@EMBEDDED
def test_while_an_import_runs_nothing_is_changed_and_it_can_be_tried_again(shop, signed_in):
    client = signed_in("analyst")
    with shop.lock("an import"):
        page = post(client, "/catalog/assign", show="unassigned", item="4", brand="birch")
    assert "An import or a refresh is running; nothing was changed. Try again in a minute." in words(page)
    assert places(shop) == BEFORE
    page = confirm(client, page)
    assert "B4 brand – birch" in words(page)
    confirm(client, page)
    assert places(shop) == BEFORE | {"B4": ("birch", "Games")}


@EMBEDDED
def test_a_file_that_is_too_large_gets_413(shop, signed_in):
    client = signed_in("analyst")
    file = (io.BytesIO(b"x" * (LARGEST_UPLOAD + 1)), "large.csv")
    answer = client.post("/catalog/upload", data={"csrf_token": csrf_token(client), "file": file})
    assert answer.status_code == 413
    assert uploads(shop) == []


@EMBEDDED
def test_a_file_of_too_many_lines_is_refused_in_one(shop, signed_in):
    client = signed_in("analyst")
    page = upload(client, "asin,brand\n" + "B5,birch\n" * (MOST_ROWS + 1))
    assert "The file has more than 50,000 lines. Send it in parts, or have it saved on the server" in words(page)
    assert uploads(shop) == []


@EMBEDDED
def test_rows_with_values_of_their_own_are_written_together_each_with_its_own(shop, tmp_path):
    count = DIFFERENT_AT_ONCE + 1
    file = tmp_path / "names.csv"
    file.write_text("asin,name\n" + "".join(f"N{n},Name {n}\n" for n in range(count)), encoding="utf-8")
    with shop.lock("a test"):
        take_products(shop, file, dry_run=False)
    with shop.facts() as connection:
        found = connection.execute(
            sa.select(schema.asin.c.asin, schema.asin.c.name).where(schema.asin.c.asin.like("N%"))
        ).all()
    assert {tuple(row) for row in found} == {(f"N{n}", f"Name {n}") for n in range(count)}


@EMBEDDED
def test_without_the_token_of_the_page_nothing_is_changed(shop, signed_in):
    form = {"show": "unassigned", "item": "4", "brand": "birch"}
    assert signed_in("analyst").post("/catalog/assign", data=form).status_code == 400
    assert places(shop) == BEFORE


@EMBEDDED
def test_a_draft_is_its_owners_alone(shop, signed_in):
    upload(signed_in("analyst"), "asin,brand\nB5,birch\n")
    token = uploads(shop)[0].stem
    other = signed_in("admin")
    assert other.get(f"/catalog/drafts/{token}").status_code == 404
    form = {"csrf_token": csrf_token(other)}
    assert other.post(f"/catalog/drafts/{token}", data=form).status_code == 404
    assert other.post(f"/catalog/drafts/{token}/discard", data=form).status_code == 404
    assert len(uploads(shop)) == 2


@EMBEDDED
def test_a_limited_person_sees_their_brands_alone(limited):
    for address in ("/catalog", "/catalog?show=brands", "/catalog.csv", "/catalog.csv?show=brands"):
        page = limited.get(address)
        assert page.status_code == 200
        for foreign in ("birch", "Cedar", "Blue", "B3", "B4", "B5", "Empty", "stock,"):
            assert foreign not in page.text, (address, foreign)
    assert "B1" in limited.get("/catalog").text
    assert limited.get("/catalog?show=unassigned").status_code == 400


@EMBEDDED
def test_a_limited_person_changes_their_brands_alone(limited, shop):
    page = post(limited, "/catalog/assign", show="products", item=["3", "4"], category="Toys")
    assert "Choose at least one row." in words(page)
    page = post(limited, "/catalog/assign", show="products", item="1", brand="birch")
    assert "birch&#39; is not one of your brands" in words(page)
    page = upload(limited, "asin,brand,category\nB3,Alder,Toys\nB7,Alder,Empty\n")
    assert "products.csv: 3 faults" in words(page)
    assert "B3&#39; is not one of your products" in words(page)
    assert "B7&#39; is not one of your products" in words(page)
    assert "Empty&#39; is not a category of your brands" in words(page)
    assert places(shop) == BEFORE
    page = post(limited, "/catalog/assign", show="products", item="1", category="Games")
    assert "1 product changed." in words(page)
    assert places(shop) == BEFORE | {"B1": ("Alder", "Games")}


@EMBEDDED
def test_a_limited_person_is_told_of_changes_to_their_brands_alone(limited, shop, signed_in):
    analyst = signed_in("analyst")
    post(analyst, "/catalog/assign", show="unassigned", item="4", brand="birch")
    assert WAITING not in words(limited.get("/dashboard?period=2024"))
    post(analyst, "/catalog/assign", show="unassigned", item="5", brand="Alder")
    assert WAITING in words(limited.get("/dashboard?period=2024"))
    page = limited.get("/catalog")
    assert "Waiting for the next refresh" in words(page)
    assert "birch" not in page.text and "B5" not in page.text


@EMBEDDED
def test_a_list_is_a_file_that_can_be_filled_in_and_uploaded(shop, signed_in):
    client = signed_in("analyst")
    answer = client.get("/catalog.csv")
    assert answer.text == "\ufeffasin,name,brand,category,status\r\nB4,Loose 100% brick,,Games,Active\r\nB5,,,,\r\n"
    assert "catalog-unassigned-generation-1.csv" in answer.headers["Content-Disposition"]
    page = upload(client, answer.text.replace("B5,,", "B5,,birch"))
    assert "Products in the file 2 changed 1 new products 0" in words(page)
    assert client.get("/catalog.xlsx?show=brands").data[:4] == b"PK\x03\x04"
