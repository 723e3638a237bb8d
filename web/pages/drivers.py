"""/drivers: what changed CM3 from one period to another, in steps that add up."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from charts.waterfall import Bar, waterfall_figure
from database.queries.drivers import Drivers
from database.queries.pages import DRIVERS
from domain import drivers
from domain.drivers import CURRENCY, MIX, OTHER, PRICE, VOLUME, Change, Driver
from domain.metrics import CM3, NET_REVENUE, NET_UNITS, REIMBURSEMENTS
from domain.periods import LAST_MONTH, NOTHING, YEAR_BEFORE, Span
from domain.ratios import relative_change
from web.figures import changes
from web.figures.conversion import conversion_words
from web.figures.drawing import embedded
from web.figures.filters import filters_of, period_name
from web.figures.formats import COUNT, MONEY
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.sheets import TEXT, Cell, Column, Offer, Sheet, export_links

pages = Blueprint("drivers", __name__)

WITHOUT = ("metric",)
"""It is always CM3 that changed."""
RULES = {
    VOLUME: "Of products sold in both periods: (units now \u2212 units before) × their average price before.",
    MIX: "Of the same products: what the units now come to, each product at its price before (to the cent), \u2212 "
    "units now × average price before. Above zero if more of the dearer products is sold.",
    PRICE: "Of the same products: net revenue now \u2212 what the units now come to, each product at its price before.",
    drivers.NEW_PRODUCTS: "Net revenue of products with neither net revenue nor net units before.",
    drivers.ENDED_PRODUCTS: "Net revenue before of products with neither net revenue nor net units now.",
    drivers.WITHOUT_UNITS: "Change of the net revenue of products that have no net units above zero in one of the "
    "periods: they have no price there.",
    REIMBURSEMENTS: "Reimbursements now \u2212 before.",
    CURRENCY: "What was stated in another currency, at the rates of its months \u2212 the same at the rate of before: "
    "each currency's net revenue before, converted ÷ as stated. Of costs, reimbursements and net revenue of products "
    "sold in both periods, which are told at the rates of before. What came in several currencies at once, or in one "
    "without net revenue before, stays in its own step.",
    OTHER: "What CM3 changed beyond all these: in one of the periods it does not follow from its parts as they were "
    "imported.",
}
COST_RULE = "Before \u2212 now: a cost that rises lowers CM3."
MEASURES = {VOLUME: "units", MIX: "average price at prices before", PRICE: "average price of the units now"}
"""What stands before and now beside a step that is not told from amounts."""
AT_RATES_BEFORE = "at the rates of before"
NO_LINE = (CURRENCY, OTHER)
"""Steps that are no line of the P&L, and of no products."""


@dataclass(frozen=True)
class DriverRow:
    """A step: its effect on CM3, and what it is told from; `address` leads to the figures behind it."""

    name: str
    kind: str
    address: str
    amount: str
    is_negative: bool
    tone: str
    measure: str
    before: str
    now: str

@dataclass(frozen=True)
class DriversView:
    """The change: a sentence, the waterfall, and a row of each step between the first and the last. `rules` say how
    steps are told, of costs all at once."""

    change: changes.Change
    start: str
    end: str
    total: str
    figure: Markup
    rows: tuple[DriverRow, ...]
    rules: tuple[tuple[str, str], ...]
    is_exact: bool


@pages.get("/drivers")
def show() -> Response:
    """What changed CM3 in the reader's selection."""
    return figures_page(DRIVERS, _render)


def _render(page: Page, found: Drivers) -> str:
    page.check_page_number(1)
    return render_template(
        "drivers/show.html", period=period_name(page.selection), span=page.selection.span.words(),
        badge=badge_of(page), filters=filters_of(page, without=WITHOUT), notices=notices_of(page),
        exports=export_links(page, offer), before=_words(found.before), now=_words(found.now),
        view=_view(found.change, found, page) if found.change else None,
        profitability=page.elsewhere("profitability.show", {"shared": page.selection.shared}),
        converted=conversion_words(page), **_ways(page, found),
    )


def _words(span: Span | None) -> str:
    return span.words() if span else ""


def _ways(page: Page, found: Drivers) -> dict[str, str]:
    """What is in the way of a comparison, and the way out."""
    if found.now is None:
        return {"lack": "open", "way": page.address(period=LAST_MONTH)}
    if page.selection.compared_with == NOTHING:
        return {"lack": "nothing", "way": page.address(compare=YEAR_BEFORE)}
    if found.before is None:
        return {"lack": "earlier", "way": page.address(period=LAST_MONTH)}
    return {"lack": "" if found.change else "cm3", "way": ""}


