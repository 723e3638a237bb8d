"""What can be gone to or done, and whether a few typed letters name it."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 5
"""So many of a kind are shown."""


@dataclass(frozen=True)
class Way:
    """One line: `words`, what it is in small, and where it leads; or what a script presses in its stead, which takes
    part only where there is one."""

    words: str
    more: str = ""
    address: str = ""
    press: str = ""


@dataclass(frozen=True)
class Group:
    """Lines of one kind."""

    title: str
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Named:
    """A way, and what else people call it."""

    way: Way
    names: tuple[str, ...] = ()


def matching(text: str, known: list[Named], *, limit: int = MOST) -> tuple[Way, ...]:
    """The ways that `text` names, the nearest first, as near ones in their order; without a text the first ones."""
    ranked = [(min(rank_of(text, name) for name in (each.way.words, *each.names)), each.way) for each in known]
    found = sorted((pair for pair in ranked if pair[0] < NOT_AT_ALL), key=lambda pair: pair[0])
    return tuple(way for _, way in found[:limit])


NOT_AT_ALL = 9
FEWEST_INSIDE = 3
"""So many letters may stand within a word: fewer stand in nearly any."""


def rank_of(text: str, name: str) -> int:
    """How near a name is to what was typed, 0 for the name itself; NOT_AT_ALL if it is not meant."""
    text, name = text.casefold(), name.casefold()
    if text == name:
        return 0
    if name.startswith(text):
        return 1
    if f" {text}" in name:
        return 2
    parts = name.split()
    if all(any(part.startswith(word) for part in parts) for word in text.split()):
        return 3
    return 4 if len(text) >= FEWEST_INSIDE and text in name else NOT_AT_ALL
