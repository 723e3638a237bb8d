"""Where a person says that amounts belong which no rule knows: for good, with the facts that follow, as an import of
its own that can be undone."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.archived import refuse_archived
from database.facts.ledger import note_changed_months
from database.imports.batch import next_import_id
from database.imports.derived_facts import derive_for
from database.imports.line_batch import LINES, by_metric, by_month
from database.imports.report import ImportReport, code_of, value_of
from database.lines.kinds import tell
from database.lines.scope import cells_of
from domain.errors import Refused
from domain.metrics import UNSORTED
from domain.moments import utc_now
from domain.settlements import PLACES

FORMAT = "sorted-amounts"
kind, told, line, book = (
    schema.amazon_kind, schema.amazon_told, schema.amazon_line, schema.financials_import
)


def place_kind(store: Store, kind_id: int, place: str) -> ImportReport:
    """Notes that a description belongs to `place`, and derives what follows from it, in one transaction; the caller
    holds `store.lock()`. Raises Refused for a description that is not there, that a rule knows, or that belongs there
    already, for a place that there is not, and if its months are archived."""
    if place not in PLACES:
        raise Refused(f"{place!r} is no place for amounts; there are {', '.join(PLACES)}")
    with store.facts() as connection:
        named = _refuse_unless_open(connection, kind_id, place)
        report = _place(store, connection, named, place)
        store.commit(connection)
        return report


def _refuse_unless_open(connection: sa.Connection, kind_id: int, place: str) -> sa.Row:
    named = connection.execute(sa.select(kind).where(kind.c.id == kind_id)).first()
    if named is None:
        raise Refused(f"there is no description of the number {kind_id}; flask settlements lists those to be sorted")
    is_told = connection.execute(sa.select(told.c.place).where(told.c.kind_id == kind_id).limit(1)).first()
    if named.place != UNSORTED and not is_told:
        raise Refused(f"{_words(named)} is known: it belongs to {named.place}")
    if named.place == place:
        raise Refused(f"{_words(named)} belongs to {place} already")
    return named


def _place(store: Store, connection: sa.Connection, named: sa.Row, place: str) -> ImportReport:
    import_id, now = next_import_id(connection), utc_now()
    words = f"{_words(named)}: {place}"
    cells = cells_of(connection, sa.and_(line.c.kind_id == named.id, line.c.counts == sa.true()))
    months = {month for _, month in cells}
    refuse_archived(connection, sorted(months), f"{words}: has lines")
    lines = connection.execute(
        sa.select(sa.func.count()).select_from(line).where(line.c.kind_id == named.id, line.c.counts == sa.true())
    ).scalar()
    tell(connection, named.id, place, import_id)
    derived = derive_for(store, connection, cells, import_id=import_id, now=now)
    changed = sorted({*derived.months} or months)
    note_changed_months(connection, changed, cause="import", import_id=import_id, now=now)
    sha256 = hashlib.sha256(f"{named.id} {place} {import_id}".encode()).hexdigest()
    before, after = by_metric(derived.before), by_metric(derived.after)
    connection.execute(sa.insert(book).values(
        id=import_id, source=FORMAT, format=FORMAT, file_name=words[:255], sha256=sha256, mode=LINES, status="done",
        currencies="", facts=lines, value=value_of(after) or 0, value_currency=code_of(after), replaced_facts=0,
        first_fact_id=derived.first, last_fact_id=derived.last, created_at=now,
    ))
    return ImportReport(
        file_name=words[:255], format=FORMAT, source=FORMAT, mode=LINES, sha256=sha256, dry_run=False,
        import_id=import_id, rows_read=lines, cells_read=0, metrics=after, months=tuple(changed),
        by_month=by_month(derived.after), replaced=before, replaced_by_month=by_month(derived.before),
        own_currency=store.settings.dashboard.currency,
    )


def _words(named: sa.Row) -> str:
    return named.description or named.amount_type or named.transaction_type
