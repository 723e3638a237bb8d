"""The pages that people open first are made as soon as a generation is live, before anybody waits for them."""

from __future__ import annotations

import atexit
import gc
import threading
from collections.abc import Callable, Iterable

from flask import Flask, current_app, g, url_for

from database.engines.values import Generation
from database.queries.pages import PAGES
from domain.errors import LegoError, NeverRefreshed
from domain.people import VIEWER, Person
from web.http import current

FIRST_PAGES = tuple(page.endpoint for page in PAGES if page.is_made_ahead)
"""Each as it is without a selection."""

EVERY = 15.0
"""Seconds between two looks at which generation is live."""

PATIENCE = 20.0
"""Seconds that the end of a process waits for a page that is being made."""

LANGUAGES = 4
"""So many ways of writing figures are made ahead: those of the last readers."""

NOBODY = Person(0, "", VIEWER)
"""Sees what everybody sees who is limited to no brands."""


def note_languages(accepted: str) -> None:
    """Remembers how a reader wants figures written."""
    recent: dict[str, None] = current_app.extensions.setdefault("lego_languages", {})
    recent.pop(accepted, None)
    recent[accepted] = None
    while len(recent) > LANGUAGES:
        # Another thread may have taken the oldest away.
        recent.pop(next(iter(recent), accepted), None)


def start(app: Flask, *, every: float = EVERY, once_warm: Callable[[], object] = lambda: None) -> Callable[[], None]:
    """Watches for new generations in a thread of its own, until the process ends or what is returned is called.
    `once_warm` is called when pages have been made ahead for the first time.

    Both wait for the page at hand: a thread that its process's end meets within DuckDB takes it down by SIGABRT."""
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(app, ended, every, once_warm), name="warm-up", daemon=True)
    watcher.start()

    def end() -> None:
        atexit.unregister(end)
        ended.set()
        watcher.join(PATIENCE)

    atexit.register(end)
    return end


def keep_what_is_there() -> None:
    """For a process that serves pages and nothing else: modules, templates and statements that are there by now stay as
    long as it does. Python's full collections would look through them every hundred pages, for 80 to 100 ms in the
    middle of one."""
    gc.collect()
    gc.freeze()


def warm(app: Flask, languages: Iterable[str], *, ended: threading.Event | None = None) -> None:
    """Makes the first pages, once for each of `languages` (values of Accept-Language), until `ended` is set. In the
    cache they are for every process; this one also has the catalogue in memory then. Raises NeverRefreshed if there is
    no generation; without a month of figures there is nothing to make."""
    with app.app_context():
        live = current.store().live_generation()
    if live is None:
        raise NeverRefreshed("the summaries were never built; run: flask refresh-summaries")
    if live.last_month is None:
        return
    for accepted in languages:
        for endpoint in FIRST_PAGES:
            if ended is not None and ended.is_set():
                return
            with app.test_request_context(headers={"Accept-Language": accepted}):
                address = url_for(endpoint)
            with app.test_request_context(address, headers={"Accept-Language": accepted}):
                g.person = NOBODY
                app.view_functions[endpoint]()


def _watch(app: Flask, ended: threading.Event, every: float, once_warm: Callable[[], object]) -> None:
    warmed = None
    while True:
        live = _live(app)
        if live is not None and live.run_id != warmed and _try_to_warm(app, ended):
            if warmed is None:
                once_warm()
            warmed = live.run_id
        if ended.wait(every):
            return


def _live(app: Flask) -> Generation | None:
    """None also while the database does not answer: the pages say so to those who ask."""
    try:
        with app.app_context():
            return current.store().live_generation()
    except Exception:
        return None


def _try_to_warm(app: Flask, ended: threading.Event) -> bool:
    languages = tuple(app.extensions.get("lego_languages", ())) or ("en-US",)
    try:
        warm(app, languages, ended=ended)
    except Exception as error:
        # Nobody waits for these pages yet; whoever asks for one is told what is wrong with it.
        reason = str(error) if isinstance(error, LegoError) else type(error).__name__
        app.logger.warning("pages not made ahead: %s", reason)
        return False
    return True
