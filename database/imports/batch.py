"""One file = one import: `take_in` turns staged rows into facts, in one transaction.

1. refuse bytes that are in already;
2. let its names meet in those that are stored; find or make the products, brands and categories they name;
3. insert the facts in index order;
4. set aside what they replace (undo puts it back), remove the demo's facts; note what each import gives by now;
5. note the changed months in the ledger and the import in `financials_import`;
6. commit, or for a dry run roll back: the report is the same.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Sequence
from decimal import Decimal

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.archived import refuse_archived
from database.facts.currencies import Pair, note_currencies
from database.facts.import_sums import note_new, note_set_aside
from database.facts.ledger import note_changed_months
from database.imports import facts
from database.imports.derived_facts import derive_after_facts
from database.imports.dimensions import SUMS, Entry, add_up, place_products
from database.imports.lowering import lowering_words, replaced_by_month
from database.imports.meeting import joined, meet_stored
from database.imports.report import ImportReport, MetricSum, MonthSum, code_of, missing_rates, value_of
from database.imports.staging import APPEND, DEMO, ImportOptions, Staged
from database.imports.transaction import all_or_nothing
from database.lines.told_names import give_names
from domain.errors import Refused
from domain.moments import utc_now
from domain.months import fault_of_month, format_month, today_utc


def take_in(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: Staged, options: ImportOptions
) -> ImportReport:
    """Takes a staged file in: all of it or, on any error and for a dry run, nothing. `connection` is from
    `store.facts()`, `scratch` from `store.facts_room.scratch(connection)`; the caller holds `store.lock()`.

    Raises Refused if the same bytes are in already, the file gives no fact or one of a month that cannot be meant."""
    started = time.monotonic()
    with all_or_nothing(store, connection, dry_run=options.dry_run):
        return _take_in(store, connection, scratch, staged, options, started)


def _take_in(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: Staged,
    options: ImportOptions, started: float,
) -> ImportReport:
    refuse_same_bytes(connection, staged.sha256, staged.file_name)
    months = _months(scratch, staged)
    _refuse_impossible_months(staged, months)
    refuse_archived(connection, months, f"{staged.file_name}: has facts")
    store.facts_room.prepare_months(months)
    stored = meet_stored(store, connection, scratch, staged, months)
    source = (options.source or staged.format).strip()
    entry = Entry(next_import_id(connection), utc_now())
    placement = place_products(store, connection, scratch, staged, entry=entry, update=options.update_products)
    named = dataclasses.replace(placement.new, filled=placement.new.filled + give_names(connection))
    add_up(scratch, staged.relation, foreign=bool(staged.foreign))
    by_month = _sums(scratch)
    metrics = _by_metric(by_month)
    new = facts.insert_facts(store, connection, scratch, staged, entry, months=months)
    note_new(store, connection, scratch, relation=SUMS, import_id=entry.import_id)
    earlier = [] if options.mode == APPEND else facts.earlier_ranges(connection, source, months)
    replaced = facts.set_aside(store, connection, new, earlier, months=months, mode=options.mode) if earlier else ()
    if replaced:
        note_set_aside(store, connection, entry.import_id, months)
    before = replaced_by_month(store, connection, entry.import_id, months) if replaced else ()
    demo_facts, demo_value, demo_months = (
        facts.remove_demo(store, connection) if source != DEMO else (0, Decimal(0), [])
    )
    if source != DEMO:
        facts.adopt_demo_products(store, connection, new, months)
    overlaps = facts.overlaps(store, connection, new, source, months)
    kept, kept_count = facts.kept_products(store, connection, earlier, months)
    new = _with_derived(store, connection, new, entry)
    note_changed_months(connection, months, cause="import", import_id=entry.import_id, now=entry.created_at)
    note_changed_months(connection, demo_months, cause="demo", import_id=entry.import_id, now=entry.created_at)
    pairs = _pairs(scratch, staged)
    note_currencies(connection, pairs)
    _note_import(connection, staged, options, source, entry, metrics, replaced, new)
    return ImportReport(
        file_name=staged.file_name, format=staged.format, source=source, mode=options.mode, sha256=staged.sha256,
        dry_run=options.dry_run, import_id=None if options.dry_run else entry.import_id, rows_read=staged.rows_read,
        cells_read=staged.cells_read, metrics=metrics, months=months, by_month=by_month, skipped=staged.skipped,
        skipped_columns=staged.skipped_columns, met=joined(staged.met, (*stored.met, *placement.met)),
        read_as=staged.read_as, replaced=replaced, replaced_by_month=before, kept=kept, kept_products=kept_count,
        differences=placement.differences, difference_count=placement.difference_count, overlaps=overlaps,
        new=named, demo_facts=demo_facts, demo_value=demo_value, currencies=staged.currencies,
        symbols=staged.symbols, own_currency=store.settings.dashboard.currency,
        without_rates=missing_rates(store, pairs), rounded=staged.rounded, notes=staged.notes,
        warnings=(*lowering_words(before, by_month), *staged.warnings, *stored.warnings, *placement.warnings),
        seconds=round(time.monotonic() - started, 3),
    )


def _with_derived(
    store: Store, connection: sa.Connection, new: facts.FactRange, entry: Entry
) -> facts.FactRange:
    """Derives anew what follows from the new facts and from what they replaced. Ids of facts are never given twice, so
    those of derived ones count to the import's."""
    lasts = [
        derive_after_facts(store, connection, condition, table, import_id=entry.import_id, now=entry.created_at)
        for condition, table in (
            (facts.belongs_to(new), schema.financials),
            (schema.financials_replaced.c.replaced_by == entry.import_id, schema.financials_replaced),
        )
    ]
    return dataclasses.replace(new, last=max(filter(None, (new.last, *lasts)), default=None))


