"""Figures derived from sums: margins and the like. Always sums divided by sums, never means of ratios."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.metrics import (
    ADVERTISING,
    CM1,
    CM2,
    CM3,
    NET_COGS,
    NET_REVENUE,
    NET_UNITS,
    OPERATING_PROFIT,
    OVERHEADS,
)


@dataclass(frozen=True)
class Ratio:
    """`name` = (Σ of `parts` − Σ of `minus`) / Σ of `base`; a percentage, or else money per piece. `rise` says what a
    rise is, as `domain.metrics.rise_of` does for metrics."""

    name: str
    parts: tuple[str, ...]
    base: str
    percent: bool = True
    rise: str = "good"
    minus: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        return (*self.parts, *self.minus, self.base)

    def of(self, sums: Mapping[str, Decimal | None]) -> Decimal | None:
        """The ratio of `sums` (metric -> sum), as a fraction: 0.2 is 20 %. None without a base, or
        where no part has a figure: no revenue has no margin, not a margin of 0."""
        base = sums.get(self.base)
        parts = [sums[part] for part in self.parts if sums.get(part) is not None]
        if not base or not parts:
            return None
        taken = [sums[part] for part in self.minus if sums.get(part) is not None]
        return (sum(parts, Decimal(0)) - sum(taken, Decimal(0))) / base


CM1_MARGIN = Ratio("CM1 %", (CM1,), NET_REVENUE)
CM2_MARGIN = Ratio("CM2 %", (CM2,), NET_REVENUE)
CM3_MARGIN = Ratio("CM3 %", (CM3,), NET_REVENUE)
TACOS = Ratio("TACoS", ADVERTISING, NET_REVENUE, rise="bad")
ROI = Ratio("ROI", (CM3,), NET_COGS)
AVERAGE_PRICE = Ratio("Average price", (NET_REVENUE,), NET_UNITS, percent=False, rise="")


OPERATING_MARGIN = Ratio("Operating margin %", (CM3,), NET_REVENUE, minus=(OVERHEADS,))

OFFERED = (CM1_MARGIN, CM2_MARGIN, CM3_MARGIN, OPERATING_MARGIN, TACOS, ROI)
"""What can be chosen like a metric."""


@dataclass(frozen=True)
class Balance:
    """An amount that is worked out: `name` = Σ of `plus` − Σ of `minus`. Where `shown_by` has a figure and `plus` has
    none, nobody knows it: what was sold has a margin, though no file gave it."""

    name: str
    plus: str
    minus: str
    shown_by: str

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.plus, self.minus)

    def of(self, sums: Mapping[str, Decimal | None]) -> Decimal | None:
        """The amount of `sums` (metric -> sum). A side without a figure counts as nothing, so that parts add up to
        their whole; None where neither has one, or where it cannot be known."""
        plus, minus = sums.get(self.plus), sums.get(self.minus)
        if plus is None and (minus is None or sums.get(self.shown_by) is not None):
            return None
        return (plus or Decimal(0)) - (minus or Decimal(0))


OPERATING = Balance(OPERATING_PROFIT, CM3, OVERHEADS, NET_REVENUE)
"""The operating profit, where facts do not give it."""

Measure = str | Ratio | Balance
"""What can be asked of sums: a metric's, or what is worked out from several."""


def metrics_of(asked: Measure) -> tuple[str, ...]:
    """The metrics whose sums it is made of."""
    return (asked,) if isinstance(asked, str) else asked.metrics


def value_of(asked: Measure, sums: Mapping[str, Decimal | None]) -> Decimal | None:
    """Its value of `sums` (metric -> sum)."""
    return sums.get(asked) if isinstance(asked, str) else asked.of(sums)


def as_given(asked: Measure, metrics: Collection[str]) -> Measure:
    """The same where facts give the operating profit themselves: theirs is taken as it is."""
    if OPERATING_PROFIT not in metrics:
        return asked
    if asked == OPERATING:
        return OPERATING_PROFIT
    return replace(asked, parts=(OPERATING_PROFIT,), minus=()) if asked == OPERATING_MARGIN else asked


def balances_of(metrics: Collection[str]) -> dict[str, Balance]:
    """Name -> balance, of those that can be chosen like metrics where these have figures."""
    known = all(part in metrics for part in OPERATING.metrics) and OPERATING.name not in metrics
    return {OPERATING.name: OPERATING} if known else {}


def ratios_of(metrics: Collection[str]) -> dict[str, Ratio]:
    """Name -> ratio, of those that can be chosen where these metrics have figures. A metric of the same name, which
    another program may have written, goes before."""
    offered = (as_given(ratio, metrics) for ratio in OFFERED)
    return {
        ratio.name: ratio for ratio in offered
        if ratio.base in metrics and any(part in metrics for part in ratio.parts)
        and all(part in metrics for part in ratio.minus) and ratio.name not in metrics
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
