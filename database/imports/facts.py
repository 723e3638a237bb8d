"""Facts moved in and out: inserted in index order, replaced facts set aside, demo facts removed.

An import's facts are found by primary key: `financials_import` keeps the range of their ids, and their
`import_id` tells them from a stranger's rows inside that range. So no further index on `financials` is needed.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Facts
from database.facts.archived import months_of_import, refuse_archived
from database.facts.import_sums import forget_imports
from database.imports.dimensions import PRODUCTS, Entry
from database.imports.report import LISTED, KeptProduct, MetricSum, Overlap
from database.imports.staging import DEMO, WHOLE_MONTHS, Staged

fact, aside = schema.financials, schema.financials_replaced
AT_ONCE = 2000
"""Ids in one statement."""


@dataclass(frozen=True)
class FactRange:
    """Where an import's facts are: its id and the range of ids that they lie in."""

    import_id: int
    first: int | None
    last: int | None


def belongs_to(part: FactRange, table: sa.Table = fact) -> sa.ColumnElement[bool]:
    """The condition that picks the facts of one import."""
    return sa.and_(table.c.id.between(part.first or 0, part.last or 0), table.c.import_id == part.import_id)


def total(column: sa.ColumnElement) -> sa.ColumnElement:
    """The sum of an amount, 0 over no rows."""
    return sa.type_coerce(sa.func.coalesce(sa.func.sum(column), 0), schema.Sum)


def last_fact_id(store: Store, connection: sa.Connection, months: Collection[datetime.date]) -> int:
    """The highest id that any fact of an import, or of these months, has or had: ids are never given twice, not even
    after an undo."""
    columns = (schema.financials_import.c.last_fact_id, schema.archived_month.c.last_fact_id)
    found = [connection.execute(sa.select(sa.func.max(column))).scalar() for column in columns]
    found += store.each_part(connection, months, lambda part: part.execute(sa.select(sa.func.max(fact.c.id))).scalar())
    return max(int(last or 0) for last in found)


def insert_facts(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: Staged, entry: Entry, *,
    months: Collection[datetime.date],
) -> FactRange:
    """Inserts the staged facts in the order of the rollup index: InnoDB loads faster so, and DuckDB can
    skip the months that a query does not ask for. Returns where they are."""
    before = last_fact_id(store, connection, months)
    # Rows of a transaction that is still open are numbered from 2^55 on: after 255 imports ids would be used up.
    first_row = f"(SELECT min(rowid) FROM {staged.relation})"
    number = "" if store.traits.assigns_fact_ids else f"number - {first_row} + {before + 1} AS id, "
    own = ", s.currency" if staged.foreign else ""
    # Texts are spelled out after the sort: enumerations are sorted and carried as small numbers.
    store.facts_room.bulk_insert(
        connection, fact, scratch=scratch,
        query=f"SELECT {number}asin_id, marketplace::VARCHAR AS marketplace, metric::VARCHAR AS metric, month, value, "
        f"{entry.import_id} AS import_id, TIMESTAMP '{entry.created_at:%Y-%m-%d %H:%M:%S.%f}' AS created_at"
        f"{own.replace('s.', '')} "
        f"FROM (SELECT s.rowid AS number, p.asin_id, s.marketplace, s.metric, s.month, s.value{own} "
        f"FROM {staged.relation} s JOIN {PRODUCTS} p ON p.asin = s.asin "
        "ORDER BY s.month, s.metric, s.marketplace, p.asin_id)",
    )
    ours = sa.and_(fact.c.id > before, fact.c.import_id == entry.import_id)
    ends = store.each_part(connection, months, lambda part: [
        part.execute(sa.select(fact.c.id).where(ours).order_by(order).limit(1)).scalar()
        for order in (fact.c.id.asc(), fact.c.id.desc())
    ])
    found = [number for pair in ends for number in pair if number is not None]
    return FactRange(entry.import_id, min(found, default=None), max(found, default=None))


