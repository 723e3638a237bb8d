"""Names in drawings: short, and without the mark-up that plotly would take from them."""

from __future__ import annotations

import textwrap

LONGEST = 60


def broken_name(name: str, *, width: int, longest: int) -> str:
    """`name` as plotly may draw it, in lines of about `width` characters, broken between words."""
    lines = textwrap.wrap(_cut(name, longest), width, break_long_words=False, break_on_hyphens=False)
    return "<br>".join(drawn_name(line) for line in lines)


def drawn_name(name: str, longest: int = LONGEST) -> str:
    """`name` as plotly may draw it: cut to `longest` characters, `<b>` and `&amp;` kept as they are written."""
    # A text that begins like a token's name would be taken for a colour.
    if name.startswith("--"):
        name = "\u200b" + name
    return _cut(name, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[:longest - 1].rstrip() + "…"
