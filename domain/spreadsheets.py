"""Texts in files that a spreadsheet opens: none of them may be taken for a formula."""

from __future__ import annotations

import unicodedata

_SIGNS = frozenset("=+-@\u2212")
"""What a formula begins with, the mathematical minus among it."""
_BREAKS = ("\t", "\r", "\n")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their kind in Unicode that show nothing."""


def harmless(text: str) -> str:
    """`text` for a cell of a spreadsheet: what a spreadsheet would take for a formula gets an apostrophe.

    That is what begins with = + - or @, in whatever width (spreadsheets of the Far East read `＝` as `=`), and behind
    whatever shows nothing, which many programs drop: spaces, controls, a byte order mark, marks of direction. A tab or
    a line break at the beginning is enough. OWASP, "CSV Injection". Texts only: a negative number is a number.
    """
    first = next((character for character in text if not _shows_nothing(character)), "")
    is_formula = text.startswith(_BREAKS) or unicodedata.normalize("NFKC", first) in _SIGNS
    return "'" + text if is_formula else text


def _shows_nothing(character: str) -> bool:
    """Controls, formats and what is not assigned (C), separators (Z), and marks on a letter that is not there (M)."""
    return unicodedata.category(character)[0] in "CZM" or character in _BLANKS
