"""A brand's page against sums done by hand, on both engines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy.dialects.mysql

from database.engines.ports import Store
from database.engines.values import Reading
from database.queries.brand import Brand, find_brand_name, read_brand
from database.queries.brand_products import RankedProduct, Ranking, sums_statement
from database.queries.breakdown import Groups
from database.queries.losses import read_losses
from database.queries.movers import read_movers
from database.queries.products import read_products
from database.queries.ranking import SORTS
from domain.periods import calendar_at
from domain.ratios import CM3_MARGIN
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2025-08", "Net revenue", "40.00"),
    (1, 1, 5, "DE", "2025-09", "Net revenue", "20.00"),
    (2, 1, 6, "US", "2025-09", "Net revenue", "30.00"),
    (3, 1, 5, "US", "2025-09", "Net revenue", "30.00"),
    (4, 1, 5, "US", "2025-09", "Net revenue", "-20.00"),
    (1, 1, 5, "US", "2025-09", "CM3", "7.00"),
    (9, 2, 5, "US", "2025-09", "Net revenue", "5000.00"),
]
PRODUCTS = [
    {"id": 1, "asin": "B001", "name": "Train"}, {"id": 2, "asin": "B002"}, {"id": 3, "asin": "B003", "name": "Bridge"},
]
MARKETPLACES = {"DE": "DE · Germany", "US": "US"}


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2025-08"), month("2025-09"), datetime.date(2025, 11, 22))
CATALOG = Selectable(
    generation=1, first_month=month("2025-08"), last_month=month("2025-09"), metrics=("Net revenue", "CM3"),
    brands={1: "Alder", 2: "Bergwind"}, categories={5: "Toys", 6: "Games"}, marketplaces={"DE": "Germany", "US": ""},
)


@pytest.fixture
def published(store: Store) -> Store:
    publish(
        store, ROWS, brands={1: "Alder", 2: "Bergwind", 3: "Cedar"},
        products=PRODUCTS,
    )
    return store


def of_brand(brand: int, **parts) -> Selection:
    usual = {"first": month("2025-08"), "last": month("2025-09"), "compare": "none"}
    return Selection(calendar=CALENDAR, period="", brands=(brand,), **(usual | parts))


def read(store: Store, selection: Selection) -> Brand:
    return store.read(lambda reading: read_brand(reading.connection, selection, CATALOG, start=0, limit=50))


def test_products_are_ranked_with_their_share_and_the_share_of_all_above(published: Store) -> None:
    found = read(published, of_brand(1)).products

    assert found == Ranking(
        products=(
            RankedProduct(1, 1, "B001", "Train", Decimal("60.00"), Decimal("0.6"), Decimal("0.6")),
            RankedProduct(2, 2, "B002", "B002", Decimal("30.00"), Decimal("0.3"), Decimal("0.9")),
            RankedProduct(3, 3, "B003", "Bridge", Decimal("30.00"), Decimal("0.3"), Decimal("1.2")),
            RankedProduct(4, 4, None, "(product 4)", Decimal("-20.00"), Decimal("-0.2"), Decimal("1")),
        ),
        total=Decimal("100.00"),
    )
    assert (found.reached, found.below_zero) == (2, 1)


def test_a_brand_that_loses_in_all_has_no_shares_and_no_mark(published: Store) -> None:
    found = read(published, of_brand(1, categories=(5,), marketplaces=("US",), metric="Net revenue", scope=(1,)))
    assert [(row.key, row.value) for row in found.products.products] == [
        (1, Decimal("40.00")), (3, Decimal("30.00")), (4, Decimal("-20.00")),
    ]

    publish(published, [(4, 1, 5, "US", "2025-09", "Net revenue", "-20.00")], generation=2)
    losing = read(published, of_brand(1)).products
    assert (losing.reached, losing.products[0].share, losing.products[0].cumulative) == (None, None, None)


def test_headlines_months_marketplaces_and_products_have_one_total(published: Store) -> None:
    found = read(published, of_brand(1))

    assert found.headlines[0].value == Decimal("100.00")
    assert [row.value for row in found.months] == [Decimal("40.00"), Decimal("60.00")]
    assert [(row.name, row.value) for row in found.marketplaces.rows] == [
        ("US", Decimal("80.00")), ("DE · Germany", Decimal("20.00")),
    ]
    assert found.marketplaces.total.value == found.products.total == Decimal("100.00")
    line = found.profit.line("Net revenue")
    assert line is not None and line.figure.value == Decimal("100.00")
    assert found.categories == (5, 6)
    assert not found.is_empty


def test_a_brand_outside_the_readers_brands_has_no_figure(published: Store) -> None:
    found = read(published, of_brand(2, scope=(1,)))

    assert found.is_empty
    assert found.products == Ranking((), None)


def test_a_brand_has_its_name_for_those_who_may_see_it(published: Store) -> None:
    expected = {
        (1, None): "Alder", (1, (1,)): "Alder", (1, (2,)): None, (1, ()): None,
        (3, None): "Cedar", (3, (3,)): "Cedar", (3, (1,)): None, (99, None): None, (99, (99,)): None,
        (0, None): "(unassigned)", (0, (1,)): None,
    }

    found = published.read(
        lambda reading: {
            (number, scope): find_brand_name(reading.connection, CATALOG, number, scope=scope)
            for number, scope in expected
        }
    )

    assert found == expected


def test_its_table_movers_and_loss_makers_are_those_of_the_page_of_products_and_the_dashboard(published: Store) -> None:
    publish(published, [
        *ROWS,
        (1, 1, 5, "US", "2025-08", "Net units", "4.00"), (2, 1, 6, "US", "2025-09", "Net units", "2.00"),
        (2, 1, 6, "US", "2025-09", "CM3", "-3.00"), (3, 1, 5, "US", "2025-08", "Net revenue", "12.00"),
        (4, 1, 5, "US", "2025-08", "CM3", "-1.00"), (5, 1, 5, "US", "2025-08", "Net revenue", "9.00"),
    ], generation=2, brands=CATALOG.brands, products=PRODUCTS)
    measures = [{"metric": "Net revenue"}, {"metric": "CM3"}, {"metric": "", "ratio": CM3_MARGIN}]
    selections = [
        of_brand(1, sort=sort, order=order, **parts)
        for parts in measures for sort in SORTS for order in ("asc", "desc")
    ] + [of_brand(1, first=month("2025-09"), compare="previous", sort=sort) for sort in SORTS]

    def question(reading: Reading) -> list[tuple]:
        found = []
        for selection in selections:
            story = read_brand(reading.connection, selection, CATALOG, start=1, limit=2)
            found.append((
                (story.table, story.movers, story.losses),
                (
                    read_products(reading.connection, selection, CATALOG.brands, start=1, limit=2),
                    read_movers(reading.connection, selection, CATALOG.brands, Groups({}, {}, {})),
                    read_losses(reading.connection, selection),
                ),
            ))
        return found

    found = published.read(question)
    assert [of_page for of_page, _ in found] == [elsewhere for _, elsewhere in found]
    assert found[-1][0][1] is not None and found[-1][0][2].count == 1 and found[0][0][0].count == 5


def test_the_ranking_reads_the_product_level_once_and_by_brand() -> None:
    statement = str(sums_statement(of_brand(1)).compile(dialect=sqlalchemy.dialects.mysql.dialect()))

    assert statement.count("financials_summary_monthly_asin_marketplace ") == 1
    assert "brand_id IN" in statement
