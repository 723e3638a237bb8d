"""Metrics that follow from others, where facts do not give them, in the order in which they are made."""

from __future__ import annotations

from dataclasses import dataclass

from domain.metrics import (
    ADVERTISING,
    CM1,
    CM2,
    CM3,
    NET_COGS,
    NET_REVENUE,
    NET_UNITS,
    PLATFORM_FEES,
    REIMBURSEMENTS,
    UNSORTED,
)


@dataclass(frozen=True)
class Formula:
    """`metric` = the sum of `plus` − the sum of `minus`, wherever any of `needs` has a figure."""

    metric: str
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    needs: tuple[str, ...]


_LINES = (NET_REVENUE, NET_COGS, *PLATFORM_FEES, UNSORTED, REIMBURSEMENTS, *ADVERTISING)
"""Lines of the P&L but the margins themselves."""

NET = (
    Formula(NET_REVENUE, ("Gross sales",), ("Returns",), ("Gross sales", "Returns")),
    Formula(NET_UNITS, ("Gross units",), ("Returned units",), ("Gross units", "Returned units")),
)
MARGINS = (
    Formula(CM1, (NET_REVENUE,), (NET_COGS,), _LINES),
    Formula(CM2, (CM1, REIMBURSEMENTS), (*PLATFORM_FEES, UNSORTED), _LINES),
    Formula(CM3, (CM2,), ADVERTISING, _LINES),
)
"""Net COGS comes between the two: Net units times the unit cost that is valid."""

PARTS = tuple(sorted(
    {name for each in (*NET, *MARGINS) for name in (*each.plus, *each.minus, *each.needs)} | {NET_UNITS}
))
"""Every metric that one of these follows from."""
