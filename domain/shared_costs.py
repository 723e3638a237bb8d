"""Costs that belong to no product, shared out among those that were sold: under names of their own, beside the figures.

`Shared costs: FBA fees` is what a product bears of the FBA fees of `ACCOUNT`; of `ACCOUNT` itself it is as much with a
minus, so that nothing is counted twice. `Shared costs: CM3` is what the shares do to a margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.metrics import ADVERTISING, CM2, CM3, OPERATING_PROFIT, OVERHEADS, PLATFORM_FEES, UNSORTED

PREFIX = "Shared costs: "

SHAREABLE = (*PLATFORM_FEES, UNSORTED, *ADVERTISING)
"""Costs of nobody that are shared out."""
BORNE = {
    CM2: (*PLATFORM_FEES, UNSORTED), CM3: SHAREABLE, OPERATING_PROFIT: (*SHAREABLE, OVERHEADS),
}
"""Margin, where facts give it -> the shared costs that lower it."""

_WITH_OVERHEADS = ", overheads"


@dataclass(frozen=True)
class Spread:
    """How costs of nobody are shared out: `by` is `revenue` or `units`; `overheads`: whether they are, too."""

    by: str
    overheads: bool = False

    @property
    def costs(self) -> tuple[str, ...]:
        """What is shared out."""
        return (*SHAREABLE, OVERHEADS) if self.overheads else SHAREABLE

    def __str__(self) -> str:
        """As a generation tells it: `revenue`, or `revenue, overheads`."""
        return self.by + (_WITH_OVERHEADS if self.overheads else "")


def read_spread(text: str | None) -> Spread | None:
    """What `str` of one gave; None for nothing."""
    return Spread(text.removesuffix(_WITH_OVERHEADS), text.endswith(_WITH_OVERHEADS)) if text else None


def shared_name(metric: str) -> str:
    """The name under which shares of a metric stand."""
    return PREFIX + metric


def is_shared(name: str) -> bool:
    """Whether a name is that of shares, which is offered nowhere as a metric."""
    return name.startswith(PREFIX)


NAMES = {metric: shared_name(metric) for metric in (*SHAREABLE, OVERHEADS, *BORNE)}
"""What is shared out, or a margin -> the name of its shares."""
SHARED = tuple(NAMES.values())
"""Every name of shares."""


def with_shares(sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Metric -> sum, shares added to what they belong to. A cost of which there is nothing left is none any more."""
    added = {name: value for name, value in sums.items() if not is_shared(name)}
    for metric, name in NAMES.items():
        share = sums.get(name)
        if share is not None:
            added[metric] = added.get(metric, Decimal(0)) + share
    return added


def without_shares(names: Iterable[str]) -> list[str]:
    """The names that are no shares."""
    return [name for name in names if not is_shared(name)]
