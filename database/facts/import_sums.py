"""What each import gave, noted in the transaction that changes facts: so that a refresh need not read facts for it.

A change adds rows under a step of its own: what an import brings in, what it takes out with a minus. What cannot be
told so cheaply makes a month stale: a refresh that builds the month counts its facts anew. Sums stand under the brand
that a product had when they were noted. Where products moved since, a refresh finds out by itself which months they are
in, but for months whose facts changed since the live generation: that products moved meanwhile is noted for these.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.months import format_month

if TYPE_CHECKING:
    import duckdb

noted, state = schema.import_sum, schema.import_sum_state
fact, aside, product = schema.financials, schema.financials_replaced, schema.asin

EARLIER = "earlier"
"""What the state is about that says of months without a state of their own: their facts are older than all notes."""
CATALOGUE = "catalogue"
"""What it is about when products moved since the last refresh."""


def note_new(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, *, relation: str, import_id: int
) -> None:
    """Notes what an import brings in: `relation` is of month, metric, marketplace, brand_id, category_id, currency,
    facts and value, in DuckDB."""
    store.facts_room.bulk_insert(
        connection, noted, scratch=scratch,
        # By what makes refreshes and the server's key quick; texts are spelled out after the sort.
        query=f"SELECT month, {import_id} AS import_id, metric::VARCHAR AS metric, "
        f"marketplace::VARCHAR AS marketplace, brand_id, category_id, currency, {_next_step(connection)} AS step, "
        f"facts, value FROM (SELECT * FROM {relation} ORDER BY month, metric)",
    )


def note_set_aside(
    store: Store, connection: sa.Connection, import_id: int, months: Iterable[datetime.date], *, returns: bool = False
) -> None:
    """Notes what `import_id` has taken the place of, which stands in `financials_replaced`; or, before that goes from
    there, that it `returns`. On data nodes no products are known, and its months are stale from then on."""
    if store.traits.has_data_nodes:
        mark_stale(connection, months)
        return
    count, value = sa.func.count(aside.c.value), sa.func.sum(aside.c.value)
    grain = [
        aside.c.month, aside.c.import_id, aside.c.metric, aside.c.marketplace, sa.func.coalesce(product.c.brand_id, 0),
        sa.func.coalesce(product.c.category_id, 0), sa.func.coalesce(aside.c.currency, ""),
    ]
    sums = (count, value) if returns else (-count, -value)
    rows = (
        sa.select(*grain, sa.literal(_next_step(connection)), *sums)
        .join_from(aside, product, product.c.id == aside.c.asin_id)
        .where(aside.c.replaced_by == import_id).group_by(*grain)
    )
    connection.execute(_into(rows))


def forget_imports(
    connection: sa.Connection, import_ids: Collection[int], months: Collection[datetime.date]
) -> None:
    """Of these imports, which gave facts of these months, none is left."""
    chosen = sorted({month.replace(day=1) for month in months})
    connection.execute(sa.delete(noted).where(noted.c.month.in_(chosen), noted.c.import_id.in_(import_ids)))


def note_derived(connection: sa.Connection, within: sa.ColumnElement[bool]) -> None:
    """Notes what follows from lines in the marketplaces and months that `within` picks: all that there is in
    `derived_fact`."""
    work = schema.derived_fact
    connection.execute(sa.delete(noted).where(within, noted.c.import_id == schema.DERIVED))
    grain = [
        work.c.month, sa.literal(schema.DERIVED), work.c.metric, work.c.marketplace,
        sa.func.coalesce(product.c.brand_id, 0), sa.func.coalesce(product.c.category_id, 0),
        sa.func.coalesce(work.c.currency, ""),
    ]
    connection.execute(_into(
        sa.select(*grain, sa.literal(_next_step(connection)), sa.func.count(), sa.func.sum(work.c.value))
        .join_from(work, product, product.c.id == work.c.asin_id).group_by(*(grain[:1] + grain[2:]))
    ))


def note_anew(
    connection: sa.Connection, months: Collection[datetime.date], *, metric: str, import_ids: Collection[int]
) -> None:
    """Notes what imports gave of one metric in these months, from few facts."""
    if not months or not import_ids:
        return
    connection.execute(sa.delete(noted).where(
        noted.c.month.in_(months), noted.c.metric == metric, noted.c.import_id.in_(import_ids)
    ))
    chosen = sa.and_(fact.c.month.in_(months), fact.c.metric == metric, fact.c.import_id.in_(import_ids))
    grain = grain_of_facts(fact.c.month)
    connection.execute(_into(
        sa.select(*grain, sa.literal(_next_step(connection)), sa.func.count(), sa.func.sum(fact.c.value))
        .join_from(fact, product, product.c.id == fact.c.asin_id).where(chosen).group_by(*grain)
    ))


def grain_of_facts(month: sa.ColumnElement) -> list[sa.ColumnElement]:
    """The key of what is noted, but for its step, of facts joined with their products."""
    return [
        month, sa.func.coalesce(fact.c.import_id, schema.NO_IMPORT), fact.c.metric, fact.c.marketplace,
        sa.func.coalesce(product.c.brand_id, 0), sa.func.coalesce(product.c.category_id, 0),
        sa.func.coalesce(fact.c.currency, ""),
    ]


def mark_stale(connection: sa.Connection, months: Iterable[datetime.date]) -> None:
    """What is noted of these months is not what their facts give any more."""
    _set(connection, {format_month(month) for month in months}, is_stale=True)


def mark_moved(connection: sa.Connection) -> None:
    """Products stand under other brands or categories than when something of them may have been noted."""
    _set(connection, {CATALOGUE}, is_stale=True)


def mark_noted(connection: sa.Connection, months: Collection[datetime.date]) -> None:
    """These months were counted anew."""
    about = {format_month(month) for month in months}
    if connection.execute(sa.select(state.c.about).where(state.c.about == EARLIER)).first():
        _set(connection, about, is_stale=False)
    else:
        connection.execute(sa.delete(state).where(state.c.about.in_(sorted(about))))


def settle_moved(connection: sa.Connection) -> None:
    """Every month whose facts changed since the live generation was counted since products moved."""
    connection.execute(sa.delete(state).where(state.c.about == CATALOGUE))


def stale_of(
    connection: sa.Connection, months: Iterable[datetime.date], *, changed: Collection[datetime.date]
) -> list[datetime.date]:
    """Which of these months must be counted anew; `changed` are those whose facts changed since the live
    generation."""
    known = dict(connection.execute(sa.select(state.c.about, state.c.is_stale)).all())
    if not known:
        return []
    return [
        month for month in months
        if known.get(format_month(month), EARLIER in known) or (CATALOGUE in known and month in changed)
    ]


def derived_in(connection: sa.Connection) -> Callable[[datetime.date], bool]:
    """Whether a month may have facts that follow from lines: it has where they are noted, and may have where nobody
    knows what its facts are from."""
    months = set(connection.execute(
        sa.select(noted.c.month).where(noted.c.import_id == schema.DERIVED).distinct()
    ).scalars())
    known = dict(connection.execute(sa.select(state.c.about, state.c.is_stale)).all())
    return lambda month: month in months or bool(known.get(format_month(month), EARLIER in known))


def _set(connection: sa.Connection, about: Collection[str], *, is_stale: bool) -> None:
    if about:
        connection.execute(sa.delete(state).where(state.c.about.in_(sorted(about))))
        connection.execute(sa.insert(state), [{"about": each, "is_stale": is_stale} for each in sorted(about)])


def _into(rows: sa.Select) -> sa.Insert:
    return sa.insert(noted).from_select([column.name for column in noted.columns], rows)


def _next_step(connection: sa.Connection) -> int:
    """What changes facts writes into the ledger, too: no two changes of one sum get the same number."""
    return (connection.execute(sa.select(sa.func.max(schema.changed_month.c.id))).scalar() or 0) + 1
