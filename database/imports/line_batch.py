"""One report of lines = one import: lines, what they replace and the facts derived from them, in one transaction.

1. refuse bytes that are in already, and archived months;
2. write the lines down; of those that tell of the same, one state counts;
3. set aside what older imports of order reports gave there as facts, and the demo's facts;
4. derive facts anew where something changed; give products the names that reports tell;
5. note the changed months in the ledger and the import in `financials_import`;
6. commit, or for a dry run roll back: the report is the same.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.archived import refuse_archived
from database.facts.import_sums import note_set_aside
from database.facts.ledger import note_changed_months
from database.imports.batch import next_import_id, refuse_same_bytes
from database.imports.derived_facts import derive_for
from database.imports.facts import remove_demo, sums_by_metric
from database.imports.report import (
    LISTED,
    Difference,
    ImportReport,
    MetricSum,
    MonthSum,
    NewNames,
    code_of,
    missing_rates,
    value_of,
)
from database.imports.staging import ImportOptions, Skipped
from database.imports.told_words import remember_words
from database.imports.transaction import all_or_nothing
from database.lines.costs import month_to_publish
from database.lines.deriving import DerivedSum
from database.lines.keeping import Kept, StagedLines, keep_lines
from database.lines.scope import Cell, within
from database.lines.told_names import give_names, replace_names
from domain.amazon import ORDERS
from domain.errors import SetupError
from domain.moments import utc_now
from domain.months import format_month

book, fact, aside = schema.financials_import, schema.financials, schema.financials_replaced
LINES = "lines"
"""How an import of lines is told from others in `financials_import.mode`."""


@dataclass(frozen=True)
class LineFile:
    """A file of lines that was read: its lines, and what is to be said of it. `currencies` are counted one to one,
    those of them that were `allowed` beside the dashboard's own; `symbols` are signs that cells show."""

    format: str
    file_name: str
    sha256: str
    lines: StagedLines | None
    rows_read: int
    currencies: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()


def take_in_lines(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, file: LineFile, options: ImportOptions
) -> ImportReport:
    """Takes a staged report in: all of it or, on any error and for a dry run, nothing. As `batch.take_in`."""
    if store.traits.has_data_nodes:
        raise SetupError(
            f"{file.file_name}: Amazon's own reports are not imported where facts are on data nodes; "
            "import a long, wide or tidy file"
        )
    started = time.monotonic()
    with all_or_nothing(store, connection, dry_run=options.dry_run):
        return _take_in(store, connection, scratch, file, options, started)


def _take_in(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, file: LineFile,
    options: ImportOptions, started: float,
) -> ImportReport:
    refuse_same_bytes(connection, file.sha256, file.file_name)
    import_id, now = next_import_id(connection), utc_now()
    kept = keep_lines(store, connection, scratch, file.lines, import_id)
    remember_words(connection, file.format, options, import_id)
    if file.allowed:
        connection.execute(sa.insert(schema.amazon_one_to_one), [
            {"import_id": import_id, "currency": code} for code in file.allowed
        ])
    months = sorted({month for _, month in kept.cells})
    refuse_archived(connection, months, f"{file.file_name}: has lines")
    aside_sums, aside_months = _set_orders_aside(store, connection, kept.cells, import_id)
    demo_facts, demo_value, demo_months = remove_demo(store, connection)
    derived = derive_for(store, connection, kept.cells, import_id=import_id, now=now)
    # Where no fact changed the lines did, and what pages tell of them follows with a refresh, too.
    changed = sorted({*derived.months, *aside_months} or {*months})
    renamed = replace_names(connection, import_id) if options.update_products else ()
    named = give_names(connection)
    told = changed or month_to_publish(connection, file.format)
    note_changed_months(connection, told, cause="import", import_id=import_id, now=now)
    note_changed_months(connection, demo_months, cause="demo", import_id=import_id, now=now)
    after = by_metric(derived.after)
    before_by_month, after_by_month = by_month(derived.before), by_month(derived.after)
    connection.execute(sa.insert(book).values(
        id=import_id, source=(options.source or file.format).strip(), format=file.format,
        file_name=file.file_name[-255:], sha256=file.sha256, mode=LINES, status="done",
        currencies=",".join(file.currencies), facts=kept.lines,
        value=value_of(after) or 0, value_currency=code_of(after), replaced_facts=kept.replaced_lines,
        first_fact_id=derived.first, last_fact_id=derived.last, created_at=now,
    ))
    return ImportReport(
        file_name=file.file_name, format=file.format, source=(options.source or file.format).strip(), mode=LINES,
        sha256=file.sha256, dry_run=options.dry_run, import_id=None if options.dry_run else import_id,
        rows_read=file.rows_read, cells_read=0, metrics=after, months=tuple(changed),
        by_month=after_by_month, skipped=(*file.skipped, *_left(kept)), replaced=by_metric(derived.before),
        replaced_by_month=before_by_month,
        new=NewNames(products=derived.new_products, filled=named),
        differences=tuple(Difference(*each, taken=True) for each in renamed[:LISTED]), difference_count=len(renamed),
        demo_facts=demo_facts, demo_value=demo_value,
        currencies=file.currencies, symbols=file.symbols, own_currency=store.settings.dashboard.currency,
        without_rates=missing_rates(store, {(each.month, each.currency) for each in derived.after if each.currency}),
        notes=file.notes, read_as=file.read_as,
        warnings=(*_lowering_words(before_by_month, after_by_month), *file.warnings, *_set_aside_words(aside_sums)),
        seconds=round(time.monotonic() - started, 3),
    )


