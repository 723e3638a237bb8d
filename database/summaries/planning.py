"""What a refresh will do, as its build sees it."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.build import Build, IsBare, Note, dimensions_differ
from database.engines.fact_marks import FactMarks
from database.engines.ports import Store
from database.facts.import_sums import derived_in
from database.summaries.changes import LiveTables, Plan, Request, make_plan
from database.summaries.currencies import currency_state
from database.summaries.shares import spread_of
from domain.months import month_of


@dataclass(frozen=True)
class RefreshOptions:
    """What a caller may ask of a refresh. `wait` is in seconds."""

    full: bool = False
    months: tuple[datetime.date, ...] = ()
    force: bool = False
    wait: float = 0


def plan_of(store: Store, build: Build, options: RefreshOptions, note: Note = lambda done, total, rows: None) -> Plan:
    """What there is to do, seen by the build's connection; `note` is told how the copying of facts goes, where there is
    any."""
    live = build.live_generation
    tables = None
    if live is not None:
        tables = LiveTables(*(
            build.live(table) for table in (
                schema.summary_asin, schema.summary_placement, schema.summary_left_out, schema.summary_rate,
                schema.summary_month,
            )
        ))
    marks = store.facts_room.marks(build.source, options.months)
    marks = build.catch_up(marks, full=options.full, is_bare=_bare_months(build, marks), note=note)
    plan = make_plan(
        build.connection, Request(options.full, options.months), marks=marks, live=live, tables=tables,
        exclude_groups=store.settings.refresh.exclude_groups, dimensions_changed=dimensions_differ(build),
        spread=spread_of(store.settings.costs),
        currencies=currency_state(store, build.connection, marks=marks, live=live),
    )
    build.connection.commit()
    return plan


def _bare_months(build: Build, marks: FactMarks) -> IsBare:
    """What is to be known for it is asked when the first month is."""

    @functools.cache
    def known() -> tuple[set[datetime.date], Callable[[datetime.date], bool]]:
        named = build.source.execute(sa.select(schema.financials_currency.c.month).distinct()).scalars()
        dates = [*named, *(date for date, _ in marks.currencies_above(build.live_generation))]
        return {month_of(date) for date in dates if date is not None}, derived_in(build.source)

    def is_bare(month: datetime.date) -> bool:
        with_currencies, may_be_derived = known()
        return month not in with_currencies and not may_be_derived(month)

    return is_bare
