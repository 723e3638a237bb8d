"""Overheads as they were told, and the facts that follow from them: one per import, product, marketplace, month and
currency. Those of a brand stand under a product of its own, `ACCOUNT-<the brand's id>`, all others under `ACCOUNT`.

A fact follows once its month has come, and not beyond the last month of anything else: what is still to be paid would
make figures look as if they ran on into months that nobody has figures of.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.facts.archived_sums import holds_others
from database.facts.import_sums import note_anew
from database.lines.scope import archived_of
from domain.amazon import ACCOUNT
from domain.metrics import OVERHEADS
from domain.months import month_of, months_between
from domain.overheads import Overhead, in_force

FORMAT = "overheads"
AT_ONCE = 500

table, fact, product, book = schema.overhead, schema.financials, schema.asin, schema.financials_import

Key = tuple[int, int, str, datetime.date, str | None]
"""Import, brand, marketplace, month and currency of a fact."""


@dataclass(frozen=True)
class Exchanged:
    """What bringing facts up to date changed: the months, and the ids of the new facts (first, last)."""

    months: tuple[datetime.date, ...] = ()
    first: int | None = None
    last: int | None = None


def read_told(connection: sa.Connection) -> list[Overhead]:
    """All that was told, whether it counts or not."""
    columns = [table.c[name] for name in Overhead.__dataclass_fields__]
    return [Overhead(*row) for row in connection.execute(sa.select(*columns).order_by(table.c.import_id, table.c.line))]


def last_to_count(connection: sa.Connection, today: datetime.date) -> datetime.date:
    """The last month in which overheads count: that of the newest other fact, archived or not, if it is not to come;
    where there is no other fact, the current one."""
    current = month_of(today)
    newest = connection.execute(
        sa.select(fact.c.month).where(fact.c.metric != OVERHEADS).order_by(fact.c.month.desc()).limit(1)
    ).scalar()
    last = month_of(newest) if newest else None
    # Moved to a file, a month counts as it did before: the files of those that come after all other facts are looked
    # into, which are few, for what is archived is old.
    later = (month for month in archived_of(connection) if last is None or month > last)
    last = next((month for month in sorted(later, reverse=True) if holds_others(connection, month, OVERHEADS)), last)
    return min(last, current) if last else current


def expected(told: Iterable[Overhead], through: datetime.date) -> dict[Key, Decimal]:
    """The facts that follow from all that was told."""
    sums: dict[Key, Decimal] = {}
    for each in in_force(told):
        for month in months_between(each.first_month, min(each.last_month, through)):
            key = (each.import_id, each.brand_id, each.marketplace, month, each.currency)
            sums[key] = sums.get(key, Decimal(0)) + each.amount
    return {key: value for key, value in sums.items() if value}


def by_month(facts: dict[Key, Decimal]) -> dict[datetime.date, dict[tuple, Decimal]]:
    """Month -> what stands there, whichever import told it."""
    months: dict[datetime.date, dict[tuple, Decimal]] = {}
    for (_, brand_id, marketplace, month, currency), value in facts.items():
        of_month = months.setdefault(month, {})
        key = (brand_id, marketplace, currency or "")
        of_month[key] = of_month.get(key, Decimal(0)) + value
    return months


def changed_months(before: dict[Key, Decimal], after: dict[Key, Decimal]) -> list[datetime.date]:
    """The months whose sums differ."""
    old, new = by_month(before), by_month(after)
    return sorted(month for month in old.keys() | new.keys() if old.get(month) != new.get(month))


def exchange(
    connection: sa.Connection, wanted: dict[Key, Decimal], months: Collection[datetime.date], *, last_fact_id: int,
    ids_are_given: bool, now: datetime.datetime,
) -> Exchanged:
    """Makes the facts of these months what is `wanted`; archived ones stay as they are."""
    months = set(months) - archived_of(connection)
    products = _products(connection)
    rows = {
        (import_id, products[brand_id], marketplace, month, currency, value)
        for (import_id, brand_id, marketplace, month, currency), value in wanted.items() if month in months
    }
    there: dict[tuple, list[int]] = {}
    for row in _facts(connection, months):
        key = (row.import_id, row.asin_id, row.marketplace, month_of(row.month), row.currency, row.value)
        there.setdefault(key, []).append(row.id)
    gone = [(number, key[3]) for key, ids in there.items() for number in (ids[1:] if key in rows else ids)]
    new = sorted(rows - there.keys(), key=lambda row: (row[3], row[2], row[1], row[0], row[4] or ""))
    _delete(connection, gone)
    _insert(connection, new, last_fact_id=last_fact_id, ids_are_given=ids_are_given, now=now)
    changed = tuple(sorted({month for _, month in gone} | {row[3] for row in new}))
    ours = list(connection.execute(sa.select(book.c.id).where(book.c.format == FORMAT)).scalars())
    note_anew(connection, changed, metric=OVERHEADS, import_ids=ours)
    return Exchanged(changed, *_note_ranges(connection, new, last_fact_id))


def product_key(brand_id: int) -> str:
    """The product that overheads of a brand stand under, of nobody with 0."""
    return f"{ACCOUNT}-{brand_id}" if brand_id else ACCOUNT


def _products(connection: sa.Connection) -> dict[int, int]:
    """Brand -> id of the product that its overheads stand under."""
    brands = {0, *connection.execute(sa.select(table.c.brand_id).distinct()).scalars()}
    keys = {product_key(brand_id): brand_id for brand_id in brands}
    rows = connection.execute(sa.select(product.c.asin, product.c.id).where(product.c.asin.in_(sorted(keys))))
    return {keys[code]: number for code, number in rows}


def _facts(connection: sa.Connection, months: Collection[datetime.date]) -> list[sa.Row]:
    ours = sa.select(book.c.id).where(book.c.format == FORMAT)
    return list(connection.execute(
        sa.select(fact.c.id, fact.c.import_id, fact.c.asin_id, fact.c.marketplace, fact.c.month, fact.c.currency,
                  fact.c.value)
        .where(fact.c.month.in_(sorted(months)), fact.c.metric == OVERHEADS, fact.c.import_id.in_(ours))
        .order_by(fact.c.id)
    ))


def _delete(connection: sa.Connection, gone: list[tuple[int, datetime.date]]) -> None:
    for start in range(0, len(gone), AT_ONCE):
        part = gone[start:start + AT_ONCE]
        connection.execute(sa.delete(fact).where(
            fact.c.id.in_([number for number, _ in part]), fact.c.month.in_(sorted({month for _, month in part}))
        ))


def _insert(
    connection: sa.Connection, new: list[tuple], *, last_fact_id: int, ids_are_given: bool, now: datetime.datetime
) -> None:
    names = ("import_id", "asin_id", "marketplace", "month", "currency", "value")
    rows = [dict(zip(names, row, strict=True)) | {"metric": OVERHEADS, "created_at": now} for row in new]
    if not ids_are_given:
        rows = [row | {"id": last_fact_id + number} for number, row in enumerate(rows, start=1)]
    for start in range(0, len(rows), AT_ONCE):
        connection.execute(sa.insert(fact), rows[start:start + AT_ONCE])


def _note_ranges(
    connection: sa.Connection, new: list[tuple], last_fact_id: int
) -> tuple[int | None, int | None]:
    """Writes down, with each import, where its new facts are; returns where all of them are. Ids are never given
    twice, so the end of a range never goes back."""
    ids: list[int] = []
    for import_id in sorted({row[0] for row in new}):
        ours = sa.and_(fact.c.import_id == import_id, fact.c.id > last_fact_id)
        first, last = connection.execute(sa.select(sa.func.min(fact.c.id), sa.func.max(fact.c.id)).where(ours)).one()
        ids += [first, last]
        connection.execute(sa.update(book).where(book.c.id == import_id).values(
            first_fact_id=sa.func.coalesce(book.c.first_fact_id, first), last_fact_id=last
        ))
    return min(ids, default=None), max(ids, default=None)
