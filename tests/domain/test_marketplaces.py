"""Every way of naming a marketplace of Amazon's leads to its one code; what is none is kept."""

import pytest

from domain.marketplaces import MARKETPLACES, currency_of, marketplace_code, site_code
from domain.spelling import name_key


@pytest.mark.parametrize("text", [
    "US", "us", " U.S. ", "USA", "United States", "united  states", "Amazon.com", "www.amazon.com", "https://www.amazon.com/",
    "ATVPDKIKX0DER", "atvpdkikx0der", "Amazon US", "Vereinigte Staaten", "\u200bUS",
])
def test_the_united_states_are_one_marketplace(text):
    assert marketplace_code(text) == "US"


@pytest.mark.parametrize(("text", "code"), [
    ("GB", "UK"), ("Amazon.co.uk", "UK"), ("Deutschland", "DE"), ("A1PA6795UKMFR9", "DE"), ("Amazon.de", "DE"),
    ("amazon.co.jp", "JP"), ("日本", "JP"), ("Amazon.com.be", "BE"), ("Türkiye", "TR"), ("España", "ES"), ("UAE", "AE"),
])
def test_each_other_likewise(text, code):
    assert marketplace_code(text) == code


def test_no_spelling_is_that_of_two_marketplaces():
    found: dict[str, set[str]] = {}
    for place in MARKETPLACES:
        for spelling in (place.code, place.amazon_id, *place.sites, *place.names):
            found.setdefault(name_key(spelling), set()).add(place.code)
            assert marketplace_code(spelling) == place.code
    assert {spelling: codes for spelling, codes in found.items() if len(codes) > 1} == {}


def test_another_text_is_kept():
    assert [marketplace_code(text) for text in ("Walmart", " Ebay  DE ", "Non-Amazon")] == ["Walmart", "Ebay DE",
        "Non-Amazon"]


def test_a_site_of_amazons_is_one_and_nothing_else_is():
    assert [site_code(text) for text in ("Amazon.com", "amazon.in", "Non-Amazon US", "US", "Amazon.moon",
        "SI CA Prod Marketplace")] == [
        "US", "IN", None, None, None, None,
    ]


def test_a_marketplace_has_the_currency_it_sells_in():
    assert [currency_of(code) for code in ("US", "DE", "JP", "Walmart")] == ["USD", "EUR", "JPY", None]
