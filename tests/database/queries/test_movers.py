"""What moved a metric, and who loses money, against sums done by hand, on both engines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.engines.ports import Store
from database.queries.breakdown import read_groups
from database.queries.losses import Loss, Losses, read_losses
from database.queries.movers import MOST, Mover, Movers, largest_differences, read_movers
from database.queries.sums import BRAND
from domain.periods import calendar_at
from domain.selection import Selection
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 11, 22)
BRANDS = {1: "Alder", 2: "Bergwind", 3: "Cedar", 4: "Dune", 5: "Elm", 6: "Fir", 7: "Gorse"}

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2025-09", "Net revenue", "100.00"),
    (2, 1, 5, "US", "2025-09", "Net revenue", "50.00"),
    (3, 2, 5, "DE", "2025-09", "Net revenue", "80.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "170.00"),
    (4, 3, 6, "US", "2025-10", "Net revenue", "30.50"),
    (5, 4, 6, "US", "2025-10", "Net revenue", "20.00"),
    (6, 5, 6, "US", "2025-10", "Net revenue", "0.01"),
    (15, 6, 7, "US", "2025-10", "Net revenue", "0.50"),
    (16, 7, 7, "US", "2025-10", "Net revenue", "0.30"),
    (1, 1, 5, "US", "2025-11", "Net revenue", "999.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "10.00"),
    (1, 1, 5, "DE", "2025-10", "CM3", "-11.00"),
    (2, 1, 5, "US", "2025-10", "CM3", "-5.50"),
    (3, 2, 5, "DE", "2025-10", "CM3", "-7.00"),
    (4, 3, 6, "US", "2025-10", "CM3", "0.00"),
    *((number, 5, 6, "US", "2025-10", "CM3", f"-{number}.00") for number in (*range(11, 15), *range(21, 27))),
]
PRODUCTS = [{"id": 1, "asin": "B001", "name": "Kettle"}, {"id": 2, "asin": "B002"}, {"id": 14, "asin": "B014"}]


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2025-09"), month("2025-11"), TODAY)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS, products=PRODUCTS)
    return store


def october(last: str = "2025-10", **parts) -> Selection:
    parts = {"compare": "previous"} | parts
    return Selection(calendar=CALENDAR, period="", first=month("2025-10"), last=month(last), **parts)


def movers(store: Store, selection: Selection) -> Movers | None:
    return store.read(lambda reading: read_movers(
        reading.connection, selection, BRANDS, read_groups(reading.connection, selection, BRAND)
    ))


def losses(store: Store, selection: Selection) -> Losses:
    return store.read(lambda reading: read_losses(reading.connection, selection))


def brand(key: int, difference: str) -> Mover:
    return Mover(key, BRANDS[key], "", Decimal(difference))


def test_movers_and_all_others_add_up_to_the_total_change(published: Store) -> None:
    found = movers(published, october())

    assert found == Movers(
        are_products=False, before=Decimal("230.00"), now=Decimal("221.31"),
        up=(brand(3, "30.50"), brand(1, "20.00"), brand(4, "20.00"), brand(6, "0.50"), brand(7, "0.30")),
        down=(brand(2, "-80.00"),),
        others=Decimal("0.01"), others_count=1,
    )
    assert found.total == sum(mover.difference for mover in (*found.up, *found.down)) + found.others


def test_the_month_in_progress_moves_nothing(published: Store) -> None:
    assert movers(published, october("2025-11")) == movers(published, october())


def test_where_there_is_one_brand_its_products_are_the_movers(published: Store) -> None:
    expected = Movers(
        are_products=True, before=Decimal("150.00"), now=Decimal("170.00"),
        up=(Mover(1, "Kettle", "B001", Decimal("70.00")),), down=(Mover(2, "B002", "B002", Decimal("-50.00")),),
        others=Decimal(0), others_count=0,
    )

    assert movers(published, october(brands=(1,))) == expected
    assert movers(published, october(scope=(1,))) == expected


@pytest.mark.parametrize(
    ("parts", "total"),
    [
        ({"categories": (6,)}, "50.51"),
        ({"marketplaces": ("DE",)}, "-80.00"),
        ({"scope": (2, 3)}, "-49.50"),
        ({"brands": (2, 3), "scope": (3, 4)}, "30.50"),
    ],
)
def test_every_filter_and_the_readers_brands_narrow_the_change(published: Store, parts, total) -> None:
    assert movers(published, october(**parts)).total == Decimal(total)


@pytest.mark.parametrize("parts", [{"compare": "none"}, {"compare": "year"}, {"metric": "Odd"}, {"scope": ()}])
def test_without_anything_to_compare_there_are_no_movers(published: Store, parts) -> None:
    assert movers(published, october(**parts)) is None


def test_loss_makers_are_products_below_zero_over_all_marketplaces_worst_first(published: Store) -> None:
    found = losses(published, october())

    assert found == Losses(
        worst=(
            *(Loss(number, "", f"({number})", Decimal(-number)) for number in range(26, 20, -1)),
            Loss(14, "B014", "B014", Decimal("-14.00")), Loss(13, "", "(13)", Decimal("-13.00")),
            Loss(12, "", "(12)", Decimal("-12.00")), Loss(11, "", "(11)", Decimal("-11.00")),
        ),
        count=13, total=Decimal("-204.50"),
    )
    assert (found.others_count, found.others) == (3, Decimal("-13.50"))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"brands": (1,)}, [("Kettle", "-1.00"), ("B002", "-5.50")]),
        ({"marketplaces": ("DE",)}, [("Kettle", "-11.00"), ("(3)", "-7.00")]),
        ({"scope": (2,)}, [("(3)", "-7.00")]),
        ({"brands": (3,)}, []),
    ],
)
def test_every_filter_and_the_readers_brands_narrow_the_losses(published: Store, parts, expected) -> None:
    found = losses(published, october(**parts))

    expected = [(name, Decimal(cm3)) for name, cm3 in sorted(expected, key=lambda pair: Decimal(pair[1]))]
    assert [(loss.name, loss.cm3) for loss in found.worst] == expected
    assert (found.count, found.total) == (len(expected), sum((cm3 for _, cm3 in expected), Decimal(0)))


SUMS = st.dictionaries(st.integers(0, 20), st.decimals(min_value=-(10**9), max_value=10**9, places=2), max_size=12)


@given(SUMS, SUMS)
def test_the_largest_differences_are_never_smaller_than_one_left_out(now, before) -> None:
    up, down = largest_differences(now, before)
    sizes = {key: now.get(key, Decimal(0)) - before.get(key, Decimal(0)) for key in {*now, *before}}
    left = [size for key, size in sizes.items() if key not in dict([*up, *down])]

    assert len(up) <= MOST and len(down) <= MOST
    assert all(sizes[key] == size for key, size in (*up, *down))
    assert all(size <= up[-1][1] for size in left) if len(up) == MOST else all(size <= 0 for size in left)
    assert all(size >= down[-1][1] for size in left) if len(down) == MOST else all(size >= 0 for size in left)
