"""What can be chosen: metrics, brands, categories, marketplaces and months that have figures."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database.engines.base import Reading
from database.schema import (
    ALL_MARKETPLACES,
    UNASSIGNED,
    UNCATEGORISED,
    brand,
    category,
    marketplace,
    summary_brand,
    summary_category,
)
from domain.metrics import PROFIT_TREE, UNITS
from domain.selection import Catalogue

UNASSIGNED_NAME = "(unassigned)"
UNCATEGORISED_NAME = "(uncategorised)"

_ORDER = {metric: position for position, metric in enumerate((*PROFIT_TREE, *UNITS))}


def read_catalogue(reading: Reading, *, today: datetime.date) -> Catalogue:
    """Everything with figures in the generation that is read. Without any month, its months are today's."""
    connection, generation = reading.connection, reading.generation
    month = today.replace(day=1)
    return Catalogue(
        generation=generation.generation,
        first_month=generation.first_month or month,
        last_month=generation.last_month or month,
        metrics=_metrics(connection),
        brands=_names(connection, brand, brand.c.brand, summary_brand.c.brand_id, {UNASSIGNED: UNASSIGNED_NAME}),
        categories=_names(
            connection, category, category.c.category, summary_category.c.category_id,
            {UNCATEGORISED: UNCATEGORISED_NAME},
        ),
        marketplaces=_marketplaces(connection),
    )


def _metrics(connection: sa.Connection) -> tuple[str, ...]:
    """In the order of the P&L; metrics outside it follow by name."""
    names = connection.execute(sa.select(summary_category.c.metric).distinct()).scalars()
    return tuple(sorted(names, key=lambda name: (_ORDER.get(name, len(_ORDER)), name)))


def _names(
    connection: sa.Connection, table: sa.Table, name: sa.Column, used: sa.Column, fixed: dict[int, str]
) -> dict[int, str]:
    """Id -> name of every used id, by name; what stands for "none" comes last."""
    known = dict(connection.execute(sa.select(table.c.id, name)).all()) | fixed
    ids = connection.execute(sa.select(used).distinct()).scalars()
    named = [(number, known.get(number) or f"({table.name} {number})") for number in ids]
    return dict(sorted(named, key=lambda pair: (pair[0] in fixed, pair[1].casefold(), pair[0])))


def _marketplaces(connection: sa.Connection) -> dict[str, str]:
    # Codes are matched in Python: an older schema's tables may differ in collation, and would not join.
    countries = dict(connection.execute(sa.select(marketplace.c.code, marketplace.c.country_name)).all())
    codes = connection.execute(sa.select(summary_brand.c.marketplace).distinct()).scalars()
    return {code: countries.get(code) or "" for code in sorted(codes) if code != ALL_MARKETPLACES}
