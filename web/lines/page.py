"""/lines: the lines behind a figure or an amount of a settlement, fetched by a job, because pages read no lines.

1. The question is shown in words, with what it would fetch.
2. At a click a job begins: `flask lines … --to`, which writes a CSV file into the task's folder.
3. Its page shows the first lines and their sum, and has the whole file to download.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.engines.values import Reading
from database.queries.product import find_product
from domain.errors import SelectionError
from domain.months import month_name, parse_month
from domain.parameters import single_values
from jobs.background import WAIT
from jobs.tasks import LINES, LINES_FILE, Task
from web.figures.formats import COUNT, MONEY, kind_of
from web.figures.page import formats_of_reader
from web.http import current, identity
from web.http.listings import begin_work, existing_task, listing_of, progress_of, send_listing

pages = Blueprint("lines", __name__)

WORDS = ("asin", "month", "marketplace", "metric", "settlement", "kind")
WORKING, LOST = "Looking for the lines", "The work ended without a word. Ask again."
_SETTLEMENT = re.compile(r"[\w-]{1,40}", re.ASCII)


@dataclass(frozen=True)
class Question:
    """What is asked about: the words of the address, a title, and the way back."""

    values: Mapping[str, str]
    title: str
    back: str
    back_words: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """As options of `flask lines`."""
        return tuple(f"--{word}={text}" for word, text in self.values.items())


@pages.get("/lines")
def ask() -> str:
    """The question in words, and the button."""
    question = _question(dict(_given(request.args.items(multi=True))))
    return render_template("lines/ask.html", question=question)


@pages.post("/lines")
def fetch() -> Response:
    """Begins to fetch them."""
    question = _question(dict(_given(
        (word, text) for word, text in request.form.items(multi=True) if word in WORDS
    )))
    hidden = () if identity.person().brands is None else ("--without-imports",)
    task = begin_work(LINES, "lines", lambda folder: (
        *question.arguments, *hidden, f"--to={(folder / LINES_FILE).absolute()}", "--json", f"--wait={WAIT}",
    ), options=question.arguments)
    if task is None:
        return redirect(url_for("lines.ask", **question.values), 303)
    return redirect(url_for("lines.show", token=task.token), 303)


@pages.get("/lines/<token>")
def show(token: str) -> str:
    """How it goes, or the lines."""
    task = _existing(token)
    question = _question(_values(task))
    found, formats = listing_of(task, LINES_FILE), formats_of_reader()
    rows, report = found.rows(), found.outcome.report if found.is_done else None
    return render_template(
        "lines/show.html",
        question=question, token=token, is_running=found.is_running, seconds=found.seconds or 0, working=WORKING,
        words=found.outcome.words if found.outcome else "" if found.is_running else LOST,
        is_done=found.is_done, rows=[_row(row, formats) for row in rows],
        count=formats.exact(report["count"], COUNT) if report else "",
        total=_write(Decimal(report["sum"]), question, formats) if report else "",
        is_cut=bool(report and report["count"] > len(rows)),
        with_imports=identity.person().brands is None,
    )


@pages.get("/lines/<token>/progress")
def progress(token: str) -> Response:
    """The same in a few words, for the page that waits."""
    return progress_of(listing_of(_existing(token), LINES_FILE), WORKING)


@pages.get("/lines/<token>/file")
def file(token: str) -> Response:
    """All of them as CSV."""
    task = _existing(token)
    return send_listing(
        listing_of(task, LINES_FILE), "lines.csv", noted=f"lines {' '.join(task.options)}",
        missing="These lines were not fetched, or are not kept any more.",
    )


def _given(pairs) -> list[tuple[str, str]]:
    try:
        return [(word, text) for word, text in single_values(pairs, WORDS).items() if text]
    except SelectionError as error:
        abort(400, str(error))


def _question(values: dict[str, str]) -> Question:
    """What the words mean for this reader; answers 400, 403 or 404 if they cannot be asked."""
    if "month" in values:
        try:
            parse_month(values["month"])
        except ValueError as error:
            abort(400, f"month: {error}")
    return _of_settlement(values) if "settlement" in values else _of_figure(values)


def _of_settlement(values: dict[str, str]) -> Question:
    if identity.person().brands is not None:
        abort(403)
    number, kind = values["settlement"], values.get("kind", "")
    if not _SETTLEMENT.fullmatch(number) or (kind and not re.fullmatch(r"\d{1,9}", kind, re.ASCII)):
        abort(400, "settlement or kind is not one that can be")
    if {"asin", "metric", "marketplace"} & values.keys():
        abort(400, "of a settlement, ask by kind and month")
    month = f", {month_name(parse_month(values['month']))}" if "month" in values else ""
    return Question(
        values, f"Lines of settlement {number}{month}", url_for("settlement.show", settlement_id=number),
        f"Settlement {number}",
    )


def _of_figure(values: dict[str, str]) -> Question:
    missing = [word for word in ("asin", "month", "metric") if word not in values]
    if missing or "kind" in values:
        abort(400, f"missing: {', '.join(missing)}" if missing else "kind goes with settlement")
    if not all(text.isprintable() for text in values.values()):
        abort(400, "a parameter holds a character that cannot be typed")
    scope = identity.person().brands

    def ask_product(reading: Reading) -> bool:
        known = find_product(
            reading.connection, values["asin"], scope=None if scope is None else tuple(sorted(scope))
        )
        return known is not None

    if not current.store().read(ask_product):
        abort(404, "There is no such product.")
    where = f" in {values['marketplace']}" if "marketplace" in values else ""
    return Question(
        values, f"{values['metric']} of {values['asin']}{where}, {month_name(parse_month(values['month']))}",
        url_for("product.show", asin=values["asin"]), values["asin"],
    )


def _existing(token: str) -> Task:
    return existing_task(token, (LINES,), "These lines are not kept any more; ask for them again.")


def _values(task: Task) -> dict[str, str]:
    return dict(option.removeprefix("--").split("=", 1) for option in task.options)


def _row(row: dict[str, str], formats) -> dict[str, str]:
    def write(text: str) -> str:
        return formats.exact(Decimal(text), COUNT) if text else ""

    amount = f"{write(row['amount'])} {row.get('currency') or ''}".strip()
    return row | {"amount": amount, "value": write(row["value"])}


def _write(value: Decimal, question: Question, formats) -> str:
    if "settlement" in question.values:
        return formats.exact(value, COUNT)
    return formats.exact(value, kind_of(question.values["metric"]) or MONEY)
