"""Plans a refresh: which months must be rebuilt, and why.

Four things tell: the ledger that imports write with their facts; facts with ids above the last
high-water mark, which a stranger inserted; products that stand elsewhere than when the live generation
was built; and, in a full refresh, everything. Edits of old rows by strangers leave no trace that is
cheap to find: the full refresh finds them by comparing each month's fingerprint.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.fact_marks import FactMarks
from database.engines.values import Generation
from database.facts.ledger import ARCHIVE, UNARCHIVE
from database.journal.run_log import FULL, INCREMENTAL, MONTHS
from database.schema import EXCLUDED
from database.summaries.currencies import CurrencyState, changed_rates
from database.summaries.fact_sums import EXCLUDED_GROUP, UNKNOWN_PRODUCT
from database.summaries.rollups import MonthFacts, by_month, placements
from domain.errors import Refused
from domain.months import format_month
from domain.shared_costs import Spread, read_spread


@dataclass(frozen=True)
class Request:
    """What was asked for: everything, certain months, or what changed."""

    full: bool = False
    months: tuple[datetime.date, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a refresh will do. `present` are the months that have facts, archived ones included, `rebuild` those
    to be built (one without facts any more is emptied), `causes` the reasons, by month, `announced` the months
    whose facts were changed by an import, an undo or an archive. `dimensions_changed`: the live generation's copy of
    names and assignments is out of date, so it is published anew even if no month is built. `new_currencies`: months
    and currencies that facts name, which nobody has written down yet. `unnoted`: months whose facts others changed, or
    whose products stand elsewhere: what was noted of their imports does not hold."""

    refresh_type: str
    present: tuple[MonthFacts, ...]
    rebuild: tuple[MonthFacts, ...]
    causes: dict[datetime.date, tuple[str, ...]]
    announced: frozenset[datetime.date]
    ledger_id: int
    last_fact_id: int
    recent_facts: int
    placement_changed: bool
    live: Generation | None
    dimensions_changed: bool = False
    new_currencies: tuple[tuple[datetime.date, str], ...] = ()
    unnoted: frozenset[datetime.date] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether every month is built anew, so that no row of the live generation is kept."""
        return self.live is None or self.refresh_type == FULL

    @property
    def waits_for_facts(self) -> bool:
        """Whether there never was a fact to publish, as before the first import."""
        return self.live is None and not self.present

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        nothing_moved = not self.rebuild and not self.dimensions_changed
        return self.waits_for_facts or (self.refresh_type == INCREMENTAL and nothing_moved)

    @property
    def months(self) -> list[datetime.date]:
        """The months to build, in order."""
        return [month.month for month in self.rebuild]


@dataclass(frozen=True)
class LiveTables:
    """The live generation's tables as the build's connection sees them."""

    summary_asin: sa.Table
    placement: sa.Table
    left_out: sa.Table
    rate: sa.Table
    month: sa.Table


def make_plan(
    connection: sa.Connection, request: Request, *, marks: FactMarks, live: Generation | None,
    tables: LiveTables | None, exclude_groups: Collection[str], currencies: CurrencyState, spread: Spread | None = None,
    dimensions_changed: bool = False,
) -> Plan:
    """Looks at what changed since `live` and decides. Raises Refused for a month that has no facts."""
    # The marks first: what others commit from here on is above them, and the next refresh looks there.
    ledger_id = connection.execute(sa.select(sa.func.max(schema.changed_month.c.id))).scalar() or 0
    last_fact_id = marks.last_id()
    recent_facts = marks.recent(last_fact_id)
    archived = set(connection.execute(sa.select(schema.archived_month.c.month)).scalars())
    present = by_month(marks.dates(), archived, currencies.conversions)
    causes: dict[datetime.date, list[str]] = defaultdict(list)
    announced: frozenset[datetime.date] = frozenset()
    placement_changed, unnoted = True, set()
    if live is not None and tables is not None:
        for month, cause in _ledger_entries(connection, live.ledger_id):
            causes[month].append(cause)
        announced = frozenset(causes)
        # Archiving takes ids away from below the mark, which looks as if another program had.
        was_archived = any(cause in (ARCHIVE, UNARCHIVE) for found in causes.values() for cause in found)
        # Our own imports are there, too: they are in the ledger as well, and a month is rebuilt once.
        for month in [found.month for found in by_month(_dates_above(connection, marks, live, tables.month))]:
            if month not in announced:
                unnoted |= {month} if not was_archived else set()
                causes[month].append(ARCHIVE if was_archived else "facts inserted or removed by another program")
        for month, cause in changed_rates(connection, tables.rate, live, currencies):
            causes[month].append(cause)
            announced |= {month}
        if read_spread(live.spread) != spread:
            for month in present:
                causes[month.month].append(f"[costs] spread from {live.spread or 'none'} to {spread or 'none'}")
                announced |= {month.month}
        moved = _months_with_moved_products(connection, live, tables, exclude_groups)
        placement_changed = moved is not None
        unnoted |= {*(moved or ())}
        for month in moved or ():
            causes[month].append("products moved")
    refresh_type, chosen = _choose(request, live, present, causes)
    return Plan(
        refresh_type, tuple(present), tuple(chosen),
        {month: tuple(dict.fromkeys(why)) for month, why in sorted(causes.items())},
        announced, ledger_id, last_fact_id, recent_facts, placement_changed, live,
        # Without any fact there is nothing to publish, and nobody reads the copy.
        dimensions_changed and bool(present), currencies.new, frozenset(unnoted),
    )


def _dates_above(
    connection: sa.Connection, marks: FactMarks, live: Generation, recorded: sa.Table
) -> list[datetime.date | None]:
    """Dates of facts above the high-water mark of the live generation, or above that of their month."""
    dates, last_ids = marks.dates_above(live), marks.last_ids()
    if last_ids:
        query = (
            sa.select(recorded.c.month, sa.func.max(recorded.c.last_fact_id))
            .where(recorded.c.generation == live.generation).group_by(recorded.c.month)
        )
        before = {month: int(last) for month, last in connection.execute(query)}
        dates += [month for month, last in last_ids.items() if last > before.get(month, 0)]
    return dates


def _choose(
    request: Request, live: Generation | None, present: Sequence[MonthFacts], causes: dict
) -> tuple[str, list[MonthFacts]]:
    by_name = {month.month: month for month in present}
    if request.months:
        known = by_name.keys() | causes.keys()
        for month in request.months:
            if month not in known:
                raise Refused(f"--month {format_month(month)}: there are no facts of that month; {_span(present)}")
        if live is None:
            raise Refused("--month: the summaries were never built as a whole; run: flask refresh-summaries")
        return MONTHS, [by_name.get(month, MonthFacts(month, (month,))) for month in sorted(set(request.months))]
    if request.full or live is None:
        return FULL, list(present)
    return INCREMENTAL, [by_name.get(month, MonthFacts(month, (month,))) for month in sorted(causes)]


def _span(present: Sequence[MonthFacts]) -> str:
    if not present:
        return "there are no facts at all, import some first"
    return f"facts reach from {format_month(present[0].month)} to {format_month(present[-1].month)}"


def _ledger_entries(connection: sa.Connection, after: int) -> list[tuple[datetime.date, str]]:
    ledger = schema.changed_month
    query = (
        sa.select(ledger.c.month, ledger.c.cause, ledger.c.import_id)
        .where(ledger.c.id > after)
        .order_by(ledger.c.id)
    )
    return [
        (month.replace(day=1), f"{cause} {import_id}" if import_id else cause)
        for month, cause, import_id in connection.execute(query)
    ]


def _months_with_moved_products(
    connection: sa.Connection, live: Generation, tables: LiveTables, exclude_groups: Collection[str]
) -> list[datetime.date] | None:
    """Months whose rows name a product that stands elsewhere by now, or whose facts were left out for one that counts
    by now; None if no product moved and none is new."""
    current = placements(exclude_groups).subquery("current_placement")
    before, of_live = tables.placement, tables.placement.c.placement == live.placement
    moved = (
        sa.select(before.c.asin_id)
        .select_from(before.outerjoin(current, current.c.asin_id == before.c.asin_id))
        .where(
            of_live,
            current.c.asin_id.is_(None)
            | (current.c.brand_id != before.c.brand_id)
            | (current.c.category_id != before.c.category_id),
        )
    )
    counts, was_excluded = current.c.brand_id != EXCLUDED, before.c.brand_id == EXCLUDED
    arrived = (
        sa.select(counts.label("counts"), was_excluded.label("was_excluded")).distinct()
        .select_from(current.outerjoin(before, of_live & (before.c.asin_id == current.c.asin_id)))
        .where(before.c.asin_id.is_(None) | (counts & was_excluded))
    )
    has_moved = connection.execute(moved.limit(1)).first() is not None
    # Where none has moved, and there are as many as before, none has arrived: counting is a tenth of the work.
    known = sa.select(sa.func.count()).select_from(before).where(of_live)
    there_are = sa.select(sa.func.count()).select_from(schema.asin)
    is_same = not has_moved and connection.scalar(known) == connection.scalar(there_are)
    arrivals = [] if is_same else connection.execute(arrived).all()
    months: set[datetime.date] = set()
    if has_moved:
        summary = tables.summary_asin
        months.update(
            connection.execute(
                sa.select(summary.c.month).distinct().where(summary.c.asin_id.in_(moved.scalar_subquery()))
            ).scalars()
        )
    reasons = {EXCLUDED_GROUP if row.was_excluded else UNKNOWN_PRODUCT for row in arrivals if row.counts}
    knows_excluded = sa.select(before.c.asin_id).where(of_live, was_excluded).limit(1)
    if reasons == {UNKNOWN_PRODUCT} and connection.execute(knows_excluded).first() is None:
        # An older program did not write down which products were excluded: it may have been any that is new here.
        reasons.add(EXCLUDED_GROUP)
    if reasons:
        left_out = tables.left_out
        months.update(
            connection.execute(
                sa.select(left_out.c.month).distinct().where(
                    left_out.c.generation == live.generation, left_out.c.reason.in_(sorted(reasons)),
                )
            ).scalars()
        )
    return sorted(months) if has_moved or arrivals else None
