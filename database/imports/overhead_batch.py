"""One file of overheads = one import: what it tells, and the facts that follow, in one transaction.

1. refuse bytes that are in already;
2. find or make the brands it names, and the products that overheads stand under;
3. write its lines down; of one name, brand, marketplace and first month the last import counts;
4. refuse what would change an archived month; remove the demo's facts;
5. bring facts up to date, and note the changed months in the ledger;
6. commit, or for a dry run roll back: the report is the same.

Undone, its lines go, and what they had taken the place of counts again.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Collection, Iterable
from decimal import Decimal

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.archived import refuse_archived
from database.facts.currencies import note_currencies
from database.facts.ledger import note_changed_months
from database.imports.batch import next_import_id, refuse_same_bytes
from database.imports.facts import last_fact_id, remove_demo
from database.imports.line_batch import LINES
from database.imports.overheads import FORMAT, OverheadFile, ToldOverhead
from database.imports.report import (
    ImportReport,
    MetricSum,
    MonthSum,
    NewNames,
    code_of,
    missing_rates,
    value_of,
)
from database.imports.staging import ImportOptions
from database.imports.transaction import all_or_nothing
from database.imports.undone import Undone
from database.lines.overheads import (
    Exchanged,
    Key,
    changed_months,
    exchange,
    expected,
    last_to_count,
    product_key,
    read_told,
)
from database.lines.scope import archived_of
from domain.amazon import ACCOUNT_NAME
from domain.currencies import SEVERAL
from domain.errors import SetupError
from domain.metrics import OVERHEADS
from domain.moments import utc_now
from domain.months import months_between, runs_of_months, today_utc
from domain.overheads import Overhead
from domain.spelling import name_key

told, book, brand, product = schema.overhead, schema.financials_import, schema.brand, schema.asin


def take_in_overheads(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, file: OverheadFile,
    options: ImportOptions,
) -> ImportReport:
    """Takes a file of overheads in: all of it or, on any error and for a dry run, nothing. As `batch.take_in`."""
    if store.traits.has_data_nodes:
        raise SetupError(
            f"{file.file_name}: overheads are not imported as such where facts are on data nodes; import a long file "
            f"with the metric {OVERHEADS}"
        )
    started = time.monotonic()
    with all_or_nothing(store, connection, dry_run=options.dry_run):
        return _take_in(store, connection, file, options, started)


def _take_in(
    store: Store, connection: sa.Connection, file: OverheadFile, options: ImportOptions, started: float
) -> ImportReport:
    refuse_same_bytes(connection, file.sha256, file.file_name)
    import_id, now = next_import_id(connection), utc_now()
    demo_facts, demo_value, demo_months = remove_demo(store, connection)
    through = last_to_count(connection, today_utc())
    before = read_told(connection)
    brands, new_brands = _find_brands(connection, file.told, import_id, now)
    lines = [_overhead(each, import_id, brands) for each in file.told]
    connection.execute(sa.insert(told), [vars(each) for each in lines])
    new_products = _find_products(connection, {each.brand_id for each in lines}, import_id, now)
    old_facts, new_facts = expected(before, through), expected([*before, *lines], through)
    changed = changed_months(old_facts, new_facts)
    refuse_archived(connection, changed, f"{file.file_name}: changes overheads")
    source = (options.source or FORMAT).strip()
    months_after, months_before = (_month_sums(facts, changed) for facts in (new_facts, old_facts))
    after = _metric_sums(months_after)
    connection.execute(sa.insert(book).values(
        id=import_id, source=source, format=FORMAT, file_name=file.file_name[-255:], sha256=file.sha256, mode=LINES,
        status="done", currencies=",".join(file.currencies), facts=len(lines), value=value_of(after) or 0,
        value_currency=code_of(after), replaced_facts=0, created_at=now,
    ))
    done = _bring_up_to_date(store, connection, new_facts, _months_of([*before, *lines], through), now)
    note_changed_months(
        connection, {*changed, *done.months} or _newest(connection), cause="import", import_id=import_id, now=now
    )
    note_changed_months(connection, demo_months, cause="demo", import_id=import_id, now=now)
    return ImportReport(
        file_name=file.file_name, format=FORMAT, source=source, mode=LINES, sha256=file.sha256,
        dry_run=options.dry_run, import_id=None if options.dry_run else import_id, rows_read=len(file.told),
        cells_read=0, metrics=after, months=tuple(changed), by_month=months_after,
        skipped=file.skipped, replaced=_metric_sums(months_before), replaced_by_month=months_before,
        new=NewNames(brands=new_brands, products=new_products), demo_facts=demo_facts, demo_value=demo_value,
        currencies=file.currencies, own_currency=store.settings.dashboard.currency,
        without_rates=missing_rates(store, {(each.month, each.currency) for each in months_after if each.currency}),
        notes=(*_told_words(lines, before, through), *file.notes), read_as=file.read_as,
        warnings=file.warnings, seconds=round(time.monotonic() - started, 3),
    )


def take_overheads_out(store: Store, connection: sa.Connection, entry: sa.Row) -> Undone:
    """Takes back the import `entry`, in `connection`'s transaction. Raises Refused if that changes an archived
    month."""
    now, through = utc_now(), last_to_count(connection, today_utc())
    before = read_told(connection)
    after = [each for each in before if each.import_id != entry.id]
    old_facts, new_facts = expected(before, through), expected(after, through)
    changed = changed_months(old_facts, new_facts)
    refuse_archived(connection, changed, f"import {entry.id} ({entry.file_name}): undoing it changes overheads")
    connection.execute(sa.delete(told).where(told.c.import_id == entry.id))
    done = _bring_up_to_date(store, connection, new_facts, _months_of(before, through), now)
    connection.execute(sa.update(book).where(book.c.id == entry.id).values(status="undone", undone_at=now))
    note_changed_months(
        connection, {*changed, *done.months} or _newest(connection), cause="undo", import_id=entry.id, now=now
    )
    value = None if entry.value_currency == SEVERAL else entry.value
    return Undone(entry.id, entry.file_name, entry.facts, value, 0, tuple(changed), now)


def count_what_has_come(store: Store, connection: sa.Connection) -> list[str]:
    """Lets overheads count in the months that have come since, and in none beyond what else there are facts of; the
    caller holds `store.lock()`. Returns what to say of it."""
    if store.traits.has_data_nodes:
        return []
    lines = read_told(connection)
    if not lines:
        return []
    now, through = utc_now(), last_to_count(connection, today_utc())
    done = _bring_up_to_date(store, connection, expected(lines, through), _months_of(lines, today_utc()), now)
    if not done.months:
        connection.rollback()
        return []
    note_changed_months(connection, done.months, cause="overheads", import_id=None, now=now)
    store.commit(connection)
    return [f"overheads count anew in {runs_of_months(done.months)}"]


def _bring_up_to_date(
    store: Store, connection: sa.Connection, wanted: dict[Key, Decimal], months: Collection[datetime.date],
    now: datetime.datetime,
) -> Exchanged:
    """Exchanges the facts of `months`. Its months are those that changed: also such as had counted and do not any
    more, because figures that came since end before them."""
    months = sorted(set(months) - archived_of(connection))
    store.facts_room.prepare_months(sorted({key[3] for key in wanted} & set(months)))
    note_currencies(connection, {(key[3], key[4]) for key in wanted if key[4]})
    return exchange(
        connection, wanted, months, last_fact_id=last_fact_id(store, connection, months),
        ids_are_given=store.traits.assigns_fact_ids, now=now,
    )


def _months_of(lines: Iterable[Overhead], through: datetime.date) -> list[datetime.date]:
    """Every month in which overheads may have facts: none was ever written that had not come."""
    lines = list(lines)
    if not lines:
        return []
    last = max(through.replace(day=1), today_utc().replace(day=1))
    return months_between(min(each.first_month for each in lines), min(max(each.last_month for each in lines), last))


def _newest(connection: sa.Connection) -> set[datetime.date]:
    """The last month with facts: a refresh that rebuilds it tells pages what was told, where no figure changes."""
    last = connection.execute(sa.select(sa.func.max(schema.financials.c.month))).scalar()
    return {last.replace(day=1)} if last else set()


def _overhead(each: ToldOverhead, import_id: int, brands: dict[str, int]) -> Overhead:
    brand_id = brands[name_key(each.brand)] if each.brand else 0
    return Overhead(
        import_id, each.line, each.name, brand_id, each.marketplace, each.first_month, each.last_month, each.amount,
        each.currency,
    )


def _find_brands(
    connection: sa.Connection, lines: Iterable[ToldOverhead], import_id: int, now: datetime.datetime
) -> tuple[dict[str, int], int]:
    """The id of every brand by how names compare, and how many were made."""
    rows = connection.execute(sa.select(brand.c.id, brand.c.brand).order_by(brand.c.id.desc())).all()
    known = {name_key(name): number for number, name in rows}
    last, new = max((number for number, _ in rows), default=0), []
    for name in dict.fromkeys(each.brand for each in lines if each.brand):
        if name_key(name) not in known:
            known[name_key(name)] = last + len(new) + 1
            new.append({"id": known[name_key(name)], "brand": name, "created_at": now, "import_id": import_id})
    if new:
        connection.execute(sa.insert(brand), new)
    return known, len(new)


def _find_products(
    connection: sa.Connection, brand_ids: Collection[int], import_id: int, now: datetime.datetime
) -> int:
    """Makes the products that overheads stand under, where there are none; returns how many."""
    keys = {product_key(number): number for number in sorted(brand_ids)}
    known = set(connection.execute(sa.select(product.c.asin).where(product.c.asin.in_(keys))).scalars())
    unnamed = sa.and_(product.c.asin.in_(keys), product.c.name.is_(None))
    connection.execute(sa.update(product).where(unnamed).values(name=ACCOUNT_NAME))
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(product.c.id), 0))).scalar()
    new = [
        {"id": last + place, "asin": key, "name": ACCOUNT_NAME, "brand_id": keys[key] or None, "created_at": now,
         "import_id": import_id}
        for place, key in enumerate((key for key in keys if key not in known), start=1)
    ]
    if new:
        connection.execute(sa.insert(product), new)
    return len(new)


def _month_sums(facts: dict[Key, Decimal], months: Collection[datetime.date]) -> tuple[MonthSum, ...]:
    found: dict[tuple[str, datetime.date], list[Decimal]] = {}
    for (_, _, _, month, currency), value in facts.items():
        if month in months:
            found.setdefault((currency or "", month), []).append(value)
    return tuple(
        MonthSum(OVERHEADS, month, len(values), sum(values, Decimal(0)), currency)
        for (currency, month), values in sorted(found.items())
    )


def _metric_sums(months: Collection[MonthSum]) -> tuple[MetricSum, ...]:
    sums: dict[str, MetricSum] = {}
    for each in months:
        known = sums.get(each.currency, MetricSum(OVERHEADS, 0, Decimal(0), each.currency))
        sums[each.currency] = MetricSum(OVERHEADS, known.facts + each.facts, known.value + each.value, each.currency)
    return tuple(sums.values())


def _told_words(
    lines: Collection[Overhead], before: Collection[Overhead], through: datetime.date
) -> Iterable[str]:
    known = {each.identity for each in before}
    again = [each for each in lines if each.identity in known]
    if again:
        yield f"told anew, in place of what was told before: {_listed(again)}"
    taken = [each for each in lines if not each.amount]
    if taken:
        yield f"with an amount of 0, taken back: {_listed(taken)}"
    ahead = [each for each in lines if each.amount and each.last_month > through]
    if ahead:
        yield f"not counted yet after {through:%Y-%m}, until there are figures of those months: {_listed(ahead)}"


def _listed(lines: Collection[Overhead]) -> str:
    names = list(dict.fromkeys(each.name for each in lines))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
