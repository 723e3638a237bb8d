"""Two spellings are one name, or they are not; which spelling the others meet in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.spelling import INVISIBLE, meet, name_key, product_key, read_spelled_out, spelled_out, tidy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme", "ACME"), ("Acme Toys", " acme\u00a0 toys\t"), ("Caf\u00e9", "Cafe\u0301"), ("Ac\u200bme", "Acme"),
        ("\ufeffAcme", "Acme"), ("Stra\u00dfe", "STRASSE"), ("Line\nbreak", "line break"), ("\u00c5ngstrom",
            "\u212bngstrom"),
    ],
)
def test_form_case_spaces_and_invisible_characters_do_not_matter(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Caf\u00e9", "Cafe"), ("A-B", "A B"), ("Acme", "Acme Inc"), ("AB", "A B")])
def test_accents_dashes_and_words_do(one, other):
    assert name_key(one) != name_key(other)


def test_a_name_is_kept_as_it_is_written_but_tidied():
    assert tidy("  Acme \u200b\u00a0 Toys ") == "Acme Toys"
    assert product_key(" b0test 0001\u200b") == "B0TEST0001"


@given(st.text(max_size=20), st.lists(st.sampled_from([*INVISIBLE, ""]), max_size=4))
def test_a_key_stays_the_same_however_a_name_is_dressed_up(name, invisible):
    key = name_key(name)
    assert name_key(key) == key
    assert name_key(tidy(name)) == key
    assert name_key(unicodedata.normalize("NFD", f" {name}\u00a0{''.join(invisible)}")) == key


def test_names_meet_in_the_one_that_is_known_else_in_the_most_frequent():
    assert meet({"acme": 9, "ACME": 1}, known=["Acme"]) == {"acme": "Acme", "ACME": "Acme"}
    assert meet({"acme": 1, "Acme  Toys": 5, "ACME": 2, "acme toys": 1}) == {
        "acme": "ACME", "ACME": "ACME", "Acme  Toys": "Acme Toys", "acme toys": "Acme Toys",
    }
    assert meet({"b": 1, "B": 1}) == {"b": "B", "B": "B"}
    assert meet({"acme": 1, "Acme": 1}, known=["ACME", "acme"]) == {"acme": "acme", "Acme": "ACME"}


def test_what_cannot_be_seen_is_spelled_out_and_read_again():
    for name, spelled in (
        ("Net COGS", "Net COGS"), ("Cafe\u0301", r"Cafe\u0301"), ("A\u200b\u00a0B", r"A\u200b\u00a0B"),
        ("x\U000e0001", r"x\U000e0001"), ("C:\\users", r"C:\users"), ("Ä ß 日本", "Ä ß 日本"),
    ):
        assert spelled_out(name) == spelled
        assert read_spelled_out(spelled) == name
