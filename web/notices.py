"""What a reader must know about the figures of a page: how fresh they are, what they mix."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from database.engines.base import Reading
from domain.months import month_name
from web.figures import Page


@dataclass(frozen=True)
class Badge:
    """Which published state the page shows."""

    last_month: str
    generation: int
    published: str
    published_iso: str


def badge_of(page: Page | Reading) -> Badge:
    """The state of the generation that the page was read from."""
    found = page.generation
    return Badge(
        last_month=month_name(found.last_month) if found.last_month else "no month",
        generation=found.generation,
        published=moment_words(found.published_at),
        published_iso=found.published_at.replace(microsecond=0).isoformat() + "Z",
    )


def notices_of(page: Page) -> list[str]:
    """Sentences, most important first."""
    return [*page.standing, *(words for words in (_currencies(page), _months_in_progress(page)) if words)]


def moment_words(moment: datetime.datetime) -> str:
    """`3 November 2025, 06:30 UTC`."""
    return f"{moment.day} {month_name(moment.date())}, {moment:%H:%M} UTC"


def _currencies(page: Page) -> str:
    shown = page.settings.dashboard.currency
    named = sorted(set(page.generation.currencies.replace(" ", "").split(",")) - {""})
    if not set(named) - {shown}:
        return ""
    mixed = sorted({*named, shown}) if len(named) == 1 else named
    return f"These sums mix {_listed(mixed)}: amounts are added as they are, not converted."


def _months_in_progress(page: Page) -> str:
    selection = page.selection
    open_months = [month for month in selection.span.months if month >= selection.calendar.current]
    if not open_months or open_months[0] > selection.calendar.last_month:
        return ""
    return f"{month_name(open_months[0])} is not over: it counts in the figures, and comparisons leave it out."


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
