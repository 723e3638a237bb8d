"""What a reader must know about the figures of a page: how fresh they are, what they mix."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from flask import url_for

from database.engines.values import Reading
from database.queries.sums import MONTH, by_grain, sums_by
from database.queries.unit_costs import read_cover
from database.summaries.restatements import Restatement, net_corrections
from domain.listing import UNCOSTED
from domain.months import day_words, moment_words, month_name
from domain.ratios import OPERATING
from domain.shared_costs import SHARED, with_shares
from web.figures.conversion import conversion_way, converted_sentence, listed, unrated_lines, unrated_sentence
from web.figures.formats import COUNT, PERCENT, kind_of
from web.figures.page import Page
from web.figures.shared_costs import shared_costs_sentence, shared_costs_way
from web.http import current

CORRECTIONS = "corrections"
"""The note of what was corrected; its mark is the generation that a reader has seen."""
TOLD_FOR = datetime.timedelta(days=31)
"""So long before the newest figures a correction is told of, to whoever never closed the note."""
MOST_LINES = 12
BRANDS_NAMED = 2
"""So many of the brands that a reader is limited to are named in the badge."""


@dataclass(frozen=True)
class Badge:
    """Which published state the page shows, and, for somebody limited to some brands, whose figures these are."""

    last_month: str
    generation: int
    published: str
    published_iso: str
    sees: str = ""


def badge_of(page: Page | Reading) -> Badge:
    """The state of the generation that the page was read from."""
    found = page.generation
    return Badge(
        last_month=month_name(found.last_month) if found.last_month else "no month",
        generation=found.generation,
        published=moment_words(found.published_at),
        published_iso=found.published_at.replace(microsecond=0).isoformat() + "Z",
        sees=_brands_seen(page) if isinstance(page, Page) else "",
    )


def _brands_seen(page: Page) -> str:
    """`Only Alder and Birch`, `Only 7 of the brands`; '' for somebody who sees all."""
    if page.selection.scope is None:
        return ""
    names = [name for key, name in page.selectable.brands.items() if key in page.selection.scope]
    if not names:
        return "None of the brands"
    return f"Only {listed(names)}" if len(names) <= BRANDS_NAMED else f"Only {len(names)} of the brands"


@dataclass(frozen=True)
class Note:
    """Something to know beside the figures: one line. `lines` are told when it is opened. With a `name` a reader may
    close it, until it has something else to tell than what `mark` stands for. `way` says where `address` leads. What
    `is_quiet` is always so, and no news."""

    words: str
    lines: tuple[str, ...] = ()
    name: str = ""
    mark: str = ""
    way: str = ""
    address: str = ""
    is_quiet: bool = False

    def is_closed_by(self, closed_notes: frozenset[tuple[str, str]]) -> bool:
        """Whether this very note is among those that a reader has closed."""
        return bool(self.name) and (self.name, self.mark) in closed_notes


def notices_of(page: Page) -> list[Note]:
    """What the reader has not closed, most important first."""
    return [note for note in all_notices_of(page) if not note.is_closed_by(page.closed_notes)]


def all_notices_of(page: Page) -> list[Note]:
    """Everything to know beside the figures, most important first."""
    sentences = (*page.standing, _earlier_generation(page), _months_left_out(page))
    told = [Note(words) for words in sentences if words]
    found = (
        *told, _unrated(page), _currencies(page), _without_cm3(page), _unit_costs(page), _months_in_progress(page),
        _unsettled(page), _corrections(page), _shared_costs(page), _converted(page),
    )
    return [note for note in found if note is not None]


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


def _unsettled(page: Page) -> Note | None:
    """Months whose figures come from settlements that end before the month does."""
    selection = page.selection
    by_month: dict[datetime.date, list[str]] = {}
    for each in page.selectable.unsettled:
        is_chosen = not selection.marketplaces or each.marketplace in selection.marketplaces
        if is_chosen and selection.span.first <= each.month <= selection.span.last:
            by_month.setdefault(each.month, []).append(f"{each.marketplace} through {day_words(each.through)}")
    if not by_month:
        return None
    names = listed([month_name(month) for month in by_month])
    is_one = len(by_month) == 1
    return Note(
        f"{names} {'is not settled to its end' if is_one else 'are not settled to their end'}: the rest is not in "
        f"{'its' if is_one else 'their'} figures yet.",
        tuple(f"{month_name(month)}: {listed(places)} only." for month, places in by_month.items()),
    )


def _corrections(page: Page) -> Note | None:
    """What the chosen months were corrected by since the reader closed this note, netted: as many lines as months."""
    selection = page.selection
    if not page.selectable.is_restated:
        return None
    closed = dict(page.closed_notes).get(CORRECTIONS, "0")
    changes = net_corrections(
        Reading(page.connection, page.generation), brands=_brands_of(page), metric=selection.sums[0],
        months=(selection.span.first, selection.span.last), after=int(closed) if closed.isdecimal() else 0,
        since=page.generation.published_at - TOLD_FOR,
    )
    if not changes:
        return None
    count = len({change.month for change in changes})
    months = "1 month was" if count == 1 else f"{count} months were"
    lines = [correction_words(change, page) for change in changes[:MOST_LINES]]
    if len(changes) > MOST_LINES:
        lines.append(f"And {len(changes) - MOST_LINES} more.")
    return Note(
        f"{months} corrected after {'it' if count == 1 else 'they'} had been published.", tuple(lines), CORRECTIONS,
        str(page.generation.generation),
    )


def _brands_of(page: Page) -> set[int] | None:
    """None for all. A reader of some brands is told of these alone."""
    selection = page.selection
    if selection.scope is None:
        return set(selection.brands) or None
    return set(selection.scope) & set(selection.brands or selection.scope)


def _is_of_product(page: Page) -> bool:
    return bool(page.selection.asin) or "asin" in page.arguments


def correction_words(change: Restatement, page: Page) -> str:
    """Amounts only where they are those of the page: what is known of a correction is a brand's whole month."""
    selection, kind = page.selection, kind_of(change.metric)
    whose = f" of {page.selectable.brands.get(change.brand_id, 'a brand')}" if change.brand_id is not None else ""
    # A file's name may tell of brands that a limited reader does not see.
    cause = f", by {change.cause}" if selection.scope is None else ""
    when = f"on {day_words(change.published_at.date())}{cause}"
    is_narrower = selection.categories or selection.marketplaces or selection.search or _is_of_product(page)
    if is_narrower:
        return f"{month_name(change.month)}{whose}: {when}."
    amounts = f"{page.formats.exact(change.old_value, kind)} to {page.formats.exact(change.new_value, kind)}"
    return f"{month_name(change.month)} {change.metric}{whose}: from {amounts} {when}."


