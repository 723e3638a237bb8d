"""How much a request may send: a form's worth, unless its view takes files."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, abort, request

from settings import Settings
from web.http import current, incoming
from web.http.access import check_again, is_open

MIB = 1 << 20
LARGEST_FORM = MIB
LARGEST_OPEN_FORM = MIB // 16
"""Of whoever is not signed in. So much is waited for without a thread (`web/serving/slow_senders.py`)."""


def takes_files(largest: int | Callable[[Settings], int], *, keeps: bool = False) -> Callable[[Callable], Callable]:
    """Marks a view whose request may hold up to `largest` bytes. If it `keeps` the files, they arrive in the
    instance folder (`web/http/incoming.py`), where they can stay."""

    def mark(view: Callable) -> Callable:
        view.largest_body, view.keeps_files = largest, keeps
        return view

    return mark


def register(app: Flask) -> None:
    """To be registered after the check of who asks, so that only they may send much, and before the first
    look into a form."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.request_class = incoming.FileRequest

    @app.before_request
    def _allow_files() -> None:
        view = app.view_functions.get(request.endpoint or "")
        largest = getattr(view, "largest_body", None)
        if largest is None:
            if view is not None and is_open(view):
                request.max_content_length = LARGEST_OPEN_FORM
            return
        request.max_content_length = largest(current.settings()) if callable(largest) else largest
        if (request.content_length or 0) > request.max_content_length:
            # Said before a byte of it is read.
            abort(413, f"What was sent is larger than {request.max_content_length // MIB:,} MiB. Nothing was kept.")
        if view.keeps_files:
            incoming.receive(request, current.settings())

    @app.teardown_request
    def _let_go(error: BaseException | None) -> None:
        incoming.end_receiving()


def register_second_look(app: Flask) -> None:
    """Looks again at who asks once files have arrived, which may have taken minutes. To be registered after the first
    look into a form."""

    @app.before_request
    def _look_again() -> None:
        if getattr(app.view_functions.get(request.endpoint or ""), "largest_body", None) is not None:
            with current.store().application_reading.connect() as connection:
                check_again(connection)
