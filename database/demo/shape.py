"""How much demo data: every count that the generator keeps to, in one value."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from domain.metrics import DOWN_TO_CM3, NET_UNITS, REIMBURSEMENTS, UNSORTED
from domain.months import add_months, month_of, months_between

METRICS = (NET_UNITS, *(name for name in DOWN_TO_CM3 if name not in (UNSORTED, REIMBURSEMENTS)))
"""Only Amazon's own reports have amounts that nobody has sorted, and the same seed gives the same data as ever."""

LISTING_MONTHS_PER_PRODUCT = 72
"""A product sells for about two years in about three marketplaces."""
MOST_SELLING = 20_000
"""Beyond this many products, more facts means more facts per product, not a longer list."""


@dataclass(frozen=True)
class DemoShape:
    """The same shape gives the same facts, whatever the engine and the number of threads.

    `facts` is met to within one product's life in one marketplace. `through` is the last day with sales:
    `months` complete months end with it or before it, and a month in progress follows if it is not the
    last of its month. Of `products`, `selling` have facts. Each figure of a product, marketplace, month and
    metric is split into `facts_per_group` rows. A cost left out of `metrics` is nothing in the P&L.
    """

    through: datetime.date
    facts: int = 1_000_000
    seed: int = 1
    brands: int = 40
    categories: int = 8
    products: int = 1_250
    selling: int = 1_150
    months: int = 36
    metrics: tuple[str, ...] = METRICS
    facts_per_group: int = 1

    @classmethod
    def of_size(cls, facts: int, *, seed: int, through: datetime.date) -> DemoShape:
        """A shop of a believable size for about so many facts."""
        per_product = LISTING_MONTHS_PER_PRODUCT * len(METRICS)
        # A small shop has fewer marketplaces rather than a handful of products.
        selling = max(1, min(40, facts // len(METRICS) // 30), min(MOST_SELLING, facts // per_product))
        return cls(
            through=through, facts=facts, seed=seed, selling=selling, products=selling + max(1, selling // 12),
            facts_per_group=max(1, round(facts / (per_product * MOST_SELLING))),
        )

    @property
    def listing_months(self) -> int:
        """How many times a product sells in a marketplace for a month, all together."""
        return max(1, round(self.facts / (len(self.metrics) * self.facts_per_group)))

    def calendar(self) -> list[datetime.date]:
        """The months, in order; the last may be the month in progress."""
        last = month_of(self.through)
        complete = last if self.share_of_last_month() == 1 else add_months(last, -1)
        return months_between(add_months(complete, 1 - self.months), last)

    def share_of_last_month(self) -> float:
        """How much of the last month has passed, in (0, 1]."""
        days = (add_months(month_of(self.through), 1) - month_of(self.through)).days
        return self.through.day / days
