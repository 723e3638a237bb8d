"""What every answer tells the browser it may do, errors included."""

from __future__ import annotations

from flask import Flask, Response, request

PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)
"""plotly.js adds two style elements to the page: an empty one, whose rules it then sets by script, and
the styles of its maps, on loading. These are the hashes of their texts, so that exactly these two are
let through and 'unsafe-inline' is not needed. tests/web/http/test_headers.py computes them from the installed
plotly.js and fails when an upgrade changes them. What stays forbidden are style attributes, so texts of
figures hold no tags such as <b>: plotly.js would write them as attributes."""

CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    f"style-src 'self' {' '.join(PLOTLY_STYLES)}",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

A_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Adds the headers to every answer."""

    @app.after_request
    def _add(response: Response) -> Response:
        response.headers.update(ALWAYS)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
        if response.headers.get("Content-Disposition", "").startswith("attachment"):
            # Flask would let browsers keep a file and ask for it again.
            response.headers["Cache-Control"] = "no-store"
        # What says nothing about keeping it is kept by nobody: sign-in, errors, redirects.
        response.headers.setdefault("Cache-Control", "no-store")
        return response
