"""What can be joined, and what makes two of its names one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from database.names.facts import Renaming
from domain.marketplaces import marketplace_code
from domain.metrics import canonical_metric
from domain.spelling import name_key, product_key, spelled_out

BRAND, CATEGORY, METRIC, MARKETPLACE, PRODUCT = "brand", "category", "metric", "marketplace", "product"
KINDS = (BRAND, CATEGORY, METRIC, MARKETPLACE, PRODUCT)

SAME_BY: dict[str, Callable[[str], str]] = {
    BRAND: name_key, CATEGORY: name_key, PRODUCT: product_key,
    METRIC: lambda name: name_key(canonical_metric(name)), MARKETPLACE: lambda name: name_key(marketplace_code(name)),
}
"""Kind -> what files' spellings of one name have in common."""


@dataclass(frozen=True)
class Names:
    """Two names of one kind, the one that goes and the one that stays, with the ids of their rows where they have
    such."""

    kind: str
    old: str
    new: str
    old_id: int | None = None
    new_id: int | None = None

    @property
    def are_same(self) -> bool:
        """Whether files that use either mean the same."""
        return SAME_BY[self.kind](self.old) == SAME_BY[self.kind](self.new)

    @property
    def words(self) -> str:
        """`metric: COGS -> Net COGS`, unseen characters spelled out."""
        return f"{self.kind}: {spelled_out(self.old)} -> {spelled_out(self.new)}"

    @property
    def renaming(self) -> Renaming | None:
        """What changes in facts; None for brands and categories, which stand in none."""
        if self.kind == PRODUCT:
            return Renaming("asin_id", self.old_id, self.new_id)
        return Renaming(self.kind, self.old, self.new) if self.kind in (METRIC, MARKETPLACE) else None
