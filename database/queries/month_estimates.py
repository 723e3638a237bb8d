"""What the month in progress will come to, from the days that a generation knows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal

import sqlalchemy as sa

from database.queries.sums import BRAND, CATEGORY, MARKETPLACE, MONTH, by_grain, sums_by
from database.schema import summary_day
from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.month_estimates import MONTHS, DaySums, MonthEstimate, MonthSums, Reached, month_estimate
from domain.months import add_months, last_day
from domain.periods import Span
from domain.selection import Selectable, Selection

COLUMNS = {NET_REVENUE: summary_day.c.net_revenue, NET_UNITS: summary_day.c.net_units}


def read_month_estimate(
    connection: sa.Connection, selection: Selection, selectable: Selectable
) -> MonthEstimate:
    """The estimate for the selection's brands, categories and marketplaces, whatever months are chosen; without figures
    where there are no days to tell it from."""
    month = selection.calendar.current
    rows: Sequence[sa.Row] = ()
    if selectable.knows_days and selection.calendar.knows_current:
        rows = connection.execute(_days(selectable.generation, selection)).all()
    if not rows:
        return MonthEstimate(month, (), {}, {})
    span = Span(month, month).with_months_before(2 * MONTHS)
    figures = _by_marketplace(by_grain(sums_by(
        connection, selection, (MARKETPLACE, MONTH), span=span, metrics=(CM3, NET_REVENUE, NET_UNITS)
    )))
    return month_estimate(month, _reached(rows, figures, last_day(month).day), figures)


def _days(generation: int, selection: Selection) -> sa.Select:
    """Of each marketplace whose days reach the month in progress: the last one that is over; and by month all its days,
    and those that are as far into the month. A day that is reached in part counts in part: by so many of as many parts
    as the month in progress has days, whole numbers, which every engine multiplies alike."""
    month, table = selection.calendar.current, summary_day.c
    length = last_day(month).day
    of_marketplaces = table.marketplace.in_(selection.marketplaces) if selection.marketplaces else sa.true()
    # By the days of all brands: how far reports reach is not for each to say by its last sale.
    reach = (
        sa.select(table.marketplace, sa.func.max(table.day).label("through"))
        .where(table.generation == generation, table.month == month, table.day < selection.calendar.today,
               of_marketplaces)
        .group_by(table.marketplace).subquery("reach")
    )
    conditions = [table[name].in_(chosen) for name, chosen in (
        (BRAND, selection.brands or None), (CATEGORY, selection.categories or None), (BRAND, selection.scope)
    ) if chosen is not None]
    day, through = (sa.extract("day", each) for each in (table.day, reach.c.through))
    of_month = sa.case(*(
        (table.month.in_(months), sa.literal_column(str(days)))
        for days, months in _by_length(month).items()
    ))
    left = through * of_month - (day - 1) * length
    counted = sa.cast(sa.case((left <= 0, 0), (left >= length, length), else_=left), sa.Numeric(4, 0))
    sums = [
        each.label(f"{name}_{metric}")
        for metric, column in enumerate(COLUMNS.values())
        for name, each in (("whole", sa.func.sum(column)), ("so_far", sa.func.sum(column * counted)))
    ]
    return (
        sa.select(table.marketplace, reach.c.through, table.month, *sums)
        .select_from(summary_day.join(reach, reach.c.marketplace == table.marketplace))
        .where(table.generation == generation, table.month >= add_months(month, -2 * MONTHS), table.month <= month,
               *conditions)
        .group_by(table.marketplace, reach.c.through, table.month)
        .order_by(table.marketplace, table.month)
    )


def _by_length(month: datetime.date) -> dict[int, list[datetime.date]]:
    found: dict[int, list[datetime.date]] = {}
    for back in range(2 * MONTHS + 1):
        each = add_months(month, -back)
        found.setdefault(last_day(each).day, []).append(each)
    return found


def _by_marketplace(sums: Mapping[tuple[str, datetime.date], Mapping[str, Decimal]]) -> dict[str, MonthSums]:
    found: dict[str, dict[datetime.date, Mapping[str, Decimal]]] = {}
    for (marketplace, month), each in sums.items():
        found.setdefault(marketplace, {})[month] = each
    return found


def _reached(rows: Sequence[sa.Row], figures: Mapping[str, MonthSums], parts: int) -> dict[str, Reached]:
    days: dict[tuple[str, datetime.date], dict[datetime.date, dict[str, DaySums]]] = {}
    for marketplace, through, month, *sums in rows:
        days.setdefault((marketplace, through), {})[month] = {
            metric: DaySums(whole, so_far / parts)
            for metric, whole, so_far in zip(COLUMNS, sums[::2], sums[1::2], strict=True) if whole is not None
        }
    return {
        marketplace: Reached(through, found, figures.get(marketplace, {}))
        for (marketplace, through), found in days.items()
    }
