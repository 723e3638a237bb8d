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

from database.engines.ports import Store
from database.queries.brand import Brand, read_brand
from database.queries.categories import read_categories
from database.queries.dashboard import Dashboard, read_dashboard
from database.queries.figures import Figure
from database.queries.losses import Losses
from database.queries.movers import Movers
from database.queries.product import Product, read_product
from database.queries.products import read_all_products, read_products
from database.queries.profitability import read_profitability
from database.schema import summary_asin
from domain.months import add_months
from domain.periods import Span, calendar_at
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish

FIRST, LAST = datetime.date(2024, 6, 1), datetime.date(2025, 11, 1)
MONTHS = [add_months(FIRST, number) for number in range(18)]
METRICS = ("Net revenue", "Net units", "Net COGS", "CM1", "Referral fees", "CM2", "Marketing", "CM3")
PLACES = {1: (1, 5), 2: (1, 6), 3: (2, 5), 4: (2, 0), 5: (3, 6), 6: (0, 0)}
"""Product -> its brand and category; 0 is none."""
MARKETPLACES = {"US": "United States", "DE": "", "UK": "United Kingdom"}
CATALOG = Selectable(
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
        brands=draw(some(CATALOG.brands)), categories=draw(some(CATALOG.categories)),
        marketplaces=draw(some(MARKETPLACES)), compare=draw(st.sampled_from(("previous", "year", "none"))),
        scope=draw(st.sampled_from((None, None, (1, 2), (3,)))),
    )


def figure_of_table(
    connection: sa.Connection, selection: Selection, *, metric: str = "", product: int = 0, span: Span | None = None
) -> Decimal:
    """What the summary table holds for the selection, or for other months of it."""
    chosen = rows_of_table(selection, metric or selection.metric, span or selection.span, product=product)
    return connection.execute(sa.select(sa.func.sum(summary_asin.c.value)).where(*chosen)).scalar() or Decimal(0)


def figures_of_table(
    connection: sa.Connection, selection: Selection, column: sa.Column, *, metric: str, span: Span
) -> dict[int, Decimal]:
    """The same by brand or by product."""
    chosen = rows_of_table(selection, metric, span)
    query = sa.select(column, sa.func.sum(summary_asin.c.value)).where(*chosen).group_by(column).order_by(column)
    return {row[0]: row[1] for row in connection.execute(query)}


def rows_of_table(selection: Selection, metric: str, span: Span, *, product: int = 0) -> list[sa.ColumnElement[bool]]:
    """Which rows are meant, by conditions that share nothing with those of the pages."""
    columns = summary_asin.c
    chosen = [columns.metric == metric, columns.month.between(span.first, span.last)]
    narrowed = [(columns.marketplace, selection.marketplaces)]
    if not product:
        narrowed += [(columns.brand_id, selection.brands), (columns.category_id, selection.categories)]
    chosen += [column.in_(values) for column, values in narrowed if values]
    if selection.scope is not None:
        chosen.append(columns.brand_id.in_(selection.scope))
    return [*chosen, columns.asin_id == product] if product else chosen


def total(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))


def dashboard_totals(page: Dashboard) -> dict[str, Decimal]:
    """Every total of the chosen metric on the dashboard, and every sum of its parts."""
    found = {"months": total(row.value for row in page.months if row.is_chosen)}
    for name in ("brands", "categories", "marketplaces"):
        part = getattr(page, name)
        found |= {f"{name}, total": part.total.value or Decimal(0), name: total(row.value for row in part.rows)}
    return found


def check_headlines(connection: sa.Connection, selection: Selection, headlines: Iterable[Figure]) -> None:
    """Each headline is the table's figure of the chosen months and of those that it is compared with."""
    spans = (selection.span, selection.complete, selection.previous, selection.year_before)
    for figure in headlines:
        for span, value in zip(
            spans, (figure.value, figure.complete, figure.previous, figure.year_before), strict=True
        ):
            if figure.ratio is None:
                expected = figure_of_table(connection, selection, metric=figure.name, span=span) if span else 0
                assert total([value]) == expected, (figure.name, span)
            elif value is not None:
                parts = [figure_of_table(connection, selection, metric=name, span=span) for name in figure.ratio.parts]
                base = figure_of_table(connection, selection, metric=figure.ratio.base, span=span)
                assert value == total(parts) / base, (figure.name, span)
        if figure.ratio is None:
            assert total(figure.months) == total([figure.value]), figure.name


