"""What a reader must know about the figures of every page that no generation tells: what is not in them yet."""

from __future__ import annotations

import time

from flask import current_app, g

from database.engines.values import Generation
from database.journal.catalog_changes import waiting_changes
from database.journal.import_log import holds_demo
from database.journal.run_log import refresh_trouble
from database.journal.waiting import waiting_imports
from database.journal.whats_new import whats_new
from domain.moments import utc_now
from domain.months import moment_words
from domain.people import Person
from web.http import current, identity

KEPT = 100
"""So many readers' notices are remembered."""
KEPT_SECONDS = 60
"""Figures become late by themselves, without anything that happens."""


def standing_notices(live: Generation) -> tuple[str, ...]:
    """Sentences, most important first. They belong into the key under which a page is kept. Worked out anew when
    anything has happened, for otherwise they would be the most that a kept page costs."""
    person = identity.person()
    scope = None if person is None else (person.brands is None, person.brands)
    key = (live.run_id, live.generation, scope, *_news(), int(time.monotonic() // KEPT_SECONDS))
    kept: dict[tuple, tuple[str, ...]] = current_app.extensions.setdefault("lego_standing", {})
    found = kept.get(key)
    if found is None:
        found = (*trouble_notices(), *_waiting_imports(live, person), *_waiting(live, person))
        if len(kept) >= KEPT:
            kept.clear()
        kept[key] = found
    return found


def is_demo() -> bool:
    """Whether made-up figures are in what pages show, which every page says: nobody should decide anything by them."""
    kept: dict[tuple, bool] = current_app.extensions.setdefault("lego_demo", {})
    if _news() not in kept:
        kept.clear()
        kept[_news()] = holds_demo(current.store())
    return kept[_news()]


def _news() -> tuple:
    """Marks of what happened last, asked for once per request."""
    if "news" not in g:
        g.news = whats_new(current.store())
    return g.news


def trouble_notices() -> tuple[str, ...]:
    """That the last refresh failed or is too long ago: figures that are old must not wait to be noticed. The reason
    is for whoever operates, in the log."""
    trouble = refresh_trouble(current.store(), now=utc_now())
    if trouble is None:
        return ()
    until = moment_words(trouble.good_until) if trouble.good_until else "an unknown time"
    if trouble.failed_at is not None:
        return (
            f"The last refresh, {moment_words(trouble.failed_at)}, failed. These are the figures of {until}, "
            "whole and verified.",
        )
    return (f"The figures were last refreshed at {until}, more than 36 hours ago: newer imports are not in them.",)


def _waiting_imports(live: Generation, person: Person | None) -> tuple[str, ...]:
    """Nothing for somebody limited to some brands: imports are of all brands at once."""
    if person is None or person.brands is not None:
        return ()
    count = waiting_imports(current.store(), live)
    if not count:
        return ()
    if count == 1:
        return ("An import is waiting: the figures follow it with the next refresh.",)
    return (f"{count} imports are waiting: the figures follow them with the next refresh.",)


def _waiting(live: Generation, person: Person | None) -> tuple[str, ...]:
    scope = person.brands if person else None
    count = len(waiting_changes(current.store(), live, scope=scope))
    if not count:
        return ()
    if count == 1:
        return ("A change to the catalogue is waiting: the figures follow it with the next refresh.",)
    return (f"{count} changes to the catalogue are waiting: the figures follow them with the next refresh.",)
