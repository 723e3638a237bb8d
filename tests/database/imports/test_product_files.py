"""Products and brand files: their names meet in those that are stored, and only in those that one may see."""

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.products import take_products
from database.imports.staging import Met
from domain.errors import Refused
from tests.database.imports.conftest import HEADINGS

STORED = HEADINGS + "B0TEST0001,Alder,Toys,US,CM1,2024-01,1\nB0TEST0002,Birch,Games,US,CM1,2024-01,1\n"


def places(store) -> list[tuple]:
    asin, brand, category = schema.asin, schema.brand, schema.category
    with store.facts() as connection:
        return [tuple(row) for row in connection.execute(
            sa.select(asin.c.asin, asin.c.name, brand.c.brand, category.c.category)
            .join_from(asin, brand, brand.c.id == asin.c.brand_id, isouter=True)
            .join(category, category.c.id == asin.c.category_id, isouter=True).order_by(asin.c.asin)
        )]


def test_names_meet_in_stored_ones_and_the_report_says_which(store, take, write):
    take(STORED)
    report = take_products(
        store, write("asin,name,brand,category\n b0test 0001,Mug,BIRCH,games\nb0test0003,Cup,Al\u200bder,TOYS \n"),
        dry_run=False,
    )
    assert places(store) == [
        ("B0TEST0001", "Mug", "Birch", "Games"), ("B0TEST0002", None, "Birch", "Games"),
        ("B0TEST0003", "Cup", "Alder", "Toys"),
    ]
    assert report.met == (
        Met("product", "b0test 0001", "B0TEST0001"), Met("product", "b0test0003", "B0TEST0003"),
        Met("brand", "BIRCH", "Birch"), Met("category", "TOYS", "Toys"), Met("category", "games", "Games"),
    )
    assert (report.created, report.brands, report.categories) == (1, 0, 0)
    assert "  BIRCH was read as the brand Birch" in report.lines()
    brands = take_products(store, write("brand,category,group\nALDER,toys,Own\n", "brands.csv"), dry_run=False)
    assert (brands.created, brands.categories, brands.met[0]) == (0, 0, Met("brand", "ALDER", "Alder"))


def test_two_spellings_of_one_product_or_brand_are_the_same_twice(store, take, write):
    take(STORED)
    for text, words in (
        ("asin,name\nB0TEST0001,Mug\nb0test0001,Cup\n", "line 3, column asin: 'b0test0001' stands there again; line 2"),
        ("brand,group\nAlder,Own\nALDER,Other\n", "line 3, column brand: 'ALDER' stands there again; line 2"),
        ("asin,name\n3.06E+09,Mug\n", "is an ASIN that a spreadsheet took for a number"),
    ):
        with pytest.raises(Refused) as caught:
            take_products(store, write(text), dry_run=False)
        assert words in str(caught.value)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_whoever_is_limited_meets_in_names_of_their_own_brands_alone(store, take, write):
    take(STORED)
    with store.facts() as connection:
        own = connection.execute(sa.select(schema.brand.c.id).where(schema.brand.c.brand == "Alder")).scalar()
    report = take_products(
        store, write("asin,brand,category\nb0test0001,ALDER,TOYS\n"), dry_run=True, only_brands={own}
    )
    assert [met.name for met in report.met] == ["B0TEST0001", "Alder", "Toys"]
    with pytest.raises(Refused) as caught:
        take_products(store, write("asin,brand\nb0test0001,BIRCH\n"), dry_run=True, only_brands={own})
    assert "'BIRCH' is not one of your brands" in str(caught.value)
    with pytest.raises(Refused) as caught:
        take_products(store, write("asin,category\nb0test0002,games\n"), dry_run=True, only_brands={own})
    assert caught.value.faults == (
        "column asin: 'B0TEST0002' is not one of your products",
        "column category: 'games' is not a category of your brands",
    )
