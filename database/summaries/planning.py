"""What a refresh will do, as its build sees it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from database import schema
from database.engines.build import Build, Note, dimensions_differ
from database.engines.ports import Store
from database.summaries.changes import LiveTables, Plan, Request, make_plan
from database.summaries.currencies import currency_state
from database.summaries.shares import spread_of


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
    marks = build.catch_up(store.facts_room.marks(build.source, options.months), full=options.full, note=note)
    plan = make_plan(
        build.connection, Request(options.full, options.months), marks=marks, live=live, tables=tables,
        exclude_groups=store.settings.refresh.exclude_groups, dimensions_changed=dimensions_differ(build),
        spread=spread_of(store.settings.costs),
        currencies=currency_state(store, build.connection, marks=marks, live=live),
    )
    build.connection.commit()
    return plan
