"""A finding: what is wrong, how it shows, what to do, and whether the doctor may do it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.errors import Damaged
from domain.spelling import spelled_out

SERIOUS = "serious"
"""Figures are late, wrong or about to stop: somebody has to act."""
WARNING = "warning"
"""It costs time, space or trust, and should be put right."""
HINT = "hint"
"""Worth knowing; nothing suffers by it yet."""
SEVERITIES = (SERIOUS, WARNING, HINT)

MIB, GIB = 2**20, 2**30


@dataclass(frozen=True)
class Finding:
    """`check` is the stable id; `subject` tells several findings of one check apart. `cure`, where it is safe, puts
    it right while the lock is held, and says in a line what it did."""

    check: str
    severity: str
    finding: str
    evidence: str
    advice: str
    subject: str = ""
    cure: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    @property
    def is_fixable(self) -> bool:
        """Whether `flask doctor --fix` puts it right."""
        return self.cure is not None


@dataclass(frozen=True)
class Limits:
    """From where on something is worth a finding; below them, size forgives everything."""

    least_free_bytes: int = 2 * GIB
    """Of a disk; and twice the summaries, whichever is more."""
    largest_share: float = 0.5
    """Of the summaries in the facts' bytes."""
    small_bytes: int = 256 * MIB
    """Summaries, and tables with holes, below this trouble nobody."""
    fragmented_share: float = 0.3
    """Of a table's or file's bytes that hold nothing."""
    small_rows: int = 100_000
    """Statistics that are wrong by less are right enough."""
    wrong_share: float = 0.5
    """Of rows by which statistics are wrong."""
    slow_milliseconds: float = 200
    """Of one statement of a page."""
    many_rows: int = 50_000
    """Rows that a page's statement may look at in any case: MariaDB does so in 25 ms."""
    rows_per_needed: int = 20
    """Rows looked at for each one that was needed."""
    settled_seconds: int = 7 * 24 * 3600
    """A server up for less cannot tell which indexes are never used."""


def of_damage(error: Damaged) -> Finding:
    """What an error says that stopped a look."""
    evidence, _, advice = str(error).partition("; ")
    return Finding("file-damaged", SERIOUS, "A file of the database is damaged or gone", evidence, advice)


def mebibytes(count: float) -> str:
    """`'1,024.0 MiB'`."""
    return f"{count / MIB:,.1f} MiB"


def percent(share: float) -> str:
    """`'12 %'`."""
    return f"{share * 100:.0f} %"


def listed(names: list[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def join_commands(kind: str, others: Sequence[str], best: str) -> str:
    """What makes these names one; with a dry run first, because the sums are to be looked at."""
    commands = [
        f"flask join-names {kind} {shlex.quote(spelled_out(other))} {shlex.quote(spelled_out(best))} --dry-run"
        for other in others
    ]
    return f"look at the sums, then join them without --dry-run: {listed(commands, 3)}"
