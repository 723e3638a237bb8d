"""A kept earlier generation reads as it was, also when the newer one replaced months in place."""

import pytest
import sqlalchemy as sa

from database import schema
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import GenerationGone
from tests.facts import add_facts


def rows_of(store, generation: int) -> list[tuple]:
    asin, brand = schema.summary_asin, schema.summary_brand.alias("b")

    def ask(reading):
        assert reading.generation.generation == generation
        joined = (
            sa.select(asin.c.asin_id, asin.c.month, asin.c.metric, asin.c.value, sa.func.sum(brand.c.total_value))
            .join_from(asin, brand, (brand.c.brand_id == asin.c.brand_id) & (brand.c.month == asin.c.month))
            .group_by(asin.c.asin_id, asin.c.month, asin.c.metric, asin.c.value)
            .order_by(*(sa.literal_column(str(place)) for place in (1, 2, 3, 4)))
        )
        categories = sa.select(sa.func.sum(schema.summary_category.c.total_value))
        return [tuple(row) for row in reading.connection.execute(joined)], reading.connection.scalar(categories)

    return store.read(ask, generation=generation)


@pytest.mark.parametrize("full", [False, True])
def test_the_generation_before_reads_as_it_was(shop, full):
    refresh(shop)
    first = rows_of(shop, 1)
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1.00"), ("B1", "DE", "Net revenue", "2024-04", "7.00")])
    refresh(shop, RefreshOptions(full=full))
    assert rows_of(shop, 1) == first
    assert rows_of(shop, 2) != first


def test_a_generation_that_is_not_kept_is_gone(shop):
    refresh(shop)
    for value in ("1.00", "2.00"):
        add_facts(shop, [("B1", "US", "CM3", "2024-02", value)])
        refresh(shop)
    with pytest.raises(GenerationGone, match="generation 1 is not kept any more; generation 3 is live"):
        rows_of(shop, 1)
    with pytest.raises(GenerationGone):
        rows_of(shop, 9)


def test_a_generation_that_was_rolled_back_is_gone(shop):
    refresh(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1.00")])
    refresh(shop)
    roll_back(shop)
    with pytest.raises(GenerationGone):
        rows_of(shop, 2)