def earlier_ranges(
    connection: sa.Connection, source: str, months: Sequence[datetime.date]
) -> list[FactRange]:
    """The imports of `source` that are still in and touched any of `months`, as the ledger tells."""
    table, ledger = schema.financials_import, schema.changed_month
    touched = sa.select(ledger.c.import_id).where(ledger.c.month.in_(months), ledger.c.import_id.is_not(None))
    rows = connection.execute(
        sa.select(table.c.id, table.c.first_fact_id, table.c.last_fact_id)
        .where(table.c.source == source, table.c.status == "done", table.c.id.in_(touched))
        .order_by(table.c.id)
    )
    return [FactRange(*row) for row in rows]


def set_aside(
    store: Store, connection: sa.Connection, new: FactRange, earlier: Sequence[FactRange], *,
    months: Sequence[datetime.date], mode: str,
) -> tuple[MetricSum, ...]:
    """Moves to `financials_replaced` what the new facts replace: the same product, marketplace and month,
    all metrics; with whole-months all of these months. Returns what was moved, by metric."""
    statements = _setting_aside(new, earlier, months, mode)

    def work(part: Facts) -> list[MetricSum]:
        for statement in statements:
            part.execute(statement)
        moved = sums_by_metric(part, aside, aside.c.replaced_by == new.import_id)
        if moved:
            part.execute(
                sa.delete(fact).where(
                    fact.c.id == aside.c.id, fact.c.month == aside.c.month, aside.c.replaced_by == new.import_id
                )
            )
        return moved

    return _joined(store.each_part(connection, months, work))


def _setting_aside(
    new: FactRange, earlier: Sequence[FactRange], months: Sequence[datetime.date], mode: str
) -> list[sa.Insert]:
    named = (
        sa.select(fact.c.asin_id, fact.c.marketplace, fact.c.month).where(belongs_to(new)).distinct().subquery("named")
    )
    statements = []
    for part in earlier:
        old = sa.select(*(fact.c[column.name] for column in aside.columns if column.name != "replaced_by"),
                        sa.literal(new.import_id).label("replaced_by"))
        if mode != WHOLE_MONTHS:
            old = old.join_from(fact, named, sa.and_(
                fact.c.asin_id == named.c.asin_id, fact.c.marketplace == named.c.marketplace,
                fact.c.month == named.c.month,
            ))
        old = old.where(belongs_to(part), fact.c.month.in_(months))
        statements.append(sa.insert(aside).from_select([c.name for c in old.selected_columns], old))
    return statements


def sums_by_metric(
    part: Facts, table: sa.Table, condition: sa.ColumnElement[bool]
) -> list[MetricSum]:
    """Count and sum per metric and currency of the facts that a condition picks, in the order of their names."""
    rows = part.execute(
        sa.select(
            table.c.metric, sa.func.count().label("facts"), total(table.c.value).label("value"), table.c.currency,
        )
        .where(condition)
        .group_by(table.c.metric, table.c.currency)
        .order_by(table.c.metric, table.c.currency)
    )
    return [MetricSum(metric or "", facts, value, code or "") for metric, facts, value, code in rows]


def _joined(found: Iterable[Sequence[MetricSum]]) -> tuple[MetricSum, ...]:
    sums: dict[tuple[str, str], MetricSum] = {}
    for each in itertools.chain.from_iterable(found):
        key = (each.metric, each.currency)
        known = sums.get(key, MetricSum(each.metric, 0, Decimal(0)))
        sums[key] = MetricSum(each.metric, known.facts + each.facts, known.value + each.value, each.currency)
    return tuple(sums[key] for key in sorted(sums, key=lambda key: (key[0].encode(), key[1])))


