"""The making of one generation: steps 3 to 11 of `refresh`, from the plan to its publication."""

from __future__ import annotations

import contextlib
import datetime
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from database import schema
from database.engines.build import Build, laid_out, unify_names
from database.engines.ports import Store
from database.engines.values import Generation, generation_from
from database.facts.archived_sums import clear_sums, unpack_sums
from database.facts.currencies import note_currencies
from database.imports.derived_facts import counting_rules, derive_by_settings
from database.imports.overhead_batch import count_what_has_come
from database.journal.run_log import NOTHING_TO_DO, SUCCESS, RunLog, last_generation
from database.lines.overhead_publishing import publish_overheads
from database.lines.publishing import Target
from database.lines.sku_publishing import publish_skus
from database.summaries import fact_sums, rollups, verification
from database.summaries.changes import Plan
from database.summaries.currencies import forget_currencies
from database.summaries.judging import refuse_empty_source, unannounced_changes
from database.summaries.leftovers import NamedBy, forget_joined_rows, forget_removed_names, read_watched
from database.summaries.planning import RefreshOptions, plan_of
from database.summaries.recording import (
    Made,
    generation_row,
    listed,
    record_costs,
    record_days,
    record_findings,
    record_lines,
    record_rates,
)
from database.summaries.rollups import Levels, MonthFacts
from database.summaries.sampling import sample_differs
from database.summaries.shares import shares, spread_of
from database.summaries.sources import tell_sources
from database.summaries.verification import MonthFindings
from domain.errors import LegoError, Refused
from domain.moments import utc_now
from domain.shared_costs import SHARED, Spread
from machine.crash_points import passing

