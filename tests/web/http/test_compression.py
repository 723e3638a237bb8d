"""Text answers are compressed for browsers that take it."""

import gzip

from web.http import compression
from web.http.access import open_to_everybody


def test_a_page_is_compressed(small_app):
    client = small_app.test_client()
    plain = client.get("/login")
    packed = client.get("/login", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert gzip.decompress(packed.data).lstrip().startswith(b"<!doctype html>")


def test_a_short_answer_and_a_refusal_of_gzip_are_left_as_they_are(small_app):
    client = small_app.test_client()
    assert "Content-Encoding" not in client.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers
    assert "Content-Encoding" not in client.get("/login", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_a_stream_is_passed_on_as_it_comes(small_app):
    def stream():
        return (line for line in ["a,b\n"] * 1000)

    small_app.add_url_rule("/stream", view_func=open_to_everybody(stream))
    answer = small_app.test_client().get("/stream", headers={"Accept-Encoding": "gzip"}, buffered=False)
    assert "Content-Encoding" not in answer.headers
    assert answer.is_streamed



def test_a_part_that_many_answers_hold_is_compressed_once_for_all_of_them(small_app):
    part = "<td>Größe 1,204.20</td>" * 400

    def page(name):
        compression.note_part(part)
        return f"<p>Hello {name}{part}</p>{name * 300}"

    small_app.add_url_rule("/hello/<name>", view_func=open_to_everybody(page))
    compression._deflated_part.cache_clear()
    client = small_app.test_client()
    for name in ("anna", "otto", "anna"):
        packed = client.get(f"/hello/{name}", headers={"Accept-Encoding": "gzip"})
        plain = client.get(f"/hello/{name}")
        assert packed.headers["Content-Encoding"] == "gzip" and len(packed.data) < len(plain.data) / 10
        assert gzip.decompress(packed.data) == plain.data
    found = compression._deflated_part.cache_info()
    assert (found.misses, found.hits) == (1, 2)


def test_a_part_that_is_not_in_the_answer_after_all_changes_nothing(small_app):
    def page():
        compression.note_part("what a failed page would have held" * 100)
        return "an error, " * 300

    small_app.add_url_rule("/other", view_func=open_to_everybody(page))
    client = small_app.test_client()
    packed = client.get("/other", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == client.get("/other").data
