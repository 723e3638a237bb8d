"""Parameters of an address: each named once, within bounds, one of what is permitted.

Whatever is not raises SelectionError, naming what is permitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.errors import SelectionError

LONGEST = 4000
"""Characters of one value: room for several hundred brands, not for an attack."""

LONGEST_SEARCH = 100
MOST_WORDS = 8
"""Of one search: each word is one more look at every product's name."""

_PAGE = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_SHOWN = 12


def single_values(
    pairs: Iterable[tuple[str, str]], words: tuple[str, ...], *, ticked: tuple[str, ...] = ()
) -> dict[str, str]:
    """Word -> its value, of the words that have one. Those of `ticked` may stand there several times, as a browser
    sends boxes that are ticked. Raises SelectionError on a word that is not one of `words` or stands there twice, and
    on a value that is too long."""
    texts: dict[str, str] = {}
    for word, text in pairs:
        if word not in words:
            raise SelectionError(f"unknown parameter {quoted(word)}; permitted are {', '.join(words)}")
        if word in texts and word in ticked:
            text = f"{texts[word]},{text}"
        elif word in texts:
            raise SelectionError(f"{word} is given twice; give it once, several values with commas between")
        if len(text) > LONGEST:
            raise SelectionError(f"{word} has {len(text)} characters; permitted are {LONGEST}")
        texts[word] = text
    return {word: text for word, text in texts.items() if text}


def one_of(word: str, texts: dict[str, str], permitted: Iterable[str], default: str) -> str:
    """The value of `word`, `default` without one. Raises SelectionError if it is not permitted."""
    text = texts.get(word, default)
    if word in texts and text not in permitted:
        raise SelectionError(f"{word} {quoted(text)} is not one of {listed(permitted)}")
    return text


def search_text(texts: dict[str, str]) -> str:
    """The words that are searched for, one space between; case does not matter, and stays as it was typed."""
    words = texts.get("search", "").split()
    text = " ".join(words)
    if len(text) > LONGEST_SEARCH:
        raise SelectionError(f"search has {len(text)} characters; permitted are {LONGEST_SEARCH}")
    if len(words) > MOST_WORDS:
        raise SelectionError(f"search has {len(words)} words; permitted are {MOST_WORDS}")
    if not text.isprintable():
        raise SelectionError(f"search {quoted(text)} holds a character that cannot be typed")
    return text


def page_number(texts: dict[str, str]) -> int:
    """Which page of a table is asked for, from 1."""
    text = texts.get("page", "1")
    if not _PAGE.fullmatch(text):
        raise SelectionError(f"page {quoted(text)} is not a whole number from 1")
    return int(text)


def check_page(number: int, pages: int) -> None:
    """Raises SelectionError if a page is past the last of `pages`."""
    if number > max(pages, 1):
        raise SelectionError(f"page {number} is past the last one; permitted are 1 to {max(pages, 1)}")


def quoted(text: str) -> str:
    """A reader's own text, short and with control characters escaped."""
    return repr(text if len(text) <= 60 else text[:60] + "…")


def listed(permitted: Iterable[str]) -> str:
    names = ["".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name) for name in permitted]
    if not names:
        return "none: there are no figures"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
