"""Figures derived from sums: margins and the like. Always sums divided by sums, never means of ratios."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.metrics import ADVERTISING, CM1, CM2, CM3, NET_COGS, NET_REVENUE, NET_UNITS


@dataclass(frozen=True)
class Ratio:
    """`name` = Σ of `parts` / Σ of `base`; a percentage, or else money per piece. `rise` says what a rise
    is, as `domain.metrics.rise_of` does for metrics."""

    name: str
    parts: tuple[str, ...]
    base: str
    percent: bool = True
    rise: str = "good"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (*self.parts, self.base)

    def of(self, sums: Mapping[str, Decimal | None]) -> Decimal | None:
        """The ratio of `sums` (metric -> sum), as a fraction: 0.2 is 20 %. None without a base, or
        where no part has a figure: no revenue has no margin, not a margin of 0."""
        base = sums.get(self.base)
        parts = [sums[part] for part in self.parts if sums.get(part) is not None]
        if not base or not parts:
            return None
        return sum(parts, Decimal(0)) / base


CM1_MARGIN = Ratio("CM1 %", (CM1,), NET_REVENUE)
CM2_MARGIN = Ratio("CM2 %", (CM2,), NET_REVENUE)
CM3_MARGIN = Ratio("CM3 %", (CM3,), NET_REVENUE)
TACOS = Ratio("TACoS", ADVERTISING, NET_REVENUE, rise="bad")
ROI = Ratio("ROI", (CM3,), NET_COGS)
AVERAGE_PRICE = Ratio("Average price", (NET_REVENUE,), NET_UNITS, percent=False, rise="")


OFFERED = (CM1_MARGIN, CM2_MARGIN, CM3_MARGIN, TACOS, ROI)
"""What can be chosen like a metric."""


def ratios_of(metrics: Collection[str]) -> dict[str, Ratio]:
    """Name -> ratio, of those that can be chosen where these metrics have figures. A metric of the same name, which
    another program may have written, goes before."""
    return {
        ratio.name: ratio for ratio in OFFERED
        if ratio.base in metrics and any(part in metrics for part in ratio.parts) and ratio.name not in metrics
    }


def relative_change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """The change as a fraction of the size of `before`: a loss that shrinks is a rise. None where
    either is missing or there was nothing before."""
    if now is None or not before:
        return None
    return (now - before) / abs(before)


def share(part: Decimal | None, total: Decimal | None) -> Decimal | None:
    """`part` as a fraction of `total`; None unless the total is positive."""
    if part is None or total is None or total <= 0:
        return None
    return part / total


def margin_level(margin: Decimal | None, *, green: float, orange: float) -> str | None:
    """`'good'`, `'fair'` or `'poor'` for a margin given as a fraction and thresholds in percent of net
    revenue; `'loss'` below zero; None where there is no margin."""
    if margin is None:
        return None
    percent = margin * 100
    if percent < 0:
        return "loss"
    if percent >= Decimal(str(green)):
        return "good"
    return "fair" if percent >= Decimal(str(orange)) else "poor"
