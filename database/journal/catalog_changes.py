"""What `products` changed in the catalogue, and which of it waits for the next refresh.

A change is told after it was committed, under the moment at which the lock was held: a refresh that began
later has seen it. So whatever is newer than the last refresh behind the live generation is waiting. A
refresh that found nothing to do settles changes as well: they moved no figure.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Generation
from database.imports.products import ProductsReport
from database.journal.run_log import settled_until
from domain.errors import LegoError

change, cell = schema.catalogue_change, schema.catalogue_change_cell


@dataclass(frozen=True)
class CatalogChange:
    """One accepted file: who (None: at the command line), when (UTC), how many products or brands."""

    id: int
    changed_at: datetime.datetime
    user_name: str | None
    file_name: str
    kind: str
    items: int
    cells: int


def tell_change(store: Store, report: ProductsReport, *, user_name: str | None, file_name: str) -> str | None:
    """Writes an accepted change down, and lets go of the cells of changes that are settled. The change itself
    is committed by now: if it cannot be told, that is returned in words, and not raised."""
    if report.accepted is None:
        return None
    try:
        _write(store, report, user_name, file_name)
    except (sa.exc.SQLAlchemyError, LegoError) as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"the change was made, but could not be written down for the pages ({words})"
    return None


def waiting_changes(
    store: Store, live: Generation | None, *, scope: Collection[int] | None = None
) -> tuple[CatalogChange, ...]:
    """The changes that wait for a refresh, newest first; with a `scope`, those that touch its brands."""
    settled = settled_until(store, live)
    query = sa.select(change).order_by(change.c.id.desc())
    if settled is not None:
        query = query.where(change.c.changed_at > settled)
    if scope is not None:
        query = query.where(sa.or_(sa.false(), *(change.c.brand_ids.contains(f",{number},") for number in scope)))
    with store.application_reading.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(
        CatalogChange(row.id, row.changed_at, row.user_name, row.file_name, row.kind, row.items, row.cells)
        for row in rows
    )


def waiting_cells(
    store: Store, changes: Sequence[CatalogChange], *, kind: str, items: Collection[str]
) -> dict[str, dict[str, str]]:
    """Product or brand -> field -> what it was changed to, of the waiting changes; the newest counts."""
    numbers = [found.id for found in changes if found.kind == kind]
    if not numbers or not items:
        return {}
    query = (
        sa.select(cell.c.item, cell.c.field, cell.c.after)
        .where(cell.c.change_id.in_(numbers), cell.c.item.in_(sorted(items)))
        .order_by(cell.c.change_id)
    )
    found: dict[str, dict[str, str]] = {}
    with store.application_reading.connect() as connection:
        for item, field, after in connection.execute(query):
            found.setdefault(item, {})[field] = after
    return found


def waiting_names(store: Store, changes: Sequence[CatalogChange]) -> dict[str, set[str]]:
    """Field -> the brands, categories and groups that waiting changes assigned; they may be new."""
    numbers = [found.id for found in changes]
    if not numbers:
        return {}
    query = (
        sa.select(cell.c.field, cell.c.after).distinct()
        .where(cell.c.change_id.in_(numbers), cell.c.field.in_(("brand", "category", "group")))
    )
    names: dict[str, set[str]] = {}
    with store.application_reading.connect() as connection:
        for field, after in connection.execute(query):
            names.setdefault(field, set()).add(after)
    return names


def _write(store: Store, report: ProductsReport, user_name: str | None, file_name: str) -> None:
    accepted = report.accepted
    settled = settled_until(store, store.live_generation())
    with store.application.begin() as connection:
        if settled is not None:
            old = sa.select(change.c.id).where(change.c.changed_at <= settled)
            connection.execute(sa.delete(cell).where(cell.c.change_id.in_(old)))
        number = connection.execute(sa.insert(change).values(
            changed_at=accepted.at, user_name=user_name, file_name=file_name[-255:], kind=report.kind,
            items=report.items, cells=report.change_count,
            brand_ids="," + ",".join(map(str, accepted.brand_ids)) + ",",
        )).inserted_primary_key[0]
        if accepted.cells:
            connection.execute(sa.insert(cell), [
                {"change_id": number, "item": item, "field": field, "after": after}
                for item, field, after in accepted.cells
            ])
