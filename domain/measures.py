"""What a reader has chosen to look at: a metric of the facts, or what is worked out from several."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from domain.ratios import Balance, Measure, Ratio, metrics_of, relative_change, share, value_of


class Measured:
    """A choice of `metric`; `ratio` or `balance` is what it names where it is no metric of the facts."""

    metric: str
    ratio: Ratio | None
    balance: Balance | None

    @property
    def measure(self) -> Measure:
        """The chosen metric, or what it names where it is none."""
        return self.ratio or self.balance or self.metric

    @property
    def sums(self) -> tuple[str, ...]:
        """The metrics whose sums the chosen one is made of, the last one being a ratio's base."""
        return metrics_of(self.measure)

    @property
    def needed(self) -> tuple[str, ...]:
        """The metrics by whose sums its value is known."""
        return (*self.sums, self.balance.shown_by) if self.balance else self.sums

    @property
    def counted(self) -> tuple[str, ...]:
        """The metrics one of which must have a figure where the chosen one has: of a ratio its base."""
        return (self.ratio.base,) if self.ratio else self.sums

    def value_of(self, sums: Mapping[str, Decimal | None]) -> Decimal | None:
        """What was chosen, of these sums (metric -> sum); None where they have none."""
        return value_of(self.measure, sums)

    def change_of(self, now: Decimal | None, before: Decimal | None) -> Decimal | None:
        """As a fraction of what was before; of a ratio the difference. None where nothing can be compared."""
        if self.ratio is None:
            return relative_change(now, before)
        return None if now is None or before is None else now - before

    def share_of(self, part: Decimal | None, total: Decimal | None) -> Decimal | None:
        """As a fraction of the total; None of a ratio, which is no part of another."""
        return None if self.ratio else share(part, total)