def kept_products(
    store: Store, connection: sa.Connection, earlier: Sequence[FactRange], months: Sequence[datetime.date]
) -> tuple[tuple[KeptProduct, ...], int]:
    """Products of earlier imports that still have facts in these months: the first few, and how many."""
    if not earlier:
        return (), 0
    facts, value = sa.func.count().label("facts"), total(fact.c.value).label("value")
    query = (
        sa.select(fact.c.asin_id, fact.c.currency, facts, value)
        .where(sa.or_(*(belongs_to(part) for part in earlier)), fact.c.month.in_(months))
        .group_by(fact.c.asin_id, fact.c.currency)
    )
    sums: dict[int, dict[str, tuple[int, Decimal]]] = {}
    for rows in store.each_part(connection, months, lambda part: part.execute(query).all()):
        for product, currency, count, amount in rows:
            of_product = sums.setdefault(product, {})
            known = of_product.get(currency or "", (0, Decimal(0)))
            of_product[currency or ""] = (known[0] + count, known[1] + amount)
    if not sums:
        return (), 0
    found = [
        KeptProduct(code, *told, currency)
        for product, code in connection.execute(sa.select(schema.asin.c.id, schema.asin.c.asin)) if product in sums
        for currency, told in sorted(sums[product].items())
    ]
    return tuple(sorted(found, key=lambda kept: kept.asin.encode())[:LISTED]), len(sums)


def remove_demo(store: Store, connection: sa.Connection) -> tuple[int, Decimal, list[datetime.date]]:
    """Takes out the facts of the source `demo`, for good: how many, their sum, their months. The demo's
    products stay, because the live summaries may name them; a refresh drops what nothing names."""
    table = schema.financials_import
    demos = [FactRange(*row) for row in connection.execute(
        sa.select(table.c.id, table.c.first_fact_id, table.c.last_fact_id)
        .where(table.c.source == DEMO, table.c.status == "done").order_by(table.c.id)
    )]
    if not demos:
        return 0, Decimal(0), []
    numbers = [part.import_id for part in demos]
    touched: set[datetime.date] = set()
    for number in numbers:
        touched.update(months_of_import(connection, number))
        refuse_archived(
            connection, months_of_import(connection, number), "demo data, which a real import removes, has facts"
        )
    theirs = sa.or_(*(belongs_to(part) for part in demos))

    def work(part: Facts) -> tuple[int, Decimal, list[datetime.date]]:
        facts, value = part.execute(sa.select(sa.func.count(), total(fact.c.value)).where(theirs)).one()
        months = list(part.execute(sa.select(fact.c.month).where(theirs).distinct()).scalars())
        part.execute(sa.delete(fact).where(theirs))
        part.execute(sa.delete(aside).where(aside.c.replaced_by.in_(numbers)))
        return facts, value, months

    removed = store.each_part(connection, touched, work)
    forget_imports(connection, numbers, touched)
    connection.execute(sa.update(table).where(table.c.id.in_(numbers)).values(status="removed"))
    return (
        sum(facts for facts, _, _ in removed), sum((value for _, value, _ in removed), Decimal(0)),
        sorted({month for _, _, months in removed for month in months}),
    )


def adopt_demo_products(
    store: Store, connection: sa.Connection, new: FactRange, months: Collection[datetime.date]
) -> None:
    """Makes the products that the demo made, or an import whose names are to go, and that a file names, that file's
    own: they stay when the others go."""
    table, product = schema.financials_import, schema.asin
    demos = list(connection.execute(sa.select(table.c.id).where(
        sa.or_(table.c.source == DEMO, table.c.status == "removed")
    )).scalars())
    if not demos:
        return
    of_demo = set(connection.execute(sa.select(product.c.id).where(product.c.import_id.in_(demos))).scalars())
    # Read first: MariaDB would look through the import's facts once per product for an UPDATE with a subquery.
    query = sa.select(fact.c.asin_id).where(belongs_to(new)).distinct()
    found = store.each_part(connection, months, lambda part: part.execute(query).scalars().all())
    named = sorted(of_demo.intersection(itertools.chain.from_iterable(found)))
    for first in range(0, len(named), AT_ONCE):
        ids = named[first:first + AT_ONCE]
        connection.execute(sa.update(product).where(product.c.id.in_(ids)).values(import_id=new.import_id))


