"""What each import gave, counted from the facts of a month: where what was noted with them does not hold."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.facts.import_sums import grain_of_facts, mark_noted, noted, product
from database.schema import ALL_MARKETPLACES
from database.summaries.rollups import MonthFacts, archived, facts, of_month


def count_anew(connection: sa.Connection, month: MonthFacts, *, sums_apart: bool = False) -> None:
    """Makes what is noted of a month what its facts give, in `connection`'s transaction. Of facts in a file no import
    is known any more. With `sums_apart` facts are summed in a subquery that names nothing else."""
    connection.execute(sa.delete(noted).where(noted.c.month == month.month))
    sums = [_apart(month) if sums_apart else _of_facts(month)]
    if month.is_archived:
        sums.append(_of_file(month))
    rows = sa.union_all(*sums).subquery("counted")
    keys = [rows.c[name] for name in KEY]
    connection.execute(sa.insert(noted).from_select(
        ["month", *KEY, "step", "facts", "value"],
        sa.select(
            sa.literal(month.month, sa.Date), *keys, sa.literal(0), sa.func.sum(rows.c.facts),
            sa.cast(sa.func.sum(rows.c.value), schema.Sum),
        ).group_by(*keys),
    ))
    mark_noted(connection, [month.month])


KEY = ("import_id", "metric", "marketplace", "brand_id", "category_id", "currency")
"""Of what is noted, beside its month and step."""


def _of_facts(month: MonthFacts) -> sa.Select:
    keys = [column.label(name) for name, column in zip(KEY, grain_of_facts(facts.c.month)[1:], strict=True)]
    return (
        sa.select(*keys, sa.func.count().label("facts"), sa.func.sum(facts.c.value).label("value"))
        .join_from(facts, product, product.c.id == facts.c.asin_id)
        .where(of_month(facts.c.month, month), _counts(facts))
        .group_by(*(key.element for key in keys))
    )


def _apart(month: MonthFacts) -> sa.Select:
    grain = (facts.c.import_id, facts.c.metric, facts.c.marketplace, facts.c.asin_id, facts.c.currency)
    found = (
        sa.select(*grain, sa.func.count().label("facts"), sa.func.sum(facts.c.value).label("value"))
        .where(of_month(facts.c.month, month), _counts(facts)).group_by(*grain).subquery("facts_of_month")
    )
    return _placed(found, sa.func.coalesce(found.c.import_id, schema.NO_IMPORT))


def _of_file(month: MonthFacts) -> sa.Select:
    is_derived = archived.c.derived == 1
    found = sa.select(
        *(archived.c[name] for name in ("metric", "marketplace", "asin_id", "currency")),
        archived.c.valued.label("facts"), archived.c.value,
        sa.case((is_derived, schema.DERIVED), else_=schema.ARCHIVED_IMPORT).label("import_id"),
    ).where(archived.c.month == month.month, _counts(archived)).subquery("facts_of_file")
    return _placed(found, found.c.import_id)


def _placed(found: sa.Subquery, import_id: sa.ColumnElement) -> sa.Select:
    return sa.select(
        import_id.label("import_id"), found.c.metric, found.c.marketplace,
        sa.func.coalesce(product.c.brand_id, 0).label("brand_id"),
        sa.func.coalesce(product.c.category_id, 0).label("category_id"),
        sa.func.coalesce(found.c.currency, "").label("currency"), found.c.facts, found.c.value,
    ).join_from(found, product, product.c.id == found.c.asin_id)


def _counts(found: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        found.c.metric != "", found.c.marketplace != "", found.c.marketplace != ALL_MARKETPLACES,
        found.c.value.is_not(None),
    )
