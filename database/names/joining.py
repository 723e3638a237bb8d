"""Joins two names into one, in one transaction:

1. resolve   both names, exactly as they are written; unknown ones are refused with the nearest
2. count     facts under either name, what undo keeps, archived months; whom else it would touch
3. refuse    what cannot be done, with everything that stands in its way; a dry run ends here
4. rename    facts where they stand, each set aside as it was under the join's id
5. move      products, brands; the emptied row is kept and goes with the next refresh
6. verify    the sums of both names before against the sum of the one after, by metric and month
7. note      the months in the ledger, the join among the imports; commit
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import json
from collections.abc import Iterable

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.import_sums import mark_moved, mark_stale
from database.facts.ledger import note_changed_months
from database.imports.batch import next_import_id
from database.imports.derived_facts import derive_after_facts
from database.imports.staging import JOIN
from database.names.archived import archived_facts, obstacles_in
from database.names.concerned import (
    notes_of_rules,
    obstacles_of_groups,
    obstacles_of_lines,
    obstacles_of_overheads,
    obstacles_of_people,
)
from database.names.facts import Tally, added, all_months, fact, is_of_an_import, rename, tally
from database.names.facts import aside as kept_facts
from database.names.kinds import MARKETPLACE, METRIC, PRODUCT, Names
from database.names.report import JoinReport, code_of_tally, sum_words
from database.names.rows import NAMED, find_row, move, names_of
from domain.errors import Refused, SetupError
from domain.marketplaces import MARKETPLACES, OTHER
from domain.metrics import is_known_metric
from domain.moments import utc_now
from domain.months import month_of
from domain.spelling import read_spelled_out, spelled_out

FORMAT = "join-names"
"""Format and source under which a join stands among the imports."""
_LONGEST = {METRIC: 100, MARKETPLACE: 10}


def join_names(store: Store, kind: str, old: str, new: str, *, dry_run: bool) -> JoinReport:
    """Joins the name `old` of `kind` into `new`; the caller holds `store.lock()`. A dry run changes nothing and gives
    the same report, with what stands in the way. Raises SetupError for names that cannot be, Refused for unknown ones
    and, with all reasons, for what cannot be done."""
    old, new = read_spelled_out(old), read_spelled_out(new)
    _check_texts(kind, old, new)
    with store.facts() as connection:
        names = _with_ids(connection, kind, old, new)
        months = all_months(store, connection) if names.renaming else set()
        report = _examine(store, connection, names, months)
        if dry_run:
            connection.rollback()
            return report
        if report.obstacles:
            raise refusal(report)
        try:
            done = _join(store, connection, names, report, months)
            store.commit(connection)
        except BaseException:
            connection.rollback()
            raise
        return done


def refusal(report: JoinReport) -> Refused:
    """The error that says why it cannot be done."""
    first, *others = report.obstacles
    return Refused(f"{report.names.words}: cannot be joined: {first}", tuple(others))


def _check_texts(kind: str, old: str, new: str) -> None:
    if old == new:
        raise SetupError(f"{kind}: both names are {spelled_out(old)!r}; give the one that goes and the one that stays")
    if not old.strip() or not new.strip():
        raise SetupError(f"{kind}: a name is blank; give the one that goes and the one that stays")
    longest = _LONGEST.get(kind)
    if longest and len(new) > longest:
        raise SetupError(f"{kind}: {spelled_out(new)!r} is longer than {longest} characters")
    if kind == MARKETPLACE and schema.ALL_MARKETPLACES in (old, new):
        raise SetupError("marketplace: ALL stands for all marketplaces together; facts of that name are totals, which "
                         "are left out, and are no facts of one")


def _with_ids(connection: sa.Connection, kind: str, old: str, new: str) -> Names:
    if kind in (METRIC, MARKETPLACE):
        return Names(kind, old, new)
    rows = [find_row(connection, kind, name) for name in (old, new)]
    for name, row in zip((old, new), rows, strict=True):
        if row is None:
            raise unknown(kind, name, names_of(connection, kind))
    return Names(kind, old, new, rows[0].id, rows[1].id)


def unknown(kind: str, name: str, known: Iterable[str]) -> Refused:
    """The error for a name that is not there, with the nearest that are."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    nearest = "; the nearest are " + ", ".join(f"'{spelled_out(each)}'" for each in near) if near else ""
    return Refused(f"there is no {kind} '{spelled_out(name)}'{nearest}. flask doctor lists names that should be one")


