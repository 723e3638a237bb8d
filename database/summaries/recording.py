"""Writes down what a generation is: its row, the fingerprints of its facts, what it left out and restated."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.build import Build
from database.engines.values import Generation
from database.imports.staging import DEMO
from database.journal import run_log
from database.lines.cost_publishing import forget_costs, publish_uncosted, publish_unit_costs, tells_of_costs
from database.lines.counting import CountingRules
from database.lines.publishing import Target, forget, has_lines, publish_lines
from database.summaries import rollups, verification
from database.summaries.changes import Plan
from database.summaries.days import (
    DayRules,
    forget_days_of,
    insert_days,
    kept_since,
    months_with_changed_lines,
    months_with_lines,
    wrong_days,
)
from database.summaries.restatements import complete_months, insert_restated
from database.summaries.rollups import Levels
from database.summaries.verification import MonthFindings
from domain.moments import utc_now
from domain.months import format_month, today_utc
from domain.shared_costs import Spread

Fingerprints = dict[str, tuple]
"""Metric -> (facts, sum)."""


@dataclass(frozen=True)
class Made:
    """A generation that was built: its number, when, its levels, the placement set it used, by which run,
    without which brand groups, and by what nobody's costs were shared out (None: they were not)."""

    generation: int
    now: datetime.datetime
    levels: Levels
    placement: int
    run_id: str
    exclude_groups: tuple[str, ...]
    spread: Spread | None


def record_findings(build: Build, plan: Plan, made: Made, findings: Iterable[MonthFindings]) -> None:
    """Fingerprints and left-out facts of the built months, those of the kept ones, and what was restated."""
    findings = list(findings)
    for table in (schema.summary_month, schema.summary_left_out):
        staged, live = build.staged(table), build.live(table)
        build.connection.execute(sa.delete(staged).where(staged.c.generation == made.generation))
        if not plan.whole:
            kept = live.c.month.not_in([*plan.months, verification.NO_MONTH])
            build.connection.execute(rollups.copy_rows(
                live, staged, live.c.generation == plan.live.generation, kept, generation=made.generation,
            ))
    _insert(build, schema.summary_month, [
        {"generation": made.generation, "month": found.month, "metric": mark.metric, "facts": mark.facts,
         "value": mark.value, "last_fact_id": mark.last_fact_id, "left_out_facts": mark.left_out_facts,
         "left_out_value": mark.left_out_value}
        for found in findings for mark in found.fingerprints
    ])
    _insert(build, schema.summary_left_out, [
        {"generation": made.generation, "month": found.month, "metric": entry.metric, "reason": entry.reason,
         "facts": entry.facts, "value": entry.value}
        for found in findings for entry in found.left_out
    ])
    if plan.live is not None:
        _record_restated(build, plan, made)
    build.connection.commit()


def record_lines(build: Build, plan: Plan, made: Made, rules: CountingRules) -> bool:
    """What the generation tells of lines, if there are any; the live one's, if no import changed anything since.
    Returns whether there are. Raises Refused if it is not what the lines give."""
    if not has_lines(build.connection):
        return False
    target = Target(made.generation, build.staged)
    forget(build.connection, target)
    if plan.whole or plan.announced:
        publish_lines(build.connection, target, rules)
    else:
        for table in schema.LINE_SUMMARIES:
            live = build.live(table)
            of_live = live.c.generation == plan.live.generation
            build.connection.execute(
                rollups.copy_rows(live, build.staged(table), of_live, generation=made.generation)
            )
    build.connection.commit()
    return True


def record_costs(build: Build, plan: Plan, made: Made) -> bool:
    """What the generation tells of unit costs, if anybody counts with them; returns whether they do."""
    target = Target(made.generation, build.staged)
    forget_costs(build.connection, target)
    # Embedded, a transaction writes to one file, and what comes next may write to that of the facts.
    build.connection.commit()
    if not tells_of_costs(build.connection):
        return False
    publish_unit_costs(build.connection, target)
    publish_uncosted(build.connection, target, made.levels.asin, months=None if plan.whole else plan.months)
    if not plan.whole and plan.announced:
        # A unit cost may hold for months whose facts do not follow from it, as where nothing is known of units.
        publish_uncosted(build.connection, target, build.live(schema.summary_asin), but=plan.months)
    elif not plan.whole:
        live = build.live(schema.summary_uncosted)
        build.connection.execute(rollups.copy_rows(
            live, build.staged(schema.summary_uncosted), live.c.generation == plan.live.generation,
            live.c.month.not_in(plan.months), generation=made.generation,
        ))
    build.connection.commit()
    return True


