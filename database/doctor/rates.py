"""Exchange rates: amounts that have none, rates that the figures do not use yet, and currencies that nobody noted."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from database.engines.ports import Store
from database.facts.currencies import note_currencies
from database.rates.needed import Pair, gaps, live_rates, named_pairs, pairs_words, waiting
from database.rates.told import ToldRate, read_told
from domain.errors import LockBusy
from domain.findings import HINT, SERIOUS, WARNING, Finding, listed
from domain.months import add_months
from domain.rates import LiveRate

SHOWN = 6


def judge_rates(store: Store, *, now: datetime.datetime) -> list[Finding]:
    """What the live figures lack of rates, and what was told since. While facts are open elsewhere, nothing is said of
    those that no refresh has seen."""
    base = store.settings.dashboard.currency
    live = store.read(live_rates)
    with store.application_reading.connect() as connection:
        told = read_told(connection, base)
    try:
        with store.facts() as connection:
            named = named_pairs(connection)
            # It looks at every fact: only the doctor may take so long, and only where others may have written them.
            there = _currencies_of_facts(store, connection) if store.traits.others_write_facts else set()
    except LockBusy:
        named, there = set(), set()
    needed = named | {(each.month, each.currency) for each in live}
    return [
        *_missing(gaps(needed, told.keys(), base)), *_waiting(live, told, base),
        *_so_far(needed, told, now), *_unnoted(store, sorted(there - named)),
    ]


def _currencies_of_facts(store: Store, connection: sa.Connection) -> set[Pair]:
    """But for those of facts that came since the last refresh, which the next one finds by itself."""
    marks = store.facts_room.marks(connection)
    found = set(marks.currencies_above(None)) - set(marks.currencies_above(store.live_generation()))
    return {(month.replace(day=1), code) for month, code in found if month is not None and code}


def _missing(found: Sequence[Pair]) -> Iterator[Finding]:
    if found:
        yield Finding(
            "rates-missing", WARNING, "Amounts have no exchange rate in their month, and are in no figure",
            f"without a rate: {pairs_words(found)}",
            "flask rates FILE takes them from a file (the European Central Bank's history has most), or on "
            "/operations/rates; then flask refresh-summaries",
        )


def _waiting(live: Sequence[LiveRate], told: Mapping[Pair, ToldRate], base: str) -> Iterator[Finding]:
    moved = waiting(live, {pair: each.rate for pair, each in told.items()}, base)
    # What has no rate at all is told already.
    moved = [change for change in moved if change.after is not None or change.before is not None]
    if moved:
        yield Finding(
            "rates-waiting", HINT, "Exchange rates are newer than the figures",
            listed([change.words for change in moved], SHOWN),
            "flask refresh-summaries converts their months anew",
        )


def _so_far(needed: set[Pair], told: Mapping[Pair, ToldRate], now: datetime.datetime) -> Iterator[Finding]:
    over = [
        pair for pair in sorted(needed)
        if pair in told and told[pair].is_so_far and add_months(pair[0], 1) <= now.date()
    ]
    if over:
        yield Finding(
            "rates-so-far", HINT, "Months that are over are converted at rates that were told before they were",
            pairs_words(over), "flask rates FILE with a newer file; then flask refresh-summaries",
        )


def _unnoted(store: Store, found: Sequence[Pair]) -> Iterator[Finding]:
    def note() -> str:
        with store.facts() as connection:
            note_currencies(connection, found)
            store.commit(connection)
        return f"noted {pairs_words(found)}; the next refresh converts them"

    if found:
        yield Finding(
            "currencies-unnoted", SERIOUS,
            "Facts name a currency that no refresh knows of, and count as if they were in the reporting one",
            f"{pairs_words(found)}: another program changed facts that were there already",
            "flask doctor --fix notes them; then flask refresh-summaries", cure=note,
        )
