"""Moves old facts to files and back, one month after the other.

Archiving a month:
1. write     its facts to a Parquet file under a passing name, durably
2. verify    the file, read back, against the database: counts and sums by date, metric and marketplace
3. name      the file by its contents
4. move      in one transaction: the sums that stand for the facts, the record, the ledger; the facts go
Killed before the end of 4, the facts are where they were, and a file is left that the next run replaces. Bringing a
month back is the same in the other direction.
"""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database import schema
from database.archive.parquet import (
    NOTHING,
    Sums,
    aside,
    differing,
    digest_of,
    facts,
    in_month,
    read_month,
    sums_in,
    sums_of,
    write_month,
)
from database.engines.ports import Store
from database.facts.archived import ArchivedMonth, archive_folder, read_archived
from database.facts.archived_sums import clear_sums, pack_sums
from database.facts.currencies import note_currencies, pairs_of
from database.facts.import_sums import mark_stale
from database.facts.ledger import ARCHIVE, UNARCHIVE, note_changed_months
from database.summaries.import_counts import count_anew
from database.summaries.rollups import by_month
from domain.errors import Refused, SetupError
from domain.moments import utc_now
from domain.months import format_month, month_of, today_utc
from machine.crash_points import passing
from machine.durable import make_durable

record, archived = schema.archived_month, schema.archived_sum

Progress = Callable[[datetime.date, int, int], None]
"""Told the month at hand, how many are done, and how many there are."""


@dataclass(frozen=True)
class Moved:
    """Months that were archived or brought back, and where the files are or were."""

    months: tuple[ArchivedMonth, ...]
    folder: Path | None

    @property
    def facts(self) -> int:
        """Facts of all months together."""
        return sum(found.facts for found in self.months)

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(found.bytes for found in self.months)


def archive(
    store: Store, *, before: datetime.date, folder: Path | None = None, wait: float = 0,
    progress: Progress = lambda *told: None,
) -> Moved:
    """Archives every month before `before` that has facts and is not archived yet. Raises Refused (a month that is not
    over; a file that is not what the database says), LockBusy, OutOfSpace, SetupError or DatabaseUnreachable; months
    that were done by then stay done."""
    if before > month_of(today_utc()):
        raise Refused(
            f"--before {format_month(before)}: only months that are over can be archived; give "
            f"{format_month(month_of(today_utc()))} or an earlier one"
        )
    folder = folder.absolute() if folder else archive_folder(store)
    with store.lock("archiving", wait=wait):
        months, done = _to_archive(store, before), []
        if months:
            _make(folder)
            # What counts as one metric, or as the marketplace ALL, must not change by being archived.
            store.facts_room.compare_alike(archived, like=facts)
        for month in months:
            progress(month, len(done), len(months))
            done.append(_archive_month(store, month, folder))
            passing("archived")
        if done:
            with store.facts() as connection:
                clear_sums(connection)
            progress(done[-1].month, len(done), len(months))
    return Moved(tuple(done), folder)


def unarchive(
    store: Store, months: Collection[datetime.date] = (), *, wait: float = 0, progress: Progress = lambda *told: None
) -> Moved:
    """Brings archived months back, all of them if none is named. Raises what `archive` raises."""
    with store.lock("unarchiving", wait=wait):
        with store.facts() as connection:
            found = read_archived(connection)
        unknown = sorted(set(months) - {each.month for each in found})
        if unknown:
            raise Refused(f"{format_month(unknown[0])} is not archived; flask summaries tells which months are")
        chosen, done = [each for each in found if not months or each.month in months], []
        for each in chosen:
            progress(each.month, len(done), len(chosen))
            _bring_back(store, each)
            done.append(each)
        if done:
            progress(done[-1].month, len(done), len(chosen))
    return Moved(tuple(done), None)


def _to_archive(store: Store, before: datetime.date) -> list[datetime.date]:
    with store.facts() as connection:
        present = [found.month for found in by_month(store.facts_room.marks(connection).dates())]
        known = {each.month for each in read_archived(connection)}
    return [month for month in present if month < before and month not in known]


def _archive_month(store: Store, month: datetime.date, folder: Path) -> ArchivedMonth:
    draft = folder / f"{format_month(month)}.{os.getpid()}.new"
    for left in folder.glob(f"{format_month(month)}.*.new"):
        left.unlink()
    try:
        with store.facts() as connection, store.facts_room.scratch(connection) as scratch:
            write_month(store, connection, scratch, month, draft)
            passing("archive-written")
            kept, replaced = (_verified(connection, scratch, month, draft, table) for table in (facts, aside))
            digest = digest_of(draft)
            path = folder / f"{format_month(month)}-{digest[:12]}.parquet"
            draft.replace(path)
            make_durable(folder)
            passing("archive-file")
            last = connection.execute(sa.select(sa.func.max(facts.c.id)).where(in_month(facts, month))).scalar()
            found = ArchivedMonth(
                month, path, digest, path.stat().st_size, *kept, replaced_facts=replaced[0], last_fact_id=last,
                archived_at=utc_now(),
            )
            _move_out(store, connection, scratch, found)
            return found
    finally:
        draft.unlink(missing_ok=True)