def _set_orders_aside(
    store: Store, connection: sa.Connection, cells: Collection[Cell], import_id: int
) -> tuple[list[MetricSum], list[datetime.date]]:
    """Moves what imports of order reports gave as facts, before lines were kept, out of the way."""
    older = list(connection.execute(
        sa.select(book.c.id).where(book.c.format == ORDERS, book.c.mode != LINES, book.c.status == "done")
    ).scalars())
    if not older or not cells:
        return [], []
    theirs = sa.and_(fact.c.import_id.in_(older), within(fact, cells))
    columns = [column.name for column in aside.columns if column.name != "replaced_by"]
    rows = sa.select(*(fact.c[name] for name in columns), sa.literal(import_id).label("replaced_by")).where(theirs)
    connection.execute(sa.insert(aside).from_select([*columns, "replaced_by"], rows))
    connection.execute(sa.delete(fact).where(theirs))
    note_set_aside(store, connection, import_id, ())
    mine = aside.c.replaced_by == import_id
    months = list(connection.execute(sa.select(aside.c.month).where(mine).distinct()).scalars())
    return sums_by_metric(connection, aside, mine), [month.replace(day=1) for month in months]


def by_metric(sums: Sequence[DerivedSum]) -> tuple[MetricSum, ...]:
    """All months of a metric together."""
    metrics: dict[tuple[str, str], MetricSum] = {}
    for each in sums:
        key = (each.metric, each.currency)
        known = metrics.get(key, MetricSum(each.metric, 0, Decimal(0)))
        metrics[key] = MetricSum(each.metric, known.facts + each.facts, known.value + each.value, each.currency)
    return tuple(metrics[key] for key in sorted(metrics, key=lambda key: (key[0].encode(), key[1])))


def _lowering_words(before: Sequence[MonthSum], after: Sequence[MonthSum]) -> tuple[str, ...]:
    """A warning for each month whose sales are lower than before the file: by a later state of orders, or because
    another report counts there now."""
    now = {(each.metric, each.month, each.currency): each.value for each in after}
    return tuple(
        f"lowers {format_month(each.month)}: {each.metric} from {each.value:,.2f} to {lower:,.2f}"
        f"{f' {each.currency}' if each.currency else ''}"
        for each in before if each.metric in ("Gross sales", "Gross units")
        and (lower := now.get((each.metric, each.month, each.currency), Decimal(0))) < each.value
    )


def by_month(sums: Sequence[DerivedSum]) -> tuple[MonthSum, ...]:
    """As a report tells them."""
    return tuple(MonthSum(each.metric, each.month, each.facts, each.value, each.currency) for each in sums)


def _left(kept: Kept) -> tuple[Skipped, ...]:
    found = (
        Skipped("lines of an older state than the one that is known; they wait, and do not count", kept.older_lines),
        Skipped("lines of earlier imports that this file tells anew", kept.replaced_lines),
    )
    return tuple(each for each in found if each.count)


def _set_aside_words(sums: Sequence[MetricSum]) -> tuple[str, ...]:
    return tuple(
        f"set aside: {each.facts:,} facts of {each.metric}, sum {f'{each.value:,.2f} {each.currency}'.strip()}, that "
        "earlier imports of order reports gave here; undoing this import brings them back"
        for each in sums
    )


