"""The shape of demo data: how many months, products and rows it stands for."""

import datetime

from database.demo import DemoShape
from domain.months import format_month

date = datetime.date


def months_of(shape: DemoShape) -> tuple[str, str, int]:
    calendar = shape.calendar()
    return format_month(calendar[0]), format_month(calendar[-1]), len(calendar)


def test_a_month_in_progress_follows_36_complete_months():
    shape = DemoShape(through=date(2026, 11, 21))
    assert months_of(shape) == ("2023-11", "2026-11", 37)
    assert shape.share_of_last_month() == 21 / 30


def test_on_the_last_day_of_a_month_that_month_is_complete():
    shape = DemoShape(through=date(2024, 2, 29))
    assert months_of(shape) == ("2021-03", "2024-02", 36)
    assert shape.share_of_last_month() == 1


def test_the_first_day_of_a_year_is_a_month_in_progress():
    assert months_of(DemoShape(through=date(2026, 1, 1), months=2)) == ("2025-11", "2026-01", 3)


def test_a_million_facts_are_a_shop_of_a_thousand_products():
    shape = DemoShape.of_size(1_000_000, seed=1, through=date(2026, 11, 21))
    assert (shape.selling, shape.products, shape.brands, shape.categories) == (1157, 1253, 40, 8)
    assert (shape.facts_per_group, shape.listing_months) == (1, 83_333)


def test_a_hundred_million_facts_are_more_facts_per_product():
    shape = DemoShape.of_size(100_000_000, seed=1, through=date(2026, 11, 21))
    assert (shape.selling, shape.facts_per_group) == (20_000, 6)


def test_a_small_shop_still_has_forty_products():
    assert DemoShape.of_size(20_000, seed=1, through=date(2026, 11, 21)).selling == 40
    assert DemoShape.of_size(1_000, seed=1, through=date(2026, 11, 21)).selling == 2
