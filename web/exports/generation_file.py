"""/api/v1/generation: the live generation's file, for machines that fetch it (`flask fetch-generation`).

The file holds every figure: it is for analysts and admins who are limited to no brands.
"""

from __future__ import annotations

import dataclasses
from typing import BinaryIO

from flask import Flask, Response, abort, jsonify, request, send_file

from database.engines.values import GenerationFile
from domain.errors import GenerationGone, NeverRefreshed, SchemaError, SetupError
from domain.people import ANALYST
from web.http import current
from web.http.access import needs, needs_every_brand
from web.http.request_log import note_generation

_LONGEST = 18
"""Digits of a number."""


def register(app: Flask, prefix: str) -> None:
    """Adds both addresses."""
    mark = needs(ANALYST)
    for rule, endpoint, view in (
        ("generation", "api.generation", _tell), ("generation/file", "api.generation_file", _send),
    ):
        app.add_url_rule(f"{prefix}/{rule}", endpoint, mark(needs_every_brand(view)), methods=["GET"])


def _tell() -> Response:
    if request.args:
        abort(400, "This address takes no parameters.")
    told, file = _offered(None)
    file.close()
    response = jsonify(dataclasses.asdict(told))
    response.headers["Cache-Control"] = "no-store"
    return response


def _send() -> Response:
    told, file = _offered(_number())
    # Opened once: whatever is published, or cleared away, while it is sent, these are the bytes of one generation.
    response = send_file(
        file, "application/octet-stream", as_attachment=True, download_name=f"{told.generation:06d}.duckdb", max_age=0,
        etag=False, conditional=False,
    )
    response.content_length = told.bytes
    return response


def _number() -> int | None:
    if not request.args:
        return None
    text = request.args.get("generation", "")
    if len(request.args) > 1 or len(request.args.getlist("generation")) > 1 or not (
        text.isascii() and text.isdigit() and len(text) <= _LONGEST and int(text)
    ):
        abort(400, "This address takes generation=NUMBER only.")
    return int(text)


def _offered(generation: int | None) -> tuple[GenerationFile, BinaryIO]:
    try:
        told, file = current.store().published.offer(generation)
    except (NeverRefreshed, SchemaError, GenerationGone):
        raise
    except SetupError as error:
        abort(404, f"{error}.")
    note_generation(told.generation)
    return told, file
