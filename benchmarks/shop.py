"""The shop that is measured: few products sell, many are listed; the same seed gives the same facts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from database.demo.shape import METRICS, DemoShape

THROUGH = datetime.date(2025, 12, 31)
SHAPES = (24, 1)
"""Facts of a group of product, marketplace, month and metric: days or orders, and what a wide file of months gives."""
FULL_SIZE = 68_000_000
LARGE_OVER_SMALL = 68
FEWEST = 10_000
LINES_SHARE = 100
"""Among so many facts there is a line of a settlement."""
TEN_METRICS = tuple(name for name in METRICS if name != "Other platform fees")


@dataclass(frozen=True)
class Shape:
    """How many facts a group has, and how many facts the large and the small installation have."""

    per_group: int
    large: int
    small: int

    @classmethod
    def of(cls, per_group: int, facts: int) -> Shape:
        """With 24 facts a group `facts` of them; with one a tenth, which are more than twice as many groups."""
        large = facts if per_group > 1 else facts // 10
        return cls(per_group, large, max(FEWEST, large // LARGE_OVER_SMALL))

    @property
    def name(self) -> str:
        """How reports call it."""
        return "one fact a group" if self.per_group == 1 else f"{self.per_group} facts a group"


def shop_of(facts: int, per_group: int = SHAPES[0]) -> DemoShape:
    """4,000 selling products of 43,706, 487 brands, 9 categories, 7 marketplaces, 36 months, 10 metrics."""
    return DemoShape(
        through=THROUGH, facts=facts, seed=68, brands=487, categories=9, products=43_706, selling=4_000, months=36,
        metrics=TEN_METRICS, facts_per_group=per_group,
    )
