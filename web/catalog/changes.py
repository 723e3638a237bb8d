"""Changing the catalogue: rows that are assigned, files that are uploaded, and what is asked before.

A change is a products or brand file, made here or sent, and saved by `flask products` in a process of
its own. What was chosen row by row from known names is saved at once; an upload, a new name and "all
that were found" are shown first, as a dry run, and wait for a second word as a draft.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, BinaryIO

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.engines.values import Reading
from database.journal.audit import escaped
from database.journal.catalog_changes import waiting_changes, waiting_names
from database.queries.catalog import choices_of, names_of
from domain.listing import WORDS, Listing
from domain.people import ANALYST
from jobs.commands import Outcome, run_command
from web.catalog import drafts
from web.catalog.drafts import Draft
from web.catalog.page import address_of, asked_listing
from web.http import current, identity, trail
from web.http.access import needs
from web.http.body_size import takes_files
from web.http.parameters import takes_no_parameters

pages = Blueprint("catalog_changes", __name__)

LARGEST_UPLOAD = 10 * 1024 * 1024
MOST_ROWS = 50_000
"""Of one file. While it is looked at no import and no refresh can begin."""
SECONDS = 120
"""A file of so many products takes a fraction of it."""
LONGEST = {"brand": 255, "category": 255, "group": 100}


@pages.post("/catalog/assign")
@needs(ANALYST)
def assign() -> Response:
    """Gives the chosen rows a brand, a category or a group."""
    listing = asked_listing([(word, request.form[word]) for word in WORDS if word in request.form])
    if listing.is_of_skus:
        abort(400, "SKUs are joined with products; they have no brand of their own")
    back = address_of(listing.changed(page=listing.page))
    fields = ("brand", "category") if listing.is_of_products else ("category", "group")
    texts = {field: " ".join(request.form.get(field, "").split()) for field in fields}
    texts = {field: text for field, text in texts.items() if text}
    fault = _fault_of(texts)
    if fault:
        return _back(back, fault)
    everything = request.form.get("all") == "1"
    ids = None if everything else _ids(request.form.getlist("item"))

    def look(reading: Reading) -> tuple[list[str], bool]:
        scope = identity.person().brands
        found = names_of(reading.connection, listing, ids=ids, scope=scope)
        return found, _are_known(reading, texts)

    names, are_known = current.store().read(look)
    if not names:
        return _back(back, "Choose at least one row.")
    draft = _keep(_writer_of(listing, names, texts), called=_called(listing, names, texts), back=back)
    if everything or not are_known:
        return _check(draft)
    return _take(draft)


@pages.post("/catalog/upload")
@needs(ANALYST)
@takes_files(LARGEST_UPLOAD)
def upload() -> Response:
    """Keeps a file and shows what saving it would do."""
    back = url_for("catalog.show")
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _back(back, "Choose a file first.")
    if sum(piece.count(b"\n") for piece in iter(lambda: sent.stream.read(1 << 20), b"")) > MOST_ROWS + 1:
        return _back(back, f"The file has more than {MOST_ROWS:,} lines. Send it in parts, or have it saved on the "
                     "server: flask products FILE.")
    sent.stream.seek(0)
    called = escaped(sent.filename.replace("\\", "/").rpartition("/")[2])[:150] or "file.csv"
    return _check(_keep(sent.save, called=called, back=back))


@pages.get("/catalog/drafts/<token>")
@needs(ANALYST)
def show_draft(token: str) -> str:
    """What the dry run said."""
    draft = _existing(token)
    return render_template("catalog/draft.html", title="Check the change", draft=draft, report=draft.report)


@pages.post("/catalog/drafts/<token>")
@needs(ANALYST)
def confirm_draft(token: str) -> Response:
    """Takes the file in, or looks at it again if its dry run could not be made."""
    draft = _existing(token)
    return _take(draft) if draft.report else _check(draft)


@pages.post("/catalog/drafts/<token>/discard")
@needs(ANALYST)
def discard_draft(token: str) -> Response:
    """Lets go of the file."""
    draft = _existing(token)
    drafts.drop(current.settings(), draft)
    return _back(draft.back, f"{draft.called} was discarded; nothing was changed.", "done")


def _check(draft: Draft) -> Response:
    """A dry run, and on to what it said."""
    outcome = _run(draft, "--dry-run")
    if outcome.is_done:
        drafts.note(current.settings(), draft, report=outcome.report, words="", faults=())
    else:
        _note_failure(draft, outcome)
    return redirect(url_for("catalog_changes.show_draft", token=draft.token), 303)


def _take(draft: Draft) -> Response:
    """The change itself. What was not saved stays a draft, with the reason."""
    outcome = _run(draft)
    if not outcome.is_done:
        _note_failure(draft, outcome)
        if outcome.is_refused:
            trail.record("catalogue change refused", f"{draft.called}: {outcome.words}")
        return redirect(url_for("catalog_changes.show_draft", token=draft.token), 303)
    drafts.drop(current.settings(), draft)
    words = _done_words(outcome.report)
    trail.record("catalogue changed", f"{draft.called}: {words}")
    return _back(draft.back, words, "done")


def _run(draft: Draft, *options: str) -> Outcome:
    person, path = identity.person(), drafts.path_of(current.settings(), draft)
    limits = () if person.brands is None else ("--only-brands", ",".join(map(str, sorted(person.brands))))
    outcome = run_command(
        current.caller(), "products", str(path), "--by", person.name, "--called", draft.called, *limits, *options,
        seconds=SECONDS,
    )
    # The file's made-up name says nothing to whoever sent it.
    return Outcome(
        outcome.exit_code, outcome.report, _renamed(outcome.words, path.name, draft),
        tuple(_renamed(fault, path.name, draft) for fault in outcome.faults),
    )


def _renamed(words: str, made_up: str, draft: Draft) -> str:
    return words.replace(made_up, draft.called)


def _note_failure(draft: Draft, outcome: Outcome) -> None:
    drafts.note(
        current.settings(), draft, words=outcome.words, faults=outcome.faults, is_refused=outcome.is_refused,
        report=None if outcome.is_refused else draft.report,
    )


def _done_words(report: dict[str, Any]) -> str:
    if not report["items"]:
        return "Nothing changed: it was like that already."
    noun = report["kind"] if report["items"] != 1 else report["kind"].removesuffix("s")
    made = [
        f"{report[many]:,} {many if report[many] != 1 else one} made"
        for one, many in (("brand", "brands"), ("category", "categories")) if report[many]
    ]
    return ", ".join([f"{report['items']:,} {noun} changed", *made]) + ". The figures follow with the next refresh."


def _fault_of(texts: dict[str, str]) -> str:
    if not texts:
        return "Choose or type what the rows should get."
    for field, text in texts.items():
        if len(text) > LONGEST[field]:
            return f"The {field} is longer than {LONGEST[field]} characters."
        if not text.isprintable():
            return f"The {field} holds a character that cannot be typed."
    return ""


def _ids(texts: list[str]) -> list[int]:
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        abort(400, "item is not the number of a row")
    return [int(text) for text in texts]


def _are_known(reading: Reading, texts: dict[str, str]) -> bool:
    """Whether every name is there already, or was just made and waits."""
    person = identity.person()
    choices = choices_of(reading.connection, person.brands)
    waiting = {}
    if person.brands is None:
        waiting = waiting_names(current.store(), waiting_changes(current.store(), reading.generation))
    return all(text in choices[field] or text in waiting.get(field, ()) for field, text in texts.items())


def _called(listing: Listing, names: list[str], texts: dict[str, str]) -> str:
    noun = "product" if listing.is_of_products else "brand"
    what = names[0] if len(names) == 1 else f"{len(names):,} {noun}s"
    return f"{what} to {', '.join(f'{field} {text}' for field, text in texts.items())}"[:255]


def _writer_of(listing: Listing, names: list[str], texts: dict[str, str]) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        rows.writerow(["asin" if listing.is_of_products else "brand", *texts])
        rows.writerows([name, *texts.values()] for name in names)
        text.detach()

    return write


def _keep(write: Callable[[BinaryIO], Any], *, called: str, back: str) -> Draft:
    return drafts.keep(current.settings(), write, owner=identity.person().id, called=called, back=back)


def _existing(token: str) -> Draft:
    """Answers 404 for a draft that is not there, or is somebody else's; 400 if anything is asked beside it."""
    takes_no_parameters()
    draft = drafts.find(current.settings(), token, owner=identity.person().id)
    if draft is None:
        abort(404, "There is no such change to review any more: it was made, discarded, or is too old.")
    return draft


def _back(address: str, words: str, kind: str = "fault") -> Response:
    flash(words, kind)
    return redirect(address, 303)