def overlaps(
    store: Store, connection: sa.Connection, new: FactRange, source: str, months: Sequence[datetime.date]
) -> tuple[Overlap, ...]:
    """Facts of other sources with the same product, marketplace, metric and month as a new one. Rows that
    no import of ours brought in are the source '(not imported)'."""
    candidates = _months_of_others(store, connection, new, source, months)
    if not candidates:
        return ()
    other = fact.alias("other")
    pairs = (
        sa.select(fact.c.id, fact.c.month, fact.c.value, other.c.import_id,
                  fact.c.currency, other.c.currency.label("their_currency"), total(other.c.value).label("theirs"))
        .join_from(fact, other, sa.and_(
            other.c.month == fact.c.month, other.c.metric == fact.c.metric,
            other.c.marketplace == fact.c.marketplace, other.c.asin_id == fact.c.asin_id,
        ))
        .where(belongs_to(new), fact.c.month.in_(candidates),
               sa.or_(other.c.import_id.is_(None), other.c.import_id != new.import_id))
        .group_by(fact.c.id, fact.c.month, fact.c.value, other.c.import_id, fact.c.currency, other.c.currency)
        .subquery("pairs")
    )
    grain = (pairs.c.import_id, pairs.c.month, pairs.c.currency, pairs.c.their_currency)
    query = sa.select(
        *grain, sa.func.count().label("facts"), total(pairs.c.value).label("value"),
        total(pairs.c.theirs).label("theirs"),
    ).group_by(*grain)
    rows = [
        row for found in store.each_part(connection, candidates, lambda part: part.execute(query).all())
        for row in found
    ]
    sources = _sources(connection)
    by_source: dict[tuple[str, str, str], list[sa.Row]] = {}
    for row in sorted(rows, key=lambda row: row.month):
        key = (sources.get(row.import_id, "(not imported)"), row.currency or "", row.their_currency or "")
        by_source.setdefault(key, []).append(row)
    return tuple(
        Overlap(
            name, sum(row.facts for row in found), sum((row.value for row in found), Decimal(0)),
            sum((row.theirs for row in found), Decimal(0)), tuple(dict.fromkeys(row.month for row in found)),
            currency, theirs,
        )
        for (name, currency, theirs), found in sorted(
            by_source.items(), key=lambda item: (item[0][0].encode(), *item[0][1:])
        ) if name != source
    )


def _sources(connection: sa.Connection) -> dict[int, str]:
    """The source of every import."""
    table = schema.financials_import
    return {number: source for number, source in connection.execute(sa.select(table.c.id, table.c.source))}


def _months_of_others(
    store: Store, connection: sa.Connection, new: FactRange, source: str, months: Sequence[datetime.date]
) -> list[datetime.date]:
    """Which of the months may hold facts of other sources: by the ledger, and all of them if there are
    facts that no import of ours brought in. Asking the facts themselves would take a whole scan."""
    if _has_strangers(store, connection, new, months):
        return list(months)
    table, ledger = schema.financials_import, schema.changed_month
    return list(connection.execute(
        sa.select(ledger.c.month).join_from(ledger, table, table.c.id == ledger.c.import_id)
        .where(table.c.source != source, table.c.status == "done", ledger.c.month.in_(months))
        .distinct().order_by(ledger.c.month)
    ).scalars())


def _has_strangers(
    store: Store, connection: sa.Connection, new: FactRange, months: Collection[datetime.date]
) -> bool:
    """Whether any fact has an id outside the ranges of all imports: a few looks into the primary key."""
    table = schema.financials_import
    rows = connection.execute(
        sa.select(table.c.first_fact_id, table.c.last_fact_id)
        .where(table.c.first_fact_id.is_not(None)).order_by(table.c.first_fact_id)
    ).all()
    gaps, after = [], 0
    for first, last in [*rows, (new.first, new.last), (None, None)]:
        if first is None:
            gaps.append(fact.c.id > after)
        elif first > after + 1:
            gaps.append(fact.c.id.between(after + 1, first - 1))
        after = max(after, last or 0)

    def work(part: Facts) -> bool:
        return any(part.execute(sa.select(fact.c.id).where(gap).limit(1)).first() for gap in gaps)

    return any(store.each_part(connection, months, work))
