"""How much a request may send: a form's worth, unless its view takes files."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request

LARGEST_FORM = 1024 * 1024


def takes_files(largest: int) -> Callable[[Callable], Callable]:
    """Marks a view whose request may hold up to `largest` bytes."""

    def mark(view: Callable) -> Callable:
        view.largest_body = largest
        return view

    return mark


def register(app: Flask) -> None:
    """To be registered after the check of who asks, so that only they may send much, and before the first
    look into a form."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM

    @app.before_request
    def _allow_files() -> None:
        largest = getattr(app.view_functions.get(request.endpoint or ""), "largest_body", None)
        if largest is not None:
            request.max_content_length = largest
