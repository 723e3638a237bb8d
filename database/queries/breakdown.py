"""The chosen metric broken down by brand, category or marketplace: value, share, change, margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database.queries.sums import sums_over
from domain.ratios import CM3_MARGIN
from domain.selection import Selection

SORTS = ("value", "name", "change", "margin")


@dataclass(frozen=True)
class GroupRow:
    """One brand, category or marketplace over the chosen months.

    `share` of the total, `change` against `before` and the CM3 `margin` are fractions, the change of a ratio a
    difference of such; each is None where it has no meaning. Months in progress count in `value` and not in `change`.
    """

    key: Any
    name: str
    value: Decimal | None
    share: Decimal | None
    before: Decimal | None
    change: Decimal | None
    margin: Decimal | None


@dataclass(frozen=True)
class Breakdown:
    """All rows in the selection's order, and their total (`key` None)."""

    rows: tuple[GroupRow, ...]
    total: GroupRow


GroupSums = Mapping[Any, Mapping[str, Decimal]]
"""Key -> metric -> sum."""


@dataclass(frozen=True)
class Groups:
    """Sums over the chosen months, over their complete part, and over what they are compared with. Of the last two only
    what the chosen metric is made of is there, and nothing where there is nothing to compare with."""

    now: GroupSums
    complete: GroupSums
    before: GroupSums


def read_groups(connection: sa.Connection, selection: Selection, grain: str) -> Groups:
    """The sums behind a breakdown by `grain` (a column named in `sums`)."""
    asked = {"now": (selection.span, (*selection.sums, *CM3_MARGIN.metrics))}
    if selection.comparison:
        asked["before"] = (selection.comparison, selection.needed)
        if selection.complete and selection.complete != selection.span:
            asked["complete"] = (selection.complete, selection.needed)
    found = dict(zip(asked, sums_over(connection, selection, grain, list(asked.values())), strict=True))
    is_whole = selection.complete == selection.span
    return Groups(found["now"], found["now"] if is_whole else found.get("complete", {}), found.get("before", {}))


def read_breakdown(
    connection: sa.Connection, selection: Selection, grain: str, names: Mapping[Any, str]
) -> Breakdown:
    """The breakdown by `grain`, sorted as the selection says; rows without a value to sort by come last. `names` gives
    each key its name."""
    return breakdown_of(read_groups(connection, selection, grain), selection, names)


def breakdown_of(groups: Groups, selection: Selection, names: Mapping[Any, str]) -> Breakdown:
    """The breakdown of these sums."""
    now, complete, before = groups.now, groups.complete, groups.before
    whole = _Sums(_added(now), _added(complete), _added(before))
    total = selection.value_of(whole.now)
    rows = [
        _Sums(now.get(key, {}), complete.get(key, {}), before.get(key, {})).row(
            key, names.get(key) or f"({key})", selection=selection, total=total
        )
        for key in {*now, *before}
    ]
    return Breakdown(_in_order(rows, selection), whole.row(None, "Total", selection=selection, total=total))


@dataclass(frozen=True)
class _Sums:
    """Metric -> sum over the chosen months, their complete part, and the comparison."""

    now: Mapping[str, Decimal]
    complete: Mapping[str, Decimal]
    before: Mapping[str, Decimal]

    def row(self, key: Any, name: str, *, selection: Selection, total: Decimal | None) -> GroupRow:
        value, before, later = map(selection.value_of, (self.now, self.before, self.complete))
        # What sells nothing any more has fallen to nothing; it has not vanished. Its margin has.
        if later is None and before is not None and selection.ratio is None:
            later = Decimal(0)
        return GroupRow(
            key=key, name=name, value=value, share=selection.share_of(value, total), before=before,
            change=selection.change_of(later, before), margin=CM3_MARGIN.of(self.now),
        )


def _added(sums: GroupSums) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for row in sums.values():
        for metric, value in row.items():
            totals[metric] = totals.get(metric, Decimal(0)) + value
    return totals


def _in_order(rows: list[GroupRow], selection: Selection) -> tuple[GroupRow, ...]:
    """Equal rows stand by name, then key, whichever way the order goes."""
    rows = sorted(rows, key=lambda row: (row.name.casefold(), str(row.key)))
    falling = selection.order == "desc"
    if selection.sort == "name":
        return tuple(reversed(rows) if falling else rows)
    found = [row for row in rows if getattr(row, selection.sort) is not None]
    missing = [row for row in rows if getattr(row, selection.sort) is None]
    found.sort(key=lambda row: getattr(row, selection.sort), reverse=falling)
    return (*found, *missing)