def record_days(build: Build, plan: Plan, made: Made, rules: CountingRules) -> list[str]:
    """What lines give day by day: of the months that were built or whose lines may have changed; of others the live
    one's. Returns, in words, where days are not what the month is: there are none of it then."""
    table, live, since = build.staged(schema.summary_day), build.live(schema.summary_day), kept_since(today_utc())
    connection, target = build.connection, Target(made.generation, build.staged)
    connection.execute(sa.delete(table).where(table.c.generation == made.generation))
    # Embedded, a transaction writes to one file, and what comes next may write to that of the facts.
    connection.commit()
    if not has_lines(connection):
        return []
    months = {month for month in _with_changed_lines(build, plan) | set(plan.months) if month >= since}
    if not plan.whole:
        connection.execute(rollups.copy_rows(
            live, table, live.c.generation == plan.live.generation, live.c.month >= since, live.c.month.not_in(months),
            generation=made.generation,
        ))
    day_rules = DayRules(rules, {month.month: month for month in plan.present})
    told: list[str] = []
    for level, chosen in _levels_with(build, plan, made, months):
        cells = insert_days(connection, target.label, table, level, chosen, day_rules)
        wrong = wrong_days(connection, made.generation, table, level, cells, day_rules)
        for cell, words in wrong.items():
            forget_days_of(connection, made.generation, table, cell)
            told += words
    connection.commit()
    return told


def _with_changed_lines(build: Build, plan: Plan) -> set[datetime.date]:
    """Months whose lines may be others than those that the live generation's days were made of, beside those whose
    facts are: an order may have moved to another day. A run for certain months leaves all others as they are."""
    if plan.refresh_type == run_log.MONTHS:
        return set()
    live = build.live(schema.summary_day)
    # A generation of an older program knows no day.
    if plan.whole or build.connection.execute(
        sa.select(live.c.day).where(live.c.generation == plan.live.generation).limit(1)
    ).first() is None:
        return months_with_lines(build.connection)
    return months_with_changed_lines(build.connection, after=plan.live.ledger_id)


def _levels_with(
    build: Build, plan: Plan, made: Made, months: Iterable[datetime.date]
) -> list[tuple[sa.Table, list[datetime.date]]]:
    """The ASIN levels that hold these months: the one that is made, and the live one where it keeps some."""
    built = sorted(month for month in months if plan.whole or month in plan.months)
    kept = sorted(set(months) - set(built))
    levels = [(made.levels.asin, built), (build.live(schema.summary_asin), kept)]
    return [(level, chosen) for level, chosen in levels if chosen]


def record_rates(build: Build, plan: Plan, made: Made, findings: Mapping[datetime.date, MonthFindings]) -> None:
    """The currencies of the built months with the rates they were converted at, and those of the kept ones."""
    table = build.staged(schema.summary_rate)
    build.connection.execute(sa.delete(table).where(table.c.generation == made.generation))
    if not plan.whole:
        live = build.live(schema.summary_rate)
        build.connection.execute(rollups.copy_rows(
            live, table, live.c.generation == plan.live.generation, live.c.month.not_in(plan.months),
            generation=made.generation,
        ))
    _insert(build, schema.summary_rate, [
        {"generation": made.generation, "month": month.month, "currency": code, "base": month.conversion.base,
         "rate": rate}
        for month in plan.rebuild if month.conversion is not None and month.month in findings
        for code, rate in month.conversion.rates if code in (findings[month.month].currencies or ())
    ])
    build.connection.commit()


