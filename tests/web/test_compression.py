"""Text answers are compressed for browsers that take it."""

import gzip

from web.access import open_to_everybody


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

