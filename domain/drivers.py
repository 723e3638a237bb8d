"""What changed CM3 from one period to another: price, volume and mix of what was sold, new and ended products, and each
cost, in steps that add up to the change to the cent.

Price, volume and mix are told as controllers tell them, of the products that had net units above zero in both periods:

    volume = (units now − units before) × average price before
    mix    = net revenue of the units now, each product at its price before − units now × average price before
    price  = net revenue now − net revenue of the units now, each product at its price before

The first two amounts are rounded to the cent, half away from zero, a product at a time where they are of each product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.metrics import CM3
from domain.profit import STAGES, Step, Sums

KEPT, NEW, ENDED, UNPRICED = "kept", "new", "ended", "unpriced"
"""Kinds of products: sold in both periods; with neither net revenue nor net units before, or now; and such as have no
net units above zero in one of the periods, so that there is no price."""

VOLUME, MIX, PRICE = "Volume", "Mix", "Price"
NEW_PRODUCTS, ENDED_PRODUCTS, WITHOUT_UNITS = "New products", "Ended products", "Net revenue without units"
OTHER = "Not in the parts of CM3"

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Sold:
    """Products of a kind, together: net revenue and net units before and now, and of kept ones the net revenue of the
    units now, each product at its price before."""

    products: int = 0
    revenue_before: Decimal = NOTHING
    units_before: Decimal = NOTHING
    revenue: Decimal = NOTHING
    units: Decimal = NOTHING
    at_prices_before: Decimal = NOTHING


@dataclass(frozen=True)
class Driver:
    """A step: by how much it changed CM3, and what it is told from, before and now: pieces of `Volume`, average prices
    of `Mix` and `Price`, else amounts."""

    name: str
    amount: Decimal
    before: Decimal | None
    now: Decimal | None


@dataclass(frozen=True)
class Change:
    """From CM3 `before` to CM3 `now`, through `drivers`, whose amounts add up to the change."""

    before: Decimal
    now: Decimal
    drivers: tuple[Driver, ...]

    @property
    def amount(self) -> Decimal:
        """The change."""
        return self.now - self.before

    def steps(self) -> list[Step]:
        """Bars from CM3 before to CM3 now, each beginning where the one before it ended."""
        place, steps = self.before, [Step("before", "level", NOTHING, self.before)]
        for driver in self.drivers:
            kind = "gap" if driver.name == OTHER else "cost"
            steps.append(Step(driver.name, kind, place, place + driver.amount))
            place += driver.amount
        return [*steps, Step("now", "level", NOTHING, self.now)]


def change_between(before: Sums, now: Sums, sold: Mapping[str, Sold]) -> Change | None:
    """The change of CM3 between the sums (metric -> sum) of two periods, whose products `sold` tells by kind. What has
    no figure on one side counts as nothing there; None where neither has a CM3."""
    if CM3 not in before and CM3 not in now:
        return None
    start, end = before.get(CM3, NOTHING), now.get(CM3, NOTHING)
    drivers = [*_of_revenue(sold), *_of_costs(before, now)]
    other = end - start - sum((driver.amount for driver in drivers), NOTHING)
    if other:
        drivers.append(Driver(OTHER, other, None, None))
    return Change(start, end, tuple(drivers))


def _of_revenue(sold: Mapping[str, Sold]) -> Iterable[Driver]:
    kept = sold.get(KEPT)
    if kept:
        at_average = at_price(kept.revenue_before, kept.units, kept.units_before)
        average = kept.revenue_before / kept.units_before
        yield Driver(VOLUME, at_average - kept.revenue_before, kept.units_before, kept.units)
        yield Driver(MIX, kept.at_prices_before - at_average, average, kept.at_prices_before / kept.units)
        yield Driver(
            PRICE, kept.revenue - kept.at_prices_before, kept.at_prices_before / kept.units, kept.revenue / kept.units
        )
    if NEW in sold:
        yield Driver(NEW_PRODUCTS, sold[NEW].revenue, None, sold[NEW].revenue)
    if ENDED in sold:
        yield Driver(ENDED_PRODUCTS, -sold[ENDED].revenue_before, sold[ENDED].revenue_before, None)
    if UNPRICED in sold:
        found = sold[UNPRICED]
        yield Driver(WITHOUT_UNITS, found.revenue - found.revenue_before, found.revenue_before, found.revenue)


def _of_costs(before: Sums, now: Sums) -> Iterable[Driver]:
    """In the order of the P&L; a cost that rose lowers CM3."""
    for stage in STAGES:
        for sign, names in ((-1, stage.costs), (1, stage.gains)):
            for name in names:
                if name in before or name in now:
                    known = before.get(name), now.get(name)
                    yield Driver(name, sign * ((known[1] or NOTHING) - (known[0] or NOTHING)), *known)
        if stage.margin == CM3:
            return


def at_price(revenue: Decimal, pieces: Decimal, of: Decimal) -> Decimal:
    """What `pieces` come to where `of` pieces, above zero, came to `revenue`, to the cent: half away from zero, as the
    database does it. By whole numbers, which no context of decimals rounds first."""
    (top, over), (times, per), (divisor, under) = (each.as_integer_ratio() for each in (revenue, pieces, of))
    numerator, denominator = abs(top * times) * under * 100, over * per * divisor
    cents = (2 * numerator + denominator) // (2 * denominator)
    return Decimal(cents if top * times >= 0 else -cents).scaleb(-2)
