"""What taking an import back did."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Undone:
    """What taking an import back did. `value` is the sum of what is gone, all metrics; None if it was in several
    currencies."""

    import_id: int
    file_name: str
    facts: int
    value: Decimal | None
    returned_facts: int
    months: tuple[datetime.date, ...]
    undone_at: datetime.datetime
    renamed_facts: int | None = None
    """For a join of names: how many facts have their old name again. None for an import."""
