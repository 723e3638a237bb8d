"""What a reader has chosen to look at: a metric of the facts, or a ratio of several."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from domain.ratios import Ratio, relative_change, share


class Measured:
    """A choice of `metric`; `ratio` is what it names where it is no metric of the facts."""

    metric: str
    ratio: Ratio | None

    @property
    def measure(self) -> str | Ratio:
        """The chosen metric, or the ratio."""
        return self.ratio or self.metric

    @property
    def sums(self) -> tuple[str, ...]:
        """The metrics whose sums the chosen one is made of, the last one being a ratio's base."""
        return self.ratio.metrics if self.ratio else (self.metric,)

    def value_of(self, sums: Mapping[str, Decimal | None]) -> Decimal | None:
        """The chosen metric or ratio of these sums (metric -> sum); None where they have none."""
        return self.ratio.of(sums) if self.ratio else sums.get(self.metric)

    def change_of(self, now: Decimal | None, before: Decimal | None) -> Decimal | None:
        """As a fraction of what was before; of a ratio the difference. None where nothing can be compared."""
        if self.ratio is None:
            return relative_change(now, before)
        return None if now is None or before is None else now - before

    def share_of(self, part: Decimal | None, total: Decimal | None) -> Decimal | None:
        """As a fraction of the total; None of a ratio, which is no part of another."""
        return None if self.ratio else share(part, total)
