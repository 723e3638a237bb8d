"""Figures for plotly as they stand in a page."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup


def embedded(figure: dict[str, Any]) -> Markup:
    """The figure as JSON that may stand in a script element: no text in it can end or disturb the element."""
    return Markup(json.dumps(figure, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))