def _unrated(page: Page) -> Note | None:
    """What is in no figure because nobody told a rate of its month."""
    words = unrated_sentence(page)
    if not words:
        return None
    way, address = conversion_way(page)
    return Note(words, unrated_lines(page), way=way, address=address)


def _converted(page: Page) -> Note | None:
    """From which currencies amounts were converted, and at which kind of rate."""
    words = converted_sentence(page)
    if not words:
        return None
    way, address = conversion_way(page)
    return Note(words, way=way, address=address, is_quiet=True)


def _currencies(page: Page) -> Note | None:
    shown = page.settings.dashboard.currency
    named = sorted(set(page.generation.currencies.replace(" ", "").split(",")) - {""})
    if not set(named) - {shown}:
        return None
    mixed = sorted({*named, shown}) if len(named) == 1 else named
    # Which marketplace is in which currency is not known: a sum of one alone wears the same sign.
    return Note(
        f"These figures mix {listed(mixed)}: amounts are added as they are, not converted.",
        (f"All are written as {shown}, also where a marketplace has another currency.",), "currencies", ",".join(mixed),
    )


def _shared_costs(page: Page) -> Note | None:
    """Whether what is shown bears a part of the costs that belong to no product, where these are shared out at all;
    with the way to the P&L that shows it otherwise."""
    words = shared_costs_sentence(page)
    if not words:
        return None
    way, address = shared_costs_way(page)
    return Note(words, way=way, address=address, is_quiet=True)


def _unit_costs(page: Page) -> Note | None:
    """For which share of net revenue a margin knows what the goods cost; nothing where it does for all of it. A
    product's own page lists its costs."""
    if not page.selectable.knows_costs or _is_of_product(page):
        return None
    selection = page.selection
    if "brand_id" in page.arguments:
        selection = selection.changed(brands=(page.arguments["brand_id"],))
    cover = read_cover(page.connection, page.generation.generation, selection)
    if not cover.products:
        return None
    count = page.formats.exact(Decimal(cover.products), COUNT)
    have = f"{count} product has" if cover.products == 1 else f"{count} products have"
    words = f"{have} no unit cost, and margins count their goods as free."
    if cover.share is not None:
        known = page.formats.exact(cover.share, PERCENT)
        words = f"A unit cost is known for {known} of net revenue: {words}"
    return Note(words, way="Products without a unit cost", address=url_for("catalog.show", show=UNCOSTED))


def _without_cm3(page: Page) -> Note | None:
    """Months in which something was sold and no CM3 is known: the operating profit of more months counts it as
    nothing there, and takes the overheads off all the same."""
    if not page.selectable.balances or _is_of_product(page):
        return None
    selection = page.selection
    if "brand_id" in page.arguments:
        selection = selection.changed(brands=(page.arguments["brand_id"],))
    asked = (*OPERATING.metrics, OPERATING.shown_by, *(SHARED if selection.shared else ()))
    found = by_grain(sums_by(page.connection, selection, MONTH, span=selection.span, metrics=asked))
    months = [
        month for month, sums in ((month, with_shares(sums)) for month, sums in found.items())
        if OPERATING.shown_by in sums and OPERATING.plus not in sums and sums.get(OPERATING.minus)
    ]
    if not months:
        return None
    return Note(
        f"No CM3 is known of {listed([month_name(month) for month in sorted(months)])}: the {OPERATING.name.lower()} "
        "counts nothing there but Overheads.",
    )


def _months_in_progress(page: Page) -> Note | None:
    found = page.selection.in_progress
    if found is None:
        return None
    return Note(f"{month_name(found.first)} is not over: it counts in the figures, and comparisons leave it out.")