def _verified(
    connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, month: datetime.date, path: Path, table: sa.Table
) -> tuple[int, Decimal]:
    """Rows and sum of what is in the file and in the database alike. Raises Refused where they differ."""
    wanted, found = sums_of(connection, table, month), sums_in(scratch, path, replaced=table is aside)
    wrong = differing(month, wanted, found)
    if wrong:
        raise wrong
    return sum(each[0] for each in found.values()), Decimal(sum(each[2] for each in found.values())).scaleb(-2)


def _move_out(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, found: ArchivedMonth
) -> None:
    names = [sa.func.coalesce(facts.c[name], empty) for name, empty in
             (("metric", ""), ("marketplace", ""), ("asin_id", 0))]
    is_derived = sa.func.coalesce(facts.c.import_id, -1) == schema.DERIVED
    kind = [sa.func.coalesce(facts.c.currency, ""), sa.case((is_derived, 1), else_=0)]
    rows = sa.select(
        sa.literal(found.month, sa.Date), *names, sa.func.count(), sa.func.count(facts.c.value),
        sa.func.sum(facts.c.value), sa.func.max(facts.c.id), *kind,
    ).where(in_month(facts, found.month)).group_by(*names, *kind)
    connection.execute(sa.insert(archived).from_select([column.name for column in archived.columns], rows))
    # Once they are in a file, nobody could tell any more which import gave what.
    in_table = next(each for each in by_month(store.facts_room.marks(connection).dates()) if each.month == found.month)
    count_anew(connection, in_table, sums_apart=store.traits.has_data_nodes)
    # What other programs inserted since the last refresh, no refresh finds any more.
    code = archived.c.currency
    codes = connection.execute(sa.select(code).distinct().where(archived.c.month == found.month, code != "")).scalars()
    named = [(found.month, each) for each in codes]
    packed = pack_sums(store, connection, scratch, found.month)
    # A data node would keep the rows locked that it was asked for on behalf of an INSERT.
    store.commit(connection)
    connection.execute(sa.insert(record).values(**(vars(found) | {"file": str(found.file), "sums": packed})))
    note_currencies(connection, named)
    note_changed_months(connection, [found.month], cause=ARCHIVE, import_id=None, now=found.archived_at)
    for table, count in ((facts, found.facts), (aside, found.replaced_facts)):
        statement = sa.delete(table).where(in_month(table, found.month))
        gone = store.each_part(connection, [found.month], lambda part, words=statement: part.execute(words).rowcount)
        if sum(gone) != count:
            raise Refused(
                f"{format_month(found.month)}: other programs changed its facts while they were archived; nothing was "
                "removed. Run it again when they are done"
            )
    store.commit(connection)


def _bring_back(store: Store, found: ArchivedMonth) -> None:
    if digest_of(found.file) != found.sha256:
        raise Refused(
            f"{found.file}: is not the file that was written when {format_month(found.month)} was archived; nothing "
            "was changed. Put back a copy of it, such as from a backup"
        )
    store.facts_room.prepare_months([found.month])
    with store.facts() as connection, store.facts_room.scratch(connection) as scratch:
        before = [_sums_where_kept(store, connection, table, found.month) for table in (facts, aside)]
        read_month(store, connection, scratch, found.file)
        for table, earlier in zip((facts, aside), before, strict=True):
            wanted = _added(earlier, sums_in(scratch, found.file, replaced=table is aside))
            wrong = differing(found.month, _sums_where_kept(store, connection, table, found.month), wanted)
            if wrong:
                raise wrong
        connection.execute(sa.delete(record).where(record.c.month == found.month))
        pairs = store.each_part(
            connection, [found.month], lambda part: pairs_of(part, facts, in_month(facts, found.month))
        )
        note_currencies(connection, itertools.chain.from_iterable(pairs))
        mark_stale(connection, [found.month])
        note_changed_months(connection, [found.month], cause=UNARCHIVE, import_id=None, now=utc_now())
        passing("unarchive")
        store.commit(connection)
    passing("unarchived")
    found.file.unlink(missing_ok=True)


def _sums_where_kept(store: Store, connection: sa.Connection, table: sa.Table, month: datetime.date) -> Sums:
    """What the database says of the month's rows, those of this transaction included."""
    (found,) = store.each_part(connection, [month], lambda part: sums_of(part, table, month))
    return found


def _added(one: dict, other: dict) -> dict:
    return {
        group: tuple(a + b for a, b in zip(one.get(group, NOTHING), other.get(group, NOTHING), strict=True))
        for group in one.keys() | other.keys()
    }


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(f"{folder}: cannot be made ({error.strerror}); name a folder you may write to") from None
