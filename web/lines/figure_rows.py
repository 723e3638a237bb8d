"""/explain/rows: the facts that an explained figure is the sum of, fetched by a job, because pages read no facts.

1. The button of the explanation sends the figure, in the words of its address.
2. A job begins: `flask figure-rows … --to`, which writes a CSV file into the task's folder.
3. Its page shows the first rows and the sums of all, and has the file to download.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.engines.values import Reading
from database.queries.pages import EXPLAIN, choose_figures
from database.queries.product import find_product
from domain.errors import SelectionError
from domain.months import format_month, month_name, parse_month
from domain.selection import Selectable, Selection
from jobs.background import WAIT
from jobs.tasks import ROWS, ROWS_FILE, Task
from web.figures.formats import COUNT, Formats, kind_of
from web.figures.page import formats_of_reader, selectable_of
from web.http import current, identity
from web.http.listings import begin_work, existing_task, listing_of, progress_of, send_listing

pages = Blueprint("figure_rows", __name__)

WORKING, LOST = "Looking for the rows", "The work ended without a word. Ask again."
MISSING = "These rows are not kept any more; ask for them again."
NOTHING_OF_ANYBODY = -1
"""The brand of somebody who may see none: no product has it."""


@dataclass(frozen=True)
class RowView:
    """One fact as it is written for a reader."""

    asin: str
    brand: str
    marketplace: str
    metric: str
    month: str
    value: str
    import_id: str
    file: str


@dataclass(frozen=True)
class SumView:
    """What facts of one metric and currency add up to: all of them, or those of one import."""

    metric: str
    facts: str
    value: str
    import_id: int | None = None
    file: str = ""


@pages.post("/explain/rows")
def fetch() -> Response:
    """Begins to fetch the rows of the figure that the form's button names."""
    text = request.form.get("figure", "")
    if not text:
        abort(400, "no figure is named")
    selection, title = current.store().read(lambda reading: _asked(reading, text))
    hidden = () if identity.person().brands is None else ("--without-imports",)
    task = begin_work(ROWS, "figure-rows", lambda folder: (
        *_arguments(selection), *hidden, f"--to={(folder / ROWS_FILE).absolute()}", "--json", f"--wait={WAIT}",
    ), options=(selection.query_string(EXPLAIN.words), title, _sight()))
    if task is None:
        return redirect(_explained(text), 303)
    return redirect(url_for("figure_rows.show", token=task.token), 303)


@pages.get("/explain/rows/<token>")
def show(token: str) -> str:
    """How it goes, or the rows."""
    task = _existing(token)
    query, title, _ = task.options
    found, formats = listing_of(task, ROWS_FILE), formats_of_reader()
    rows, report = found.rows(), found.outcome.report if found.is_done else None
    return render_template(
        "explain/rows.html",
        title=title, back=_explained(query), token=token, is_running=found.is_running, seconds=found.seconds or 0,
        working=WORKING, words=found.outcome.words if found.outcome else "" if found.is_running else LOST,
        is_done=found.is_done, rows=[_row(row, formats) for row in rows],
        count=formats.exact(report["count"], COUNT) if report else "",
        written=formats.exact(report["written"], COUNT) if report and report["written"] < report["count"] else "",
        sums=_sums(report["sums"], formats) if report else [], archived=report["archived"] if report else "",
        sources=[_sum(each, formats) for each in report["sums"]] if report else [],
        is_cut=bool(report and report["written"] > len(rows)),
        in_file=formats.exact(report["written"], COUNT) if report else "",
        with_imports=identity.person().brands is None,
    )


@pages.get("/explain/rows/<token>/progress")
def progress(token: str) -> Response:
    """The same in a few words, for the page that waits."""
    return progress_of(listing_of(_existing(token), ROWS_FILE), WORKING)


