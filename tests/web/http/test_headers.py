"""What every answer tells the browser, errors included."""

import base64
import hashlib
import io
import re
from pathlib import Path

import plotly
import pytest
from flask import abort, send_file

from domain.errors import DatabaseUnreachable
from tests.web.conftest import csrf_token
from web.http.access import open_to_everybody
from web.http.headers import ALWAYS, PLOTLY_STYLES


def break_down():
    raise RuntimeError("secret words")


def lose_the_database():
    raise DatabaseUnreachable("lego@db:3306/lego: secret words")


def refuse_more():
    abort(429)


@pytest.fixture
def client(small_app):
    """A visitor of an app in which some pages do nothing but fail."""
    for view in (break_down, lose_the_database, refuse_more):
        small_app.add_url_rule(f"/{view.__name__}", view_func=open_to_everybody(view))
    return small_app.test_client()


ANSWERS = {
    "200": lambda client: client.get("/login"),
    "200 static": lambda client: client.get("/static/css/base.css"),
    "302": lambda client: client.post("/logout"),
    "304": lambda client: client.get(
        "/static/css/base.css", headers={"If-None-Match": client.get("/static/css/base.css").headers["ETag"]}
    ),
    "400": lambda client: client.post("/login"),
    "400 host": lambda client: client.get("/login", headers={"Host": "evil.com"}),
    "404": lambda client: client.get("/nowhere"),
    "405": lambda client: client.delete("/login"),
    "413": lambda client: client.post("/login", data={"name": "x" * 2_000_000, "csrf_token": csrf_token(client)}),
    "429": lambda client: client.get("/refuse_more"),
    "500": lambda client: client.get("/break_down"),
    "503": lambda client: client.get("/lose_the_database"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_every_header_once(client, name):
    answer = ANSWERS[name](client)
    expected = {"302": 303}.get(name, int(name[:3]))
    assert answer.status_code == expected
    for header, value in ALWAYS.items():
        assert answer.headers.getlist(header) == [value]
    assert len(answer.headers["X-Request-Id"]) == 16
    assert answer.headers["Cache-Control"] == "no-store" or "static" in answer.request.path
    assert "Strict-Transport-Security" not in answer.headers


def test_files_are_kept_by_nobody(small_app):
    def file():
        return send_file(io.BytesIO(b"a,b"), "text/csv", as_attachment=True, download_name="a.csv")

    small_app.add_url_rule("/file", view_func=open_to_everybody(file))
    assert small_app.test_client().get("/file").headers.getlist("Cache-Control") == ["no-store"]


def test_under_tls_browsers_are_told_to_stay_there(client):
    answer = client.get("/nowhere", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_policy_forbids_what_a_page_does_not_need():
    policy = dict(part.split(" ", 1) for part in ALWAYS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in ALWAYS["Content-Security-Policy"]


def test_the_policy_lets_exactly_the_styles_of_the_installed_plotly_through():
    source = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    elements = re.findall(r"""createElement\(["']style["']\)(.{120})""", source)
    assert len(elements) == 2
    assert 'createTextNode("")' in elements[0]
    texts = re.findall(r"\.textContent='((?:[^'\\]|\\.)*)'", source)
    assert len(texts) == 1 and "\\" not in texts[0]
    assert tuple(f"'sha256-{sha256(text)}'" for text in ("", texts[0])) == PLOTLY_STYLES


def sha256(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


INLINE = re.compile(r"""<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=| type="application/json">)|javascript:""")
"""What the policy would stop; JSON in a script element is no script."""


def test_our_templates_hold_no_inline_script_or_style():
    for path in Path("templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not INLINE.search(text), path
