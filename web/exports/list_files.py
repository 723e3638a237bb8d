"""A list that has no selection, such as imports or runs, as .csv and .xlsx; every export is in the audit trail."""

from __future__ import annotations

import csv
import io
import tempfile

from flask import Response, send_file, url_for

from domain.moments import utc_now
from domain.spreadsheets import harmless
from web.exports.about import About
from web.exports.plain_values import plain
from web.exports.xlsx import write_xlsx
from web.figures.sheets import TEXT, Sheet
from web.http import current, trail
from web.serving.cache import cache_folder, make_private


def csv_answer(sheet: Sheet, endpoint: str) -> Response:
    """The list as a table; `endpoint` is its page's."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(harmless(column.name) for column in sheet.columns)
    for row in sheet.read():
        texts = (
            (plain(value, column.kind) or "", column.kind) for value, column in zip(row, sheet.columns, strict=True)
        )
        writer.writerow(harmless(text) if kind == TEXT else text for text, kind in texts)
    trail.record("export", f"{url_for(endpoint)} as csv, {sheet.count()} rows")
    return send_file(
        io.BytesIO(out.getvalue().encode()), "text/csv", as_attachment=True, download_name=f"{sheet.name}.csv"
    )


def xlsx_answer(sheet: Sheet, endpoint: str) -> Response:
    """The list as a workbook."""
    live = current.store().live_generation()
    origin = About(
        title=sheet.title, address=url_for(endpoint), selection=(), generation=live.generation if live else 0,
        last_month="", published=live.published_at if live else utc_now(), exported=utc_now(),
        currency=current.settings().dashboard.currency,
    )
    folder = cache_folder(current.settings()) / "exports"
    make_private(folder)
    out = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the answer closes it
    write_xlsx(out, [sheet], origin, folder=folder)
    out.seek(0)
    trail.record("export", f"{url_for(endpoint)} as xlsx, {sheet.count()} rows")
    return send_file(
        out, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_attachment=True,
        download_name=f"{sheet.name}.xlsx",
    )
