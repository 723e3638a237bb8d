"""Which pages are slow, and which of their statements: as the page of operations shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app

from database.journal.slow_statements import Recorded, explain_command
from database.queries.pages import PAGES
from domain.months import moment_words
from web.figures.formats import Formats
from web.operations.runs import seconds_words
from web.serving import metrics

SLOW_PAGE = 0.2
"""Seconds."""
SHOWN = 10
"""So many of the slowest statements are shown."""
_EXPLAINED = {page.endpoint: page.explained_by for page in PAGES}


@dataclass(frozen=True)
class PageTime:
    """How quickly a page answers: its path, answers so far, median and 95th percentile, and the command that tells
    why."""

    page: str
    count: str
    median: str
    slowest: str
    is_slow: bool
    command: str


@dataclass(frozen=True)
class StatementView:
    """A statement that took long: what was asked for, its longest time and when, how often, how it was answered, its
    text, and the command that explains it anew."""

    address: str
    took: str
    is_slow: bool
    moment: str
    times: str
    last: str
    plan: tuple[str, ...]
    statement: str
    command: str


def pages_view(formats: Formats) -> list[PageTime]:
    """The pages by their 95th percentile, slowest first, since the server was started."""
    return [
        PageTime(
            _path(found.page), formats.count(found.count), _milliseconds(found.median), _milliseconds(found.slowest),
            found.slowest > SLOW_PAGE, _EXPLAINED.get(found.page, ""),
        )
        for found in metrics.page_times()
    ]


def statements_view(slowest: Sequence[Recorded], formats: Formats) -> list[StatementView]:
    """The slowest statements of the last month, as the web wrote them down."""
    return [
        StatementView(
            found.address, _milliseconds(found.milliseconds / 1000), found.milliseconds > SLOW_PAGE * 1000,
            moment_words(found.slowest_at),
            "once" if found.times == 1 else f"{formats.count(found.times)} times",
            moment_words(found.last_seen_at),
            found.plan, found.statement, explain_command(found.address),
        )
        for found in slowest
    ]


def _path(endpoint: str) -> str:
    """`/products/<asin>`, as people know a page, or `POST /login`; what has no path keeps its name."""
    if endpoint not in current_app.view_functions:
        return endpoint
    rule = next(current_app.url_map.iter_rules(endpoint))
    path = re.sub(r"<\w+:", "<", rule.rule)
    return path if rule.methods is None or "GET" in rule.methods else f"POST {path}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else seconds_words(seconds)
