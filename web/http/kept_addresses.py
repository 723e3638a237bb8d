"""Addresses that stay what they are, worked out once: a page's frame names some thirty of them."""

from __future__ import annotations

import time

from flask import Flask, current_app, has_request_context, request

LOOK_AGAIN = 1.0
"""Seconds until an address is worked out again: that of a stylesheet or script changes with its content."""
_EXTENSION = "lego_addresses"


def register(app: Flask) -> None:
    """Gives it to templates."""
    app.extensions[_EXTENSION] = {}
    app.jinja_env.globals["url_for"] = address_for


def address_for(endpoint: str, **values) -> str:
    """What flask's `url_for` says; kept where nothing of the request but the place of the app is in it, and there
    are only so many: pages without a variable, and our own files."""
    is_kept = not values or (endpoint == "static" and values.keys() == {"filename"})
    if not is_kept or endpoint.startswith(".") or not has_request_context():
        return current_app.url_for(endpoint, **values)
    known: dict[tuple, tuple[float, str]] = current_app.extensions[_EXTENSION]
    key = (request.script_root, endpoint, values.get("filename"))
    made, address = known.get(key, (0.0, ""))
    now = time.monotonic()
    if not address or now - made >= LOOK_AGAIN:
        address = current_app.url_for(endpoint, **values)
        known[key] = (now, address)
    return address
