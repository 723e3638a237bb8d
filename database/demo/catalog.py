"""Brands, products and listings of the demo, drawn from the seed alone.

A listing is a product in a marketplace: from when to when it sells, how well, and what it costs. Sizes of
brands and of products follow a power law; some products lose money; some are new, some discontinued.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from database.demo.names import CLEARANCE, STYLES, VARIANTS, Category, brand_name, category_of
from database.demo.shape import DemoShape

MARKETPLACES = {"US": 1.0, "UK": 0.42, "DE": 0.45, "FR": 0.24, "IT": 0.2, "ES": 0.18, "CA": 0.16}
"""How much a product sells in each marketplace, against the United States."""
PRICES = {"US": 1.0, "UK": 1.06, "DE": 1.03, "FR": 1.02, "IT": 0.98, "ES": 0.97, "CA": 0.94}

HEAD_START = 24
"""Months that a product had sold before the first one shown, where it did."""


@dataclass(frozen=True)
class DemoBrand:
    """`share` is its part of all products; `growth` is per year; `category` may be missing."""

    name: str
    group: str
    market: Category
    category: str | None
    share: float
    pull: float
    growth: float
    premium: float


@dataclass(frozen=True)
class DemoProduct:
    """A product as its row in `asin`, and what its listings inherit. Money in cents, shares of revenue."""

    asin: str
    name: str
    brand: DemoBrand | None
    own_category: str | None
    market: Category
    status: str
    first: int
    last: int
    demand: float
    price: int
    cost: int
    fulfilment: int
    marketing: float
    search: float
    promotion: float


@dataclass(frozen=True)
class DemoListing:
    """A product in a marketplace, selling from month `first` to month `last` of the calendar."""

    product: DemoProduct
    marketplace: str
    first: int
    last: int
    age: int
    demand: float
    price: int


class Dice:
    """Draws that stay the same in every Python: only `random()` is promised to."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._draw = random.Random(f"lego demo {seed} {purpose}").random

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._draw()

    def whole(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        return low + int((high - low + 1) * self._draw())

    def chance(self, probability: float) -> bool:
        return self._draw() < probability

    def pick(self, choices: Sequence):
        return choices[int(len(choices) * self._draw())]

    def normal(self) -> float:
        """Mean 0, deviation 1, and never beyond 6: the sum of twelve even draws."""
        return sum(self._draw() for _ in range(12)) - 6


def make_brands(shape: DemoShape) -> list[DemoBrand]:
    """All brands, the largest first. The last is the excluded one, the one before has no category."""
    dice = Dice(shape.seed, "brands")
    return [_make_brand(dice, shape, number) for number in range(shape.brands)]


def make_products(shape: DemoShape, brands: Sequence[DemoBrand]) -> list[DemoProduct]:
    """All products; the first `shape.selling` of them sell."""
    dice = Dice(shape.seed, "products")
    last_month = len(shape.calendar()) - 1
    owners = _owners(shape, brands)
    return [_make_product(dice, shape, number, owners[number], last_month) for number in range(shape.products)]


def make_listings(shape: DemoShape, products: Sequence[DemoProduct]) -> list[DemoListing]:
    """Listings of the selling products until `shape.listing_months` is reached: each product at home
    first, then further marketplaces, the likely ones before the others."""
    dice = Dice(shape.seed, "listings")
    offers = []
    for product in products[: shape.selling]:
        order = sorted(MARKETPLACES, key=lambda code: -math.log(dice.between(1e-9, 1)) / (MARKETPLACES[code] + 0.1))
        offers += [
            ((rank > 0, rank + dice.between(0, 4)), _make_listing(dice, product, code, at_home=rank == 0))
            for rank, code in enumerate(order)
        ]
    offers.sort(key=lambda offer: offer[0])
    chosen, months = [], 0
    for _, listing in offers:
        if months >= shape.listing_months:
            break
        chosen.append(listing)
        months += listing.last - listing.first + 1
    return chosen


def _make_brand(dice: Dice, shape: DemoShape, number: int) -> DemoBrand:
    market = category_of((number * 5 + number // shape.categories) % shape.categories)
    rank = number + 1
    growth = max(-0.3, min(0.7, 0.03 + 0.18 * dice.normal()))
    premium = dice.between(0.85, 1.3)
    # Only a shop of some size has a brand to leave out and one that nobody has sorted in yet.
    excluded = number == shape.brands - 1 > 4
    unsorted = number == shape.brands - 2 > 3
    return DemoBrand(
        name=CLEARANCE if excluded else brand_name(number),
        group="stock" if excluded else "partner" if number % 4 == 3 else "own",
        market=market,
        category=None if unsorted else market.name,
        share=rank**-0.6,
        pull=rank**-0.35,
        growth=growth,
        premium=premium,
    )


def _owners(shape: DemoShape, brands: Sequence[DemoBrand]) -> list[DemoBrand | None]:
    """The brand of each product; about one in ninety has none. Every brand that can get a selling product
    gets one, the largest first."""
    dice = Dice(shape.seed, "owners")
    reach, edges = 0.0, []
    for brand in brands:
        reach += brand.share
        edges.append(reach)
    owners: list[DemoBrand | None] = []
    for number in range(shape.products):
        drawn = dice.between(0, reach)
        if number < len(brands):
            owners.append(brands[number])
        elif dice.chance(1 / 90):
            owners.append(None)
        else:
            owners.append(next(brand for brand, edge in zip(brands, edges, strict=True) if drawn < edge))
    return owners


def _make_product(
    dice: Dice, shape: DemoShape, number: int, brand: DemoBrand | None, last_month: int
) -> DemoProduct:
    home = brand.market if brand else category_of(dice.whole(0, shape.categories - 1))
    strays = dice.chance(0.06)
    market = category_of(dice.whole(0, shape.categories - 1)) if strays else home
    sorted_in = strays if brand else dice.chance(0.5)
    first, last, status = _life(dice, last_month) if number < shape.selling else (0, -1, "Inactive")
    usual = market.price * (brand.premium if brand else 1.0)
    price = math.floor(usual * math.exp(0.28 * dice.normal())) * 100 + 99
    thin = dice.chance(0.1)
    goods = dice.pick(market.goods)
    return DemoProduct(
        asin=_asin(shape.seed, number),
        name=f"{brand.name + ' ' if brand else ''}{dice.pick(STYLES)} {goods}, {dice.pick(VARIANTS)}",
        brand=brand,
        own_category=market.name if sorted_in else None,
        market=market,
        status=status,
        first=first,
        last=last,
        demand=75 * (brand.pull if brand else 0.3) * math.exp(1.0 * dice.normal()),
        price=price,
        cost=round(price * dice.between(0.32, 0.52) * (1.3 if thin else 1.0)),
        fulfilment=round(100 * market.fulfilment * dice.between(0.6, 1.1) + 0.02 * price),
        marketing=dice.between(0.005, 0.03),
        search=dice.between(0.04, 0.11) * (2.0 if thin else 1.0),
        promotion=dice.between(0.005, 0.03),
    )


def _life(dice: Dice, last_month: int) -> tuple[int, int, str]:
    """First and last month of a product, and its status."""
    older = dice.chance(0.6)
    first = 0 if older else dice.whole(1, last_month - 2) if last_month > 3 else 0
    if dice.chance(0.25) and last_month - first > 8:
        return first, dice.whole(first + 6, last_month - 2), "Discontinued"
    return first, last_month, "New" if first > last_month - 4 else "Active"


def _make_listing(dice: Dice, product: DemoProduct, code: str, *, at_home: bool) -> DemoListing:
    older = product.first == 0
    # An older product may have been abroad before the first month too.
    late = 0 if at_home or (older and dice.chance(0.6)) else dice.whole(0, 9)
    first = product.first + late if product.first + late <= product.last else product.first
    return DemoListing(
        product=product,
        marketplace=code,
        first=first,
        last=product.last,
        age=HEAD_START if older and first == 0 else 0,
        demand=product.demand * MARKETPLACES[code] * math.exp(0.3 * dice.normal()),
        price=round(product.price * PRICES[code] / 100) * 100 - 1,
    )


def _asin(seed: int, number: int) -> str:
    """Ten characters like a real one, no two the same: multiplying by a number without a common divisor
    with 36 shuffles the numbers below 36 ** 7."""
    shuffled = ((number + 1) * 40_289_303_527 + seed * 7_919) % 36**7
    digits = ""
    for _ in range(7):
        shuffled, digit = divmod(shuffled, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return f"B0D{digits}"
