"""What can be chosen: metrics, brands, categories, marketplaces and months that have figures."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database.engines.values import Reading
from database.queries.conversion import read_conversions
from database.queries.coverage import read_unsettled
from database.schema import (
    ALL_MARKETPLACES,
    COST_SUMMARIES,
    UNASSIGNED,
    UNCATEGORISED,
    asin,
    brand,
    category,
    marketplace,
    summary_brand,
    summary_bridge,
    summary_category,
    summary_day,
    summary_restated,
)
from domain.amazon import ACCOUNT
from domain.marketplaces import NOWHERE, NOWHERE_WORDS
from domain.metrics import PROFIT_TREE, UNITS
from domain.selection import Selectable
from domain.shared_costs import read_spread, without_shares

UNASSIGNED_NAME = "(unassigned)"
UNCATEGORISED_NAME = "(uncategorised)"

_ORDER = {metric: position for position, metric in enumerate((*PROFIT_TREE, *UNITS))}


def read_selectable(reading: Reading, *, today: datetime.date, scope: tuple[int, ...] | None = None) -> Selectable:
    """Everything with figures in the generation that is read, within the brands of `scope` (None: all).
    Without any month, its months are today's."""
    connection, generation = reading.connection, reading.generation
    month = today.replace(day=1)
    return Selectable(
        generation=generation.generation,
        first_month=generation.first_month or month,
        last_month=generation.last_month or month,
        metrics=_metrics(connection, scope),
        brands=_names(
            connection, sa.select(brand.c.id, brand.c.brand), _used(summary_brand, "brand_id", scope),
            none={UNASSIGNED: UNASSIGNED_NAME}, kind="brand",
        ),
        categories=_names(
            connection, sa.select(category.c.id, category.c.category), _used(summary_category, "category_id", scope),
            none={UNCATEGORISED: UNCATEGORISED_NAME}, kind="category",
        ),
        marketplaces=_marketplaces(connection, scope),
        is_restated=_is_restated(reading),
        # Settlements are of all brands at once, and not for whoever is limited to some.
        unsettled=read_unsettled(connection, generation) if scope is None else (),
        knows_costs=_tells_of(reading, *COST_SUMMARIES),
        knows_bridges=_tells_of(reading, summary_bridge),
        knows_days=_tells_of(reading, summary_day),
        spread=read_spread(generation.spread),
        place_of_nobody=_place_of_nobody(connection) if generation.spread else (UNASSIGNED, UNCATEGORISED),
        rates=read_conversions(reading, scope=scope),
    )


def _is_restated(reading: Reading) -> bool:
    generation = summary_restated.c.generation
    known = sa.select(generation).where(generation <= reading.generation.generation).limit(1)
    return reading.connection.execute(known).first() is not None


def _place_of_nobody(connection: sa.Connection) -> tuple[int, int]:
    """Brand and category of the product that stands for none; usually it has neither."""
    own = sa.select(asin.c.brand_id, sa.func.coalesce(asin.c.category_id, brand.c.category_id)).select_from(
        asin.outerjoin(brand, brand.c.id == asin.c.brand_id)
    ).where(asin.c.asin == ACCOUNT)
    found = connection.execute(own).first() or (None, None)
    return found[0] or UNASSIGNED, found[1] or UNCATEGORISED


def _tells_of(reading: Reading, *tables: sa.Table) -> bool:
    """Whether any of these published tables has a row of the generation that is read."""
    known = [
        sa.select(table.c.generation).where(table.c.generation == reading.generation.generation) for table in tables
    ]
    return reading.connection.execute(sa.union_all(*known).limit(1)).first() is not None


def _used(table: sa.Table, column: str, scope: tuple[int, ...] | None) -> sa.Select:
    """Every value of `column` that has figures. What only other brands have is not even named."""
    if scope is None:
        return sa.select(table.c[column]).distinct()
    return sa.select(summary_brand.c[column]).where(summary_brand.c.brand_id.in_(scope)).distinct()


def _metrics(connection: sa.Connection, scope: tuple[int, ...] | None) -> tuple[str, ...]:
    """In the order of the P&L; metrics outside it follow by name."""
    names = connection.execute(_used(summary_category, "metric", scope)).scalars()
    return tuple(sorted(without_shares(names), key=lambda name: (_ORDER.get(name, len(_ORDER)), name)))


def _names(
    connection: sa.Connection, named: sa.Select, used: sa.Select, *, none: dict[int, str], kind: str
) -> dict[int, str]:
    """Id -> name of every used id, by name; what stands for "none" comes last."""
    known = dict(connection.execute(named).all()) | none
    found = [(number, known.get(number) or f"({kind} {number})") for number in connection.execute(used).scalars()]
    return dict(sorted(found, key=lambda pair: (pair[0] in none, pair[1].casefold(), pair[0])))


def _marketplaces(connection: sa.Connection, scope: tuple[int, ...] | None) -> dict[str, str]:
    # Codes are matched in Python: an older schema's tables may differ in collation, and would not join.
    named = connection.execute(sa.select(marketplace.c.code, marketplace.c.country_name)).all()
    countries = {NOWHERE: NOWHERE_WORDS, **dict(named)}
    codes = connection.execute(_used(summary_brand, "marketplace", scope)).scalars()
    return {code: countries.get(code) or "" for code in sorted(codes) if code != ALL_MARKETPLACES}
