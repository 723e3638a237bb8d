"""Which passwords are refused, and in which form they are looked at."""

import sys
import unicodedata

import pytest

from domain.errors import Refused
from domain.passwords import LONGEST, LONGEST_TYPED, normal_form, refuse_weak

ACCENTED = "e\u0301xqvzh"
"""Six characters as some keyboards send them, seven as others do."""


@pytest.mark.parametrize("password", [ACCENTED * 19, "\u1100\u1161\u11a8" * 64 + "quite good"])
def test_characters_are_counted_in_the_normal_form(password):
    refuse_weak(password, "anna")
    assert normal_form(password) == unicodedata.normalize("NFKC", password)


@pytest.mark.parametrize("password", ["good one " * 14 + "xyz", ACCENTED * 22, "good one " * 10_000])
def test_one_character_too_many_is_refused(password):
    with pytest.raises(Refused, match="the password has more than 128 characters; it must have 8 to 128"):
        refuse_weak(password, "anna")


def test_what_is_cut_off_before_it_is_normalised_was_too_long_in_any_form():
    characters = filter(str.isprintable, map(chr, range(sys.maxunicode + 1)))
    most = max(len(unicodedata.normalize("NFKD", one)) for one in characters if normal_form(one) == one)
    assert LONGEST_TYPED // most > LONGEST
