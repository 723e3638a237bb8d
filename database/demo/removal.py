"""Demo data taken out by hand: its facts now, its products, brands and categories with the next refreshes. What stands
beside it stays."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.ledger import note_changed_months
from database.imports.facts import remove_demo
from database.imports.staging import DEMO
from database.imports.transaction import all_or_nothing
from database.names.made import MadeNames, let_names_go
from domain.errors import Refused
from domain.moments import utc_now
from domain.months import format_month, runs_of_months

book = schema.financials_import


@dataclass(frozen=True)
class DemoRemoved:
    """What went, or with a dry run would go. `imports` are the demo's: id and name."""

    imports: tuple[tuple[int, str], ...]
    facts: int
    value: Decimal
    months: tuple[datetime.date, ...]
    names: MadeNames
    removed_at: datetime.datetime

    def in_a_line(self) -> str:
        """`8,120 facts, sum 1,204.50, 2023-11 to 2026-11; 40 products and 12 brands; import 1 (demo data, seed 1)`."""
        over = f", {runs_of_months(self.months)}" if self.months else ""
        which = ", ".join(f"import {number} ({name})" for number, name in self.imports)
        return f"{self.facts:,} facts, sum {self.value:,.2f}{over}; {self.names.words}; {which}"

    def as_dict(self) -> dict[str, Any]:
        """As `flask undo-import --json` tells it, and the imports."""
        return {
            "import_id": self.imports[0][0], "imports": [number for number, _ in self.imports],
            "file_name": self.imports[0][1], "facts": self.facts, "value": str(self.value), "returned_facts": 0,
            "months": [format_month(month) for month in self.months], "names": self.names.as_dict(),
        }


def remove_demo_data(store: Store, *, dry_run: bool = False) -> DemoRemoved:
    """Takes the demo out, in one transaction; with `dry_run` nothing is changed. The caller holds `store.lock()`.
    Raises Refused if there is none, or if months of it are archived."""
    with store.facts() as connection:
        demos = connection.execute(
            sa.select(book.c.id, book.c.file_name).where(book.c.source == DEMO, book.c.status == "done")
            .order_by(book.c.id)
        ).all()
        if not demos:
            raise Refused("there is no demo data; nothing was changed")
        with all_or_nothing(store, connection, dry_run=dry_run):
            return _remove(store, connection, [(row.id, row.file_name) for row in demos])


def _remove(store: Store, connection: sa.Connection, demos: list[tuple[int, str]]) -> DemoRemoved:
    now, numbers = utc_now(), [number for number, _ in demos]
    facts, value, months = remove_demo(store, connection)
    names = let_names_go(store, connection, numbers)
    connection.execute(sa.update(book).where(book.c.id.in_(numbers)).values(undone_at=now))
    note_changed_months(connection, months, cause="demo", import_id=numbers[-1], now=now)
    return DemoRemoved(tuple(demos), facts, value, tuple(months), names, now)
