"""Lines of Amazon's reports: amounts that no rule knows, settlements that are missing, SKUs that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from database.engines.values import Reading
from database.queries.coverage import read_covered
from database.queries.settlements import read_kinds
from database.schema import summary_unknown_sku
from domain.coverage import breaks_of
from domain.findings import HINT, WARNING, Finding, listed
from domain.metrics import UNSORTED


def judge_lines(reading: Reading) -> list[Finding]:
    """What the published generation tells of them."""
    return [*_unsorted(reading), *_breaks(reading), *_skus(reading)]


def _unsorted(reading: Reading) -> Iterator[Finding]:
    kinds = [kind for kind in read_kinds(reading.connection, reading.generation) if kind.place == UNSORTED]
    if kinds:
        names = list(dict.fromkeys(kind.words for kind in kinds))
        yield Finding(
            "amounts-unsorted", WARNING, "Amazon booked amounts under descriptions that no rule knows",
            listed([f"{kind.words} ({kind.amount:,.2f} {kind.currency})" for kind in kinds], 6),
            "say on /settlements what they are, or with: flask sort-amounts NUMBER PLACE; until then they lower CM2",
            subject=names[0],
        )


def _breaks(reading: Reading) -> Iterator[Finding]:
    found = breaks_of(read_covered(reading.connection, reading.generation))
    if found:
        yield Finding(
            "settlements-broken", WARNING, "Between settlements something is missing, or told twice",
            listed([
                f"{each.kind} in {each.before.marketplace} from {each.starts_at:%Y-%m-%d} to {each.ends_at:%Y-%m-%d}"
                for each in found
            ], 6),
            "import the settlements that are missing; of two that overlap look whether both are yours (flask "
            "settlements names them)",
        )


def _skus(reading: Reading) -> Iterator[Finding]:
    table = summary_unknown_sku
    names = reading.connection.execute(
        sa.select(table.c.sku).where(table.c.generation == reading.generation.generation)
        .distinct().order_by(table.c.sku)
    ).scalars().all()
    if names:
        yield Finding(
            "skus-unknown", HINT, "SKUs lead to no ASIN: their figures stand under products SKU-…",
            listed(list(names), 6),
            "import the listings report, or join them on /catalog",
        )
