"""The summaries as a child would compute them: plain Python, plain Decimal, no SQL.

It knows what an import, an undo, a moved brand and a refresh mean, and nothing of how they are done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

EXCLUDED = "stock"
ALL = "ALL"
REPORTING = "USD"
NOBODY = "ACCOUNT"
"""The product of costs that are nobody's."""
ACCOUNT_OF = {1: "ACCOUNT-1", 2: "ACCOUNT-2"}
"""Brand -> the product of what it pays as a whole."""
OVERHEADS = "Overheads"
MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")
NOWHERE = "NONE"
"""The marketplace of overheads that are told of none."""
MARGINS = {"SEM costs": ("CM3", "Operating profit"), OVERHEADS: ("Operating profit",)}
"""What is shared out -> the margins that bear it."""
COUNTED = "Net units"
"""The metric of the sequences that is no money."""

Row = tuple[str, str, str, str, str | None]
"""ASIN, marketplace, metric, month (2024-01), value."""


Told = tuple[str, str, str, str, str | None, int | None, str | None]
"""An overhead: name, amount, from, to, currency, brand, marketplace."""


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
    spread_overheads: str = "no"
    told: dict[int, list[Told]] = field(default_factory=dict)
    """Import -> the overheads that it told."""

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

    def take_in_overheads(self, number: int, rows: Iterable[Told]) -> None:
        """An import of overheads."""
        self.replaced[number], self.told[number] = [], list(rows)

    def undo(self, number: int) -> None:
        """Its facts go, what it replaced returns."""
        self.facts = [fact for fact in self.facts if fact.number != number] + self.replaced.pop(number)
        self.told.pop(number, None)

    def overheads(self) -> list[Fact]:
        """What follows from overheads: of one name, brand, marketplace and first month the last import counts, each
        month that other facts reach."""
        last: dict[tuple, tuple[int, Told]] = {}
        for number, rows in sorted(self.told.items()):
            last.update({(name, brand, place, first): (number, (name, amount, first, *rest, brand, place))
                         for name, amount, first, *rest, brand, place in rows})
        through = max((fact.row[3] for fact in self.facts), default="9999-12")
        sums: dict[tuple, Decimal] = defaultdict(Decimal)
        for number, (_, amount, first, end, currency, brand, place) in last.values():
            for month in (month for month in MONTHS if first <= month <= min(end, through)):
                sums[number, brand, place or NOWHERE, month, currency] += Decimal(amount)
        return [
            Fact((ACCOUNT_OF.get(brand, NOBODY), place, OVERHEADS, month, f"{value:.2f}"), currency=currency)
            for (_, brand, place, month, currency), value in sums.items() if value
        ]

    def tables(self) -> dict[str, list[tuple]]:
        """The summary tables as `tests.facts.all_summary_rows` gives them; what was left out: month, metric, reason,
        facts, sum; and what was converted: product, marketplace, month, metric, currency, sum in it."""
        groups: dict[tuple, list[Decimal]] = defaultdict(list)
        left_out: dict[tuple, list] = defaultdict(lambda: [0, Decimal(0)])
        for fact in (*self.facts, *self.overheads()):
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
        """What products bear of advertising that is nobody's and of overheads, in proportion to what they sold, in
        whole cents, what is left over to the largest remainders; and what that does to their margins."""
        found: dict[tuple, Decimal] = defaultdict(Decimal)
        for pot, cost, sold in self._pots(asin):
            name = pot[5]
            whole = {key: abs(cost) * 100 * value // sum(sold.values()) for key, value in sold.items()}
            left = int(abs(cost) * 100 - sum(whole.values()))
            remainder = {key: abs(cost) * 100 * value - whole[key] * sum(sold.values()) for key, value in sold.items()}
            for key in sorted(sold, key=lambda key: (-remainder[key], key[0], key[3]))[:left]:
                whole[key] += 1
            found[*pot[:5], f"Shared costs: {name}"] -= cost
            for key, cents in whole.items():
                share = cents / 100 * (1 if cost > 0 else -1)
                found[*key[:5], f"Shared costs: {name}"] += share
                for margin in MARGINS[name]:
                    if (*key[:5], margin) in asin:
                        found[*key[:5], f"Shared costs: {margin}"] -= share
                        found[*pot[:5], f"Shared costs: {margin}"] += share
        return {key: value for key, value in found.items() if value}

    def _pots(self, asin: dict[tuple, Decimal]) -> Iterator[tuple[tuple, Decimal, dict[tuple, Decimal]]]:
        """What is shared out, how much it is, and what those sold who bear it."""
        by = {"revenue": "Net revenue", "units": COUNTED}.get(self.spread)
        shared = {"SEM costs", OVERHEADS} if self.spread_overheads == "yes" else {"SEM costs"}
        nobody, *of_brands = (self.products[code][0] for code in (NOBODY, *ACCOUNT_OF.values()))
        for pot, cost in asin.items():
            number, brand, _, place, month, metric = pot
            is_brands = number in of_brands and metric == OVERHEADS and brand != 0
            if not cost or metric not in shared or not (number == nobody or is_brands):
                continue
            sold = {
                key: value for key, value in asin.items()
                if key[4:] == (month, by) and value > 0 and key[0] not in (nobody, *of_brands)
                and (key[3] == place or (metric, place) == (OVERHEADS, NOWHERE)) and (not is_brands or key[1] == brand)
            }
            if sold:
                yield pot, cost, sold

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
