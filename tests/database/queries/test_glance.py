"""The periods at a glance against sums done by hand, on both engines."""

from __future__ import annotations

import datetime
from decimal import Decimal

from database.engines.ports import Store
from database.queries.dashboard import read_dashboard
from database.queries.glance import Glance, GlanceFigure
from domain.periods import Span, calendar_at
from domain.ratios import CM3_MARGIN
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


TODAY = datetime.date(2025, 11, 22)
CALENDAR = calendar_at(month("2024-01"), month("2025-11"), TODAY)
SELECTABLE = Selectable(
    generation=1, first_month=month("2024-01"), last_month=month("2025-11"), metrics=("Net revenue", "CM3"),
    brands={1: "Alder", 2: "Bergwind"}, categories={5: "Toys"}, marketplaces={"US": "", "DE": ""},
)
ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2024-01", "Net revenue", "1.00"),
    (1, 1, 5, "US", "2024-10", "Net revenue", "80.00"),
    (1, 1, 5, "US", "2024-10", "CM3", "-4.00"),
    (1, 1, 5, "US", "2024-11", "Net revenue", "60.00"),
    (1, 1, 5, "DE", "2025-08", "Net revenue", "40.00"),
    (1, 1, 5, "DE", "2025-08", "CM3", "10.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "100.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "5.00"),
    (1, 1, 5, "US", "2025-11", "Net revenue", "30.00"),
    (2, 2, 5, "US", "2025-10", "Net revenue", "1000.00"),
    (2, 2, 5, "US", "2025-10", "CM3", "-200.00"),
]


def glances(store: Store, selection: Selection) -> tuple[Glance, ...]:
    return store.read(
        lambda reading: read_dashboard(reading.connection, selection, SELECTABLE, {"US": ""})
    ).glances


def glance(period: str, span: tuple[str, str], cm3: tuple, revenue: tuple, *, in_progress: bool = False) -> Glance:
    """A period of so much now and a year before."""
    cm3, revenue = ([None if text is None else Decimal(text) for text in pair] for pair in (cm3, revenue))
    margins = [
        None if part is None or not base else part / base for part, base in zip(cm3, revenue, strict=True)
    ]
    months = Span(month(span[0]), month(span[1]))
    before = months.shifted(-12)
    return Glance(period, months, before, in_progress, (
        GlanceFigure("CM3", None, *cm3, in_progress), GlanceFigure("CM3 %", CM3_MARGIN, *margins, in_progress),
        GlanceFigure("Net revenue", None, *revenue, in_progress),
    ))


ALDER = (
    glance("1m", ("2025-10", "2025-10"), ("5.00", "-4.00"), ("100.00", "80.00")),
    glance("mtd", ("2025-11", "2025-11"), (None, None), ("30.00", "60.00"), in_progress=True),
    glance("1q", ("2025-07", "2025-09"), ("10.00", None), ("40.00", None)),
    glance("ytd", ("2025-01", "2025-10"), ("15.00", "-4.00"), ("140.00", "81.00")),
)


def test_each_period_has_its_sums_and_those_of_a_year_before(store: Store) -> None:
    publish(store, ROWS)

    assert glances(store, Selection(calendar=CALENDAR, brands=(1,))) == ALDER
    everything = glances(store, Selection(calendar=CALENDAR))
    assert everything[0] == glance("1m", ("2025-10", "2025-10"), ("-195.00", "-4.00"), ("1100.00", "80.00"))


def test_periods_keep_to_the_filters_and_not_to_the_chosen_months(store: Store) -> None:
    publish(store, ROWS)
    far = Selection(calendar=CALENDAR, period="", first=month("2024-01"), last=month("2024-01"))

    assert glances(store, far) == glances(store, Selection(calendar=CALENDAR))
    assert glances(store, Selection(calendar=CALENDAR, scope=(1,))) == ALDER
    germany = glances(store, Selection(calendar=CALENDAR, marketplaces=("DE",)))
    assert germany[2].figures[2].value == Decimal("40.00")
    assert germany[0].figures == tuple(GlanceFigure(name, ratio, None, None, False) for name, ratio in (
        ("CM3", None), ("CM3 %", CM3_MARGIN), ("Net revenue", None)
    ))


def test_a_change_is_told_of_what_is_over_only() -> None:
    assert [[figure.change for figure in each.figures] for each in ALDER[:2]] == [
        [Decimal("2.25"), Decimal("0.1"), Decimal("0.25")], [None, None, None],
    ]


def test_periods_far_from_the_chosen_months_are_the_same(store: Store) -> None:
    publish(store, [*ROWS, (1, 1, 5, "US", "2015-03", "Net revenue", "7.00")])
    calendar = calendar_at(month("2015-03"), month("2025-11"), TODAY)
    far = Selection(calendar=calendar, period="", first=month("2015-03"), last=month("2015-03"), brands=(1,))

    assert glances(store, far) == ALDER