def refuse_same_bytes(connection: sa.Connection, sha256: str, file_name: str) -> None:
    """Raises Refused, naming the first import, if a file with these bytes is in and was not undone."""
    table = schema.financials_import
    first = connection.execute(
        sa.select(table.c.id, table.c.file_name, table.c.created_at)
        .where(table.c.sha256 == sha256, table.c.status == "done").order_by(table.c.id).limit(1)
    ).first()
    if first is not None:
        raise Refused(
            f"{file_name}: the same bytes were imported already, as import {first.id} ({first.file_name}, "
            f"{first.created_at:%Y-%m-%d %H:%M} "
            f"UTC); to import them again, first run: flask undo-import {first.id}"
        )


def _refuse_impossible_months(staged: Staged, months: Sequence[datetime.date]) -> None:
    """Whatever way a format reads its months: one for 9999-12 would stretch every page to it."""
    for month in months:
        if fault := fault_of_month(month, today_utc()):
            raise Refused(f"{staged.file_name}: the month {format_month(month)} {fault}; nothing was imported")


def _months(scratch: duckdb.DuckDBPyConnection, staged: Staged) -> tuple[datetime.date, ...]:
    rows = scratch.execute(f"SELECT DISTINCT month FROM {staged.relation} ORDER BY month").fetchall()
    if not rows:
        raise Refused(f"{staged.file_name}: gives no fact: every value cell is blank, or there is no row")
    return tuple(month for (month,) in rows)


def _sums(scratch: duckdb.DuckDBPyConnection) -> tuple[MonthSum, ...]:
    rows = scratch.execute(
        "SELECT metric::VARCHAR AS name, month, facts, value, currency FROM (SELECT metric, month, currency, "
        f"sum(facts)::BIGINT AS facts, sum(value)::DECIMAL(25,2) AS value FROM {SUMS} GROUP BY ALL) "
        "ORDER BY name, currency, month"
    ).fetchall()
    return tuple(MonthSum(*row) for row in rows)


def _by_metric(by_month: Sequence[MonthSum]) -> tuple[MetricSum, ...]:
    metrics: dict[tuple[str, str], MetricSum] = {}
    for found in by_month:
        key = (found.metric, found.currency)
        known = metrics.get(key, MetricSum(found.metric, 0, Decimal(0)))
        metrics[key] = MetricSum(
            found.metric, known.facts + found.facts, known.value + found.value, found.currency
        )
    return tuple(metrics.values())


def _pairs(scratch: duckdb.DuckDBPyConnection, staged: Staged) -> list[Pair]:
    """The months in which the file names other currencies, with these."""
    if not staged.foreign:
        return []
    return scratch.execute(
        f"SELECT DISTINCT month, currency FROM {staged.relation} WHERE currency IS NOT NULL ORDER BY ALL"
    ).fetchall()


def next_import_id(connection: sa.Connection) -> int:
    """The id that the next import will have; it holds while the caller holds the lock."""
    return connection.execute(sa.select(sa.func.coalesce(sa.func.max(schema.financials_import.c.id), 0))).scalar() + 1


def _note_import(connection, staged, options, source, entry, metrics, replaced, new: facts.FactRange) -> None:
    connection.execute(
        sa.insert(schema.financials_import).values(
            id=entry.import_id, source=source, format=staged.format, file_name=staged.file_name[-255:],
            sha256=staged.sha256, mode=options.mode, status="done", currencies=",".join(staged.currencies),
            facts=sum(metric.facts for metric in metrics),
            value=value_of(metrics) or 0, value_currency=code_of(metrics),
            replaced_facts=sum(metric.facts for metric in replaced),
            first_fact_id=new.first, last_fact_id=new.last, created_at=entry.created_at,
        )
    )
