"""Text goes over the wire compressed, where the browser takes gzip.

A compressed page that repeats what a stranger sent, next to a secret, can leak the secret by its length
(BREACH). The cookie is SameSite=Lax, so pages that another site fetches hold no secret of the reader.
"""

from __future__ import annotations

import functools
import gzip
import struct
import zlib

from flask import Flask, Response, g, request

SMALLEST = 600
"""Below this many bytes the headers outweigh what is saved."""
LEVEL = 5
KEPT_PARTS = 100
"""So many parts of pages are kept compressed by a process, some 13 KiB each with the 90 KiB they stand for."""
_TEXTS = ("text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml")


def register(app: Flask) -> None:
    """Compresses finished text answers; streams, files and ranges pass as they are."""

    @app.after_request
    def _compress(response: Response) -> Response:
        if not _is_text(response):
            return response
        response.vary.add("Accept-Encoding")
        if takes_gzip() and response.calculate_content_length() >= SMALLEST:
            response.set_data(_packed(response.get_data()))
            response.headers["Content-Encoding"] = "gzip"
        return response


def note_part(text: str) -> None:
    """Says that the answer to the request at hand holds `text`, which other answers hold as well: it is compressed
    once for all of them."""
    g.part_of_answer = text


def takes_gzip() -> bool:
    """Whether the browser of this request reads gzip."""
    return request.accept_encodings["gzip"] > 0


def _is_text(response: Response) -> bool:
    return (
        response.is_sequence
        and not response.direct_passthrough
        and response.status_code not in (204, 206, 304)
        and "Content-Encoding" not in response.headers
        and (response.content_type or "").startswith(_TEXTS)
    )


def _packed(body: bytes) -> bytes:
    part = g.get("part_of_answer")
    start = body.find(part.encode()) if part else -1
    if start < 0:
        return gzip.compress(body, LEVEL, mtime=0)
    end = start + len(part.encode())
    # Each piece begins with an empty window, so that it reads the same wherever it stands.
    pieces = (
        _GZIP_HEADER, _deflated(body[:start], zlib.Z_FULL_FLUSH), _deflated_part(part),
        _deflated(body[end:], zlib.Z_FINISH), struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF),
    )
    return b"".join(pieces)


_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""RFC 1952: deflate, no name, no time, any system."""


@functools.lru_cache(maxsize=KEPT_PARTS)
def _deflated_part(part: str) -> bytes:
    return _deflated(part.encode(), zlib.Z_FULL_FLUSH)


def _deflated(piece: bytes, end: int) -> bytes:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(piece) + packer.flush(end)
