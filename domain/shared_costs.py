"""Costs that belong to no product, shared out among those that were sold: under names of their own, beside the figures.

`Shared costs: FBA fees` is what a product bears of the FBA fees of `ACCOUNT`; of `ACCOUNT` itself it is as much with a
minus, so that nothing is counted twice. `Shared costs: CM3` is what the shares do to a margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from domain.metrics import ADVERTISING, CM2, CM3, PLATFORM_FEES, UNSORTED

PREFIX = "Shared costs: "

SHAREABLE = (*PLATFORM_FEES, UNSORTED, *ADVERTISING)
"""Costs of nobody that are shared out."""
BORNE = {CM2: (*PLATFORM_FEES, UNSORTED), CM3: SHAREABLE}
"""Margin -> the shared costs that lower it."""


def shared_name(metric: str) -> str:
    """The name under which shares of a metric stand."""
    return PREFIX + metric


def is_shared(name: str) -> bool:
    """Whether a name is that of shares, which is offered nowhere as a metric."""
    return name.startswith(PREFIX)


SHARED = tuple(shared_name(metric) for metric in (*SHAREABLE, *BORNE))
"""Every name of shares."""


def with_shares(sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Metric -> sum, shares added to what they belong to. A cost of which there is nothing left is none any more."""
    added = {name: value for name, value in sums.items() if not is_shared(name)}
    for metric in (*SHAREABLE, *BORNE):
        share = sums.get(shared_name(metric))
        if share is not None:
            added[metric] = added.get(metric, Decimal(0)) + share
    return added


def without_shares(names: Iterable[str]) -> list[str]:
    """The names that are no shares."""
    return [name for name in names if not is_shared(name)]
