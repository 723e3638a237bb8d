"""Brands, products and listings of the demo: believable, all different, the same for the same seed."""

import datetime
from collections import Counter

from database.demo.catalog import make_brands, make_listings, make_products
from database.demo.names import CATEGORIES, brand_name
from database.demo.shape import DemoShape

THROUGH = datetime.date(2026, 11, 21)
MILLION = DemoShape.of_size(1_000_000, seed=1, through=THROUGH)
BENCHMARK = DemoShape(
    through=datetime.date(2026, 10, 31), facts=68_000_000, brands=487, categories=9, products=43_706, selling=4_000,
    facts_per_group=24, metrics=MILLION.metrics[:10],
)


def test_a_million_facts_have_forty_brands_in_eight_categories():
    brands = make_brands(MILLION)
    assert len({brand.name for brand in brands}) == 40
    assert {brand.category for brand in brands} == {category.name for category in CATEGORIES[:8]} | {None}
    assert Counter(brand.group for brand in brands) == {"own": 30, "partner": 9, "stock": 1}


def test_one_brand_is_excluded_and_one_has_no_category():
    brands = make_brands(MILLION)
    assert [brand.name for brand in brands if brand.group == "stock"] == ["Clearance Stock"]
    assert [brand.name for brand in brands if brand.category is None] == ["Silver Birch"]


def test_brand_names_never_repeat():
    names = [brand_name(number) for number in range(2_000)]
    assert len(set(names)) == 2_000
    assert names[40] == "Nordvale Home"


def test_every_brand_sells_and_some_products_have_no_brand():
    brands = make_brands(MILLION)
    owners = Counter(
        product.brand.name if product.brand else None for product in make_products(MILLION, brands)[: MILLION.selling]
    )
    assert set(owners) == {brand.name for brand in brands} | {None}
    assert 5 <= owners[None] <= 30
    assert owners["Nordvale"] > 5 * owners["Driftline"]


def test_products_have_names_statuses_and_asins_of_their_own():
    products = make_products(MILLION, make_brands(MILLION))
    asins = {product.asin for product in products}
    assert len(asins) == len(products) == 1253
    assert all(len(asin) == 10 and asin.startswith("B0D") and asin.isascii() and asin.isalnum() for asin in asins)
    assert {product.status for product in products} == {"Active", "New", "Discontinued", "Inactive"}
    assert all(product.status == "Inactive" for product in products[MILLION.selling :])
    assert all(len(product.name) <= 100 for product in products)


def test_listings_are_met_to_within_one_life():
    listings = make_listings(MILLION, make_products(MILLION, make_brands(MILLION)))
    months = sum(listing.last - listing.first + 1 for listing in listings)
    assert MILLION.listing_months <= months < MILLION.listing_months + 37
    assert all(0 <= listing.first <= listing.last <= 36 for listing in listings)
    assert len({(listing.product.asin, listing.marketplace) for listing in listings}) == len(listings)


def test_a_benchmark_of_68_million_facts_is_one_more_shape():
    brands = make_brands(BENCHMARK)
    products = make_products(BENCHMARK, brands)
    listings = make_listings(BENCHMARK, products)
    assert (len({brand.name for brand in brands}), len({product.asin for product in products})) == (487, 43_706)
    assert len({brand.category for brand in brands} - {None}) == 9
    assert len({listing.product.asin for listing in listings}) == 4_000
    assert len({listing.marketplace for listing in listings}) == 7
    groups = 10 * sum(listing.last - listing.first + 1 for listing in listings)
    assert 2_800_000 <= groups <= 2_900_000
    assert abs(groups * 24 - 68_000_000) < 36 * 240


def test_the_same_seed_gives_the_same_catalogue_and_another_seed_another():
    def selectable(seed: int):
        shape = DemoShape.of_size(50_000, seed=seed, through=THROUGH)
        return make_listings(shape, make_products(shape, make_brands(shape)))

    assert selectable(7) == selectable(7)
    assert selectable(7) != selectable(8)
