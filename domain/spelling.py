"""When two spellings are one name: whatever their Unicode form, case, spaces and invisible characters.

Files, the products file, the doctor and `flask join-names` all compare names by `name_key`, so that they can
never disagree about what is the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\ufeff"
)
"""Characters that take no room: soft hyphen, zero-width spaces and joiners, marks of direction, byte order mark."""

_TOLD_AS_TEXT = re.compile(r"""(ASIN-)?(?:="([^"]+)"|['’‘`]([^'"]+))""")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_SPACES = re.compile(r"\s+")


def tidy(name: str) -> str:
    """A name as it is kept: composed (NFC), without invisible characters, with single plain spaces inside it."""
    if name.isascii() and name.isprintable() and "  " not in name:
        return name.strip(" ")
    return _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", name))).strip()


def name_key(name: str) -> str:
    """What two spellings of one name have in common: `name_key(a) == name_key(b)` says that they are the same."""
    folded = tidy(name).casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def product_key(text: str) -> str:
    """An ASIN, or another product's key, as it is kept: upper case, without spaces and invisible characters, and
    without what spreadsheets are told by that it is a text: `="0306406152"`, `'0306406152`."""
    key = "".join(tidy(text).split()).upper()
    if found := _TOLD_AS_TEXT.fullmatch(key):
        return (found[1] or "") + (found[2] or found[3])
    return key


def meet(names: Mapping[str, int], known: Iterable[str] = ()) -> dict[str, str]:
    """Each of `names` (a spelling -> how often it occurs) -> the name it meets in: the known one that is the same, byte
    for byte if there is one; else the spelling that occurs most often, tidied. Ties go by the alphabet."""
    there: dict[str, str] = {}
    exact = set(known)
    for name in sorted(exact):
        there.setdefault(name_key(name), name)
    for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0])):
        there.setdefault(name_key(name), tidy(name))
    return {name: name if name in exact else there[name_key(name)] for name in names}


def spelled_out(name: str) -> str:
    """A name with what cannot be seen in it written as `\\u200b`, so that spellings that look the same can be told
    apart and typed."""
    return "".join(_escape(sign) if _is_unseen(sign) else sign for sign in name)


def read_spelled_out(text: str) -> str:
    """The name that `spelled_out` wrote."""
    return _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


_ESCAPED = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


def _is_unseen(sign: str) -> bool:
    """Marks that join the letter before them are told too: that is how two Unicode forms of a letter differ."""
    return sign != " " and unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cn", "Mn", "Me", "Zs", "Zl", "Zp")


def _escape(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
