"""Month names of six languages lead to one number, and to one only."""

import pytest

from domain.month_names import LANGUAGES, month_number


def test_no_name_is_that_of_two_months():
    for language, months in LANGUAGES.items():
        assert len(months) == 12, language
        for number, names in enumerate(months, start=1):
            assert {month_number(name) for name in names.split()} == {number}, (language, names)


@pytest.mark.parametrize(("name", "number"), [
    ("MÄRZ", 3), ("mrz", 3), ("Maerz", 3), ("fevrier", 2), ("AOÛT", 8), ("Dic", 12), ("mei", 5), ("Sept", 9), ("Okt",
        10),
])
def test_case_and_accents_do_not_matter(name, number):
    assert month_number(name) == number


@pytest.mark.parametrize("text", ["", "Total", "Janu", "Q1", "m", "0", "\u0661"])
def test_other_words_are_no_months(text):
    assert month_number(text) is None
