"""The list of imports: who sees it, its pages and its file; and the form's switches."""

from __future__ import annotations

import csv
import datetime
import io

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.people import users
from tests.web.conftest import text_of
from tests.web.imports.test_imports import EMBEDDED, FIRST, SECOND, audit, send


@EMBEDDED
def test_a_viewer_reads_the_list_and_somebody_limited_to_some_brands_nothing(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    page = signed_in("viewer").get("/imports").text
    assert "january.csv" in page and "/imports/1" in page
    assert "/imports/upload" not in page and "/undo" not in page and "/imports/refresh" not in page
    assert "/imports/refresh" in signed_in("admin").get("/imports").text
    analyst = signed_in("analyst")
    assert "/imports/refresh" not in analyst.get("/imports").text
    limit(store, "analyst")
    for path in ("/imports", "/imports.csv", "/imports.xlsx", "/imports/1", "/imports/1/undo"):
        answer = analyst.get(path)
        assert answer.status_code == 403
        assert "january" not in answer.text and "Acme" not in answer.text
    assert send(analyst, ("january.csv", SECOND)).status_code == 403
    assert "/imports" not in analyst.get("/account").text


@EMBEDDED
def test_the_list_is_paged_newest_first_and_leaves_as_a_file(store, signed_in, add_import):
    add_import(FIRST, "=january.csv")
    log = schema.import_log
    with store.application.begin() as connection:
        for number in range(2, 53):
            connection.execute(sa.insert(log).values(
                import_id=number, source="long", file_name=f"{number}.csv", status="done", report="{}",
                created_at=datetime.datetime(2020, 1, 1, 0, number), facts=number,
            ))
        connection.execute(sa.insert(log).values(
            source="", file_name="bad.csv", status="refused", report='{"error": "bad.csv: is empty", "faults": ["x"]}',
            created_at=datetime.datetime(2020, 1, 1),
        ))
    client = signed_in("viewer")
    first, second = client.get("/imports").text, client.get("/imports?page=2").text
    assert first.index("=january.csv") < first.index("52.csv") < first.index("51.csv")
    assert "bad.csv is empty; x" in text_of(client, "/imports?page=2")
    assert "2.csv" in second and "=january.csv" not in second
    assert "Its process ended before it could write its report." in text_of(client, "/imports/7")
    for query in ("page=3", "page=0", "page=x", "period=3m", "page=1&page=1"):
        assert client.get(f"/imports?{query}").status_code == 400, query
    assert client.get("/imports.csv?page=1").status_code == 400
    rows = list(csv.DictReader(io.StringIO(client.get("/imports.csv").data.decode("utf-8-sig"))))
    assert len(rows) == 53
    assert rows[0] | {"Time": ""} == {
        "Import": "1", "File": "'=january.csv", "Source": "long", "Format": "long", "Mode": "replace", "Time": "",
        "By": "", "Rows": "2", "Facts": "2", "Sum": "14.50", "Currency": "", "First month": "2024-01",
        "Last month": "2024-02", "Months": "2", "Replaced facts": "0", "State": "in",
        "Undone": "", "Undone by": "", "Fault": "",
    }
    assert (rows[-1]["Import"], rows[-1]["State"], rows[-1]["Fault"]) == ("", "refused", "bad.csv: is empty; x")
    assert client.get("/imports.xlsx").data[:4] == b"PK\x03\x04"
    assert audit(store) == [("viewer", "export"), ("viewer", "export")]


def limit(store: Store, name: str) -> None:
    """Limits somebody to the brand 1."""
    with store.application.begin() as connection:
        user = users.find_user(connection, name)
        connection.execute(sa.update(schema.app_user).where(schema.app_user.c.id == user.id).values(is_limited=True))
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user.id, brand_id=1))


def test_each_switch_of_the_form_is_one_of_the_command(app):
    from commands.import_files import command
    from web.imports.uploads import _options

    form = {
        "marketplace": "US", "currency": "EUR", "date_order": "mdy", "encoding": "shift-jis", "decimal": ",",
        "round": "1", "sum": "1", "negative_costs": "1", "skip_columns": "Growth, in %\r\n\r\nNotes\r\n",
    }
    with app.test_request_context("/imports/upload", method="POST", data=form):
        told = command.make_context("import", ["file.csv", *_options()]).params
    wanted = {
        "marketplace": "US", "currency": "EUR", "date_order": "mdy", "encoding": "shift-jis", "decimal": ",",
        "round": True, "sum_rows": True, "negative_costs": True, "skip_columns": ("Growth, in %", "Notes"),
    }
    assert {name: told[name] for name in wanted} == wanted
