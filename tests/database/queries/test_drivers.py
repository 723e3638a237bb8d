"""What changed CM3: the statement on both engines against sums done by hand, and against a shop computed in Python."""

from __future__ import annotations

import datetime
import itertools
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from database import schema
from database.engines.ports import Store
from database.queries.drivers import Drivers, read_drivers
from domain.drivers import ENDED, KEPT, NEW, UNPRICED, Sold
from domain.periods import Span, calendar_at
from domain.selection import Selection
from tests.summaries_fixture import publish

D = Decimal
TODAY = datetime.date(2025, 11, 22)


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2024-09"), month("2025-11"), TODAY)


def drivers(store: Store, **parts) -> Drivers:
    chosen = {"calendar": CALENDAR, "period": "", "first": month("2025-10"), "last": month("2025-10")} | parts
    return store.read(lambda reading: read_drivers(reading.connection, Selection(**chosen)))


ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2024-10", "Net revenue", "1000.00"), (1, 1, 5, "US", "2024-10", "Net units", "100.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "880.00"), (1, 1, 5, "US", "2025-10", "Net units", "80.00"),
    (2, 1, 5, "US", "2024-10", "Net revenue", "1500.00"), (2, 1, 5, "DE", "2024-10", "Net units", "50.00"),
    (2, 1, 5, "US", "2025-10", "Net revenue", "3480.00"), (2, 1, 5, "US", "2025-10", "Net units", "120.00"),
    # New, ended, sold without units, come back more than sold, and in the catalogue only.
    (3, 1, 5, "US", "2025-10", "Net revenue", "70.00"), (3, 1, 5, "US", "2025-10", "Net units", "7.00"),
    (4, 1, 5, "US", "2024-10", "Net revenue", "50.00"), (4, 1, 5, "US", "2024-10", "Net units", "5.00"),
    (5, 1, 5, "US", "2024-10", "Net revenue", "3.00"), (5, 1, 5, "US", "2025-10", "Net revenue", "4.00"),
    (6, 1, 5, "US", "2024-10", "Net revenue", "20.00"), (6, 1, 5, "US", "2024-10", "Net units", "2.00"),
    (6, 1, 5, "US", "2025-10", "Net revenue", "-10.00"), (6, 1, 5, "US", "2025-10", "Net units", "-1.00"),
    (7, 1, 5, "US", "2024-10", "Net revenue", "0.00"), (7, 1, 5, "US", "2025-10", "Net units", "0.00"),
    (1, 1, 5, "US", "2024-10", "FBA fees", "300.00"), (1, 1, 5, "US", "2025-10", "FBA fees", "330.00"),
    (1, 1, 5, "US", "2024-10", "CM3", "2273.00"), (1, 1, 5, "US", "2025-10", "CM3", "4094.00"),
    # Another brand, and the month in progress.
    (8, 2, 5, "US", "2025-10", "Net revenue", "9.00"), (8, 2, 5, "US", "2025-10", "CM3", "9.00"),
    (1, 1, 5, "US", "2025-11", "CM3", "5000.00"),
]


def test_each_product_is_of_one_kind_and_steps_are_as_by_hand(store: Store) -> None:
    publish(store, ROWS)

    found = drivers(store, brands=(1,))
    assert (found.before, found.now) == tuple(Span(month(text), month(text)) for text in ("2024-10", "2025-10"))
    assert found.sold == {
        KEPT: Sold(2, D("2500.00"), D("150.00"), D("4360.00"), D("200.00"), D("4400.00")),
        NEW: Sold(1, D(0), D(0), D("70.00"), D("7.00")),
        ENDED: Sold(1, D("50.00"), D("5.00"), D(0), D(0)),
        UNPRICED: Sold(2, D("23.00"), D("2.00"), D("-6.00"), D("-1.00")),
    }
    assert {driver.name: driver.amount for driver in found.change.drivers} == {
        "Volume": D("833.33"), "Mix": D("1066.67"), "Price": D("-40.00"), "New products": D("70.00"),
        "Ended products": D("-50.00"), "Net revenue without units": D("-29.00"), "FBA fees": D("-30.00"),
    }
    assert (found.change.before, found.change.now) == (D("2273.00"), D("4094.00"))


EUROS = [
    # 1,000 EUR at 1.10, 880 EUR at 1.20; fees of 300 and 330 EUR.
    (1, 1, 5, "DE", "2024-10", "Net revenue", "1100.00"), (1, 1, 5, "DE", "2024-10", "Net units", "100.00"),
    (1, 1, 5, "DE", "2025-10", "Net revenue", "1056.00"), (1, 1, 5, "DE", "2025-10", "Net units", "80.00"),
    (1, 1, 5, "DE", "2024-10", "FBA fees", "330.00"), (1, 1, 5, "DE", "2025-10", "FBA fees", "396.00"),
    (1, 1, 5, "DE", "2024-10", "CM3", "770.00"), (1, 1, 5, "DE", "2025-10", "CM3", "660.00"),
]


