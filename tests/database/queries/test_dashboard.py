"""The dashboard's rows against sums done by hand, on both engines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.breakdown import Breakdown, GroupRow, read_breakdown
from database.queries.dashboard import Dashboard, MonthRow, read_dashboard
from database.queries.figures import Figure
from database.queries.losses import Losses
from database.queries.sums import BRAND, CATEGORY, MARKETPLACE, MONTH, Sum, sums_by, sums_statement
from domain.periods import calendar_at
from domain.ratios import CM3_MARGIN
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 11, 22)
BRANDS = {1: "Alder", 2: "Bergwind", 0: "(unassigned)"}

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2025-08", "Net revenue", "100.00"),
    (1, 1, 5, "US", "2025-08", "CM3", "10.00"),
    (1, 1, 5, "DE", "2025-08", "Net revenue", "50.50"),
    (2, 2, 6, "US", "2025-08", "Net revenue", "200.00"),
    (2, 2, 6, "US", "2025-08", "CM3", "-20.00"),
    (1, 1, 5, "US", "2025-09", "Net revenue", "110.00"),
    (1, 1, 5, "US", "2025-09", "CM3", "33.00"),
    (1, 1, 5, "US", "2025-09", "Net units", "11.00"),
    (3, 0, 0, "DE", "2025-09", "Net revenue", "0.01"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "90.00"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "300.00"),
    (2, 2, 6, "DE", "2025-10", "CM3", "60.00"),
    (1, 1, 5, "US", "2025-11", "Net revenue", "1000.00"),
]


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2025-08"), month("2025-11"), TODAY)

CATALOG = Selectable(
    generation=1, first_month=month("2025-08"), last_month=month("2025-11"),
    metrics=("Net revenue", "CM3", "Net units"),
    brands=BRANDS, categories={5: "Toys", 6: "Games", 0: "(uncategorised)"}, marketplaces={"US": "", "DE": ""},
)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS)
    return store


def between(first: str, last: str, **parts) -> Selection:
    parts = {"compare": "previous"} | parts
    return Selection(calendar=CALENDAR, period="", first=month(first), last=month(last), **parts)


def dashboard(store: Store, selection: Selection) -> Dashboard:
    return store.read(lambda reading: read_dashboard(reading.connection, selection, CATALOG, {"US": "United States"}))


def breakdown(store: Store, selection: Selection, grain: str = BRAND, names=BRANDS) -> Breakdown:
    return store.read(lambda reading: read_breakdown(reading.connection, selection, grain, names))


def test_headlines_are_sums_and_sums_divided_by_sums(published: Store) -> None:
    found = dashboard(published, between("2025-09", "2025-10")).headlines

    assert found == (
        Figure(
            name="Net revenue", ratio=None, value=Decimal("500.01"), complete=Decimal("500.01"), previous=None,
            year_before=None, months=(Decimal("110.01"), Decimal("390.00")),
        ),
        Figure(
            name="Net units", ratio=None, value=Decimal("11.00"), complete=Decimal("11.00"), previous=None,
            year_before=None, months=(Decimal("11.00"), None),
        ),
        Figure(
            name="CM3", ratio=None, value=Decimal("93.00"), complete=Decimal("93.00"), previous=None,
            year_before=None, months=(Decimal("33.00"), Decimal("60.00")),
        ),
        Figure(
            name="CM3 %", ratio=CM3_MARGIN, value=Decimal("93.00") / Decimal("500.01"),
            complete=Decimal("93.00") / Decimal("500.01"), previous=None, year_before=None,
            months=(Decimal("33.00") / Decimal("110.01"), Decimal("60.00") / Decimal("390.00")),
        ),
    )


def test_a_headline_knows_the_period_before(published: Store) -> None:
    revenue = dashboard(published, between("2025-09", "2025-09")).headlines[0]

    assert (revenue.value, revenue.previous, revenue.year_before) == (Decimal("110.01"), Decimal("350.50"), None)


def test_the_month_in_progress_counts_in_the_value_and_not_in_the_comparison(published: Store) -> None:
    found = dashboard(published, between("2025-10", "2025-11"))

    revenue = found.headlines[0]
    assert (revenue.value, revenue.complete, revenue.previous) == (
        Decimal("1390.00"), Decimal("390.00"), Decimal("110.01"),
    )
    assert found.months == (
        MonthRow(month("2025-10"), Decimal("390.00"), month("2025-09"), Decimal("110.01"), in_progress=False),
        MonthRow(month("2025-11"), Decimal("1000.00"), None, None, in_progress=True),
    )
    alder = next(row for row in found.brands.rows if row.key == 1)
    assert (alder.value, alder.before, alder.change) == (
        Decimal("1090.00"), Decimal("110.00"), Decimal("-20") / Decimal("110"),
    )


def test_a_month_without_rows_has_no_figure(published: Store) -> None:
    months = dashboard(published, between("2025-09", "2025-10", brands=(2,))).months

    assert [row.value for row in months] == [None, Decimal("300.00")]


def test_brands_have_value_share_change_and_margin_and_add_up_to_the_total(published: Store) -> None:
    found = breakdown(published, between("2025-09", "2025-10", compare="none"))

    total = Decimal("500.01")
    assert found == Breakdown(
        rows=(
            GroupRow(2, "Bergwind", Decimal("300.00"), Decimal("300") / total, None, None, Decimal("0.2")),
            GroupRow(1, "Alder", Decimal("200.00"), Decimal("200") / total, None, None, Decimal("33") / Decimal("200")),
            GroupRow(0, "(unassigned)", Decimal("0.01"), Decimal("0.01") / total, None, None, None),
        ),
        total=GroupRow(None, "Total", total, Decimal(1), None, None, Decimal("93.00") / total),
    )


def test_a_brand_that_sells_nothing_any_more_has_fallen_to_nothing(published: Store) -> None:
    found = breakdown(published, between("2025-09", "2025-09"))

    assert [(row.name, row.value, row.before, row.change) for row in found.rows] == [
        ("Alder", Decimal("110.00"), Decimal("150.50"), Decimal("-40.50") / Decimal("150.50")),
        ("(unassigned)", Decimal("0.01"), None, None),
        ("Bergwind", None, Decimal("200.00"), Decimal(-1)),
    ]


@pytest.mark.parametrize(
    ("sort", "order", "names"),
    [
        ("value", "desc", ["Bergwind", "Alder", "(unassigned)"]),
        ("value", "asc", ["(unassigned)", "Alder", "Bergwind"]),
        ("name", "asc", ["(unassigned)", "Alder", "Bergwind"]),
        ("name", "desc", ["Bergwind", "Alder", "(unassigned)"]),
        ("margin", "asc", ["Alder", "Bergwind", "(unassigned)"]),
        ("margin", "desc", ["Bergwind", "Alder", "(unassigned)"]),
    ],
)
def test_rows_stand_in_the_order_asked_for_and_missing_ones_last(published: Store, sort, order, names) -> None:
    found = breakdown(published, between("2025-09", "2025-10", sort=sort, order=order))

    assert [row.name for row in found.rows] == names


@pytest.mark.parametrize(
    ("parts", "revenue"),
    [
        ({}, "740.50"),
        ({"brands": (1,)}, "240.50"),
        ({"brands": (1, 0)}, "240.50"),
        ({"categories": (6,)}, "500.00"),
        ({"marketplaces": ("DE",)}, "350.50"),
        ({"marketplaces": ("DE", "US")}, "740.50"),
        ({"brands": (1,), "marketplaces": ("DE",)}, "50.50"),
        ({"categories": (5,), "marketplaces": ("US",)}, "190.00"),
        ({"scope": (2,)}, "500.00"),
        ({"scope": (2,), "brands": (1, 2)}, "500.00"),
        ({"scope": ()}, None),
    ],
)
def test_every_filter_gives_its_own_sum_in_headline_chart_and_table(published: Store, parts, revenue) -> None:
    expected = Decimal(revenue) if revenue else None
    # August and October, without September's unassigned cent.
    august = dashboard(published, between("2025-08", "2025-08", **parts))
    october = dashboard(published, between("2025-10", "2025-10", **parts))

    def both(value) -> Decimal | None:
        found = [part for part in (value(august), value(october)) if part is not None]
        return sum(found) if found else None

    assert both(lambda page: page.headlines[0].value) == expected
    assert both(lambda page: next(row.value for row in page.months if row.is_chosen)) == expected
    assert both(lambda page: page.brands.total.value) == expected


def test_brands_categories_marketplaces_months_and_the_headline_have_one_total(published: Store) -> None:
    page = dashboard(published, between("2025-08", "2025-10"))

    totals = {
        page.headlines[0].value, page.brands.total.value, page.categories.total.value, page.marketplaces.total.value,
        sum(row.value for row in page.months), *(
            sum(row.value for row in part.rows) for part in (page.brands, page.categories, page.marketplaces)
        ),
    }
    assert totals == {Decimal("850.51")}


def test_a_metric_that_was_never_imported_has_no_headline(published: Store) -> None:
    page = dashboard(published, between("2025-09", "2025-10"))

    assert [figure.name for figure in page.headlines] == ["Net revenue", "Net units", "CM3", "CM3 %"]


def test_a_breakdown_by_marketplace_or_category_has_the_same_total(published: Store) -> None:
    selection = between("2025-08", "2025-10")

    by_marketplace = breakdown(published, selection, MARKETPLACE, {"US": "United States"})
    by_category = breakdown(published, selection, CATEGORY, {5: "Toys", 6: "Games"})

    assert [(row.key, row.name, row.value) for row in by_marketplace.rows] == [
        ("US", "United States", Decimal("500.00")), ("DE", "(DE)", Decimal("350.51")),
    ]
    assert [(row.key, row.value) for row in by_category.rows] == [
        (6, Decimal("500.00")), (5, Decimal("350.50")), (0, Decimal("0.01")),
    ]
    assert by_marketplace.total.value == by_category.total.value == Decimal("850.51")


def test_sums_come_as_exact_decimals_in_the_order_of_the_grain(published: Store) -> None:
    selection = between("2025-09", "2025-10")

    metrics = ["Net revenue", "CM3"]

    found = published.read(
        lambda reading: sums_by(reading.connection, selection, MONTH, span=selection.span, metrics=metrics)
    )

    assert found == (
        Sum(month("2025-09"), "CM3", Decimal("33.00")),
        Sum(month("2025-09"), "Net revenue", Decimal("110.01")),
        Sum(month("2025-10"), "CM3", Decimal("60.00")),
        Sum(month("2025-10"), "Net revenue", Decimal("390.00")),
    )
    assert all(isinstance(row.value, Decimal) and isinstance(row.grain, datetime.date) for row in found)


@pytest.mark.parametrize(
    ("grain", "parts", "table"),
    [
        (MONTH, {}, "financials_summary_monthly_category"),
        (CATEGORY, {"categories": (5,)}, "financials_summary_monthly_category"),
        (BRAND, {}, "financials_summary_monthly_brand"),
        (MONTH, {"brands": (1,)}, "financials_summary_monthly_brand"),
        (MONTH, {"marketplaces": ("US",)}, "financials_summary_monthly_marketplace"),
        (MARKETPLACE, {}, "financials_summary_monthly_marketplace"),
        (CATEGORY, {"marketplaces": ("US", "DE")}, "financials_summary_monthly_marketplace"),
        (MARKETPLACE, {"brands": (1,)}, "financials_summary_monthly_brand"),
        (MARKETPLACE, {"scope": (1,)}, "financials_summary_monthly_brand"),
        (MONTH, {"scope": (1,)}, "financials_summary_monthly_brand"),
    ],
)
def test_the_smallest_table_that_can_answer_is_asked(grain, parts, table) -> None:
    selection = between("2025-09", "2025-10", **parts)

    statement = sums_statement(selection, grain, span=selection.span, metrics=["CM3"])

    assert [found.name for found in statement.get_final_froms()] == [table]


def test_a_dashboard_without_any_row_is_empty(published: Store) -> None:
    page = dashboard(published, between("2024-01", "2024-03"))

    assert page.is_empty
    assert page.brands.rows == page.categories.rows == page.marketplaces.rows == ()
    assert page.movers is None
    assert page.losses == Losses((), 0, Decimal(0))
    assert [row.value for row in page.months] == [None, None, None]
