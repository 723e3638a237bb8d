"""From a figure to its lines: what is behind it adds up to it."""

from __future__ import annotations

import os
import random
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.imports.derived_facts import counting_rules
from database.lines.behind import Figure, Following
from database.lines.told_rows import LINE, rows_behind
from tests.conftest import LONG_SEED
from tests.database.lines.conftest import files, take_all

FIGURES = int(os.environ.get("LONG_FIGURES", "200"))
"""A thousand in the long run."""


def test_of_random_figures_what_is_behind_adds_up_to_each(seller):
    take_all(seller, files("settlement_*.txt", "ads_us.csv", "storage_*.csv", "orders_de_*.txt",
                           "transactions_us_2025-02.csv"))
    fact, product = schema.financials, schema.asin
    with seller.facts() as connection:
        found = connection.execute(
            sa.select(product.c.asin, fact.c.month, fact.c.marketplace, fact.c.metric, fact.c.value)
            .join_from(fact, product, product.c.id == fact.c.asin_id)
            .order_by(product.c.asin, fact.c.month, fact.c.marketplace, fact.c.metric)
        ).all()
        chosen = random.Random(os.environ[LONG_SEED]).sample(found, min(FIGURES, len(found)))
        lines, following = 0, Following(connection, counting_rules(seller), {})
        for *figure, value in chosen:
            rows = list(rows_behind(following.behind(Figure(*figure))))
            assert sum((row.value for row in rows), Decimal(0)) == value, figure
            lines += sum(row.what == LINE for row in rows)
    assert len(chosen) == min(FIGURES, len(found))
    assert lines > 2 * len(chosen)
