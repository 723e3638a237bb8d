"""Goes back to a generation that can be read, when the live one cannot: as a rollback does, and written down like one.

Facts are not touched by it. A refresh after it builds what changed since then, so it ends where it would have ended.
"""

from __future__ import annotations

import contextlib

from database.engines.ports import Store
from database.engines.values import Generation
from database.journal.run_log import ROLLBACK, SUCCESS, RunLog, last_published
from domain.errors import SchemaError


def mend(store: Store) -> str:
    """Makes the newest generation live that can be read, or none, if the live one cannot be. Returns what was done, ''
    if nothing was wrong. To be called while holding the lock."""
    fault = store.published.live_fault()
    if not fault:
        return ""
    run = RunLog(store, ROLLBACK)
    with run.stage("publish") as figures:
        # Looked up where numbers are given: whatever was live under one, none is given twice.
        figures["generation"] = _highest(store)
        live = store.published.fall_back(last_published(store))
    words = f"{fault.partition('; ')[0]}; {_outcome(live)}"
    run.end(SUCCESS, generation=live.generation if live else None, error_message=words[:1000])
    return words


def _highest(store: Store) -> int | None:
    with contextlib.suppress(SchemaError):
        return max(store.published.numbers(), default=None)
    return None


def _outcome(live: Generation | None) -> str:
    if live is None:
        return "no other generation can be read, so none is live until the next refresh"
    return f"generation {live.generation} of {live.published_at:%Y-%m-%d %H:%M} UTC is live"
