"""The P&L's rows against sums done by hand, on both engines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.figures import Figure
from database.queries.profitability import MonthGap, Profitability, ProfitLine, read_profitability
from domain.periods import calendar_at
from domain.profit import Gap, Step
from domain.ratios import CM1_MARGIN
from domain.selection import Selection
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 11, 22)

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2024-10", "Net revenue", "80.00"),
    (1, 1, 5, "US", "2024-10", "CM1", "20.00"),
    (1, 1, 5, "US", "2025-09", "Net revenue", "100.00"),
    (1, 1, 5, "US", "2025-09", "Net units", "4.00"),
    (1, 1, 5, "US", "2025-09", "Net COGS", "60.00"),
    (1, 1, 5, "US", "2025-09", "CM1", "40.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "200.00"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "50.00"),
    (1, 1, 5, "US", "2025-10", "Net COGS", "120.00"),
    (1, 1, 5, "US", "2025-10", "CM1", "80.05"),
    (1, 1, 5, "US", "2025-10", "Marketing", "20.00"),
    (1, 1, 5, "US", "2025-11", "Net revenue", "7.00"),
    (1, 1, 5, "US", "2025-11", "Odd metric", "9.00"),
]


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2024-10"), month("2025-11"), TODAY)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS)
    return store


def profitability(store: Store, first: str, last: str, **parts) -> Profitability:
    selection = Selection(calendar=CALENDAR, period="", first=month(first), last=month(last), **parts)
    return store.read(lambda reading: read_profitability(reading.connection, selection))


def test_metrics_without_any_figure_are_absent_and_margins_stand_below_theirs(published: Store) -> None:
    found = profitability(published, "2025-09", "2025-10")

    assert [line.figure.name for line in found.lines] == [
        "Net revenue", "Net COGS", "CM1", "CM1 %", "Marketing", "TACoS", "Average price",
    ]


def test_lines_hold_months_total_share_and_the_year_before(published: Store) -> None:
    found = profitability(published, "2025-10", "2025-10", brands=(1,))

    assert found.line("CM1").figure == Figure(
        name="CM1", ratio=None, value=Decimal("80.05"), complete=Decimal("80.05"), previous=Decimal("40.00"),
        year_before=Decimal("20.00"), months=(Decimal("80.05"),),
        around=(*[None] * 10, Decimal("40.00"), Decimal("80.05"), None),
    )
    assert found.line("CM1").share == found.line("CM1 %").figure
    assert found.line("CM1").change == Decimal("60.05") / 20
    assert found.line("CM1 %") == ProfitLine(
        Figure(
            name="CM1 %", ratio=CM1_MARGIN, value=Decimal("80.05") / 200, complete=Decimal("80.05") / 200,
            previous=Decimal("0.4"), year_before=Decimal("0.25"), months=(Decimal("80.05") / 200,),
            around=(*[None] * 10, Decimal("0.4"), Decimal("80.05") / 200, None),
        ),
    )
    assert found.line("CM1 %").change == Decimal("80.05") / 200 - Decimal("0.25")


def test_amounts_per_unit_are_of_the_units_of_the_same_months_and_none_where_there_are_none(published: Store) -> None:
    found = profitability(published, "2025-09", "2025-10", brands=(1,)).line("Net COGS")

    assert (found.per_unit.value, found.per_unit.months) == (Decimal(45), (Decimal(15), None))
    assert (found.share.value, found.share.months) == (Decimal("0.6"), (Decimal("0.6"), Decimal("0.6")))
    assert found.share.ratio.rise == "bad"


def test_ratios_of_a_period_are_sums_divided_by_sums(published: Store) -> None:
    found = profitability(published, "2025-09", "2025-10")

    assert found.line("CM1 %").figure.value == Decimal("120.05") / Decimal("350")
    assert found.line("CM1 %").figure.months == (Decimal("0.4"), Decimal("80.05") / 250)
    assert found.line("TACoS").figure.months == (None, Decimal(20) / 250)
    assert found.line("Average price").figure.value == Decimal("350") / 4


def test_the_month_in_progress_counts_in_the_total_and_not_in_the_change(published: Store) -> None:
    revenue = profitability(published, "2025-10", "2025-11").line("Net revenue")

    assert revenue.figure.value == Decimal("257.00")
    assert revenue.change == Decimal("170") / 80


def test_a_margin_that_does_not_follow_is_shown_with_its_month_and_reached_over_a_bar(published: Store) -> None:
    found = profitability(published, "2025-09", "2025-10", brands=(1,))

    assert found.gaps == (MonthGap(month("2025-10"), Gap("CM1", Decimal("80.05"), Decimal("80.00"))),)
    assert found.steps == (
        Step("Net revenue", "level", Decimal(0), Decimal("300")),
        Step("Net COGS", "cost", Decimal("300"), Decimal("120")),
        Step("Not in the parts of CM1", "gap", Decimal("120"), Decimal("120.05")),
        Step("CM1", "level", Decimal(0), Decimal("120.05")),
        Step("Marketing", "cost", Decimal("120.05"), Decimal("100.05")),
    )


@pytest.mark.parametrize(
    ("parts", "revenue"),
    [
        ({}, "250.00"),
        ({"brands": (2,)}, "50.00"),
        ({"categories": (5,)}, "200.00"),
        ({"marketplaces": ("DE",)}, "50.00"),
        ({"scope": (2,)}, "50.00"),
    ],
)
def test_every_filter_and_the_readers_brands_narrow_the_figures(published: Store, parts, revenue) -> None:
    found = profitability(published, "2025-10", "2025-10", **parts)

    assert found.line("Net revenue").figure.value == Decimal(revenue)
    assert found.steps[0].end == Decimal(revenue)


def test_reimbursements_and_unsorted_amounts_stand_above_cm2_and_cm2_follows_from_them(store: Store) -> None:
    amounts = {"Net revenue": "100", "CM1": "100", "FBA fees": "20", "Unsorted Amazon amounts": "3",
               "Reimbursements": "7.50", "CM2": "84.50"}
    publish(store, [(1, 1, 5, "US", "2025-10", metric, amount) for metric, amount in amounts.items()])
    found = profitability(store, "2025-10", "2025-10")

    assert [(line.figure.name, line.share.value) for line in found.lines if line.share][2:6] == [
        ("FBA fees", Decimal("0.2")), ("Unsorted Amazon amounts", Decimal("0.03")),
        ("Reimbursements", Decimal("0.075")), ("CM2", Decimal("0.845")),
    ]
    assert found.gaps == ()
    assert [(step.name, step.kind, step.amount) for step in found.steps][3:5] == [
        ("Unsorted Amazon amounts", "cost", Decimal(-3)), ("Reimbursements", "gain", Decimal("7.50")),
    ]


def test_a_margin_without_net_revenue_is_there_without_a_figure(store: Store) -> None:
    publish(store, [(1, 1, 5, "US", "2025-10", "CM3", "-7.00")])
    found = profitability(store, "2025-10", "2025-10")

    assert [(line.figure.name, line.figure.value, line.share and line.share.value) for line in found.lines] == [
        ("CM3", Decimal("-7.00"), None), ("CM3 %", None, None),
    ]


def test_without_any_metric_of_the_tree_the_page_is_empty(published: Store) -> None:
    found = profitability(published, "2025-11", "2025-11", brands=(2,))

    assert found.is_empty
    assert (found.lines, found.steps, found.gaps) == ((), (), ())
