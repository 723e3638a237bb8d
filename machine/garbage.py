"""When Python looks for garbage."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def none_expected() -> Iterator[None]:
    """For what imports: all of it stays, and Python would look for garbage among it again and again, for a tenth of the
    time that a start takes."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
