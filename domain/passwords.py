"""Which passwords are refused: too short, too long, or among the first that anybody would try."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path

from domain.errors import Refused

SHORTEST = 8
LONGEST = 128
LONGEST_TYPED = 1024
"""So much of what was typed is looked at. Of several marks and letters, four at most become one character of the
normal form, so whatever is longer than this is too long."""


def normal_form(password: str) -> str:
    """The same characters whatever keyboard they were typed on (Unicode NFKC), and no more than one too many:
    a password is measured, hashed and compared as this."""
    return unicodedata.normalize("NFKC", password[:LONGEST_TYPED])[: LONGEST + 1]


def refuse_weak(password: str, user_name: str) -> None:
    """Raises Refused if `password` is not from 8 to 128 characters long, or easy to guess. There are no
    rules about kinds of characters: they make passwords worse, not better."""
    normal = normal_form(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        length = len(normal) if len(normal) < SHORTEST else f"more than {LONGEST}"
        raise Refused(f"the password has {length} characters; it must have {SHORTEST} to {LONGEST}")
    folded = normal.casefold()
    core = _without_trimmings(folded)
    names = {user_name.casefold(), user_name.casefold().partition("@")[0]}
    if names & {folded, core}:
        raise Refused("the password is the user name; choose another one")
    if {folded, core} & _common() or len(set(folded)) < 3:
        raise Refused("the password is one of the first that are tried; choose another one")


def _without_trimmings(folded: str) -> str:
    """`'password2024!'` -> `'password'`: digits and signs at either end make no password a good one."""
    letters = [index for index, character in enumerate(folded) if character.isalpha()]
    return folded[letters[0] : letters[-1] + 1] if letters else folded


@functools.cache
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
