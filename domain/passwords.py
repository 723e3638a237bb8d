"""Which passwords are refused: too short, too long, or among the first that anybody would try."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from domain.errors import Refused

SHORTEST = 8
LONGEST = 128
LONGEST_TYPED = 1024
"""So much of what was typed is looked at. Of several marks and letters, four at most become one character of the
normal form, so whatever is longer than this is too long."""
LONGEST_PART = 4
"""Of so many characters at most is what is refused for saying the same again."""
SHORTEST_WORD = 3
"""Fewer letters among digits and signs are no word: nobody guesses by them."""

OF_THIS_PRODUCT = frozenset((
    "lego", "legodashboard", "amazonseller", "ilovemoney", "adminadmin", "passphrase", "superuser", "root", "toor",
    "p@ssword", "contraseña", "willkommen",
))
"""What is tried here, and in other languages, and stands in no list of common passwords."""


def normal_form(password: str) -> str:
    """The same characters whatever keyboard they were typed on (Unicode NFKC), and no more than one too many:
    a password is measured, hashed and compared as this."""
    return unicodedata.normalize("NFKC", password[:LONGEST_TYPED])[: LONGEST + 1]


def refuse_weak(password: str, user_name: str, is_common: Callable[[str], bool]) -> None:
    """Raises Refused if `password` is not from 8 to 128 characters long, or easy to guess: `is_common` says of a
    word in small letters whether it is among the first that are tried. There are no rules about kinds of
    characters: they make passwords worse, not better."""
    normal = normal_form(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        length = len(normal) if len(normal) < SHORTEST else f"more than {LONGEST}"
        raise Refused(f"the password has {length} characters; it must have {SHORTEST} to {LONGEST}")
    folded = normal.casefold()
    core = _without_trimmings(folded)
    names = {user_name.casefold(), user_name.casefold().partition("@")[0]}
    if names & {folded, core}:
        raise Refused("the password is the user name; choose another one")
    words = {folded, core} if len(core) >= SHORTEST_WORD else {folded}
    if words & OF_THIS_PRODUCT or any(_is_pattern(word) or is_common(word) for word in words):
        raise Refused("the password is one of the first that are tried; choose another one")


def _is_pattern(word: str) -> bool:
    """Whether it goes on as it begins: `'aaaabbbb'`, `'12341234'`, `'87654321'`, `'abcdefgh'`."""
    repeats_after = (word + word).find(word, 1)
    steps = {ord(after) - ord(before) for before, after in zip(word, word[1:], strict=False)}
    return (repeats_after <= LONGEST_PART and repeats_after < len(word)) or len(set(word)) < 3 or len(steps) == 1


def _without_trimmings(folded: str) -> str:
    """`'password2024!'` -> `'password'`: digits and signs at either end make no password a good one."""
    letters = [index for index, character in enumerate(folded) if character.isalpha()]
    return folded[letters[0] : letters[-1] + 1] if letters else folded
