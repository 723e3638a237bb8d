"""Changes of rates: what a file or person tells, held against what was told before, and written in one transaction."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.faults import LISTED
from database.rates.needed import Pair, RateChange, gaps, live_rates, named_pairs, pairs_words, waiting
from database.rates.plausibility import unusual
from database.rates.read import RatesFile
from database.rates.told import Rates, ToldRate, rate_words, read_told, told, until
from domain.errors import NeverRefreshed, Refused
from domain.moments import utc_now
from domain.months import format_month, runs_of_months
from domain.rates import LiveRate

BY_HAND = "set by hand"


@dataclass(frozen=True)
class Asked:
    """What is to be told: rates with the word for where each is from, and pairs that are to be told no more."""

    name: str
    rates: Rates = field(default_factory=dict)
    sources: Mapping[Pair, str] = field(default_factory=dict)
    removed: tuple[Pair, ...] = ()
    kind: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RatesReport:
    """What a change did, or would do. `gaps` are months and currencies that facts name and that have no rate then,
    `rebuilds` the months that the next refresh converts anew."""

    name: str
    kind: str
    base: str
    dry_run: bool
    new: tuple[RateChange, ...]
    changed: tuple[RateChange, ...]
    removed: tuple[RateChange, ...]
    same: int
    notes: tuple[str, ...]
    gaps: tuple[Pair, ...]
    rebuilds: tuple[datetime.date, ...]

    @property
    def is_change(self) -> bool:
        """Whether any rate is another afterwards."""
        return bool(self.new or self.changed or self.removed)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-able values."""
        return {
            "file": self.name, "kind": self.kind, "base": self.base, "dry_run": self.dry_run,
            "new": [_json(change) for change in self.new], "changed": [_json(change) for change in self.changed],
            "removed": [_json(change) for change in self.removed], "same": self.same, "notes": list(self.notes),
            "gaps": [{"month": format_month(month), "currency": code} for month, code in self.gaps],
            "rebuilds": [format_month(month) for month in self.rebuilds],
        }

    def in_a_line(self) -> str:
        """For the audit trail: where it is from, and what changed, from what to what."""
        told = [change.words for change in (*self.changed, *self.removed)]
        if len(self.new) > LISTED:
            told.insert(0, f"{len(self.new):,} new ({pairs_words((each.month, each.currency) for each in self.new)})")
        else:
            told = [*(change.words for change in self.new), *told]
        return f"{self.name}: " + "; ".join(told)

    def lines(self) -> list[str]:
        """The report as lines for a terminal."""
        end = " (dry run, nothing was changed)" if self.dry_run else ""
        parts = [f"{len(self.new):,} new", f"{len(self.changed):,} changed", f"{self.same:,} the same"]
        parts += [f"{len(self.removed):,} removed"] if self.removed else []
        lines = [f"{self.name}: rates in {self.base}, {', '.join(parts)}{end}"]
        lines += [f"  {note}" for note in self.notes]
        if self.new and len(self.new) <= LISTED:
            lines += [f"  new: {_told(change)}" for change in self.new]
        elif self.new:
            lines.append(f"  new: {pairs_words((each.month, each.currency) for each in self.new)}")
        lines += _listed("changed", self.changed)
        lines += _listed("removed", self.removed)
        if self.gaps:
            lines.append(f"  still without a rate: {pairs_words(self.gaps)}")
        if self.rebuilds:
            lines.append(f"  the next refresh rebuilds {runs_of_months(self.rebuilds)}")
        return lines


def asked_of_file(found: RatesFile) -> Asked:
    """What a file tells, each rate with the file's name as its source."""
    sources = {
        (month, code): until(found.name, found.until[month]) if month in found.until else found.name
        for month, code in found.rates
    }
    return Asked(found.name, found.rates, sources, kind=found.kind, notes=found.notes)


def change_rates(store: Store, asked: Asked, *, dry_run: bool, force: bool, by: str) -> RatesReport:
    """Tells what is asked, all of it or nothing; the caller holds `store.lock()`. Raises Refused for a rate that looks
    wrong, unless `force` says that it is right, and for a removal of what nobody told."""
    base = store.settings.dashboard.currency
    with store.facts() as connection:
        named = named_pairs(connection)
    live = _live(store)
    with store.application.begin() as connection:
        before = read_told(connection, base)
        report, written = _compared(asked, before, base=base, dry_run=dry_run, named=named, live=live)
        after = {key: each.rate for key, each in before.items()} | dict(asked.rates)
        moved = [(change.month, change.currency) for change in (*report.new, *report.changed)]
        odd = unusual(after, moved, base)
        if odd and not force:
            raise _refusal(asked.name, odd)
        if not dry_run:
            _write(connection, asked, written, base=base, by=by)
    return report