REDOS = 2
"""How often a month is built again because its facts moved while it was built."""
SAMPLES = 24
"""How many single groups are recomputed from their facts."""


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total` parts of a stage, `rows` written so far."""

    stage: str
    done: int
    total: int
    rows: int = 0


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class Result:
    """What a refresh did. `generation` is the live one afterwards, None if there is still none; `processor_seconds` are
    those of this process, and none of a database server's."""

    status: str
    refresh_type: str
    months: tuple[datetime.date, ...]
    generation: Generation | None
    facts: int
    rows_written: int
    seconds: float
    left_out: tuple[verification.LeftOut, ...] = ()
    restated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    processor_seconds: float = 0.0


@dataclass
class Making:
    """One generation in the making; `run` makes it. What it did can be read from it, however it ends."""

    store: Store
    options: RefreshOptions
    log: RunLog
    progress: Progress
    rows: int = 0
    number: int = 0
    publishing: bool = False
    """Publication has begun."""
    published: bool = False
    findings: dict[datetime.date, MonthFindings] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """What is to be said of days that are not what their month is."""

    def run(self, notes: list[str]) -> Result:
        """Makes it; `notes` are passed on with the result. Raises what `refresh` raises."""
        with self.store.build() as build:
            notes = [*notes, *derive_by_settings(self.store, build.source)]
            notes += count_what_has_come(self.store, build.source)
            plan = self._plan(build)
            passing("plan")
            self.log.plan(refresh_type=plan.refresh_type, months=listed(plan.months))
            if plan.is_idle:
                self.log.end(NOTHING_TO_DO, generation=plan.live.generation if plan.live else None)
                return self._result(NOTHING_TO_DO, plan, plan.live, notes)
            if not self.options.force:
                refuse_empty_source(plan)
            self._build(build, plan)
            self._verify(build, plan)
            restated = unannounced_changes(build, plan, self.findings, force=self.options.force)
            notes += tell_sources(build, plan, self._made, self.findings, self.log)
            generation = self._publish(build, plan)
            if any(month.is_archived for month in plan.rebuild):
                # What stays is cleared before it is filled again.
                with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
                    clear_sums(build.source)
        self.log.end(
            SUCCESS, generation=generation, rows_read=self._facts_read(), rows_written=self.rows
        )
        notes = [*notes, *self.told, *filter(None, [self.log.trouble])]
        return self._result(SUCCESS, plan, self.generation, notes, restated)

    def _plan(self, build: Build) -> Plan:
        if not build.traits.has_copy:
            return plan_of(self.store, build, self.options)
        with self.log.stage("copy", schema.financials.name) as figures:
            figures["rows_read"] = 0

            def note(done: int, total: int, rows: int) -> None:
                figures["rows_read"] = rows
                self.progress(Step("copy", done, total, rows))

            return plan_of(self.store, build, self.options, note)

    # --- 4 to 7

    def _build(self, build: Build, plan: Plan) -> None:
        self.number = max([last_generation(self.store), *self.store.published.numbers()], default=0) + 1
        self.now = utc_now()
        with self.log.stage("start"):
            build.start(generation=self.number, whole=plan.whole)
            if plan.live is not None:
                build.keep(placement=plan.live.placement, but=() if plan.whole else plan.months)
            self.levels = levels_of(build)
            archived = [month.month for month in plan.rebuild if month.is_archived]
            if archived:
                unpack_sums(self.store, build.source, archived)
                build.follow(schema.archived_sum)
            note_currencies(build.source, plan.new_currencies)
            build.source.commit()
            self._place_products(build, plan)
        passing("start")
        self._roll_up_levels(build, plan.rebuild)

    def _roll_up_levels(self, build: Build, months: Sequence[MonthFacts]) -> None:
        each = [(month,) for month in months]
        at_once = build.traits.months_together
        together = [months[n : n + at_once] for n in range(0, len(months), at_once)]
        self._roll_up(build, "asin", self.levels.asin, each, self._asin_statements)
        unify_names(build, self.levels.asin)
        if self._spread:
            # By the names that stay.
            is_share = self.levels.asin.c.metric.in_(SHARED)
            self._roll_up(build, "shares", self.levels.asin, each, self._share_statements, made=is_share)
        self._roll_up(build, "brand", self.levels.brand, together, self._brand_statements)
        self._roll_up(build, "category", self.levels.category, together, self._category_statements)
        self._roll_up(build, "marketplace", self.levels.marketplace, together, self._marketplace_statements)

    def _place_products(self, build: Build, plan: Plan) -> None:
        """Notes where every product stands, once for all months; an unchanged set is used again."""
        placement = build.staged(schema.summary_placement)
        if plan.live is not None and not plan.placement_changed:
            self.set_number = plan.live.placement
        else:
            self.set_number = self.number
            build.connection.execute(sa.delete(placement).where(placement.c.placement == self.number))
            build.connection.execute(
                rollups.insert_placements(
                    placement, set_number=self.number, exclude_groups=self._excluded
                )
            )
        build.connection.commit()
        self.placement = placement

    def _asin_statements(self, months: Sequence[MonthFacts]) -> list[sa.Insert]:
        return [
            statement for month in months for statement in (
                rollups.asin_level(
                    month, placement=self.placement, set_number=self.set_number, target=self.levels.asin, now=self.now,
                    sums_apart=self.levels.sums_apart,
                ),
                *rollups.derived_margins(month, target=self.levels.asin, now=self.now),
            )
        ]

    def _share_statements(self, months: Sequence[MonthFacts]) -> list[sa.Insert]:
        level, spread = self.levels.asin, self._spread
        return [each for month in months for each in shares(month.month, level=level, spread=spread, now=self.now)]

    def _brand_statements(self, months: Sequence[MonthFacts]) -> list[sa.Insert]:
        return rollups.brand_level([month.month for month in months], levels=self.levels, now=self.now)

    def _category_statements(self, months: Sequence[MonthFacts]) -> list[sa.Insert]:
        return rollups.category_level([month.month for month in months], levels=self.levels, now=self.now)

    def _marketplace_statements(self, months: Sequence[MonthFacts]) -> list[sa.Insert]:
        return rollups.marketplace_level([month.month for month in months], levels=self.levels)

    def _roll_up(
        self, build: Build, stage: str, target: sa.Table, parts: Sequence[Sequence[MonthFacts]],
        statements: Callable[[Sequence[MonthFacts]], list[sa.Insert]], made: sa.ColumnElement[bool] | None = None,
    ) -> None:
        """Fills `target`, the months of each part at once; `made` are the rows of a month that come from here."""
        done, written, total = 0, 0, sum(len(months) for months in parts)

        def work(connection: sa.Connection, months: Sequence[MonthFacts]) -> int:
            found = (connection.execute(laid_out(statement, build.traits)) for statement in statements(months))
            return sum(max(result.rowcount, 0) for result in found)

        def undo(connection: sa.Connection, months: Sequence[MonthFacts]) -> None:
            in_months = target.c.month.in_([month.month for month in months])
            connection.execute(sa.delete(target).where(in_months, sa.true() if made is None else made))

        def count(months: Sequence[MonthFacts], rows: int) -> None:
            nonlocal done, written
            done, written = done + len(months), written + rows
            self.progress(Step(stage, done, total, written))

        with self.log.stage(stage, target.name) as figures:
            self.progress(Step(stage, 0, total))
            build.run_all(parts, work, undo=undo, done=count)
            figures["rows_written"] = written
        self.rows += written
        passing(stage)

    # --- 8

    def _verify(self, build: Build, plan: Plan) -> None:
        with self.log.stage("verify") as figures:
            wrong = self._examine(build, plan.rebuild)
            for _ in range(REDOS):
                if not wrong:
                    break
                self._redo(build, [month for month in plan.rebuild if month.month in wrong])
                wrong = self._examine(build, [month for month in plan.rebuild if month.month in wrong])
            if wrong:
                raise Refused(
                    "verification: the built tables are not what the facts give; nothing was published. If other "
                    "programs write to financials, run it again when they are done",
                    tuple(str(found) for month in sorted(wrong) for found in wrong[month])[:20],
                )
            undated = verification.examine_undated(
                build.source, lambda spellings: build.names_of(build.source, "metric", spellings)
            )
            if undated:
                self.findings[undated.month] = undated
            build.source.commit()
            figures["rows_read"] = self._facts_read()
        passing("verify")

    def _examine(self, build: Build, months: Sequence[MonthFacts]) -> dict[datetime.date, list]:
        done, sources = 0, {}
        lookups = fact_sums.lookups_for(build, months, self.levels.asin, self._excluded)

        def ask(connection: sa.Connection, month: MonthFacts) -> fact_sums.MonthSource:
            return fact_sums.ask_facts(connection, month, self._excluded, lookups=lookups)

        def work(connection: sa.Connection, month: MonthFacts) -> MonthFindings:
            return verification.examine_month(
                connection, month, sources[month], levels=self.levels, spread=self._spread,
                name_metrics=lambda spellings: build.names_of(connection, "metric", spellings),
            )

        def keep(month: MonthFacts, findings: MonthFindings) -> None:
            nonlocal done
            done += 1
            self.findings[month.month] = findings
            self.progress(Step("verify", done, len(months)))

        build.ask_source(months, ask, done=sources.__setitem__)
        build.run_all(months, work, done=keep)
        wrong = {month.month: list(self.findings[month.month].differences) for month in months}
        for found in self._sample(build, months):
            wrong[found.month].append(found)
        return {month: found for month, found in wrong.items() if found}

    def _sample(self, build: Build, months: Sequence[MonthFacts]) -> list[verification.Difference]:
        if not months:
            return []
        chosen = [random.choice(months) for _ in range(SAMPLES)]
        highest = build.connection.execute(sa.select(sa.func.max(schema.asin.c.id))).scalar() or 0
        offsets = [random.randint(0, highest) for _ in chosen]
        found = sample_differs(
            build.connection, build.source, chosen, levels=self.levels, offsets=offsets
        )
        build.connection.commit()
        build.source.commit()
        return found

    def _redo(self, build: Build, months: Sequence[MonthFacts]) -> None:
        """A stranger wrote, or a product moved, while these months were built: once more, from today's
        state of both."""
        build.fetch_again([month.month for month in months])
        for table in self.levels.tables:
            build.connection.execute(sa.delete(table).where(table.c.month.in_([month.month for month in months])))
        build.connection.commit()
        self._roll_up_levels(build, months)

    # --- 9 to 11

    def _publish(self, build: Build, plan: Plan) -> int:
        with self.log.stage("index"):
            self.progress(Step("index", 0, 1))
            build.add_indexes()
        passing("index")
        with self.log.stage("record"):
            made = self._made
            record_findings(build, plan, made, self.findings.values())
            record_lines(build, plan, made, counting_rules(self.store))
            record_costs(build, plan, made)
            self.told = record_days(build, plan, made, counting_rules(self.store))
            publish_overheads(build.connection, Target(made.generation, build.staged))
            publish_skus(build.connection, Target(made.generation, build.staged))
            record_rates(build, plan, made, self.findings)
        passing("record")
        with self.log.stage("publish"):
            self.progress(Step("publish", 0, 1))
            row = generation_row(build, plan, made)
            if build.traits.copies_dimensions:
                self._forget_leftovers(build)
            passing("publish")
            self.publishing = True
            try:
                build.publish(row)
            finally:
                self.published = build.published
            self.generation = generation_from(row)
            passing("swapped")
            if not build.traits.copies_dimensions:
                # It is live: what fails from here on is made good by the next run.
                with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
                    self._forget_leftovers(build)
            self.progress(Step("publish", 1, 1))
        return self.number

    def _forget_leftovers(self, build: Build) -> None:
        named_by = NamedBy(build.connection, build.traits.asin_levels)
        forget_removed_names(build.source, named_by, read_watched(self.store))
        forget_joined_rows(build.source, named_by)
        forget_currencies(build.source, {
            month: found.currencies for month, found in self.findings.items() if found.currencies is not None
        })
        build.source.commit()
        build.follow(*schema.DIMENSIONS)

    @property
    def _made(self) -> Made:
        return Made(self.number, self.now, self.levels, self.set_number, self.log.run_id, self._excluded, self._spread)

    @property
    def _excluded(self) -> tuple[str, ...]:
        return self.store.settings.refresh.exclude_groups

    @property
    def _spread(self) -> Spread | None:
        return spread_of(self.store.settings.costs)

    def _facts_read(self) -> int:
        return sum(found.facts for found in self.findings.values())

    def _result(
        self, status: str, plan: Plan, generation: Generation | None, notes: Sequence[str],
        restated: Sequence[str] = (),
    ) -> Result:
        left_out = verification.joined(
            [entry for found in self.findings.values() for entry in found.left_out]
        )
        return Result(
            status, plan.refresh_type, tuple(plan.months), generation, self._facts_read(), self.rows,
            self.log.seconds, tuple(left_out), tuple(restated), tuple(notes),
        )


def levels_of(build: Build) -> Levels:
    """The staged tables of all levels."""
    tables, traits = (build.staged(table) for table in schema.LEVELS), build.traits
    return Levels(*tables, keyed=traits.keyed, sums_apart=traits.sums_apart)
