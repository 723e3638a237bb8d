"""Static files: named by content, compressed once, from this site only."""

import gzip
import re
from pathlib import Path

import plotly
from flask import url_for

from settings import ROOT

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
FOR_GOOD = "public, max-age=31536000, immutable"


def address(app, name):
    with app.test_request_context("/"):
        return url_for("static", filename=name)


def test_plotly_comes_from_the_installed_package_compressed(small_app):
    client = small_app.test_client()
    answer = client.get(address(small_app, "plotly.min.js"), headers={"Accept-Encoding": "gzip, br"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == FOR_GOOD
    assert answer.mimetype == "text/javascript"
    assert gzip.decompress(answer.data) == PLOTLY.read_bytes()
    assert len(answer.data) < 1_600_000


def test_a_browser_without_gzip_gets_the_file_itself(small_app):
    answer = small_app.test_client().get(address(small_app, "plotly.min.js"))
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.data == PLOTLY.read_bytes()


def test_it_is_compressed_once_and_privately(small_app):
    client = small_app.test_client()
    for _ in range(2):
        client.get("/static/css/base.css", headers={"Accept-Encoding": "gzip"})
    folder = small_app.extensions["lego_store"].settings.database.path / "cache" / "static"
    [packed] = folder.iterdir()
    assert re.fullmatch(r"base\.css\.[0-9a-f]{16}\.gz", packed.name)
    assert gzip.decompress(packed.read_bytes()) == (ROOT / "static/css/base.css").read_bytes()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_only_an_address_with_the_right_hash_is_kept_for_good(small_app):
    client = small_app.test_client()
    right = address(small_app, "css/base.css")
    assert re.fullmatch(r"/static/css/base\.css\?v=[0-9a-f]{16}", right)
    assert client.get(right).headers["Cache-Control"] == FOR_GOOD
    for other in ("/static/css/base.css", "/static/css/base.css?v=0123456789abcdef"):
        assert client.get(other).headers["Cache-Control"] == "no-cache"


def test_an_unchanged_file_is_not_sent_again(small_app):
    client = small_app.test_client()
    gzipped = {"Accept-Encoding": "gzip"}
    mark = client.get("/static/css/base.css", headers=gzipped).headers["ETag"]
    answer = client.get("/static/css/base.css", headers=gzipped | {"If-None-Match": mark})
    assert (answer.status_code, answer.data) == (304, b"")


def test_static_files_set_no_cookie_and_ask_for_nobody(small_app):
    answer = small_app.test_client().get("/static/css/base.css")
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_cache_folder_that_cannot_be_made_costs_only_the_compression(small_app):
    folder = small_app.extensions["lego_store"].settings.database.path / "cache"
    folder.write_text("in the way")
    answer = small_app.test_client().get("/static/css/base.css", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.data == (ROOT / "static/css/base.css").read_bytes()
