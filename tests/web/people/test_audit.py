"""/users/audit: the trail by page, by user, by action, and as a file."""

import csv
import io

import pytest

from database.journal import audit
from database.journal.audit import TrailFilter, read_whole_trail, record
from tests.web.forms import sign_in_as, trail


@pytest.fixture
def admin(store, signed_in):
    """An admin's browser, after 120 lines of others."""
    with store.application.begin() as connection:
        for number in range(120):
            record(connection, "export", user_name="anna", address="192.0.2.1", detail=f"/dashboard.csv {number}")
        record(connection, "sign-in failed", user_name="eve\r\nadmin", address="192.0.2.2", detail="a\x00b\u202ec")
        record(connection, "role changed", user_name="carl", detail="anna: viewer -> admin")
        record(connection, "role changed", user_name="carl", detail="annabel: viewer -> admin")
        record(connection, "export", user_name="carl", address="192.0.2.3", detail="=HYPERLINK(1)")
    return signed_in("admin")


def test_it_is_read_page_by_page_the_newest_first(admin):
    first, last = admin.get("/users/audit").text, admin.get("/users/audit?page=3").text
    assert "125 lines" in first and "Page 1 of 3" in first
    assert "/dashboard.csv 119" in first and "/dashboard.csv 0<" in last
    assert first.count('class="trail-moment"') == 50 and last.count('class="trail-moment"') == 25
    assert 'href="/users/audit?page=2" rel="next"' in first and 'href="/users/audit?page=2" rel="prev"' in last


def test_a_user_finds_what_they_did_and_what_was_done_to_them(admin):
    page = admin.get("/users/audit?user=anna").text
    assert "121 lines" in page
    assert "anna: viewer -&gt; admin" in page and "annabel" not in page
    assert "2 lines" in admin.get("/users/audit?action=role%20changed").text
    assert "There is no such line." in admin.get("/users/audit?user=' OR 1=1 --").text


def test_control_characters_are_escaped(admin):
    page = admin.get("/users/audit?action=sign-in%20failed").text
    assert r"eve\x0d\x0aadmin" in page and r"a\x00b\u202ec" in page


def test_the_file_has_every_line_and_no_formula(admin, store):
    answer = admin.get("/users/audit.csv?action=export")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    assert rows[0] == ["Time (UTC)", "User", "Address", "Action", "Detail"]
    assert [row[4] for row in rows[1:]] == [
        "/users/audit.csv?action=export", "'=HYPERLINK(1)",
        *(f"/dashboard.csv {number}" for number in range(119, -1, -1)),
    ]
    assert trail(store)[-1] == ("export", "admin", "/users/audit.csv?action=export")


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=4", "page=٣", "page=1e9", "user=a&user=b", "action=none", "users=a", "user=%00",
        f"user={'a' * 5000}",
    ],
)
def test_what_makes_no_sense_is_refused(small_app, password_hash, query):
    client = sign_in_as(small_app, "admin", password_hash)
    assert client.get(f"/users/audit?{query}").status_code == 400


def test_a_long_trail_is_read_in_batches(small_app, monkeypatch):
    monkeypatch.setattr("database.journal.audit.BATCH", 3)
    with small_app.extensions["lego_store"].application.begin() as connection:
        for number in range(7):
            record(connection, "export", user_name=None, detail=str(number))
        found = [row.detail for row in read_whole_trail(connection, TrailFilter())]
        assert found == list("6543210")
        assert audit.escaped("\u2028") == "\\u2028"
