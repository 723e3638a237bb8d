"""What a reader must know about the figures of a page: how fresh they are, what they mix."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from database.engines.values import Reading
from database.summaries.restatements import Restatement, restatements
from domain.months import day_words, moment_words, month_name
from web.figures.formats import kind_of
from web.figures.page import Page
from web.http import current

RESTATED = 2
"""So many restated figures are told one by one."""


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
    found = (
        _earlier_generation(page), _months_left_out(page), _currencies(page), _months_in_progress(page),
        *_restated(page),
    )
    return [*page.standing, *(words for words in found if words)]


def _earlier_generation(page: Page) -> str:
    live = current.store().live_generation() if page.selection.generation is not None else None
    if live is None or live.generation == page.generation.generation:
        return ""
    return (
        f"These are the figures of generation {page.generation.generation}, as they were published; "
        f"generation {live.generation} is live."
    )


def _months_left_out(page: Page) -> str:
    selection = page.selection
    if selection.span == selection.chosen:
        return ""
    return (
        f"A page shows {selection.span.count} months at most: {selection.span.words()}, of the "
        f"{selection.chosen.count:,} that were chosen ({selection.chosen.words()}). Its files hold them all."
    )


def _restated(page: Page) -> list[str]:
    """What was corrected in the chosen months after it had been published, newest first."""
    selection = page.selection
    if not page.catalogue.is_restated:
        return []
    changes = restatements(
        Reading(page.connection, page.generation), brands=_brands_of(page), metric=selection.metric,
        months=(selection.span.first, selection.span.last), limit=RESTATED + 1,
    )
    lines = [_restated_words(change, page) for change in changes[:RESTATED]]
    return lines + (["More figures of these months were restated."] if len(changes) > RESTATED else [])


def _brands_of(page: Page) -> set[int] | None:
    """None for all. A reader of some brands is told of these alone."""
    selection = page.selection
    if selection.scope is None:
        return set(selection.brands) or None
    return set(selection.scope) & set(selection.brands or selection.scope)


def _restated_words(change: Restatement, page: Page) -> str:
    def write(value: Decimal) -> str:
        return page.formats.exact(value, kind_of(change.metric))

    whose = f" of {page.catalogue.brands.get(change.brand_id, 'a brand')}" if change.brand_id is not None else ""
    # A file's name may tell of brands that a limited reader does not see.
    cause = f" by {change.cause}" if page.selection.scope is None else ""
    return (
        f"{change.month:%B %Y} {change.metric}{whose} restated from {write(change.old_value)} to "
        f"{write(change.new_value)} on {day_words(change.published_at.date())}{cause}."
    )


def _currencies(page: Page) -> str:
    shown = page.settings.dashboard.currency
    named = sorted(set(page.generation.currencies.replace(" ", "").split(",")) - {""})
    if not set(named) - {shown}:
        return ""
    mixed = sorted({*named, shown}) if len(named) == 1 else named
    # Which marketplace is in which currency is not known: a sum of one alone wears the same sign.
    return (
        f"These figures mix {_listed(mixed)}: amounts are added as they are, not converted, and all are written as "
        f"{shown}, also where a marketplace has another currency."
    )


def _months_in_progress(page: Page) -> str:
    found = page.selection.in_progress
    if found is None:
        return ""
    return f"{month_name(found.first)} is not over: it counts in the figures, and comparisons leave it out."


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