def check_movers(connection: sa.Connection, selection: Selection, found: Movers | None) -> None:
    """Those that are named and all others add up to the total change, and each is the table's."""
    if selection.complete is None or selection.comparison is None:
        assert found is None
        return
    now, before = (
        figure_of_table(connection, selection, span=span) for span in (selection.complete, selection.comparison)
    )
    if found is None:
        assert (now, before) == (0, 0)
        return
    column = summary_asin.c.asin_id if found.are_products else summary_asin.c.brand_id
    by_now, by_before = (
        figures_of_table(connection, selection, column, metric=selection.metric, span=span)
        for span in (selection.complete, selection.comparison)
    )
    named = {mover.key: mover.difference for mover in (*found.up, *found.down)}
    assert (found.now, found.before, found.total) == (now, before, now - before)
    assert total([*named.values(), found.others]) == now - before
    assert named == {key: by_now.get(key, 0) - by_before.get(key, 0) for key in named}
    assert found.others_count == len({*by_now, *by_before} - {*named})


def check_losses(connection: sa.Connection, selection: Selection, found: Losses) -> None:
    """Count and total are those of every product whose CM3 is below zero; the worst of them are named."""
    asin_id = summary_asin.c.asin_id
    figures = figures_of_table(connection, selection, asin_id, metric="CM3", span=selection.span)
    losses = {key: value for key, value in figures.items() if value < 0}
    worst = {loss.key: loss.cm3 for loss in found.worst}
    assert (found.count, found.total) == (len(losses), total(losses.values()))
    assert list(worst.values()) == sorted(losses.values())[:len(worst)]
    assert worst == {key: losses[key] for key in worst}
    assert (found.others_count, found.others) == (
        len(losses) - len(worst), total(value for key, value in losses.items() if key not in worst),
    )


def other_totals(connection: sa.Connection, selection: Selection) -> dict[str, Decimal]:
    """The same of the categories and of the products."""
    sides = read_categories(connection, selection, CATALOG)
    products = read_products(connection, selection, CATALOG.brands, start=0, limit=3)
    everything = read_all_products(connection, selection, CATALOG.brands)
    return {
        "sides": total(side.group.value for side in sides.rows),
        "sides by month": total(value for side in sides.rows for value in side.months),
        "sides, total": sides.total.group.value or Decimal(0),
        "sides, total by month": total(sides.total.months),
        "products, total": products.value or Decimal(0),
        "products": total(row.value for row in everything),
    }


def brand_totals(page: Brand) -> dict[str, Decimal]:
    """The same of one brand."""
    return {
        "months": total(row.value for row in page.months if row.is_chosen),
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
        "months": total(row.value for row in page.months if row.is_chosen),
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
    page = read_dashboard(connection, selection, CATALOG, MARKETPLACES)
    check_headlines(connection, selection, page.headlines)
    check_movers(connection, selection, page.movers)
    check_losses(connection, selection, page.losses)
    found = dashboard_totals(page) | other_totals(connection, selection)
    assert found == dict.fromkeys(found, figure_of_table(connection, selection))
    check_profit(connection, selection)
    if selection.scope is None or 1 in selection.scope:
        brand = selection.changed(brands=(1,))
        page = read_brand(connection, brand, CATALOG, start=0, limit=50)
        check_headlines(connection, brand, page.headlines)
        found = brand_totals(page)
        assert found == dict.fromkeys(found, figure_of_table(connection, brand))
        found = product_totals(connection, selection, 1)
        assert found == dict.fromkeys(found, figure_of_table(connection, selection, product=1))
