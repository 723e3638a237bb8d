"""How much a workbook may cost: a few megabytes can unpack to gigabytes, and a parser believes what it reads."""

from __future__ import annotations

import ctypes
import resource
import signal

MEMORY = 832 << 20
"""Bytes of address space of the process that reads a workbook: with the importer beside it, less than 1 GiB."""
CPU_SECONDS = 300
"""200,000 rows of 60 columns take about 30."""
SECONDS = 600
MOST_UNPACKED = 2 << 30
"""Bytes of one part. A sheet of 200,000 rows and 60 columns has half a gigabyte."""
MOST_PACKED_TIGHTER = 250
"""So many times its packed size may a part have; sheets have 5 to 60 times."""
ALWAYS_PERMITTED = 16 << 20
"""Bytes up to which nobody asks how tightly a part is packed."""
_DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
MOST_PARTS = 5_000
MOST_CELLS = 150_000_000
"""Rows times columns: one stray cell at the far end of a sheet makes every row as long."""
MOST_TEXT = 512 << 20
"""Bytes of the table of a workbook's texts, unpacked: it is held in memory."""
MOST_MERGED = 200_000
MOST_WRITTEN = 8 << 30
"""Bytes of the CSV file."""


def limit_this_process() -> None:
    """From here on this process may not need more, and it ends when the one does that began it."""
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_FSIZE, MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