@pages.get("/explain/rows/<token>/file")
def file(token: str) -> Response:
    """The rows as CSV."""
    task = _existing(token)
    return send_listing(
        listing_of(task, ROWS_FILE), "rows.csv", noted=f"rows {task.options[0]}",
        missing="These rows were not fetched, or are not kept any more.",
    )


def _existing(token: str) -> Task:
    """The task, if its owner still sees the brands that it was begun for."""
    task = existing_task(token, (ROWS,), MISSING)
    if task.options[2] != _sight():
        abort(404, MISSING)
    return task


def _sight() -> str:
    """The brands that the reader may see, as a text."""
    brands = identity.person().brands
    return "all" if brands is None else ",".join(map(str, sorted(brands)))


def _asked(reading: Reading, text: str) -> tuple[Selection, str]:
    """The figure that the words of an address mean for this reader, and its title; answers 400 or 404 if it cannot be
    asked about."""
    selectable = selectable_of(reading)
    try:
        selection = choose_figures(EXPLAIN, parse_qsl(text, keep_blank_values=True), selectable)
    except SelectionError as error:
        abort(400, str(error))
    scope = identity.person().brands
    selection = replace(selection, scope=None if scope is None else tuple(sorted(scope)))
    if selection.asin and find_product(reading.connection, selection.asin, scope=selection.scope) is None:
        abort(404, "There is no such product.")
    whose = ", ".join(_whose(selection, selectable))
    return selection, f"{selection.metric}{f' of {whose}' if whose else ''}, {selection.span.words()}"


def _whose(selection: Selection, selectable: Selectable) -> Iterator[str]:
    if selection.asin:
        yield selection.asin
    yield from (selectable.brands[brand] for brand in selection.brands)
    yield from (selectable.categories[category] for category in selection.categories)
    yield from (selectable.marketplace_names[code] for code in selection.marketplaces)


def _arguments(selection: Selection) -> list[str]:
    """As options of `flask figure-rows`."""
    brands = selection.brands
    if selection.scope is not None:
        seen = set(selection.scope) & set(selection.brands or selection.scope)
        brands = tuple(sorted(seen)) or (NOTHING_OF_ANYBODY,)
    span = selection.span
    return [
        *(f"--metric={metric}" for metric in dict.fromkeys(selection.sums)),
        f"--first={format_month(span.first)}", f"--last={format_month(span.last)}",
        *(f"--brand={brand}" for brand in brands),
        *(f"--category={category}" for category in selection.categories),
        *(f"--marketplace={code}" for code in selection.marketplaces),
        *([f"--asin={selection.asin}"] if selection.asin else []),
    ]


def _explained(query: str) -> str:
    return f"{url_for('explain.show')}?{query}" if query else url_for("explain.show")


def _row(row: dict[str, str], formats: Formats) -> RowView:
    return RowView(
        row["asin"], row["brand"] or "none", row["marketplace"], row["metric"],
        month_name(parse_month(row["month"][:7])), _value(row["value"], row["metric"], row["currency"], formats),
        row["import"], row["file"],
    )


def _sums(found: list[dict[str, Any]], formats: Formats) -> list[SumView]:
    """Those of all imports together."""
    whole: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for each in found:
        key = (each["metric"], each["currency"])
        facts, value = whole.get(key, (0, Decimal(0)))
        whole[key] = (facts + each["facts"], value + Decimal(each["value"]))
    return [
        SumView(metric, formats.exact(facts, COUNT), _value(str(value), metric, currency, formats))
        for (metric, currency), (facts, value) in whole.items()
    ]


def _sum(found: dict[str, Any], formats: Formats) -> SumView:
    return SumView(
        found["metric"], formats.exact(found["facts"], COUNT),
        _value(found["value"], found["metric"], found["currency"], formats), found["import_id"], found["file_name"],
    )


def _value(text: str, metric: str, currency: str, formats: Formats) -> str:
    """In the currency of the fact."""
    return replace(formats, currency=currency or formats.currency).exact(Decimal(text), kind_of(metric))
