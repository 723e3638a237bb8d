"""What changed CM3: steps by rules that a controller knows, which add up to the cent whatever was sold."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.drivers import ENDED, KEPT, NEW, UNPRICED, Driver, Sold, at_price, change_between

D = Decimal


def test_volume_mix_and_price_are_those_of_the_textbook() -> None:
    # Two products at 10 and 30 before: 100 and 50 pieces; now 80 at 11 and 120 at 29.
    sold = {KEPT: Sold(2, D("2500"), D(150), D("4360"), D(200), at_prices_before=D("4400"))}

    found = change_between({"CM3": D(100)}, {"CM3": D(150), "Net COGS": D(300)}, sold)

    assert found.drivers == (
        # 50 pieces more at 16.666…, then the dearer ones sell more, then prices.
        Driver("Volume", D("833.33"), D(150), D(200)),
        Driver("Mix", D("1066.67"), D(2500) / D(150), D(22)),
        Driver("Price", D("-40"), D(22), D("21.8")),
        Driver("Net COGS", D(-300), None, D(300)),
        Driver("Not in the parts of CM3", D("-1510.00"), None, None),
    )
    assert [(step.name, step.start, step.end) for step in found.steps()] == [
        ("before", 0, 100), ("Volume", 100, D("933.33")), ("Mix", D("933.33"), D("2000.00")), ("Price", 2000, 1960),
        ("Net COGS", 1960, 1660), ("Not in the parts of CM3", 1660, 150), ("now", 0, 150),
    ]


def test_new_ended_and_unpriced_products_and_each_line_are_steps_of_their_own() -> None:
    sold = {
        NEW: Sold(1, revenue=D(70), units=D(7)), ENDED: Sold(1, revenue_before=D(50), units_before=D(5)),
        UNPRICED: Sold(1, revenue_before=D(3), revenue=D(1), units=D(-1)),
    }
    before = {"CM3": D(10), "FBA fees": D(4), "Reimbursements": D(2), "Overheads": D(9)}
    now = {"CM3": D(35), "FBA fees": D(1), "Reimbursements": D(6), "SEM costs": D(0)}

    assert change_between(before, now, sold).drivers == (
        Driver("New products", D(70), None, D(70)),
        Driver("Ended products", D(-50), D(50), None),
        Driver("Net revenue without units", D(-2), D(3), D(1)),
        Driver("FBA fees", D(3), D(4), D(1)),
        Driver("Reimbursements", D(4), D(2), D(6)),
        Driver("SEM costs", D(0), None, D(0)),
    )


def test_without_a_cm3_on_either_side_there_is_no_change() -> None:
    assert change_between({"Net revenue": D(1)}, {}, {}) is None
    assert change_between({}, {"CM3": D(5)}, {}).amount == 5


AMOUNTS = st.decimals(-10**13, 10**13, places=2)
PIECES = st.decimals(D("0.01"), 10**9, places=2)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, PIECES, PIECES)
def test_what_pieces_come_to_is_rounded_half_away_from_zero(revenue: Decimal, pieces: Decimal, of: Decimal) -> None:
    exact = Fraction(revenue) * Fraction(pieces) / Fraction(of) * 100
    found = Fraction(at_price(revenue, pieces, of)) * 100

    assert found.denominator == 1 and abs(found - exact) <= Fraction(1, 2)
    if abs(found - exact) == Fraction(1, 2):
        assert abs(found) > abs(exact)


KEPT_PRODUCTS = st.builds(Sold, st.just(3), AMOUNTS, PIECES, AMOUNTS, PIECES, AMOUNTS)
OTHERS = st.builds(Sold, st.just(1), AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
METRICS = ("CM3", "Net COGS", "FBA fees", "Reimbursements", "SEM costs", "Overheads")
SUMS = st.dictionaries(st.sampled_from(METRICS), AMOUNTS)
KINDS = st.fixed_dictionaries({}, optional={KEPT: KEPT_PRODUCTS, NEW: OTHERS, ENDED: OTHERS, UNPRICED: OTHERS})


@settings(max_examples=100, deadline=None)
@given(SUMS, SUMS, KINDS)
def test_steps_lead_from_one_cm3_to_the_other_to_the_cent(before: dict, now: dict, sold: dict) -> None:
    found = change_between(before, now, sold)
    if found is None:
        assert "CM3" not in before and "CM3" not in now
        return
    assert before.get("CM3", 0) + sum(driver.amount for driver in found.drivers) == now.get("CM3", 0)
    steps = found.steps()
    assert [step.end for step in steps[:-2]] == [step.start for step in steps[1:-1]]
    assert steps[-2].end == steps[-1].end
