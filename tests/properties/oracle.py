"""The summaries as a child would compute them: plain Python, plain Decimal, no SQL.

It knows what an import, an undo, a moved brand and a refresh mean, and nothing of how they are done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

EXCLUDED = "stock"
ALL = "ALL"
REPORTING = "USD"
NOBODY = "ACCOUNT"
"""The product of costs that are nobody's."""
COUNTED = "Net units"
"""The metric of the sequences that is no money."""

Row = tuple[str, str, str, str, str | None]
"""ASIN, marketplace, metric, month (2024-01), value."""


@dataclass
class Fact:
    """One row of financials. `source` and `number` are the import's; both None for a stranger's."""

    row: Row
    source: str | None = None
    number: int | None = None
    currency: str | None = None

    @property
    def foreign(self) -> str:
        """The code of the currency that it has to be converted from, '' if it has not."""
        return "" if self.currency in (None, REPORTING) or self.row[2] == COUNTED else self.currency


@dataclass
class Oracle:
    """The state of a shop."""

    products: dict[str, tuple[int, int | None, int | None]]
    """ASIN -> id, brand id, category id."""
    brands: dict[int, tuple[int | None, str | None]]
    """Brand id -> category id, group."""
    facts: list[Fact] = field(default_factory=list)
    replaced: dict[int, list[Fact]] = field(default_factory=dict)
    rates: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """Currency and month -> what one unit is in the reporting currency."""
    spread: str = "none"

    def take_in(
        self, number: int, source: str, mode: str, rows: Iterable[Row], currency: str | None = None
    ) -> None:
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
        self.facts += [Fact(row, source, number, currency) for row in rows]

    def undo(self, number: int) -> None:
        """Its facts go, what it replaced returns."""
        self.facts = [fact for fact in self.facts if fact.number != number] + self.replaced.pop(number)

    def tables(self) -> dict[str, list[tuple]]:
        """The summary tables as `tests.facts.all_summary_rows` gives them; what was left out: month, metric, reason,
        facts, sum; and what was converted: product, marketplace, month, metric, currency, sum in it."""
        groups: dict[tuple, list[Decimal]] = defaultdict(list)
        left_out: dict[tuple, list] = defaultdict(lambda: [0, Decimal(0)])
        for fact in self.facts:
            code, marketplace, metric, month, value = fact.row
            if value is None:
                left_out[f"{month}-01", metric, "no value"][0] += 1
            else:
                groups[code, marketplace, metric, month, fact.foreign].append(Decimal(value))
        asin: dict[tuple, Decimal] = defaultdict(Decimal)
        local: dict[tuple, dict[str, Decimal]] = defaultdict(dict)
        for (code, marketplace, metric, month, foreign), values in groups.items():
            rate = self.rates.get((foreign, month)) if foreign else Decimal(1)
            value = sum(values) if rate is None else _cents(sum(values) * rate)
            reason = f"no rate of {foreign}" if rate is None else self._reason(code, marketplace)
            if reason:
                entry = left_out[f"{month}-01", metric, reason]
                entry[0], entry[1] = entry[0] + len(values), entry[1] + value
                continue
            number, brand, own = self.products[code]
            category, _ = self.brands.get(brand, (None, None))
            asin[number, brand or 0, own or category or 0, marketplace, f"{month}-01", metric] += value
            local[number, marketplace, f"{month}-01", metric][foreign] = sum(values)
        with localcontext(prec=60):
            asin.update(self._shares(asin))
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
            "left out": sorted((*key, count, f"{value:.2f}") for key, (count, value) in left_out.items()),
            "converted": sorted((*key, *_told(found)) for key, found in local.items() if any(found)),
        }

    def _shares(self, asin: dict[tuple, Decimal]) -> dict[tuple, Decimal]:
        """What products bear of advertising that is nobody's, in proportion to what they sold in the same marketplace
        and month, in whole cents, what is left over to the largest remainders; and what that does to their CM3."""
        by = {"revenue": "Net revenue", "units": COUNTED}.get(self.spread)
        found: dict[tuple, Decimal] = {}
        for key, cost in asin.items():
            number, _, _, *place, metric = key
            if number != self.products[NOBODY][0] or metric != "SEM costs" or not cost:
                continue
            sold = {
                other: value for other, value in asin.items()
                if other[3:] == (*place, by) and value > 0 and other[0] != number
            }
            if not sold:
                continue
            whole = {other: abs(cost) * 100 * value // sum(sold.values()) for other, value in sold.items()}
            left = int(abs(cost) * 100 - sum(whole.values()))
            remainder = {
                other: abs(cost) * 100 * value - whole[other] * sum(sold.values()) for other, value in sold.items()
            }
            for other in sorted(sold, key=lambda other: (-remainder[other], other[0]))[:left]:
                whole[other] += 1
            off_margins = Decimal(0)
            for other, cents in whole.items():
                share = cents / 100 * (1 if cost > 0 else -1)
                if not share:
                    continue
                found[*other[:5], "Shared costs: SEM costs"] = share
                if (*other[:5], "CM3") in asin:
                    found[*other[:5], "Shared costs: CM3"] = -share
                    off_margins += share
            found[*key[:5], "Shared costs: SEM costs"] = -cost
            if any(name[3:] == (*place, "Shared costs: CM3") for name in found):
                found[*key[:5], "Shared costs: CM3"] = off_margins
        return found

    def _reason(self, code: str, marketplace: str) -> str:
        """Why facts that have a value and a rate are left out, '' if they are not."""
        if marketplace == ALL:
            return "marketplace ALL"
        if code not in self.products:
            return "unknown product"
        _, group = self.brands.get(self.products[code][1], (None, None))
        return "excluded group" if group == EXCLUDED else ""


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def _told(found: dict[str, Decimal]) -> tuple[str, str]:
    """The currency of a converted figure and its sum there; a star and nothing for several."""
    ((code, value), *others) = found.items()
    return ("*", "") if others else (code, f"{value:.2f}")


def _counted(groups: dict[tuple, list]) -> list[tuple]:
    """Key, sum, how many brands, how many products."""
    return sorted(
        (*key, f"{sum(value for *_, value in rows):.2f}", len({brand for _, brand, _ in rows}),
         len({number for number, *_ in rows}))
        for key, rows in groups.items()
    )
