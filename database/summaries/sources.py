"""What a generation tells of the imports behind its figures: taken from what was noted with the facts, and held against
the brand level that was verified, to the cent.

Where that differs, the facts of the month are counted, once. Where it differs still, as while another program writes,
the generation tells nothing of that month's imports, and the refresh says so: its figures are right all the same, and
are not to wait for that.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.build import Build, laid_out
from database.facts.import_sums import mark_stale, noted, settle_moved, stale_of
from database.journal.run_log import MONTHS, RunLog
from database.lines.rounding import half_even
from database.schema import ALL_MARKETPLACES, UNASSIGNED, UNCATEGORISED
from database.summaries.changes import Plan
from database.summaries.conversion import Conversion, Converted, Rate
from database.summaries.import_counts import KEY, count_anew
from database.summaries.recording import Made
from database.summaries.rollups import MonthFacts, into, is_excluded
from database.summaries.verification import MonthFindings
from domain.currencies import SEVERAL
from domain.derived import MARGINS
from domain.months import runs_of_months
from domain.shared_costs import SHARED

brand, category = schema.brand, schema.category
PLACE = ("month", "metric", "marketplace", "brand_id", "category_id")
MADE_OF_CONVERTED = tuple(formula.metric for formula in MARGINS)
"""Where several currencies meet, these are made of what was converted, and of no facts."""

Weight = sa.Numeric(13, 0)

Findings = Mapping[datetime.date, MonthFindings]


@dataclass(frozen=True)
class Source:
    """What statements need: the staged table, the brand and ASIN levels, the groups left out, and which spelling of a
    metric or a marketplace counts as which."""

    staged: sa.Table
    brand: sa.Table
    asin: sa.Table
    exclude_groups: tuple[str, ...]
    spellings: Mapping[str, Mapping[str, str]]


def tell_sources(build: Build, plan: Plan, made: Made, findings: Findings, log: RunLog) -> list[str]:
    """Stages the sums of the built months, as a stage of the run: `rows_read` are facts that had to be counted. Returns
    what is to be said of it, a line each."""
    with log.stage("imports", schema.summary_import.name) as figures:
        counted, wrong = _publish(build, plan, made, findings)
        figures["rows_read"] = sum(findings[month].facts for month in counted)
    return [_words(wrong)] if wrong else []


def _publish(build: Build, plan: Plan, made: Made, findings: Findings) -> tuple[set, set]:
    """Returns the months that were counted, and those of which nothing is told."""
    source = Source(
        build.staged(schema.summary_import), made.levels.brand, made.levels.asin, made.exclude_groups,
        _spellings(build, plan.months),
    )
    changed = plan.months if plan.live is None else plan.causes.keys()
    stale = {*stale_of(build.source, plan.months, changed=changed), *(plan.unnoted & set(plan.months))}
    negative = sa.select(noted.c.month, noted.c.import_id).where(noted.c.month.in_(plan.months), noted.c.facts < 0)
    pieces: dict[datetime.date, list[int]] = defaultdict(list)
    for month, import_id in build.source.execute(negative.distinct()) if plan.months else ():
        pieces[month].append(import_id)
    build.source.commit()
    _count(build, [month for month in plan.rebuild if month.month in stale])
    for month in sorted(pieces.keys() - stale):
        _settle(build.source, month, pieces[month])
    build.source.commit()
    build.follow(noted, months=pieces.keys() - stale)
    wrong = _stage(build, plan.rebuild, source, findings)
    if wrong:
        again = [month for month in plan.rebuild if month.month in wrong]
        _count(build, again)
        stale |= wrong
        wrong = _stage(build, again, source, findings)
    if plan.refresh_type != MONTHS:
        settle_moved(build.source)
    if wrong:
        mark_stale(build.source, wrong)
    build.source.commit()
    return stale, wrong


def _words(months: Collection[datetime.date]) -> str:
    return (
        f"which import gave what is not known of {runs_of_months(months)}: another program changed facts meanwhile; a "
        "refresh that builds these months will know"
    )


def _spellings(build: Build, months: Sequence[datetime.date]) -> dict[str, dict[str, str]]:
    """Column -> spelling -> name, of those that are not their own name; nothing where text compares byte for byte."""
    found = {}
    for column in build.traits.folded:
        query = sa.select(noted.c[column]).where(noted.c.month.in_(months)).distinct()
        names = build.names_of(build.connection, column, list(build.connection.execute(query).scalars()))
        found[column] = {spelling: name for spelling, name in names.items() if spelling != name}
    return found


def _count(build: Build, months: Sequence[MonthFacts]) -> None:
    """From the facts of these months, which are few as a rule."""
    if months:
        build.ask_source(
            months, lambda connection, month: count_anew(connection, month, sums_apart=build.traits.sums_apart)
        )
        build.follow(noted, months=[month.month for month in months])


def _stage(
    build: Build, months: Sequence[MonthFacts], source: Source, findings: Findings
) -> set[datetime.date]:
    """Stages these months; returns which are not what they should be, of which nothing is staged."""
    wrong: set[datetime.date] = set()

    def work(connection: sa.Connection, part: Sequence[MonthFacts]) -> set[datetime.date]:
        connection.execute(laid_out(into(source.staged, _rows(part, source)), build.traits))
        differing = _differing(connection, part, source, findings)
        if differing:
            connection.execute(sa.delete(source.staged).where(source.staged.c.month.in_(sorted(differing))))
        return differing

    def undo(connection: sa.Connection, part: Sequence[MonthFacts]) -> None:
        connection.execute(sa.delete(source.staged).where(source.staged.c.month.in_([each.month for each in part])))

    build.run_all(
        _parts(months, build.traits.months_together), work, undo=undo, done=lambda part, found: wrong.update(found)
    )
    return wrong


def _parts(months: Sequence[MonthFacts], at_once: int) -> list[list[MonthFacts]]:
    """Those in one currency together; each other has rates of its own."""
    plain = [month for month in months if month.conversion is None]
    together = [plain[first : first + at_once] for first in range(0, len(plain), at_once)]
    return [*together, *([month] for month in months if month.conversion is not None)]


def _settle(connection: sa.Connection, month: datetime.date, import_ids: Collection[int]) -> None:
    """One row for each sum of these imports: what is imported anew every day would add up to more rows than facts."""
    of_them = sa.and_(noted.c.month == month, noted.c.import_id.in_(import_ids))
    step = min(0, connection.execute(sa.select(sa.func.min(noted.c.step)).where(of_them)).scalar()) - 1
    keys = [noted.c[name] for name in ("month", *KEY)]
    rows = sa.select(
        *keys, sa.literal(step), sa.func.sum(noted.c.facts), sa.cast(sa.func.sum(noted.c.value), schema.Sum)
    ).where(of_them).group_by(*keys).having(sa.func.sum(noted.c.facts) != 0)
    connection.execute(sa.insert(noted).from_select(["month", *KEY, "step", "facts", "value"], rows))
    connection.execute(sa.delete(noted).where(of_them, noted.c.step != step))


def _rows(part: Sequence[MonthFacts], source: Source) -> sa.Select:
    """The rows to stage, of months in one currency or of one in several."""
    conversion = part[0].conversion
    own, inherited = category.alias("own"), category.alias("inherited")
    code = sa.literal_column("''", sa.String(3))
    if conversion is not None:
        code = sa.case((conversion.is_foreign(noted.c.currency, noted.c.metric), noted.c.currency), else_="")
    keys = [
        noted.c.month, _named("metric", source).label("metric"), _named("marketplace", source).label("marketplace"),
        sa.func.coalesce(own.c.id, inherited.c.id, UNCATEGORISED).label("category_id"),
        sa.func.coalesce(brand.c.id, UNASSIGNED).label("brand_id"), noted.c.import_id, code.label("currency"),
    ]
    sums = (
        sa.select(
            *keys, sa.func.sum(noted.c.facts).label("facts"),
            sa.cast(sa.func.sum(noted.c.value), schema.Sum).label("local_value"),
        )
        .select_from(
            noted.outerjoin(brand, brand.c.id == noted.c.brand_id).outerjoin(own, own.c.id == noted.c.category_id)
            .outerjoin(inherited, inherited.c.id == brand.c.category_id)
        )
        .where(
            noted.c.month.in_([month.month for month in part]), sa.not_(is_excluded(brand, source.exclude_groups)),
            *([] if conversion is None else _converted_alone(conversion)),
        )
        .group_by(*(key.element if isinstance(key, sa.Label) else key for key in keys))
        .having(sa.func.sum(noted.c.facts) != 0)
        .subquery("sums")
    )
    value = sums.c.local_value
    if conversion is not None:
        value = sa.case((sums.c.currency == "", value), *(
            (sums.c.currency == each, half_even(value * sa.literal(rate, Rate), exact=Converted, rounded=schema.Sum))
            for each, rate in conversion.known
        ))
    names = [column.name for column in source.staged.columns]
    return sa.select(*(value.label(name) if name == "value" else sums.c[name] for name in names))


def _named(column: str, source: Source) -> sa.ColumnElement:
    names = source.spellings.get(column)
    return sa.case(names, value=noted.c[column], else_=noted.c[column]) if names else noted.c[column]


def _converted_alone(conversion: Conversion) -> Iterable[sa.ColumnElement[bool]]:
    """What has a rate, and is no margin that is made of converted parts."""
    yield sa.not_(conversion.lacks_rate(noted.c.currency, noted.c.metric))
    if conversion.derives:
        yield sa.or_(noted.c.import_id != schema.DERIVED, noted.c.metric.not_in(MADE_OF_CONVERTED))


def _differing(
    connection: sa.Connection, part: Sequence[MonthFacts], source: Source, findings: Findings
) -> set[datetime.date]:
    """The months whose staged sums are not those of the levels, or not of as many facts."""
    conversion, months = part[0].conversion, [month.month for month in part]
    staged, level = source.staged, source.brand
    of_imports = connection.execute(_marks(staged, staged.c.value, months, sa.func.sum(staged.c.facts))).all()
    apart: Collection[str] = ()
    if conversion is None:
        in_level = (level.c.marketplace != ALL_MARKETPLACES, level.c.metric.not_in(SHARED))
        of_level = connection.execute(_marks(level, level.c.total_value, months).where(*in_level)).all()
        one, other = ({tuple(row[:3]): tuple(row[3:5]) for row in rows} for rows in (of_imports, of_level))
        found = {key[0] for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
    else:
        apart = MADE_OF_CONVERTED if conversion.derives else ()
        found = set(connection.execute(_converted_sums_that_differ(source, months, apart)).scalars())
    counts: dict[datetime.date, Counter[str]] = defaultdict(Counter)
    for row in of_imports:
        counts[row.month][row.metric] += int(row[5])
    for month in months:
        wanted = {
            mark.metric: mark.facts - mark.left_out_facts for mark in findings[month].fingerprints
            if mark.facts > mark.left_out_facts
        }
        if _without(wanted, apart) != _without(counts[month], apart):
            found.add(month)
    return found


def _marks(
    table: sa.Table, value: sa.Column, months: Sequence[datetime.date], *more: sa.ColumnElement
) -> sa.Select:
    """Per month, metric and marketplace the sum, and the sum weighed by brand and category: in the order of the keys,
    so that the server sorts nothing. Two sides that agree in both have the same sum of each brand, unless brands differ
    by amounts that cancel each other out in both ways at once."""
    weight = sa.cast(table.c.brand_id, Weight) * sa.literal_column("1000003") + table.c.category_id
    place = (table.c.month, table.c.metric, table.c.marketplace)
    return (
        sa.select(
            *place, sa.cast(sa.func.sum(value), schema.Sum), sa.func.sum(value * sa.cast(weight, Weight)), *more
        )
        .where(table.c.month.in_(months)).group_by(*place)
    )


def _without(counts: Mapping[str, int], metrics: Collection[str]) -> dict[str, int]:
    return {metric: count for metric, count in counts.items() if metric not in metrics}


def _converted_sums_that_differ(
    source: Source, months: Sequence[datetime.date], apart: Collection[str]
) -> sa.CompoundSelect:
    """The months whose sums differ in any currency by itself, to the cent. Where one product has several at one place,
    no sum of each is known, and what was converted may differ by what rounding moves."""
    staged, level = source.staged, source.asin
    nothing = sa.literal_column("0.00", schema.Sum)
    code = sa.func.coalesce(level.c.currency, "")
    in_level = sa.and_(level.c.month.in_(months), level.c.metric.not_in((*SHARED, *apart)))
    in_imports = sa.and_(staged.c.month.in_(months), staged.c.metric.not_in(apart))
    several = (
        sa.select(*(level.c[name] for name in PLACE)).where(in_level, level.c.currency == SEVERAL).distinct()
        .subquery("several")
    )

    def with_several(table: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(*(table.c[name] == several.c[name] for name in PLACE))

    local = sa.case((code == "", level.c.value), else_=level.c.local_value)
    alone = sa.union_all(
        sa.select(*(level.c[name] for name in PLACE), code.label("currency"), local.label("found"),
                  nothing.label("noted")).where(in_level, ~sa.exists().where(with_several(level))),
        sa.select(*(staged.c[name] for name in PLACE), staged.c.currency, nothing, staged.c.local_value)
        .where(in_imports, ~sa.exists().where(with_several(staged))),
    ).subquery("alone")
    exact = (
        sa.select(alone.c.month).group_by(*(alone.c[name] for name in PLACE), alone.c.currency)
        .having(sa.func.sum(alone.c.found) != sa.func.sum(alone.c.noted))
    )
    mixed = sa.union_all(
        sa.select(*(level.c[name] for name in PLACE), level.c.value.label("found"), nothing.label("noted"))
        .where(in_level, sa.exists().where(with_several(level))),
        sa.select(*(staged.c[name] for name in PLACE), nothing, staged.c.value)
        .where(in_imports, sa.exists().where(with_several(staged))),
    ).subquery("mixed")
    # A row of either side is rounded by half a cent at most, in each of its currencies.
    cents = sa.func.count() * sa.literal_column("0.05", sa.Numeric(4, 2))
    near = (
        sa.select(mixed.c.month).group_by(*(mixed.c[name] for name in PLACE))
        .having(sa.func.abs(sa.func.sum(mixed.c.found) - sa.func.sum(mixed.c.noted)) > cents)
    )
    return sa.union_all(exact, near)
