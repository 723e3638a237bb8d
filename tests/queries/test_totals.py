"""Whatever is chosen, every total of every page is the sum of its parts, and what the summary table holds."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from database.engines.base import Store
from database.queries.brand import read_brand
from database.queries.categories import read_categories
from database.queries.dashboard import read_dashboard
from database.queries.product import Product, read_product
from database.queries.products import read_all_products, read_products
from database.queries.profitability import read_profitability
from database.schema import summary_asin
from domain.months import add_months
from domain.periods import calendar_at
from domain.selection import Catalogue, Selection
from tests.summaries_fixture import publish

FIRST, LAST = datetime.date(2024, 6, 1), datetime.date(2025, 11, 1)
MONTHS = [add_months(FIRST, number) for number in range(18)]
METRICS = ("Net revenue", "Net units", "Net COGS", "CM1", "Referral fees", "CM2", "Marketing", "CM3")
PLACES = {1: (1, 5), 2: (1, 6), 3: (2, 5), 4: (2, 0), 5: (3, 6), 6: (0, 0)}
"""Product -> its brand and category; 0 is none."""
MARKETPLACES = {"US": "United States", "DE": "", "UK": "United Kingdom"}
CATALOGUE = Catalogue(
    generation=1, first_month=FIRST, last_month=LAST, metrics=METRICS,
    brands={1: "Alder", 2: "Bergwind", 3: "Cove", 0: "(unassigned)"},
    categories={5: "Toys", 6: "Games", 0: "(uncategorised)"}, marketplaces=MARKETPLACES,
)
CALENDAR = calendar_at(FIRST, LAST, datetime.date(2025, 11, 22))


def rows() -> list[tuple]:
    """Figures of all kinds, with holes: cents, losses, months and marketplaces without anything."""
    chance = random.Random(7)
    def value() -> str:
        return f"{chance.randint(-20_000, 99_999) / 100:.2f}"

    return [
        (product, *PLACES[product], marketplace, f"{month:%Y-%m}", metric, value())
        for product in PLACES for marketplace in MARKETPLACES for month in MONTHS for metric in METRICS
        if chance.random() < 0.3
    ]


@pytest.fixture
def published(store: Store) -> Store:
    products = [{"id": number, "asin": f"B{number}", "name": f"Brick {number}"} for number in PLACES]
    publish(store, rows(), products=products)
    return store


def some(of: Iterable) -> st.SearchStrategy:
    """None of them, which stands for all, or some."""
    return st.lists(st.sampled_from(sorted(of)), max_size=3, unique=True).map(lambda found: tuple(sorted(found)))


@st.composite
def selections(draw) -> Selection:
    """What a reader may choose; some readers see some brands only."""
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(MONTHS) - 1)] * 2)))
    return Selection(
        calendar=CALENDAR, period="", first=MONTHS[start], last=MONTHS[end], metric=draw(st.sampled_from(METRICS)),
        brands=draw(some(CATALOGUE.brands)), categories=draw(some(CATALOGUE.categories)),
        marketplaces=draw(some(MARKETPLACES)), compare=draw(st.sampled_from(("previous", "year", "none"))),
        scope=draw(st.sampled_from((None, None, (1, 2), (3,)))),
    )


def figure_of_table(connection: sa.Connection, selection: Selection, *, metric: str = "", product: int = 0) -> Decimal:
    """What the summary table holds for the selection, by a statement that shares nothing with those of the pages."""
    columns = summary_asin.c
    chosen = [columns.metric == (metric or selection.metric), columns.month.between(selection.first, selection.last)]
    narrowed = [(columns.marketplace, selection.marketplaces)]
    if not product:
        narrowed += [(columns.brand_id, selection.brands), (columns.category_id, selection.categories)]
    chosen += [column.in_(values) for column, values in narrowed if values]
    if selection.scope is not None:
        chosen.append(columns.brand_id.in_(selection.scope))
    if product:
        chosen.append(columns.asin_id == product)
    return connection.execute(sa.select(sa.func.sum(columns.value)).where(*chosen)).scalar() or Decimal(0)


def total(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))


def dashboard_totals(connection: sa.Connection, selection: Selection) -> dict[str, Decimal]:
    """Every total of the dashboard, and every sum of its parts."""
    page = read_dashboard(connection, selection, CATALOGUE, MARKETPLACES)
    found = {"months": total(row.value for row in page.months)}
    for name in ("brands", "categories", "marketplaces"):
        part = getattr(page, name)
        found |= {f"{name}, total": part.total.value or Decimal(0), name: total(row.value for row in part.rows)}
    return found


def other_totals(connection: sa.Connection, selection: Selection) -> dict[str, Decimal]:
    """The same of the categories and of the products."""
    sides = read_categories(connection, selection, CATALOGUE)
    products = read_products(connection, selection, CATALOGUE.brands, start=0, limit=3)
    everything = read_all_products(connection, selection, CATALOGUE.brands)
    return {
        "sides": total(side.group.value for side in sides.rows),
        "sides by month": total(value for side in sides.rows for value in side.months),
        "sides, total": sides.total.group.value or Decimal(0),
        "sides, total by month": total(sides.total.months),
        "products, total": products.value or Decimal(0),
        "products": total(row.value for row in everything),
    }


def brand_totals(connection: sa.Connection, selection: Selection) -> dict[str, Decimal]:
    """The same of one brand."""
    page = read_brand(connection, selection, MARKETPLACES)
    return {
        "months": total(row.value for row in page.months),
        "marketplaces": total(row.value for row in page.marketplaces.rows),
        "marketplaces, total": page.marketplaces.total.value or Decimal(0),
        "ranking": total(row.value for row in page.products.products),
        "ranking, total": page.products.total or Decimal(0),
    }


def product_totals(connection: sa.Connection, selection: Selection, key: int) -> dict[str, Decimal]:
    """The same of one product."""
    product = Product(key, f"B{key}", "", "", PLACES[key][0], "", PLACES[key][1], "")
    page = read_product(connection, selection, product, metrics=METRICS, marketplace_names=MARKETPLACES)
    lines = {line.figure.name: line.figure for line in page.metrics.lines}
    figure = lines.get(selection.metric)
    return {
        "months": total(row.value for row in page.months),
        "marketplaces": total(row.value for row in page.marketplaces.rows),
        "marketplaces, total": page.marketplaces.total.value or Decimal(0),
        "metrics": total(figure.months) if figure else Decimal(0),
        "metrics, total": total([figure.value]) if figure else Decimal(0),
    }


def check_profit(connection: sa.Connection, selection: Selection) -> None:
    """Each line of the P&L is the sum of its months and the table's figure; each bar begins where the last ended."""
    page = read_profitability(connection, selection)
    for line in page.lines:
        if line.figure.ratio is None:
            expected = figure_of_table(connection, selection, metric=line.figure.name)
            assert (total([line.figure.value]), total(line.figure.months)) == (expected, expected), line.figure.name
    for before, step in zip(page.steps, page.steps[1:], strict=False):
        assert (step.end if step.kind == "level" else step.start) == before.end


def test_every_total_is_the_sum_of_its_parts_and_the_figure_of_the_summary_table(published: Store) -> None:
    @settings(max_examples=20, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(selections())
    def holds(selection: Selection) -> None:
        published.read(lambda reading: check(reading.connection, selection))

    holds()


def check(connection: sa.Connection, selection: Selection) -> None:
    found = dashboard_totals(connection, selection) | other_totals(connection, selection)
    assert found == dict.fromkeys(found, figure_of_table(connection, selection))
    check_profit(connection, selection)
    if selection.scope is None or 1 in selection.scope:
        brand = selection.changed(brands=(1,))
        found = brand_totals(connection, brand)
        assert found == dict.fromkeys(found, figure_of_table(connection, brand))
        found = product_totals(connection, selection, 1)
        assert found == dict.fromkeys(found, figure_of_table(connection, selection, product=1))
