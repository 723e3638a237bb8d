"""What the month in progress may come to, as readers see it: figures, how close they usually are, and each trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from database.queries.pages import ESTIMATE
from domain.metrics import CM3, NET_REVENUE
from domain.month_estimates import (
    NO_DAYS,
    NO_FIGURES,
    NOTHING_BY_THEN,
    RULE,
    TOO_FEW,
    Estimate,
    MonthEstimate,
    Trial,
)
from domain.months import day_words, month_name
from domain.periods import Span
from web.figures.formats import COUNT, MONEY, PERCENT, kind_of
from web.figures.page import Page
from web.figures.sheets import MONTH, TEXT, Cell, Column, Row, Sheet

SHOWN = (CM3, NET_REVENUE)
"""What is tried before the reader's eyes; files have the rest."""
TOO_ROUGH = Decimal("0.5")
"""What is typically further off than by this part is not told in a line."""
IN_SHORT = {NO_FIGURES: "–", NO_DAYS: "no days", NOTHING_BY_THEN: "nothing yet", TOO_FEW: "too early"}
"""Why nothing would have been said, for a column of a phone."""
_DIGITS = Context(prec=3, rounding=ROUND_HALF_EVEN)
"""Of an estimate more would say more than anybody knows."""


@dataclass(frozen=True)
class EstimatedFigure:
    """A figure by its name, and how close it usually is."""

    name: str
    short: str
    close: str


@dataclass(frozen=True)
class TriedFigure:
    """What would have been said, what came, by which part that was off; `why` if nothing would have been said."""

    told: str
    came: str
    off: str = ""
    why: str = ""


@dataclass(frozen=True)
class TrialView:
    """A month that is over, with each figure that was tried on it."""

    month: str
    figures: tuple[TriedFigure, ...]


@dataclass(frozen=True)
class MonthEstimateView:
    """The estimate of `month`; `is_chosen` if the page is about that month. Without `figures`, `why` says why, and what
    can be done. `brief` is what it comes to in a line."""

    month: str
    is_chosen: bool
    figures: tuple[EstimatedFigure, ...] = ()
    through: str = ""
    brief: str = ""
    why: str = ""
    rule: str = RULE
    left_out: str = ""
    tried: tuple[str, ...] = ()
    trials: tuple[TrialView, ...] = ()


def month_estimate_view(found: MonthEstimate, page: Page) -> MonthEstimateView | None:
    """The estimate, or why there is none: that is said to whoever looks at the month only."""
    month, is_chosen = month_name(found.month), page.selection.span == Span(found.month, found.month)
    if not found.figures:
        return MonthEstimateView(month, is_chosen, why=_why(found)) if is_chosen else None
    tried = _shown(found)
    return MonthEstimateView(
        month=month, is_chosen=is_chosen, through=through_words(found),
        figures=tuple(
            EstimatedFigure(each.metric, _rough(each.value, each.metric, page), _close(each, page))
            for each in found.figures
        ),
        brief=_brief(found, page),
        left_out=_left_out(found), tried=tuple(each.metric for each in tried),
        trials=tuple(
            TrialView(month_name(together[0].month), tuple(
                _tried(trial, each.metric, page) for trial, each in zip(together, tried, strict=True)
            ))
            for together in zip(*(each.trials for each in tried), strict=True)
            if any(trial.why != NO_FIGURES for trial in together)
        ),
    )


def short_estimate(found: MonthEstimate, page: Page) -> str:
    """`Estimate of the whole month: CM3 $8.10K, typically within 9.0%; Net revenue …`, for a tile; '' for none."""
    brief = _brief(found, page)
    return f"Estimate of the whole month: {brief}" if brief else ""


def _brief(found: MonthEstimate, page: Page) -> str:
    """What is shown first, each with how close it usually is. What is mostly far off stands beside its trials only."""
    return "; ".join(
        ", ".join(filter(None, (f"{each.metric} {_rough(each.value, each.metric, page)}", _within(each, page))))
        for each in _shown(found) if each.typical is None or each.typical <= TOO_ROUGH
    )


