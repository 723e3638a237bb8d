"""Text goes over the wire compressed, where the browser takes gzip.

A compressed page that repeats what a stranger sent, next to a secret, can leak the secret by its length
(BREACH). The cookie is SameSite=Lax, so pages that another site fetches hold no secret of the reader.
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

SMALLEST = 600
"""Below this many bytes the headers outweigh what is saved."""
LEVEL = 5
_TEXTS = ("text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml")


def register(app: Flask) -> None:
    """Compresses finished text answers; streams, files and ranges pass as they are."""

    @app.after_request
    def _compress(response: Response) -> Response:
        if not _is_text(response):
            return response
        response.vary.add("Accept-Encoding")
        if takes_gzip() and response.calculate_content_length() >= SMALLEST:
            response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response


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
