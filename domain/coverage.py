"""What settlements cover: where one is missing between two others, where two overlap, and through which day a
marketplace is settled."""

from __future__ import annotations

import datetime
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.amazon import CLOCKS
from domain.months import add_months

GAP, OVERLAP = "gap", "overlap"


@dataclass(frozen=True)
class Covered:
    """What one settlement covers, in UTC."""

    settlement_id: str
    marketplace: str
    currency: str
    starts_at: datetime.datetime
    ends_at: datetime.datetime


@dataclass(frozen=True)
class Break:
    """Between two settlements that follow each other: a time of which none tells (GAP), or both (OVERLAP)."""

    kind: str
    before: Covered
    after: Covered
    starts_at: datetime.datetime
    ends_at: datetime.datetime


@dataclass(frozen=True, order=True)
class Unsettled:
    """A month that is not settled to its end, and the last day that is settled as a whole."""

    month: datetime.date
    marketplace: str
    through: datetime.date


def breaks_of(settlements: Iterable[Covered]) -> list[Break]:
    """The gaps and overlaps between settlements of a marketplace and currency, in the order of time. What one
    ends with the next begins with; a second belongs to both."""
    groups: dict[tuple[str, str], list[Covered]] = defaultdict(list)
    for each in settlements:
        groups[each.marketplace, each.currency].append(each)
    found = [each for group in groups.values() for each in _breaks(sorted(group, key=_begins))]
    return sorted(found, key=lambda each: (each.starts_at, each.before.marketplace))


def _begins(settlement: Covered) -> tuple:
    return settlement.starts_at, settlement.ends_at, settlement.settlement_id


def _breaks(group: list[Covered]) -> Iterator[Break]:
    last = group[0]
    for each in group[1:]:
        if each.starts_at > last.ends_at + datetime.timedelta(seconds=1):
            yield Break(GAP, last, each, last.ends_at, each.starts_at)
        elif each.starts_at < last.ends_at:
            yield Break(OVERLAP, last, each, each.starts_at, min(last.ends_at, each.ends_at))
        last = max(last, each, key=lambda settlement: settlement.ends_at)


def unsettled(
    settlements: Iterable[Covered], months: Iterable[tuple[str, datetime.date]]
) -> tuple[Unsettled, ...]:
    """Of `months` (marketplace, month) that settlements give the figures of, those whose last settlement ends before
    the month does, by the marketplace's clock."""
    ends: dict[str, datetime.datetime] = {}
    for each in settlements:
        ends[each.marketplace] = max(each.ends_at, ends.get(each.marketplace, each.ends_at))
    found = []
    for marketplace, month in set(months):
        if marketplace in ends:
            # The last second of a day ends it.
            until = local_time(ends[marketplace], marketplace) + datetime.timedelta(seconds=1)
            if until.date() < add_months(month, 1):
                found.append(Unsettled(month, marketplace, until.date() - datetime.timedelta(days=1)))
    return tuple(sorted(found))


def local_time(moment: datetime.datetime, marketplace: str) -> datetime.datetime:
    """A moment in UTC by the marketplace's clock; as it is where that clock, or this machine's list of zones, is not
    known."""
    try:
        zone = zoneinfo.ZoneInfo(CLOCKS.get(marketplace, "UTC"))
    except zoneinfo.ZoneInfoNotFoundError:
        return moment
    return moment.replace(tzinfo=datetime.UTC).astimezone(zone).replace(tzinfo=None)
