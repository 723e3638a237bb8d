"""What follows a refresh, however it ended: what happened is noted, and what is due is sent, within seconds.

Nothing of this may make a refresh fail, or hide how it failed; what could not be done is said, and the next
`flask send-notices` does it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from datetime import datetime

from database.engines.ports import Store
from database.notices import outbox
from database.notices.events import happened, is_own_run_logged
from domain import notices
from domain.errors import LockBusy
from domain.moments import utc_now
from domain.notices import Notice, in_a_line

ATTEMPT, TOTAL = 5, 10
"""Seconds for one attempt, and for all together: the refresh is over, but somebody may wait for the command."""

Say = Callable[[str], None]


@contextlib.contextmanager
def aftermath(store: Store, say: Say) -> Iterator[None]:
    """Around a refresh. `say` gets a line for everything that could not be noted or sent."""
    began = utc_now()
    try:
        yield
    except LockBusy:
        # Whoever holds the lock tells of their own run.
        raise
    except Exception as error:
        _tell(store, say, _unlogged(store, error, began))
        raise
    except BaseException:
        # Somebody wants it to end now: what is noted is sent by the next pass.
        with contextlib.suppress(Exception):
            outbox.write_down(store, happened(store, now=utc_now()))
        raise
    _tell(store, say, None)


def _tell(store: Store, say: Say, failure: Notice | None) -> None:
    """Notes and sends; `failure` is of a run that could not be written down."""
    try:
        noted = [failure] if failure else []
        outbox.write_down(store, [*noted, *happened(store, now=utc_now())])
        outcomes = list(_send(store))
    except Exception as error:  # figures matter more than word of them
        say(f"notices could not be written down: {in_a_line(str(error))}")
        outcomes = _send_unrecorded(store, failure)
    for outcome in outcomes:
        if outcome.trouble:
            say(f"notices: {outcome.words()}")


def _unlogged(store: Store, error: Exception, began: datetime) -> Notice | None:
    """A notice of a refresh that ended before there was a run to write down, such as for want of space or of a
    database; None if its run tells."""
    with contextlib.suppress(Exception):
        if is_own_run_logged(store, since=began):
            return None
    host, pid = socket.gethostname(), os.getpid()
    words = in_a_line(str(error) or type(error).__name__, 1000)
    return Notice(
        f"begun:{host}:{pid}:{began.isoformat(timespec='seconds')}", notices.FAILED, f"The refresh failed: {words}",
        f"A refresh could not begin {began:%Y-%m-%d %H:%M} UTC on {host}: {words}\n\n"
        "Pages go on showing what was live before.\n\n"
        "Cure what it says, then run: flask refresh-summaries\nflask doctor tells what else is wrong.",
        (("Began", f"{began:%Y-%m-%d %H:%M} UTC"), ("Host", host), ("Reason", words)), utc_now(),
    )


def _send(store: Store):
    """Only what sends is read in here: on most nights there is nothing to send."""
    now = utc_now()
    with store.application_reading.connect() as connection:
        is_due = any(outbox.due(connection, channel, now=now) for channel in outbox.channels_set_up(store.settings))
    if not is_due:
        return []
    from delivery.sending import send_due

    return send_due(store, attempt=ATTEMPT, total=TOTAL)


def _send_unrecorded(store: Store, failure: Notice | None):
    if failure is None:
        return []
    from delivery.sending import send_unrecorded

    return send_unrecorded(store.settings, failure, attempt=ATTEMPT)
