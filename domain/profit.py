"""How the P&L adds up: from net revenue through each cost to CM1, CM2 and CM3, and on to the operating profit.

Margins are taken as they were imported. Where they do not follow from their parts, the difference is
named; nothing is mended. The operating profit is worked out where facts do not give it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.metrics import (
    ADVERTISING,
    CM1,
    CM2,
    CM3,
    NET_COGS,
    NET_REVENUE,
    OPERATING_PROFIT,
    OVERHEADS,
    PLATFORM_FEES,
    REIMBURSEMENTS,
    UNSORTED,
)

Sums = Mapping[str, Decimal]
"""Metric -> sum; costs are positive amounts."""


@dataclass(frozen=True)
class Stage:
    """`margin` = what was left before − `costs` + `gains`."""

    margin: str
    costs: tuple[str, ...]
    gains: tuple[str, ...] = ()

    def signed(self, sums: Sums) -> Iterator[tuple[str, str, Decimal]]:
        """What has a figure, in reading order: its name, `'cost'` or `'gain'`, and what it does to what is left."""
        yield from ((name, "cost", -sums[name]) for name in self.costs if name in sums)
        yield from ((name, "gain", sums[name]) for name in self.gains if name in sums)


STAGES = (
    Stage(CM1, (NET_COGS,)), Stage(CM2, (*PLATFORM_FEES, UNSORTED), (REIMBURSEMENTS,)), Stage(CM3, ADVERTISING),
    Stage(OPERATING_PROFIT, (OVERHEADS,)),
)
"""From net revenue down."""


@dataclass(frozen=True)
class Gap:
    """A margin that is not what its parts make: `imported` is None where there is no figure at all."""

    margin: str
    imported: Decimal | None
    expected: Decimal

    @property
    def difference(self) -> Decimal:
        """What the import has more than the parts."""
        return (self.imported or Decimal(0)) - self.expected


@dataclass(frozen=True)
class Step:
    """One bar of the way down. `kind` is `'level'` (net revenue or a margin: from 0 to `end`), `'cost'`, `'gain'`
    or `'gap'` (a margin's difference from its parts); the latter three lead from `start` to `end`."""

    name: str
    kind: str
    start: Decimal
    end: Decimal

    @property
    def amount(self) -> Decimal:
        """The level itself, or the way from start to end: a cost is negative."""
        return self.end - self.start


def gaps_of(sums: Sums, known: Container[str]) -> list[Gap]:
    """Every margin of `sums` that does not follow from its parts, to the cent.

    `known` are the metrics that there are at all: a margin that is not among them is not missed, and the
    next one starts from its parts.
    """
    gaps, left = [], sums.get(NET_REVENUE, Decimal(0))
    for stage in STAGES:
        left += sum((change for _, _, change in stage.signed(sums)), Decimal(0))
        if stage.margin not in known:
            continue
        gap = Gap(stage.margin, sums.get(stage.margin), left)
        if gap.difference:
            gaps.append(gap)
        left += gap.difference
    return gaps


def way_down(sums: Sums) -> list[Step]:
    """The bars from net revenue to CM3, or to the operating profit where there are overheads, each beginning where the
    one before it ended; what has no figure has no bar. A margin that does not follow from its parts is reached over a
    bar of its difference."""
    left = sums.get(NET_REVENUE, Decimal(0))
    steps = [Step(NET_REVENUE, "level", Decimal(0), left)] if NET_REVENUE in sums else []
    for stage in STAGES:
        for name, kind, change in stage.signed(sums):
            steps.append(Step(name, kind, left, left + change))
            left += change
        if stage.margin in sums:
            margin = sums[stage.margin]
            if margin != left:
                steps.append(Step(f"Not in the parts of {stage.margin}", "gap", left, margin))
            steps.append(Step(stage.margin, "level", Decimal(0), margin))
            left = margin
        elif stage.margin == OPERATING_PROFIT and OVERHEADS in sums and CM3 in sums:
            steps.append(Step(stage.margin, "level", Decimal(0), left))
    return steps
