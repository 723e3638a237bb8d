"""Adds .csv and .xlsx to the address of every page that offers tables.

A file is written to a private, nameless file on disk first, and sent from there: a publication in
between makes it start again, an error is answered as an error and not as half a file, and neither the
database nor memory waits for a slow reader.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask import Flask, Response, abort, request
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.routing import Rule
from werkzeug.wsgi import wrap_file

from database.engines.values import Reading
from domain.errors import OutOfSpace
from domain.months import format_month
from machine.locks import try_lock
from web.exports.about import About, about
from web.exports.csv import write_csv
from web.exports.xlsx import write_xlsx
from web.figures.page import Page, formats_of_reader, read_asked, read_page
from web.figures.sheets import Offer, Sheet
from web.http import current, trail
from web.http.access import needs_same_as
from web.http.addresses import this_address
from web.http.compression import LEVEL, takes_gzip
from web.serving.cache import cache_folder, make_private

TABLE = "table"
BUSY = 60
"""Seconds after which whoever found all places taken may ask again."""
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class _Written:
    """A finished file."""

    file: BinaryIO
    name: str
    rows: int
    generation: int
    size: int


def register(app: Flask, offers: list[Offer]) -> None:
    """Adds the addresses. Whoever may see the page may have its files."""
    for offer, rule in with_rules(app, offers):
        mark = needs_same_as(app.view_functions[offer.endpoint])
        for form in offer.files:
            view = mark(_VIEWS[form](offer))
            app.add_url_rule(f"{rule.rule}.{form}", offer.endpoint_of(form), view, methods=["GET"])


def with_rules(app: Flask, offers: list[Offer]) -> list[tuple[Offer, Rule]]:
    """Each offer with the address of its page; all at once, for a question after a new address sorts them all anew."""
    return [(offer, rule_of(app, offer.endpoint)) for offer in offers]


def rule_of(app: Flask, endpoint: str) -> Rule:
    """The address of a page; its own, where it is the start page too."""
    return max(app.url_map.iter_rules(endpoint), key=lambda rule: len(rule.rule))


def chosen_table(offer: Offer) -> str:
    """The word of `?table=`; the main table without one. Answers 400 on another word."""
    word = request.args.get(TABLE, "") or next(iter(offer.tables))
    if word not in offer.tables:
        abort(400, f"table {word[:60]!r} is not one of {', '.join(offer.tables)}")
    return word


def read_sheets(page: Page, offer: Offer) -> dict[str, Sheet]:
    """Table -> its sheet, of a reader's page."""
    return {sheet.name: sheet for sheet in offer.sheets(page, **page.arguments)}


def _csv_view(offer: Offer) -> Callable[..., Response]:
    def show(**arguments) -> Response:
        table, is_gzip = chosen_table(offer), takes_gzip()

        def write(out: BinaryIO, page: Page, origin: About, folder: Path) -> int:
            sheet = read_sheets(page, offer)[table]
            if not is_gzip:
                return write_csv(out, sheet, origin)
            with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=LEVEL, mtime=0) as packed:
                return write_csv(packed, sheet, origin)

        written = _written(offer, write, TABLE)
        response = _answer(written, f"{_stem(offer, arguments, table)}_{written.name}.csv", CSV)
        response.vary.add("Accept-Encoding")
        if is_gzip:
            response.headers["Content-Encoding"] = "gzip"
        return response

    return show


def _xlsx_view(offer: Offer) -> Callable[..., Response]:
    def show(**arguments) -> Response:
        def write(out: BinaryIO, page: Page, origin: About, folder: Path) -> int:
            return write_xlsx(out, read_sheets(page, offer).values(), origin, folder=folder)

        written = _written(offer, write)
        return _answer(written, f"{_stem(offer, arguments)}_{written.name}.xlsx", XLSX)

    return show


_VIEWS = {"csv": _csv_view, "xlsx": _xlsx_view}
"""Form of a file -> what makes the view of an offer's files of it."""

Writer = Callable[[BinaryIO, Page, About, Path], int]


def _written(offer: Offer, write: Writer, *more_words: str) -> _Written:
    folder = cache_folder(current.settings()) / "exports"
    make_private(folder)
    formats = formats_of_reader()

    def question(reading: Reading) -> _Written:
        page = read_page(reading, offer.taking(*more_words), formats=formats)
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the answer closes it
        try:
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                rows = write(file, page, about(page, offer, this_address()), Path(scratch))
            size = file.seek(0, 2)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return _Written(file, _name_of(page, offer), rows, page.generation.generation, size)

    try:
        with _slot(offer, folder):
            return read_asked(question)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace("no space to write an export to; make some, or export less") from None
        raise


@contextlib.contextmanager
def _slot(offer: Offer, folder: Path) -> Iterator[None]:
    """One of the places in which files of this offer are made; answers 503 while all are taken. A process that dies
    leaves its place."""
    if not offer.at_once:
        yield
        return
    held = next(filter(None, (try_lock(folder / f"{offer.word}-{n}.lock") for n in range(offer.at_once))), None)
    if held is None:
        raise ServiceUnavailable("Other large files are being made. Try again in a minute.", retry_after=BUSY)
    try:
        yield
    finally:
        os.close(held)


def _answer(written: _Written, name: str, content_type: str) -> Response:
    try:
        # No file leaves without its line in the audit trail: if that cannot be written, the answer is an error.
        trail.record(
            "export", f"{this_address()} generation {written.generation}, {written.rows} rows, as {name}"
        )
    except BaseException:
        written.file.close()
        raise
    response = Response(wrap_file(request.environ, written.file), content_type=content_type, direct_passthrough=True)
    response.content_length = written.size
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _stem(offer: Offer, arguments: dict, table: str = "") -> str:
    """`dashboard`, `brand-12-months`: which page, and which table unless it is the main one."""
    parts = [offer.word, *map(str, arguments.values())]
    if table != next(iter(offer.tables)):
        parts.append(table)
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(parts)).strip("-")[:80]


def _name_of(page: Page, offer: Offer) -> str:
    """`2024-11_2025-10_g7`: what is in it; `g7` where it is of no months."""
    span = page.selection.span
    if "period" not in offer.page.words:
        return f"g{page.generation.generation}"
    return f"{format_month(span.first)}_{format_month(span.last)}_g{page.generation.generation}"
