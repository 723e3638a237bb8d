"""Which passwords are refused, and in which form they are looked at."""

import subprocess
import sys
import unicodedata

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from database.people.common_passwords import is_common
from domain.errors import Refused
from domain.passwords import LONGEST, LONGEST_TYPED, SHORTEST, normal_form, refuse_weak
from settings import ROOT

ACCENTED = "e\u0301xqvzh"
"""Six characters as some keyboards send them, seven as others do."""


@pytest.mark.parametrize("password", [ACCENTED * 19, "\u1100\u1161\u11a8" * 64 + "quite good"])
def test_characters_are_counted_in_the_normal_form(password):
    refuse_weak(password, "anna", is_common)
    assert normal_form(password) == unicodedata.normalize("NFKC", password)


@pytest.mark.parametrize("password", ["good one " * 14 + "xyz", ACCENTED * 22, "good one " * 10_000])
def test_one_character_too_many_is_refused(password):
    with pytest.raises(Refused, match="the password has more than 128 characters; it must have 8 to 128"):
        refuse_weak(password, "anna", is_common)


@pytest.mark.parametrize("password", [
    "mercedes", "chocolate", "samantha", "asdfghjk", "qwertyui", "asdf1234", "liverpool1", "Liverpool2025!",
    "Passwort1", "Lego2024!", "legolego", "LegoDashboard", "12341234", "87654321", "abcdefgh", "Testtest99", "zyxwvuts",
])
def test_what_is_tried_first_is_refused(password):
    with pytest.raises(Refused, match="one of the first that are tried"):
        refuse_weak(password, "anna", is_common)


@pytest.mark.parametrize("password", [
    "correct horse battery", "quite another good one", "vX3-kqpz", "83920174ab", "noisy-lamp-7", "corréct hörse",
])
def test_what_nobody_tries_first_is_taken(password):
    refuse_weak(password, "anna", is_common)


def test_the_three_thousand_most_common_passwords_of_eight_characters_are_refused():
    common = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST]
    assert len(common) >= 3000
    for word in common:
        with pytest.raises(Refused):
            refuse_weak(word, "anna", is_common)


def test_the_lists_are_read_when_a_password_is_chosen_and_not_before():
    program = "import sys, flask_app, web, web.people.proof, commands.create_user; sys.exit('zxcvbn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60).returncode == 0


def test_what_is_cut_off_before_it_is_normalised_was_too_long_in_any_form():
    characters = filter(str.isprintable, map(chr, range(sys.maxunicode + 1)))
    most = max(len(unicodedata.normalize("NFKD", one)) for one in characters if normal_form(one) == one)
    assert LONGEST_TYPED // most > LONGEST
