"""/users/audit: the audit trail, by page and as a file."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable
from typing import BinaryIO
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, abort, make_response, render_template, request, send_file, url_for

from database.journal.audit import (
    TrailFilter,
    TrailLine,
    count_trail,
    read_trail,
    read_whole_trail,
    recorded_actions,
)
from domain.errors import SelectionError
from domain.months import moment_words
from domain.parameters import page_number, single_values
from domain.people import ADMIN
from domain.spreadsheets import harmless
from web.exports.plain_values import moment
from web.figures.page import formats_of_reader
from web.figures.paging import paging_of, refuse_past_the_last
from web.http import current, trail
from web.http.access import needs, needs_every_brand
from web.serving.cache import cache_folder, make_private

pages = Blueprint("audit", __name__)

LINES_PER_PAGE = 50
WORDS = ("user", "action", "page")
HEADINGS = ("Time (UTC)", "User", "Address", "Action", "Detail")


@pages.get("/users/audit")
@needs(ADMIN)
@needs_every_brand
def show() -> Response:
    """One page of the trail, the newest lines first."""
    with current.store().application_reading.connect() as connection:
        actions = recorded_actions(connection)
        wanted, page = _asked(actions)
        count = count_trail(connection, wanted)
        refuse_past_the_last(page, count, LINES_PER_PAGE)
        lines = read_trail(connection, wanted, start=(page - 1) * LINES_PER_PAGE, limit=LINES_PER_PAGE)
    return make_response(render_template(
        "users/audit.html", lines=lines, wanted=wanted, actions=actions, moment_words=moment_words,
        paging=paging_of(
            page, count, LINES_PER_PAGE, formats_of_reader(), lambda number: _address(wanted, number)
        ),
        file=_address(wanted, 1, "audit.as_csv"), everything=url_for("audit.show"),
    ))


@pages.get("/users/audit.csv")
@needs(ADMIN)
@needs_every_brand
def as_csv() -> Response:
    """The whole trail, as far as the filter lets it through. It is written to a nameless file first, so that no
    connection waits for a slow reader."""
    with current.store().application.begin() as connection:
        wanted, _ = _asked(recorded_actions(connection), words=("user", "action"))
        detail = _address(wanted, 1, "audit.as_csv")
        trail.record_within(connection, "export", detail)
    folder = cache_folder(current.settings()) / "exports"
    make_private(folder)
    out = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the answer closes it
    with current.store().application_reading.connect() as connection:
        _write(out, read_whole_trail(connection, wanted))
    out.seek(0)
    return send_file(out, "text/csv", as_attachment=True, download_name="audit.csv")


def _write(out: BinaryIO, lines: Iterable[TrailLine]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for line in lines:
        texts = (line.user_name, line.address, line.action, line.detail)
        writer.writerow([moment(line.happened_at), *(harmless(text or "") for text in texts)])
    text.flush()
    text.detach()


def _asked(actions: list[str], *, words: tuple[str, ...] = WORDS) -> tuple[TrailFilter, int]:
    """The lines and the page that the address names; answers 400 if it makes no sense."""
    try:
        texts = single_values(request.args.items(multi=True), words)
        page = page_number(texts)
    except SelectionError as error:
        abort(400, str(error))
    user, action = texts.get("user", "").strip(), texts.get("action", "")
    if len(user) > 150 or not user.isprintable():
        abort(400, "user is the name of a user")
    if action and action not in actions:
        abort(400, f"action is one of {', '.join(actions)}")
    return TrailFilter(user=user, action=action), page


def _address(wanted: TrailFilter, page: int, endpoint: str = "audit.show") -> str:
    texts = {"user": wanted.user, "action": wanted.action, "page": str(page) if page > 1 else ""}
    query = urlencode([(word, text) for word, text in texts.items() if text], quote_via=quote)
    return f"{url_for(endpoint)}?{query}" if query else url_for(endpoint)