def publish_euros(store: Store) -> None:
    def in_euros(row: tuple) -> tuple[str, Decimal] | None:
        return None if row[5] == "Net units" else ("EUR", D(row[6]) / D("1.1" if row[4] == "2024-10" else "1.2"))

    publish(store, EUROS, stated=in_euros, lines={
        schema.summary_rate: [{"month": month("2025-10"), "currency": "EUR", "base": "USD", "rate": D("1.2")}],
    })


def test_what_other_exchange_rates_did_is_a_step_and_the_others_are_told_at_the_rates_of_before(store: Store) -> None:
    publish_euros(store)

    assert [(driver.name, driver.amount, driver.now) for driver in drivers(store).change.drivers] == [
        ("Volume", D("-220.00"), D("80.00")), ("Mix", D("0.00"), D(11)), ("Price", D("88.00"), D("12.1")),
        ("FBA fees", D("-33.00"), D("363.00")), ("Exchange rates", D("55.00"), None),
    ]


def test_filters_and_brand_limits_hold_and_what_cannot_be_compared_is_not(store: Store) -> None:
    publish(store, ROWS)

    limited = drivers(store, scope=(2,))
    assert limited.sold == {NEW: Sold(1, D(0), D(0), D("9.00"), D(0))}
    assert {driver.name: driver.amount for driver in limited.change.drivers} == {"New products": D("9.00")}
    assert drivers(store, marketplaces=("DE",)).change is None
    assert drivers(store, compare="none").change is None
    assert drivers(store, first=month("2025-11"), last=month("2025-11")).now is None
    # The month in progress is left out of a longer run.
    run = drivers(store, last=month("2025-11"), compare="year", brands=(1,))
    assert run.now.words() == "Oct 2025" and run.change.now == D("4094.00")


def stated(row: tuple) -> tuple[str, Decimal | None] | None:
    """What was sold in Germany: in euros, in francs, or in both at once."""
    product, _, _, place, when, metric, value = row
    if place == "US" or metric == "Net units":
        return None
    rate = D(5 + product + int(when[-1])) / 10
    return ("EUR", "EUR", "CHF", "*")[product % 4], None if product % 4 == 3 else (D(value) / rate).quantize(D("0.01"))


MONTHS = ("2024-09", "2024-10", "2025-08", "2025-09", "2025-10")
CENTS = st.integers(-40_000, 400_000).map(lambda cents: D(cents).scaleb(-2))
UNITS = st.integers(-3, 60).map(D) | st.integers(-200, 9_000).map(lambda pieces: D(pieces).scaleb(-2))
COSTS = ("Net COGS", "Referral fees", "FBA fees", "Reimbursements", "SEM costs", "Promo fees", "CM3")
CELLS = st.tuples(
    st.integers(1, 9), st.sampled_from(("US", "DE")), st.sampled_from(MONTHS),
    st.sampled_from(("Net revenue", "Net units", *COSTS)),
)
GENERATIONS = itertools.count(1)
SHOPS = st.dictionaries(CELLS, st.tuples(CENTS, UNITS), min_size=1, max_size=160)


@settings(
    max_examples=6, deadline=None, database=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cells=SHOPS)
def test_steps_add_up_in_any_shop_for_every_brand_and_period_and_are_those_of_python(store: Store, cells: dict) -> None:
    rows = [
        (product, 1 + product % 3, 5, place, when, metric, str(units if metric == "Net units" else cents))
        for (product, place, when, metric), (cents, units) in cells.items()
    ]
    # Under a number of its own: a generation that is published does not change.
    publish(store, rows, generation=next(GENERATIONS), stated=stated, lines={schema.summary_rate: [
        {"month": month(when), "currency": "EUR", "base": "USD", "rate": D(1)} for when in MONTHS
    ]})
    for brands in ((), (1,), (2,), (3,)):
        for places in ((), ("US",)):
            for first, compare in (("2025-10", "year"), ("2025-10", "previous"), ("2025-09", "year")):
                found = drivers(
                    store, brands=brands, marketplaces=places, first=month(first), compare=compare
                )
                chosen = [row for row in rows if (not brands or row[1] in brands) and (not places or row[3] in places)]
                check(found, chosen)


