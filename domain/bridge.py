"""From what was ordered in a month to what Amazon paid for in it, step by step.

Orders and payments tell of the same sales at different moments: an order of the 30th is paid when it has shipped, which
may be in the month after. So the two never agree by month, and nobody should have to believe that they do: each step
from one to the other is named, and what no step explains is a step of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from domain.profit import Step

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Bridge:
    """Amounts of a marketplace and month, all as they change what is left: what is taken off is negative.

    `ordered`: prices, shipping and gift wrap of the orders placed in the month, with what was cancelled and with the
    tax that is in the prices. `paid`: sales that payments of the month tell of, after refunds and promotions, before
    Amazon's fees and without tax.
    """

    ordered: Decimal
    cancelled: Decimal
    not_yet_paid: Decimal
    tax: Decimal
    earlier: Decimal
    unknown: Decimal
    refunds: Decimal
    promotions: Decimal
    unexplained: Decimal
    paid: Decimal

    @property
    def missing(self) -> Decimal:
        """What the steps lack of leading from `ordered` to `paid`: never anything but 0."""
        return self.paid - self.ordered - sum((getattr(self, name) for name in STEPS), Decimal(0))


STEPS = {
    "cancelled": "Cancelled later",
    "not_yet_paid": "Not yet paid in their month",
    "tax": "Tax in the prices",
    "earlier": "Paid from orders of other months",
    "unknown": "Paid for orders that no order report tells of",
    "refunds": "Refunds",
    "promotions": "Promotions",
    "unexplained": "Unexplained",
}
"""Each step, in its order, and what it is called."""


def to_cents(bridge: Bridge) -> Bridge:
    """The same at two decimals, half to even; what rounding moves is unexplained."""
    cents = {
        name: getattr(bridge, name).quantize(_CENT, ROUND_HALF_EVEN) for name in Bridge.__dataclass_fields__
    }
    rounded = Bridge(**cents)
    return replace(rounded, unexplained=rounded.unexplained + rounded.missing)


def steps_of(bridge: Bridge) -> list[Step]:
    """The bars from ordered to paid, each beginning where the one before it ended; a step of nothing has no bar, but
    the unexplained always has one: a 0 there is what a reader looks for."""
    left = bridge.ordered
    steps = [Step("Ordered", "level", Decimal(0), left)]
    for name, words in STEPS.items():
        change = getattr(bridge, name)
        if change or name == "unexplained":
            kind = "gap" if name == "unexplained" else "cost" if change < 0 else "gain"
            steps.append(Step(words, kind, left, left + change))
            left += change
    return [*steps, Step("Paid", "level", Decimal(0), bridge.paid)]


def together(bridges: list[Bridge]) -> Bridge:
    """The bridge of several months or marketplaces of one currency."""
    return Bridge(*(
        sum((getattr(bridge, name) for bridge in bridges), Decimal(0)) for name in Bridge.__dataclass_fields__
    ))