def needed_and_live(store: Store, connection: sa.Connection | None) -> tuple[set[Pair], tuple[LiveRate, ...]]:
    """The months and currencies that need rates, by the live figures and, where a connection to the facts is given, by
    the facts as they are; and the rates of the live figures."""
    live = _live(store)
    named = named_pairs(connection) if connection is not None else set()
    return named | {(each.month, each.currency) for each in live}, live


def _live(store: Store) -> tuple[LiveRate, ...]:
    try:
        return store.read(live_rates)
    except NeverRefreshed:
        return ()


def _compared(
    asked: Asked, before: Mapping[Pair, ToldRate], *, base: str, dry_run: bool, named: set[Pair],
    live: Sequence[LiveRate],
) -> tuple[RatesReport, list[Pair]]:
    """The report, and the pairs that are to be written: also those whose rate is the same, and is no mean so far any
    more."""
    missing = [pair for pair in asked.removed if pair not in before]
    if missing:
        raise Refused(f"{pairs_words(missing)}: nobody told a rate of it; flask rates lists what was told")
    new, changed, written, same = [], [], [], 0
    for pair, rate in sorted(asked.rates.items()):
        known = before.get(pair)
        if known is None:
            new.append(RateChange(*pair, None, rate))
        elif known.rate != rate:
            changed.append(RateChange(*pair, known.rate, rate))
        else:
            same += 1
        if known is None or known.rate != rate or known.is_so_far:
            written.append(pair)
    after = {pair: each.rate for pair, each in before.items() if pair not in asked.removed} | dict(asked.rates)
    needed = named | {(each.month, each.currency) for each in live}
    return RatesReport(
        asked.name, asked.kind, base, dry_run, tuple(new), tuple(changed),
        tuple(RateChange(*pair, before[pair].rate, None) for pair in sorted(asked.removed)), same, asked.notes,
        tuple(gaps(needed, after.keys(), base)),
        tuple(sorted({change.month for change in waiting(live, after, base)})),
    ), written


def _refusal(name: str, odd: Sequence[str]) -> Refused:
    right = "if they are right, --force takes them; nothing was changed"
    if len(odd) == 1:
        return Refused(f"{name}: {odd[0]}; {right.replace('they are', 'it is').replace('them', 'it')}")
    more = (f"and {len(odd) - LISTED:,} more",) if len(odd) > LISTED else ()
    return Refused(f"{name}: {len(odd):,} rates look wrong; {right}", (*odd[:LISTED], *more))


def _write(
    connection: sa.Connection, asked: Asked, written: Collection[Pair], *, base: str, by: str
) -> None:
    gone = [*written, *asked.removed]
    if gone:
        connection.execute(
            sa.delete(told).where(
                told.c.base == base, told.c.currency == sa.bindparam("of_currency"),
                told.c.month == sa.bindparam("of_month"),
            ),
            [{"of_currency": code, "of_month": month} for month, code in gone],
        )
    if written:
        now = utc_now()
        connection.execute(sa.insert(schema.exchange_rate), [
            {"base": base, "currency": code, "month": month, "rate": _kept(asked.rates[month, code]),
             "source": asked.sources[month, code][:255], "changed_by": by[:255], "changed_at": now}
            for month, code in sorted(written)
        ])


def _kept(rate: Decimal) -> str:
    return rate_words(rate)


def _told(change: RateChange) -> str:
    return f"{change.currency} {format_month(change.month)} {rate_words(change.after)}"


def _listed(word: str, changes: Sequence[RateChange]) -> list[str]:
    lines = [f"  {word}: {change.words}" for change in changes[:LISTED]]
    return [*lines, f"  and {len(changes) - LISTED:,} more {word}"] if len(changes) > LISTED else lines


def _json(change: RateChange) -> dict[str, str | None]:
    return {
        "month": format_month(change.month), "currency": change.currency,
        "from": None if change.before is None else rate_words(change.before),
        "to": None if change.after is None else rate_words(change.after),
    }
