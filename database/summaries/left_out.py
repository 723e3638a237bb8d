"""The single facts that summaries leave out, by the rules that verification counts them with.

They are read from the facts as they stand, which may be newer than the live generation.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.opening import facts_when_free
from database.summaries.fact_sums import NO_VALUE, WITHOUT_MONTH, reason_left_out
from database.summaries.rollups import facts
from domain.months import last_day

AT_ONCE = 10_000


@dataclass(frozen=True)
class LeftOutFact:
    """One row of `financials`. `asin` and `brand` are None where there is no such product or brand, import and
    file where another program inserted the fact."""

    id: int
    asin_id: int | None
    asin: str | None
    brand: str | None
    marketplace: str | None
    metric: str | None
    month: datetime.date | None
    value: Decimal | None
    import_id: int | None
    file_name: str | None


def left_out_facts(
    store: Store, reason: str, *, month: datetime.date | None = None, metric: str | None = None, wait: float = 0
) -> Iterator[LeftOutFact]:
    """The facts left out for `reason` (see `fact_sums`), of one month and metric if these are given, in the
    order of months, metrics and ids. Reads them as they are asked for, however many there are; facts that another
    process has open are tried for so many seconds."""
    query = _query(reason, store.settings.refresh.exclude_groups)
    if month is not None:
        query = query.where(facts.c.month.between(month, last_day(month)))
    if metric is not None:
        query = query.where(facts.c.metric == metric)
    with facts_when_free(store, wait) as connection:
        rows = connection.execution_options(stream_results=True, max_row_buffer=AT_ONCE).execute(query)
        for row in rows:
            yield LeftOutFact(*row)


def _query(reason: str, exclude_groups: Collection[str]) -> sa.Select:
    asin, brand, book = schema.asin, schema.brand, schema.financials_import
    why = sa.case(
        (facts.c.value.is_(None), NO_VALUE),
        (facts.c.month.is_(None), WITHOUT_MONTH),
        else_=reason_left_out(facts, exclude_groups),
    )
    return (
        sa.select(
            facts.c.id, facts.c.asin_id, asin.c.asin, brand.c.brand, facts.c.marketplace, facts.c.metric,
            facts.c.month, facts.c.value, facts.c.import_id, book.c.file_name,
        )
        .select_from(
            facts.outerjoin(asin, asin.c.id == facts.c.asin_id)
            .outerjoin(brand, brand.c.id == asin.c.brand_id)
            .outerjoin(book, book.c.id == facts.c.import_id)
        )
        .where(why == reason)
        .order_by(facts.c.month, facts.c.metric, facts.c.id)
    )
