"""Parameters that addresses of pages may have."""

from __future__ import annotations

from flask import abort, request


def takes_no_parameters() -> None:
    """Answers 400 if the address has any."""
    if request.args:
        abort(400, "This page takes no parameters.")
