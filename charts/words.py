"""Names in drawings: short, and without the mark-up that plotly would take from them."""

from __future__ import annotations

LONGEST = 60


def drawn_name(name: str, longest: int = LONGEST) -> str:
    """`name` as plotly may draw it: cut to `longest` characters, `<b>` and `&amp;` kept as they are written."""
    # A text that begins like a token's name would be taken for a colour.
    if name.startswith("--"):
        name = "\u200b" + name
    return _cut(name, longest).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[:longest - 1].rstrip() + "…"
