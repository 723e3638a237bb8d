"""Addresses inside this site, the only ones a redirect may lead to."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import Flask, request
from werkzeug.routing import BaseConverter
from werkzeug.urls import iri_to_uri

LONGEST = 2000
_VISIBLE = re.compile(r"/[\x21-\x7e]*", re.ASCII)


class IdConverter(BaseConverter):
    """An id in a path, as we write it: no leading zero, no digit of another script."""

    regex = r"(?:0|[1-9][0-9]{0,8})"

    def to_python(self, value: str) -> int:
        return int(value)


class TextConverter(BaseConverter):
    """A text in a path that may hold any character, slashes and line ends included."""

    regex = r"(?s:.+)"
    part_isolating = False

    def to_url(self, value: str) -> str:
        return quote(value, safe="")


def register(app: Flask) -> None:
    """Teaches routes these kinds of parts: `<id:brand>`, `<text:asin>`."""
    app.url_map.converters.update(id=IdConverter, text=TextConverter)


def this_address() -> str:
    """Path and query string of the request, as a browser would write them."""
    return iri_to_uri(request.full_path.rstrip("?"))


def local_path(text: str) -> str | None:
    """`text` if it is a path of this site, else None.

    Browsers drop tabs and line ends from an address and read a backslash as a slash, so that
    `/\\t/evil.com` and `/\\evil.com` leave the site; none of these belongs into a path we made.
    """
    path = text.partition("?")[0]
    if len(text) > LONGEST or not _VISIBLE.fullmatch(text) or "\\" in text or "//" in path:
        return None
    return text
