"""Overheads: costs that no sale causes, told once and counted each month from one to another."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from domain.spelling import name_key


@dataclass(frozen=True)
class Overhead:
    """One of them, as an import told it: `amount` per month, in `currency` (None: the reporting one); 0 takes back what
    was told before. `brand_id` is 0 for nobody's."""

    import_id: int
    line: int
    name: str
    brand_id: int
    marketplace: str
    first_month: datetime.date
    last_month: datetime.date
    amount: Decimal
    currency: str | None = None

    @property
    def identity(self) -> tuple:
        """What the next telling must have in common with this one to take its place."""
        return name_key(self.name), self.brand_id, self.marketplace, self.first_month


def in_force(told: Iterable[Overhead]) -> list[Overhead]:
    """Those that count, of all that were told: of one identity what the last import said, but for what it took back;
    by name, the newest first."""
    last: dict[tuple, Overhead] = {}
    for each in sorted(told, key=lambda each: (each.import_id, each.line)):
        last[each.identity] = each
    found = [each for each in last.values() if each.amount]
    found.sort(key=lambda each: (name_key(each.name), each.brand_id, each.marketplace))
    return sorted(found, key=lambda each: each.first_month, reverse=True)
