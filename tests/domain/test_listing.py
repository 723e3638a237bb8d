"""The catalogue's addresses: what is understood, what is refused, how it is written back."""

import pytest

from domain.errors import SelectionError
from domain.listing import BRANDS, OF_SOME_BRANDS, PRODUCTS, UNASSIGNED, Listing, parse_listing


def test_without_parameters_the_first_permitted_list_is_meant():
    assert parse_listing([]) == Listing(UNASSIGNED, "", 1)
    assert parse_listing([("show", "")], permitted=OF_SOME_BRANDS) == Listing(PRODUCTS, "", 1)


def test_an_address_is_understood_and_written_back():
    asked = parse_listing([("show", "brands"), ("search", " Red   brick& "), ("page", "3")])
    assert asked == Listing(BRANDS, "Red brick&", 3)
    assert asked.query_string() == "show=brands&search=Red%20brick%26&page=3"
    assert asked.changed(search="").query_string() == "show=brands"


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("show", "all")], "show 'all' is not one of unassigned, products, uncategorised, brands"),
        ([("period", "3m")], "unknown parameter 'period'; permitted are show, search, page"),
        ([("show", "brands"), ("show", "brands")], "show is given twice"),
        ([("page", "0")], "page '0' is not a whole number from 1"),
        ([("page", "٣")], "is not a whole number from 1"),
        ([("search", "x" * 101)], "search has 101 characters; permitted are 100"),
        ([("search", "a\x00b")], "holds a character that cannot be typed"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_permitted(pairs, words):
    with pytest.raises(SelectionError, match=words.replace("(", r"\(")):
        parse_listing(pairs)


def test_a_limited_reader_is_not_offered_what_belongs_to_nobody():
    with pytest.raises(SelectionError, match="show 'unassigned' is not one of products, uncategorised, brands"):
        parse_listing([("show", "unassigned")], permitted=OF_SOME_BRANDS)
