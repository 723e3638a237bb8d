"""What the amounts of lines are called, and which metrics they go into.

A kind is one combination of Amazon's words. It is placed by the rules of its report when it is first met; where the
rules do not know it, a person says what it is (`tell`), for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from database import schema
from domain.amazon import ADVERTISING, LUMPS
from domain.metrics import UNSORTED
from domain.settlements import ADVERTISED, CASH, NOTHING, TAX, Amount, sign_of

kind, posting, told = schema.amazon_kind, schema.amazon_posting, schema.amazon_told


@dataclass(frozen=True)
class Posting:
    """A metric that lines of a kind go into: their amounts, or their quantities, times `sign`. `lump` says what another
    report may tell by product."""

    metric: str
    sign: int
    of_quantity: bool = False
    tax_in_price: bool = False
    lump: str = ""


@dataclass(frozen=True)
class Placed:
    """Where a kind belongs: its place in words, and the metrics."""

    place: str
    postings: tuple[Posting, ...]


Rules = Callable[[Amount], Placed]
"""The rules of one report."""


def kinds_of(
    connection: sa.Connection, report: str, amounts: Iterable[Amount], rules: Rules
) -> dict[Amount, int]:
    """The id of each of these kinds; those that were never met are placed by the rules and written down."""
    known = {
        Amount(row.transaction_type, row.amount_type, row.description): row.id
        for row in connection.execute(sa.select(kind).where(kind.c.report == report).order_by(kind.c.id))
    }
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(kind.c.id), 0))).scalar()
    new = sorted(set(amounts) - known.keys())
    for number, amount in enumerate(new, last + 1):
        known[amount] = number
    if new:
        _write(connection, report, new, known, rules)
    return known


def tell(connection: sa.Connection, kind_id: int, place: str, import_id: int) -> None:
    """Notes, under an import, that a person says where an unsorted kind belongs: a metric, tax or cash."""
    connection.execute(sa.insert(told).values(kind_id=kind_id, import_id=import_id, place=place))
    _place(connection, kind_id, place)


def untell(connection: sa.Connection, import_id: int) -> list[int]:
    """Takes back what was told under an import: the word before it counts again, or it is unsorted. Returns the kinds
    that it was about."""
    kinds = list(connection.execute(sa.select(told.c.kind_id).where(told.c.import_id == import_id)).scalars())
    connection.execute(sa.delete(told).where(told.c.import_id == import_id))
    for kind_id in kinds:
        before = connection.execute(
            sa.select(told.c.place).where(told.c.kind_id == kind_id).order_by(told.c.import_id.desc()).limit(1)
        ).scalar()
        _place(connection, kind_id, before or UNSORTED)
    return kinds


def _place(connection: sa.Connection, kind_id: int, place: str) -> None:
    connection.execute(sa.update(kind).where(kind.c.id == kind_id).values(place=place))
    connection.execute(sa.delete(posting).where(posting.c.kind_id == kind_id))
    # What a person calls advertising may be told by product in another report, as what the rules call so.
    lump = LUMPS[ADVERTISING] if place == ADVERTISED else ""
    rows = _rows(kind_id, (replace(each, lump=lump) for each in postings_of(place)))
    if rows:
        connection.execute(sa.insert(posting), rows)


def postings_of(place: str) -> tuple[Posting, ...]:
    """The metrics of a place: none of tax, cash and nothing."""
    return () if place in (TAX, CASH, NOTHING) else (Posting(place, sign_of(place)),)


def _write(
    connection: sa.Connection, report: str, new: Sequence[Amount], ids: dict[Amount, int], rules: Rules
) -> None:
    placed = {amount: rules(amount) for amount in new}
    connection.execute(sa.insert(kind), [
        {"id": ids[amount], "report": report, "transaction_type": amount.transaction_type,
         "amount_type": amount.amount_type, "description": amount.description, "place": placed[amount].place}
        for amount in new
    ])
    rows = [row for amount in new for row in _rows(ids[amount], placed[amount].postings)]
    if rows:
        connection.execute(sa.insert(posting), rows)


def _rows(kind_id: int, postings: Iterable[Posting]) -> list[dict]:
    return [
        {"kind_id": kind_id, "metric": each.metric, "sign": each.sign, "of_quantity": each.of_quantity,
         "tax_in_price": each.tax_in_price, "lump": each.lump}
        for each in postings
    ]
