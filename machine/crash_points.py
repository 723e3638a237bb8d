"""Named steps of a refresh at which a test can stop its process: `LEGO_CRASH_AT=swap`.

`LEGO_CRASH_AT=swap` kills the process there as kill -9 would; `LEGO_CRASH_AT=swap:pause` stops it, so
that a test can harm the server meanwhile and let it go on. Only commands pass these points; a served
app never does.
"""

from __future__ import annotations

import os
import signal

STEPS = (
    "lock", "examine", "plan", "start", "asin", "brand", "category", "marketplace", "verify", "index",
    "record", "publish", "swap", "swapped", "finish", "release",
)
"""Of a refresh. An import on a cluster passes "promised", once per data node, and "decided"."""
COPYING = ("copied-month", "copied")
"""Of a refresh that copies facts first, between "examine" and "plan"."""


def passing(step: str) -> None:
    """Says that `step` is reached: it has been done, except for `publish`, which begins."""
    wanted = os.environ.get("LEGO_CRASH_AT")
    if wanted == step:
        os.kill(os.getpid(), signal.SIGKILL)
    elif wanted == f"{step}:pause":
        # Once: after SIGCONT the step may come again, in a retry.
        del os.environ["LEGO_CRASH_AT"]
        os.kill(os.getpid(), signal.SIGSTOP)
