"""Keeps Ctrl-C and SIGTERM waiting while it is decided whether a generation is live.

A signal that came between the server's answer and our noting it would make the log and the screen tell
of a failure that was none.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

HELD_BACK = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def signals_held_back() -> Iterator[None]:
    """Signals that arrive in the block are delivered after it. Only for what takes moments."""
    if threading.current_thread() is not threading.main_thread():
        # Signals are handled in the main thread, whatever is done here.
        yield
        return
    arrived: list[int] = []
    # Not a mask of the thread: another thread of the process would be handed the signal.
    before = {number: signal.signal(number, lambda number, frame: arrived.append(number)) for number in HELD_BACK}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in arrived[:1]:
            signal.raise_signal(number)