def _shown(found: MonthEstimate) -> list[Estimate]:
    by_name = {each.metric: each for each in found.figures}
    return [by_name[name] for name in SHOWN if name in by_name]


def month_estimate_sheet(found: MonthEstimate) -> Sheet:
    """The same as raw values: each figure's estimate, then what the rule would have said of earlier months."""
    columns = (
        Column("Month", MONTH), Column("Figure", TEXT), Column("Through", TEXT), Column("By then", MONEY),
        Column("Estimate", MONEY), Column("Came to", MONEY), Column("Off by", PERCENT),
        Column("Typically off by", PERCENT), Column("Remark", TEXT),
    )
    return Sheet(ESTIMATE, "Estimate of the month", columns, list(_rows(found)))


def _rows(found: MonthEstimate) -> Iterator[Row]:
    through = ", ".join(f"{marketplace} {day.isoformat()}" for marketplace, day in found.through.items())
    for each in found.figures:
        def amount(value: Decimal | None, metric: str = each.metric) -> Cell:
            return Cell(None if value is None else value.quantize(Decimal("0.01")), kind_of(metric))

        remark = " ".join(filter(None, ("An estimate.", RULE, _left_out(found))))
        yield (found.month, each.metric, through, amount(each.so_far), amount(each.value), amount(None), None,
               each.typical, remark)
        for trial in each.trials:
            yield (trial.month, each.metric, "the same day", amount(None), amount(trial.estimate),
                   amount(trial.actual), trial.off, None, trial.why)


def through_words(found: MonthEstimate) -> str:
    """`through 17 Nov 2025`, or with those marketplaces that reach another day: `…, DE through 10 Nov 2025`."""
    days = sorted(set(found.through.values()), reverse=True)
    named = [
        f"{', '.join(place for place, each in found.through.items() if each == day)} through {day_words(day)}"
        for day in days
    ]
    return f"through {day_words(days[0])}" if len(days) == 1 else ", ".join(named)


def _why(found: MonthEstimate) -> str:
    month = month_name(found.month)
    if found.left_out:
        return f"What {month} will come to cannot be told. {_left_out(found)}"
    if found.through:
        return f"What {month} will come to cannot be told yet: too little has come {through_words(found)}."
    return (
        f"What {month} will come to cannot be told: no report that knows days reaches it. Import Amazon’s orders, "
        "settlement or transactions report."
    )


def _left_out(found: MonthEstimate) -> str:
    named = ", ".join(f"{marketplace} ({why})" for marketplace, why in found.left_out.items())
    return f"Not in it: {named}." if named else ""


def _rough(value: Decimal, metric: str, page: Page) -> str:
    rounded, kind, write = _DIGITS.create_decimal(value), kind_of(metric), page.formats
    if abs(rounded) >= 1000:
        return write.short(rounded.quantize(Decimal(1)), kind)
    return write.whole(rounded.quantize(Decimal(1)), kind) if abs(rounded) >= 100 or kind == COUNT else (
        write.exact(rounded, kind)
    )


def _within(each: Estimate, page: Page) -> str:
    return "" if each.typical is None else f"typically within {page.formats.change(each.typical)}"


def _close(each: Estimate, page: Page) -> str:
    within = _within(each, page)
    return f"{within}, at most {page.formats.change(each.misses[-1])}" if within else "how close cannot be told yet"


def _tried(trial: Trial, metric: str, page: Page) -> TriedFigure:
    write, kind = page.formats, kind_of(metric)
    came = write.whole(trial.actual, kind)
    if trial.estimate is None:
        return TriedFigure(IN_SHORT[trial.why], came, why=trial.why)
    off = trial.off
    sign = "" if off is None or round(off, 3) == 0 else "+" if off > 0 else "−"
    return TriedFigure(write.whole(trial.estimate, kind), came, f"{sign}{write.change(off)}")
