"""The summaries as a child would compute them: plain Python, plain Decimal, no SQL.

It knows what an import, an undo, a moved brand and a refresh mean, and nothing of how they are done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

EXCLUDED = "stock"
ALL = "ALL"

Row = tuple[str, str, str, str, str | None]
"""ASIN, marketplace, metric, month (2024-01), value."""


@dataclass
class Fact:
    """One row of financials. `source` and `number` are the import's; both None for a stranger's."""

    row: Row
    source: str | None = None
    number: int | None = None


@dataclass
class Oracle:
    """The state of a shop."""

    products: dict[str, tuple[int, int | None, int | None]]
    """ASIN -> id, brand id, category id."""
    brands: dict[int, tuple[int | None, str | None]]
    """Brand id -> category id, group."""
    facts: list[Fact] = field(default_factory=list)
    replaced: dict[int, list[Fact]] = field(default_factory=dict)

    def take_in(self, number: int, source: str, mode: str, rows: Iterable[Row]) -> None:
        """An import: a source's facts for the same product, marketplace and month (or for whole months)
        give way, unless it appends."""
        rows = list(rows)
        places = {(asin, marketplace, month) for asin, marketplace, _, month, _ in rows}
        months = {month for *_, month, _ in rows}

        def gives_way(fact: Fact) -> bool:
            asin, marketplace, _, month, _ = fact.row
            if fact.source != source or mode == "append":
                return False
            return month in months if mode == "whole-months" else (asin, marketplace, month) in places

        self.replaced[number] = [fact for fact in self.facts if gives_way(fact)]
        self.facts = [fact for fact in self.facts if not gives_way(fact)]
        self.facts += [Fact(row, source, number) for row in rows]

    def undo(self, number: int) -> None:
        """Its facts go, what it replaced returns."""
        self.facts = [fact for fact in self.facts if fact.number != number] + self.replaced.pop(number)

    def tables(self) -> dict[str, list[tuple]]:
        """The summary tables as `tests.facts.all_summary_rows` gives them, and what was left out: month, metric,
        reason, facts, sum."""
        asin: dict[tuple, Decimal] = defaultdict(Decimal)
        left_out: dict[tuple, list[Decimal]] = defaultdict(list)
        for fact in self.facts:
            code, marketplace, metric, month, value = fact.row
            reason = self._reason(fact)
            if reason:
                left_out[f"{month}-01", metric, reason].append(Decimal(value or 0))
                continue
            number, brand, own = self.products[code]
            category, _ = self.brands.get(brand, (None, None))
            asin[number, brand or 0, own or category or 0, marketplace, f"{month}-01", metric] += Decimal(value)
        brands: dict[tuple, list] = defaultdict(list)
        categories: dict[tuple, list] = defaultdict(list)
        marketplaces: dict[tuple, list] = defaultdict(list)
        for (number, brand, category, marketplace, month, metric), value in asin.items():
            brands[brand, category, month, marketplace, metric].append((number, value))
            brands[brand, category, month, ALL, metric].append((number, value))
            categories[category, month, metric].append((number, brand, value))
            marketplaces[category, marketplace, month, metric].append((number, brand, value))
        return {
            "financials_summary_monthly_asin_marketplace": sorted(
                (*key, f"{value:.2f}") for key, value in asin.items()
            ),
            "financials_summary_monthly_brand": sorted(
                (*key, f"{sum(value for _, value in rows):.2f}", len({number for number, _ in rows}))
                for key, rows in brands.items()
            ),
            "financials_summary_monthly_category": _counted(categories),
            "financials_summary_monthly_marketplace": _counted(marketplaces),
            "left out": sorted((*key, len(values), f"{sum(values):.2f}") for key, values in left_out.items()),
        }

    def _reason(self, fact: Fact) -> str:
        """Why a fact is left out, '' if it is not."""
        code, marketplace, _, _, value = fact.row
        if value is None:
            return "no value"
        if marketplace == ALL:
            return "marketplace ALL"
        if code not in self.products:
            return "unknown product"
        _, group = self.brands.get(self.products[code][1], (None, None))
        return "excluded group" if group == EXCLUDED else ""


def _counted(groups: dict[tuple, list]) -> list[tuple]:
    """Key, sum, how many brands, how many products."""
    return sorted(
        (*key, f"{sum(value for *_, value in rows):.2f}", len({brand for _, brand, _ in rows}),
         len({number for number, *_ in rows}))
        for key, rows in groups.items()
    )
