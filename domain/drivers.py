"""What changed CM3 from one period to another: price, volume and mix of what was sold, new and ended products, and each
cost, in steps that add up to the change to the cent.

Price, volume and mix are told as controllers tell them, of the products that had net units above zero in both periods:

    volume = (units now − units before) × average price before
    mix    = net revenue of the units now, each product at its price before − units now × average price before
    price  = net revenue now − net revenue of the units now, each product at its price before

The first two amounts are rounded to the cent, half away from zero, a product at a time where they are of each product.

Where amounts were converted, price and costs are told at the exchange rates of before, and what other rates did to them
is a step of its own. A currency's rate of before is what its net revenue came to then, by what it was stated as.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.metrics import CM3, NET_REVENUE
from domain.profit import STAGES, Step, Sums

KEPT, NEW, ENDED, UNPRICED = "kept", "new", "ended", "unpriced"
"""Kinds of products: sold in both periods; with neither net revenue nor net units before, or now; and such as have no
net units above zero in one of the periods, so that there is no price."""

VOLUME, MIX, PRICE = "Volume", "Mix", "Price"
NEW_PRODUCTS, ENDED_PRODUCTS, WITHOUT_UNITS = "New products", "Ended products", "Net revenue without units"
CURRENCY = "Exchange rates"
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
class Converted:
    """An amount that was stated in another currency: what it was converted into, and as it was stated."""

    value: Decimal
    stated: Decimal


@dataclass(frozen=True)
class Driver:
    """A step: by how much it changed CM3, and what it is told from, before and now: pieces of `Volume`, average prices
    of `Mix` and `Price`, else amounts. `at_rates_before`: whether what is told of now is at the exchange rates of
    before."""

    name: str
    amount: Decimal
    before: Decimal | None
    now: Decimal | None
    at_rates_before: bool = False


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


def change_between(
    before: Sums, now: Sums, sold: Mapping[str, Sold], exchanged: Mapping[str, Decimal] | None = None
) -> Change | None:
    """The change of CM3 between the sums (metric -> sum) of two periods, whose products `sold` tells by kind. What has
    no figure on one side counts as nothing there; None where neither has a CM3. `exchanged` has what other exchange
    rates did to each metric's amounts of now, to net revenue of kept products only (`effects_of_rates`)."""
    if CM3 not in before and CM3 not in now:
        return None
    start, end, exchanged = before.get(CM3, NOTHING), now.get(CM3, NOTHING), exchanged or {}
    drivers = [*_of_revenue(sold, exchanged.get(NET_REVENUE)), *_of_costs(before, now, exchanged)]
    if exchanged:
        signs = dict.fromkeys(exchanged, 1) | {name: -1 for stage in STAGES for name in stage.costs}
        drivers.append(Driver(CURRENCY, sum(signs[name] * exchanged[name] for name in exchanged), None, None))
    other = end - start - sum((driver.amount for driver in drivers), NOTHING)
    if other:
        drivers.append(Driver(OTHER, other, None, None))
    return Change(start, end, tuple(drivers))


def effects_of_rates(
    now: Mapping[tuple[str, str], Converted], revenue_before: Mapping[str, Converted]
) -> dict[str, Decimal]:
    """Metric -> what its amounts of now came to beyond what they had come to at the rates of before, to the cent, of
    (metric, currency) -> amounts of now, and currency -> net revenue before. A currency without net revenue above zero
    before has no rate of then: its amounts are in no effect."""
    found: dict[str, Decimal] = {}
    for (metric, currency), amount in now.items():
        then = revenue_before.get(currency)
        if then is not None and then.stated > 0:
            effect = amount.value - at_price(then.value, amount.stated, then.stated)
            found[metric] = found.get(metric, NOTHING) + effect
    return found


def _of_revenue(sold: Mapping[str, Sold], exchanged: Decimal | None) -> Iterable[Driver]:
    kept = sold.get(KEPT)
    if kept:
        at_average = at_price(kept.revenue_before, kept.units, kept.units_before)
        average = kept.revenue_before / kept.units_before
        revenue = kept.revenue - (exchanged or NOTHING)
        yield Driver(VOLUME, at_average - kept.revenue_before, kept.units_before, kept.units)
        yield Driver(MIX, kept.at_prices_before - at_average, average, kept.at_prices_before / kept.units)
        yield Driver(
            PRICE, revenue - kept.at_prices_before, kept.at_prices_before / kept.units, revenue / kept.units,
            exchanged is not None,
        )
    if NEW in sold:
        yield Driver(NEW_PRODUCTS, sold[NEW].revenue, None, sold[NEW].revenue)
    if ENDED in sold:
        yield Driver(ENDED_PRODUCTS, -sold[ENDED].revenue_before, sold[ENDED].revenue_before, None)
    if UNPRICED in sold:
        found = sold[UNPRICED]
        yield Driver(WITHOUT_UNITS, found.revenue - found.revenue_before, found.revenue_before, found.revenue)


def _of_costs(before: Sums, now: Sums, exchanged: Mapping[str, Decimal]) -> Iterable[Driver]:
    """In the order of the P&L; a cost that rose lowers CM3."""
    for stage in STAGES:
        for sign, names in ((-1, stage.costs), (1, stage.gains)):
            for name in names:
                if name in before or name in now:
                    was, is_now = before.get(name), now.get(name)
                    if name in exchanged:
                        is_now = (is_now or NOTHING) - exchanged[name]
                    amount = sign * ((is_now or NOTHING) - (was or NOTHING))
                    yield Driver(name, amount, was, is_now, name in exchanged)
        if stage.margin == CM3:
            return


def at_price(revenue: Decimal, pieces: Decimal, of: Decimal) -> Decimal:
    """What `pieces` come to where `of` pieces, above zero, came to `revenue`, to the cent: half away from zero, as the
    database does it. By whole numbers, which no context of decimals rounds first."""
    (top, over), (times, per), (divisor, under) = (each.as_integer_ratio() for each in (revenue, pieces, of))
    numerator, denominator = abs(top * times) * under * 100, over * per * divisor
    cents = (2 * numerator + denominator) // (2 * denominator)
    return Decimal(cents if top * times >= 0 else -cents).scaleb(-2)