def check(found: Drivers, rows: list[tuple]) -> None:
    """The steps of these rows, by fractions."""
    sums = {span: defaultdict(Fraction) for span in (found.before, found.now)}
    totals = {span: defaultdict(Fraction) for span in (found.before, found.now)}
    for product, _, _, _, when, metric, value in rows:
        for span in sums:
            if month(when) in span.months:
                sums[span][product, metric] += Fraction(value)
                totals[span][metric] += Fraction(value)
    before, now = sums[found.before], sums[found.now]
    if found.change is None:
        assert not any("CM3" in of for of in totals.values())
        return
    expected = defaultdict(Fraction)
    pieces = [Fraction(0)] * 4
    kept = set()
    for product in {key[0] for of in sums.values() for key in of}:
        r0, u0, r1, u1 = (of.get((product, metric), Fraction(0)) for of in (before, now)
                          for metric in ("Net revenue", "Net units"))
        if not r0 and not u0:
            expected["New products"] += r1
        elif not r1 and not u1:
            expected["Ended products"] -= r0
        elif u0 > 0 and u1 > 0:
            at_price = to_cents(r0 * u1 / u0)
            pieces = [a + b for a, b in zip(pieces, (r0, u0, u1, at_price), strict=True)]
            expected["Price"] += r1 - at_price
            kept.add(product)
        else:
            expected["Net revenue without units"] += r1 - r0
    if pieces[1]:
        average = to_cents(pieces[0] * pieces[2] / pieces[1])
        expected["Volume"], expected["Mix"] = average - pieces[0], pieces[3] - average
    effects = effects_of(found, rows, kept) if kept else {}
    expected["Price"] -= effects.get("Net revenue", 0)
    for metric in COSTS[:-1]:
        sign = 1 if metric == "Reimbursements" else -1
        now_at_rates_before = totals[found.now][metric] - effects.get(metric, 0)
        expected[metric] = sign * (now_at_rates_before - totals[found.before][metric])
        expected["Exchange rates"] += sign * effects.get(metric, 0)
    expected["Exchange rates"] += effects.get("Net revenue", 0)
    change = totals[found.now]["CM3"] - totals[found.before]["CM3"]
    expected["Not in the parts of CM3"] = change - sum(expected.values())
    told = {driver.name: Fraction(driver.amount) for driver in found.change.drivers}
    assert {name: amount for name, amount in told.items() if amount} == {
        name: amount for name, amount in expected.items() if amount
    }
    assert sum(told.values()) == change == found.change.amount
    assert all(driver.amount == driver.amount.quantize(D("0.01")) for driver in found.change.drivers)


def effects_of(found: Drivers, rows: list[tuple], kept: set[int]) -> dict[str, Fraction]:
    """Metric -> what other rates did to it: of net revenue that of `kept` products only."""
    amounts = defaultdict(lambda: [Fraction(0), Fraction(0)])
    then = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for row in rows:
        product, _, _, _, when, metric, value = row
        currency, local = stated(row) or ("", None)
        if local is None:
            continue
        if month(when) in found.before.months and metric == "Net revenue":
            add(then[currency], value, local)
        if month(when) in found.now.months and (metric != "Net revenue" or product in kept) and metric != "CM3":
            add(amounts[metric, currency], value, local)
    effects = defaultdict(Fraction)
    for (metric, currency), (value, local) in amounts.items():
        if then[currency][1] > 0:
            effects[metric] += value - to_cents(local * then[currency][0] / then[currency][1])
    return effects


def add(sums: list[Fraction], *amounts: str | Decimal) -> None:
    for place, amount in enumerate(amounts):
        sums[place] += Fraction(amount)


def to_cents(amount: Fraction) -> Fraction:
    """Rounded half away from zero."""
    cents = int(abs(amount) * 100 + Fraction(1, 2))
    return Fraction(cents if amount >= 0 else -cents, 100)


@pytest.mark.parametrize("value", ["99999999999.99", "-99999999999.99"])
def test_the_largest_amounts_stay_exact(store: Store, value: str) -> None:
    publish(store, [
        (1, 1, 5, "US", "2024-10", "Net revenue", value), (1, 1, 5, "US", "2024-10", "Net units", "9999999.99"),
        (1, 1, 5, "US", "2025-10", "Net revenue", value), (1, 1, 5, "US", "2025-10", "Net units", "7777777.77"),
        (1, 1, 5, "US", "2025-10", "CM3", "1.00"),
    ])

    exact = to_cents(Fraction(value) * Fraction("7777777.77") / Fraction("9999999.99"))
    assert Fraction(drivers(store).sold[KEPT].at_prices_before) == exact