def generation_row(build: Build, plan: Plan, made: Made) -> dict[str, Any]:
    """The row of `summary_generation` that goes live with the tables."""
    month = build.staged(schema.summary_month)
    shown = month.c.facts > month.c.left_out_facts
    totals = build.connection.execute(
        sa.select(
            sa.func.sum(month.c.facts).label("facts"),
            sa.func.sum(month.c.left_out_facts).label("left_out_facts"),
            sa.func.min(sa.case((shown, month.c.month))).label("first"),
            sa.func.max(sa.case((shown, month.c.month))).label("last"),
        ).where(month.c.generation == made.generation)
    ).one()
    # A run for certain months does not settle what else is waiting: the next one still sees it.
    settles = plan.refresh_type != run_log.MONTHS
    marks = plan if settles else plan.live
    return {
        "generation": made.generation, "live": True, "previous": plan.live.generation if plan.live else None,
        "run_id": made.run_id, "refresh_type": plan.refresh_type, "published_at": utc_now(),
        "months": listed(plan.months), "first_month": totals.first, "last_month": totals.last,
        "facts": int(totals.facts or 0), "left_out_facts": int(totals.left_out_facts or 0),
        "ledger_id": marks.ledger_id, "last_fact_id": marks.last_fact_id, "recent_facts": marks.recent_facts,
        "placement": made.placement if settles else plan.live.placement,
        "currencies": _currencies(build.connection), "excluded_groups": ",".join(made.exclude_groups),
        "in_place": not plan.whole, "spread": _told(made.spread) if settles else plan.live.spread,
    }


def _told(spread: Spread | None) -> str | None:
    return str(spread) if spread else None


def stored_fingerprints(build: Build, live: Generation) -> dict[datetime.date, Fingerprints]:
    """The fingerprints that the live generation recorded, by month."""
    table = build.live(schema.summary_month)
    query = sa.select(table).where(table.c.generation == live.generation).order_by(table.c.month, table.c.metric)
    stored: dict[datetime.date, Fingerprints] = {}
    for row in build.connection.execute(query):
        stored.setdefault(row.month, {})[row.metric] = (row.facts, row.value)
    return stored


def listed(months: Sequence[datetime.date]) -> str:
    """Months as the tables hold them: `2024-01,2024-02`."""
    return ",".join(format_month(month) for month in months)


def _insert(build: Build, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        build.connection.execute(sa.insert(build.staged(table)), rows)


def _record_restated(build: Build, plan: Plan, made: Made) -> None:
    target = build.staged(schema.summary_restated)
    build.connection.execute(sa.delete(target).where(target.c.generation == made.generation))
    known = stored_fingerprints(build, plan.live).keys()
    by_cause: dict[str, list[datetime.date]] = {}
    for month in complete_months(sorted(known), plan.live):
        if (plan.whole or month in plan.months) and not _is_demo(build.connection, plan.causes.get(month, ())):
            by_cause.setdefault(_cause(build.connection, plan, month), []).append(month)
    for cause, months in by_cause.items():
        for statement in insert_restated(
            build.live(schema.summary_brand), made.levels.brand, target=target, generation=made.generation,
            months=months, now=made.now, cause=cause,
        ):
            build.connection.execute(statement)


def _cause(connection: sa.Connection, plan: Plan, month: datetime.date) -> str:
    """In words, with the names of the files: `import 41 (correction.csv)`."""
    words = [_with_file(connection, cause) for cause in plan.causes.get(month, ())]
    return ", ".join(words) or "another program"


def _is_demo(connection: sa.Connection, causes: Sequence[str]) -> bool:
    """Whether demo data came or went: that is no correction of anything that was sold."""
    numbers = {int(number) for word, _, number in (cause.rpartition(" ") for cause in causes) if number.isdigit()}
    table = schema.financials_import
    demos = sa.select(sa.func.count()).where(table.c.id.in_(numbers), table.c.source == DEMO)
    return any(cause.startswith(f"{DEMO} ") for cause in causes) or bool(connection.execute(demos).scalar())


def _with_file(connection: sa.Connection, cause: str) -> str:
    word, _, number = cause.rpartition(" ")
    if word not in ("import", "undo", "demo") or not number.isdigit():
        return cause
    table = schema.financials_import
    name = connection.execute(sa.select(table.c.file_name).where(table.c.id == int(number))).scalar()
    return f"{cause} ({name})" if name else cause


def _currencies(connection: sa.Connection) -> str:
    """The currencies that imports in force name, commas between."""
    table = schema.financials_import
    named = connection.execute(
        sa.select(table.c.currencies).where(table.c.status == "done", table.c.currencies != "").distinct()
    ).scalars()
    return ",".join(sorted({code for text in named for code in text.split(",") if code}))
