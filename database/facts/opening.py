"""Facts that another process has open: where one alone may open them, its end is waited for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import sqlalchemy as sa

from database.engines.ports import Store
from domain.errors import LockBusy

LOOK_AGAIN = 0.5
"""Seconds until facts that another process has open are tried again."""


@contextlib.contextmanager
def facts_when_free(store: Store, wait: float) -> Iterator[sa.Connection]:
    """The facts, tried for so many seconds. Raises LockBusy if they are not free by then."""
    deadline = time.monotonic() + wait
    with contextlib.ExitStack() as stack:
        while True:
            try:
                connection = stack.enter_context(store.facts())
                break
            except LockBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_AGAIN)
        yield connection