def _examine(store: Store, connection: sa.Connection, names: Names, months: set[datetime.date]) -> JoinReport:
    renaming = names.renaming
    moved: Tally = {}
    there: Tally = {}
    kept: Tally = {}
    archived = []
    if renaming:
        moved = tally(store, connection, months, renaming.has_old(fact))
        there = tally(store, connection, months, renaming.has_new(fact))
        kept = tally(
            store, connection, months, renaming.has_old(kept_facts) & is_of_an_import(connection), table=kept_facts
        )
        archived = archived_facts(store, connection, renaming)
        _refuse_unknown_texts(
            store, connection, names, months, is_there=bool(moved or kept or archived),
            new_is_there=bool(there or archived_facts(store, connection, renaming.turned())),
        )
    obstacles = [
        *obstacles_in(archived), *obstacles_of_lines(store, connection, names, months),
        *obstacles_of_overheads(connection, names),
        *obstacles_of_groups(store, connection, names),
        *obstacles_of_people(store, connection, names),
    ]
    return JoinReport(
        names, None, moved, there, kept, tuple(archived), _products_of(connection, names), tuple(obstacles),
        tuple(notes_of_rules(store, names)),
    )


def _refuse_unknown_texts(
    store: Store, connection: sa.Connection, names: Names, months: set[datetime.date], *, is_there: bool,
    new_is_there: bool,
) -> None:
    """Metrics and marketplaces are texts in facts: the one must be there, the other be there or be one we know."""
    if names.kind == PRODUCT:
        return
    has_row = names.kind in NAMED
    if not is_there and not (has_row and find_row(connection, names.kind, names.old)):
        raise unknown(names.kind, names.old, _texts_in_facts(store, connection, names.kind, months))
    known = is_known_metric(names.new) if names.kind == METRIC else names.new in _CODES
    if not (new_is_there or known or names.are_same or has_row and find_row(connection, names.kind, names.new)):
        raise unknown(names.kind, names.new, _texts_in_facts(store, connection, names.kind, months))


_CODES = {place.code for place in MARKETPLACES} | {OTHER}


def _texts_in_facts(store: Store, connection: sa.Connection, kind: str, months: set[datetime.date]) -> set[str]:
    column = fact.c[kind]
    query = sa.select(column).where(column.is_not(None)).distinct()
    found = store.each_part(connection, months, lambda part: part.execute(query).scalars().all())
    return set().union(*found)


def _products_of(connection: sa.Connection, names: Names) -> int | None:
    """How many products move, as far as it is known without moving them; None for kinds that move none."""
    columns = {"brand": schema.asin.c.brand_id, "category": schema.asin.c.category_id}
    if names.kind not in columns:
        return None
    count = sa.select(sa.func.count()).select_from(schema.asin).where(columns[names.kind] == names.old_id)
    return connection.execute(count).scalar()


def _join(
    store: Store, connection: sa.Connection, names: Names, report: JoinReport, months: set[datetime.date]
) -> JoinReport:
    number, now, renaming, last = next_import_id(connection), utc_now(), names.renaming, None
    if renaming:
        rename(store, connection, renaming, months=months, join_id=number)
    kept = move(connection, names, join_id=number)
    if renaming:
        _verify(store, connection, names, report, months)
        # Whether margins follow from lines depends on what files gave for the product.
        last = derive_after_facts(
            store, connection, renaming.has_new(fact) & fact.c.month.in_({month for _, month, _ in report.moved}), fact,
            import_id=number, now=now,
        )
    touched = {month_of(month) for _, month, _ in (*report.moved, *report.kept)}
    mark_stale(connection, touched)
    mark_moved(connection)
    note_changed_months(connection, touched, cause="import", import_id=number, now=now)
    _note(connection, names, report, number, now, last)
    connection.execute(sa.insert(schema.name_join).values(
        import_id=number, kind=names.kind, old_name=names.old, new_name=names.new, old_id=names.old_id,
        new_id=names.new_id, kept=json.dumps(kept),
    ))
    return report.as_import(number)


def _verify(
    store: Store, connection: sa.Connection, names: Names, report: JoinReport, months: set[datetime.date]
) -> None:
    renaming = names.renaming
    wanted = added(report.there, renaming.after(report.moved))
    found = tally(store, connection, months, renaming.has_new(fact))
    left = tally(store, connection, months, renaming.has_old(fact))
    if found != wanted or left:
        sums = [sum_words(each) for each in (wanted, found, left)]
        raise Refused(
            f"{names.words}: {sums[1]} came out instead of {sums[0]}, and {sums[2]} stayed under the old name; "
            "nothing was changed. If other programs write to financials, run it again when they are done"
        )


def _note(
    connection: sa.Connection, names: Names, report: JoinReport, number: int, now: datetime.datetime, last: int | None
) -> None:
    digest = hashlib.sha256(f"{FORMAT} {number} {names.words}".encode()).hexdigest()
    connection.execute(sa.insert(schema.financials_import).values(
        id=number, source=FORMAT, format=FORMAT, file_name=names.words[:255], sha256=digest, mode=JOIN, status="done",
        currencies="", facts=report.facts, value=report.value or 0, replaced_facts=0, last_fact_id=last, created_at=now,
        value_currency=code_of_tally(report.moved),
    ))