def _view(change: Change, found: Drivers, page: Page) -> DriversView:
    write = page.formats
    rows = tuple(_row(driver, page) for driver in change.drivers)
    ends = {"before": f"{CM3} before", "now": f"{CM3} now"}
    ways = {row.name: row.address for row in rows}
    bars = [
        Bar(
            name=ends.get(step.name, step.name), kind=step.kind, start=step.start, end=step.end,
            address=ways.get(step.name, ""), label=write.short(step.amount, MONEY),
            hover=f"{ends.get(step.name, step.name)}: {write.exact(step.amount, MONEY)}",
        )
        for step in change.steps()
    ]
    return DriversView(
        change=changes.relative(relative_change(change.now, change.before), formats=write, rise="good"),
        start=write.exact(change.before, MONEY), end=write.exact(change.now, MONEY),
        total=write.exact(change.amount, MONEY),
        figure=embedded(waterfall_figure(bars, tick=lambda value: write.tick(value, MONEY))), rows=rows,
        rules=_rules(change.drivers),
        is_exact=all(driver.name != OTHER for driver in change.drivers),
    )


def _row(driver: Driver, page: Page) -> DriverRow:
    write, measure = page.formats.exact, _measure(driver)
    kind = COUNT if driver.name == VOLUME else MONEY
    return DriverRow(
        name=driver.name, kind="gap" if driver.name == OTHER else "step", address=_address(driver, page),
        amount=write(driver.amount, MONEY), is_negative=driver.amount < 0,
        tone="good" if driver.amount > 0 else "bad" if driver.amount < 0 else "", measure=measure,
        before=write(driver.before, kind), now=write(driver.now, kind),
    )


def _measure(driver: Driver) -> str:
    """What a step is told from, in words; '' for amounts as they are."""
    return ", ".join(filter(None, (MEASURES.get(driver.name), AT_RATES_BEFORE if driver.at_rates_before else "")))


def _rules(found: tuple[Driver, ...]) -> tuple[tuple[str, str], ...]:
    costs = [driver.name for driver in found if driver.name not in RULES]
    rules = [(driver.name, RULES[driver.name]) for driver in found if driver.name in RULES]
    place = next((place for place, (name, _) in enumerate(rules) if name in (REIMBURSEMENTS, *NO_LINE)), len(rules))
    if costs:
        rules.insert(place, (", ".join(costs), COST_RULE))
    return tuple(rules)


def _address(driver: Driver, page: Page) -> str:
    """Products by their change, or the line of the P&L by brand, with the same months and filters."""
    if driver.name in NO_LINE:
        return ""
    if driver.name in RULES and driver.name != REIMBURSEMENTS:
        metric = NET_UNITS if driver.name in (VOLUME, MIX) and NET_UNITS in page.selectable.metrics else NET_REVENUE
        order = "asc" if driver.amount < 0 else "desc"
        return page.elsewhere("products.show", {"metric": metric, "sort": "change", "order": order})
    return page.elsewhere("dashboard.show", {"metric": driver.name})


def _sheets(page: Page) -> list[Sheet]:
    found: Drivers = DRIVERS.read(page)
    columns = (
        Column("Step", TEXT), Column("Change of CM3", MONEY, key="amount"), Column("Told from", TEXT),
        Column("Before", MONEY), Column("Now", MONEY), Column("Rule", TEXT),
    )
    rows = []
    if found.change:
        for driver in found.change.drivers:
            kind = COUNT if driver.name == VOLUME else MONEY
            rows.append((
                driver.name, driver.amount,
                _measure(driver) or ("" if driver.before is None and driver.now is None else "amount"),
                Cell(driver.before, kind), Cell(driver.now, kind), RULES.get(driver.name, COST_RULE),
            ))
        rows.append((CM3, found.change.amount, "amount", found.change.before, found.change.now, "All steps together."))
    return [Sheet("drivers", DRIVERS.tables["drivers"], columns, rows)]


offer = Offer(DRIVERS, _sheets, without=WITHOUT)


def way_to_drivers(page: Page, *brands: int) -> str:
    """The address of what changed CM3 in the months and filters of another page, of `brands` if any are given; '' where
    there is nothing to compare with, or no CM3."""
    selection = page.selection
    if selection.comparison is None or selection.complete is None or CM3 not in page.selectable.metrics:
        return ""
    of = {"brands": brands} if brands else {}
    return page.elsewhere("drivers.show", {**of, "shared": selection.shared})
