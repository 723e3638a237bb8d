"""The copy of a server's facts, and of what belongs to them, in a DuckDB file.

Facts are copied month by month, each month in one transaction with its mark (`marks.py`), which the server worked out
before they were read and the copy works out of what it has then. What each import gave is copied by month, too,
whenever the ledger names the month. All other tables are few rows, and copied whole where the server's checksum of them
is not what it was when they were copied last.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.build import IsBare, Note
from database.engines.columnar.marks import TEXTS, CopyMarks, MonthMark, copied_mark, in_month, server_mark
from database.engines.columnar.places import Place, Places
from database.engines.columnar.transport import fetch
from database.engines.ddl import embedded_form
from database.engines.duckdb_dialect import raw_duckdb
from database.engines.fact_marks import FactMarks, Marked
from database.engines.mariadb.spellings import Spellings
from database.engines.mariadb.workers import Workers
from domain.errors import DatabaseUnreachable
from domain.months import format_month, month_of
from machine.crash_points import passing
from settings import DatabaseSettings

facts, ledger, noted = schema.financials, schema.changed_month, schema.import_sum

NOT_FOLLOWED = (facts, noted, schema.financials_replaced, schema.derived_fact, schema.archived_sum)
"""Tables of facts that are copied by month, on demand, or that no refresh reads."""
FOLLOWED = tuple(table for table in schema.tables_of(schema.FACTS) if table not in NOT_FOLLOWED)
TRIES = 3
BARE = ("id", "asin_id", "marketplace", "metric", "month", "value")
"""What the rollup index of the server holds of a fact."""

_kept = sa.MetaData()
copied_month = sa.Table(
    "copied_month", _kept,
    sa.Column("month", sa.Date), sa.Column("facts", sa.BigInteger), sa.Column("valued", sa.BigInteger),
    sa.Column("value", sa.String), sa.Column("last_fact_id", sa.BigInteger), sa.Column("names", sa.String),
    sa.Column("amounts", sa.String),
)
"""The months that the copy holds, each with its mark."""
copied_table = sa.Table(
    "copied_table", _kept, sa.Column("name", sa.String), sa.Column("checksum", sa.BigInteger, nullable=True),
)
"""The tables that it holds, with the server's checksum of each."""
copied_until = sa.Table(
    "copied_until", _kept,
    sa.Column("origin", sa.String), sa.Column("ledger_id", sa.BigInteger), sa.Column("last_fact_id", sa.BigInteger),
    sa.Column("recent_facts", sa.BigInteger),
)
"""One row: of which schema of which server it is a copy, and what the server's facts were marked with then."""


class Copy:
    """The copy that `connection` is open to, of the schema that `source` and `workers` are connected to."""

    def __init__(
        self, connection: sa.Connection, source: sa.Connection, workers: Workers, places: Places,
        database: DatabaseSettings, spellings: Spellings,
    ) -> None:
        self._connection, self._source, self._workers, self._places = connection, source, workers, places
        self._database, self._spellings = database, spellings
        self._origin = f"{database.host}:{database.port}/{database.database}"
        self._make_tables()
        self._with_currencies: set[datetime.date] = set()
        self._is_bare: IsBare = lambda month: False
        self._bare: set[datetime.date] = set()

    def bring_up_to_date(self, marks: FactMarks, *, full: bool, is_bare: IsBare, note: Note) -> FactMarks:
        """Fetches what changed on the server since last time; with `full` the mark of every month is asked for. Raises
        DatabaseUnreachable if facts change faster than they are read."""
        self._is_bare = is_bare
        last_id = marks.last_id()
        recent = marks.recent(last_id)
        present = {month_of(date) for date in marks.dates() if date is not None}
        before = self._until()
        self._follow_changed()
        self._note_currencies()
        changed = self._changed_since(before, marks)
        self._source.commit()
        known = self._known()
        for month in sorted(known.keys() - present) if marks.are_whole else ():
            self._forget(month)
        wanted = {month for month in present if month not in known or month in changed}
        if full:
            wanted |= self._differing({month: known[month] for month in sorted(present - wanted)})
        self.fetch(wanted, note)
        self._follow_notes(wanted | changed, full=full)
        if marks.are_whole:
            self._save(last_id, recent)
        passing("copied")
        return CopyMarks(self._connection, last_id, self._last_ids() if marks.last_ids() else {})

    def fetch(self, months: Collection[datetime.date], note: Note = lambda done, total, rows: None) -> None:
        """Fetches the facts of these months, several at once."""
        done = rows = 0

        def count(month: datetime.date, found: int) -> None:
            nonlocal done, rows
            done, rows = done + 1, rows + found
            note(done, len(months), rows)

        if months:
            self._bare = {month for month in months if self._is_bare(month)}
            self._source.commit()
            self._connection.commit()
            note(0, len(months), 0)
            self._workers.run_all(sorted(months), self._fetch_month, done=count)

    def follow(self, tables: Iterable[sa.Table], *, months: Collection[datetime.date] | None = None) -> None:
        """Fetches those of these tables that are not what they were; with `months` no other rows than theirs, whatever
        is known of the tables."""
        if months is None:
            self._fetch_changed(tables)
        for table in tables if months else ():
            self._fetch_table(table, None, months)

    def doubtful(self, marks: FactMarks, *, most: int) -> list[datetime.date]:
        """Of so many months, chosen at random, those whose facts are not what the server has, though nothing says that
        they changed."""
        until = self._connection.execute(sa.select(copied_until)).first()
        if until is None or until.origin != self._origin:
            return []
        self._note_currencies()
        waiting = set(self._source.execute(sa.select(ledger.c.month).where(ledger.c.id > until.ledger_id)).scalars())
        waiting |= {date for date in self._dates_above(until, marks) if date is not None}
        quiet = sorted(self._known().keys() - {month_of(date) for date in waiting})
        chosen = random.sample(quiet, min(most, len(quiet)))
        copied = {month: copied_mark(self._connection, month, self._texts(month)) for month in chosen}
        self._connection.commit()
        return sorted(self._differing(copied))

    # --- what changed

    def _until(self) -> Marked | None:
        row = self._connection.execute(sa.select(copied_until)).first()
        self._connection.commit()
        if row is None or row.origin != self._origin:
            self._begin_anew()
            return None
        return row

    def _changed_since(self, before: Marked | None, marks: FactMarks) -> set[datetime.date]:
        if before is None:
            return set()
        named = self._connection.execute(sa.select(ledger.c.month).where(ledger.c.id > before.ledger_id)).scalars()
        found = {*named, *(date for date in self._dates_above(before, marks) if date is not None)}
        return {month_of(date) for date in found}

    def _dates_above(self, before: Marked, marks: FactMarks) -> Iterator[datetime.date | None]:
        yield from marks.dates_above(before)
        copied = self._last_ids()
        yield from (month for month, last in marks.last_ids().items() if last > copied.get(month, 0))

    def _last_ids(self) -> dict[datetime.date, int]:
        return {month: mark.last_fact_id for month, mark in self._known().items()}

    def _known(self) -> dict[datetime.date, MonthMark]:
        rows = self._connection.execute(sa.select(copied_month)).all()
        self._connection.commit()
        return {
            row.month: MonthMark(
                row.facts, row.valued, Decimal(row.value), row.last_fact_id, int(row.names), Decimal(row.amounts)
            ) for row in rows
        }

    def _differing(self, known: dict[datetime.date, MonthMark]) -> set[datetime.date]:
        found: set[datetime.date] = set()

        def compare(month: datetime.date, mark: MonthMark) -> None:
            if mark != known[month]:
                found.add(month)

        if known:
            self._workers.run_all(list(known), self._ask_mark, done=compare)
        return found

    def _ask_mark(self, connection: sa.Connection, month: datetime.date) -> MonthMark:
        with self._places.at(connection, month) as place:
            return server_mark(place.connection, month, self._texts(month), place.table)

    def _texts(self, month: datetime.date) -> tuple[str, ...]:
        """Those that are part of its mark. Currencies stand in no index of the server, and to look at those of every
        fact takes three times as long: only where a month is known to name some."""
        names = [name for name in TEXTS.values() if name not in self._spellings.columns]
        return tuple(name for name in names if name != facts.c.currency.name or month in self._with_currencies)

    def _note_currencies(self) -> None:
        named = self._connection.execute(sa.select(schema.financials_currency.c.month).distinct()).scalars()
        self._with_currencies = {month_of(month) for month in named}

    # --- facts

    def _fetch_month(self, source: sa.Connection, month: datetime.date) -> int:
        with self._places.at(source, month) as place:
            for _ in range(TRIES):
                rows = self._fetch_facts(source, place, month)
                if rows is not None:
                    passing("copied-month")
                    return rows
        raise DatabaseUnreachable(
            f"facts of {format_month(month)} are not what was read of them: another program writes to financials; run "
            "it again when it is done"
        )

    def _fetch_facts(self, source: sa.Connection, place: Place, month: datetime.date) -> int | None:
        """How many came; None if they are not what they were marked with."""
        texts = self._texts(month)
        mark = server_mark(place.connection, month, texts, place.table)
        place.connection.commit()
        with self._connection.engine.connect() as writing:
            writing.execute(sa.delete(facts).where(in_month(month)))
            writing.execute(sa.delete(copied_month).where(copied_month.c.month == month))
            # What no index of the server has is looked up there row by row, which is half of all the work.
            names = BARE if month in self._bare else facts.columns.keys()
            query = sa.select(*(place.table.c[name] for name in names)).where(in_month(month, place.table))
            rows = fetch(place.address, query, raw_duckdb(writing), facts.name, place.engine)
            self._unify(writing, source, month)
            if copied_mark(writing, month, texts) != mark:
                writing.rollback()
                return None
            writing.execute(sa.insert(copied_month).values((
                month, mark.facts, mark.valued, str(mark.value), mark.last_fact_id, str(mark.names), str(mark.amounts),
            )))
            writing.commit()
        return rows

    def _unify(self, writing: sa.Connection, source: sa.Connection, month: datetime.date) -> None:
        """Gives spellings that the server takes as equal one name."""
        for column in self._spellings.columns:
            target = facts.c[column]
            spellings = sa.select(target).where(in_month(month), target.is_not(None)).distinct()
            names = self._spellings.of(source, column, list(writing.execute(spellings).scalars()))
            for spelling, name in names.items():
                if spelling != name:
                    writing.execute(
                        sa.update(facts).where(in_month(month), target == spelling).values({column: name})
                    )

    def _forget(self, month: datetime.date) -> None:
        self._connection.execute(sa.delete(facts).where(in_month(month)))
        self._connection.execute(sa.delete(copied_month).where(copied_month.c.month == month))
        self._connection.commit()

    # --- all else

    def _follow_changed(self) -> None:
        if self._checksums().get(ledger.name) != self._ask_checksums([ledger])[ledger.name]:
            self._forget_another_past()
        self._fetch_changed(FOLLOWED)

    def _follow_notes(self, months: Collection[datetime.date], *, full: bool) -> None:
        is_whole = full or noted.name not in self._checksums()
        self.follow([noted], months=None if is_whole else months)

    def _fetch_changed(self, tables: Iterable[sa.Table]) -> None:
        found, known = self._ask_checksums(tables), self._checksums()
        for table in tables:
            if table.name not in known or known[table.name] != found[table.name]:
                self._fetch_table(table, found[table.name])

    def _ask_checksums(self, tables: Iterable[sa.Table]) -> dict[str, int]:
        names = ", ".join(f"`{table.name}`" for table in tables)
        rows = self._source.exec_driver_sql(f"CHECKSUM TABLE {names}").all()
        return {name.rpartition(".")[2]: checksum for name, checksum in rows}

    def _checksums(self) -> dict[str, int | None]:
        rows = self._connection.execute(sa.select(copied_table.c.name, copied_table.c.checksum)).all()
        self._connection.commit()
        return dict(map(tuple, rows))

    def _forget_another_past(self) -> None:
        """A ledger that lacks what it had is another's: the server was restored, or its schema made anew."""
        columns = [ledger.c.id, ledger.c.month, ledger.c.cause, ledger.c.import_id]
        now = {tuple(row) for row in self._source.execute(sa.select(*columns))}
        before = {tuple(row) for row in self._connection.execute(sa.select(*columns))}
        self._connection.commit()
        if before - now:
            self._begin_anew()

    def _fetch_table(
        self, table: sa.Table, checksum: int | None, months: Collection[datetime.date] | None = None
    ) -> None:
        chosen = sa.true() if months is None else table.c.month.in_(sorted(months))
        kept = [
            sa.literal("", sa.String(1)).label(column.name) if isinstance(column.type, sa.LargeBinary) else column
            for column in table.columns
        ]
        self._connection.commit()
        self._connection.execute(sa.delete(table).where(chosen))
        self._connection.execute(sa.delete(copied_table).where(copied_table.c.name == table.name))
        fetch(self._database, sa.select(*kept).where(chosen), raw_duckdb(self._connection), table.name)
        self._connection.execute(sa.insert(copied_table).values(name=table.name, checksum=checksum))
        self._connection.commit()

    # --- the file

    def _make_tables(self) -> None:
        """Makes those that are not there, or have other columns than this version knows."""
        rows = self._connection.exec_driver_sql(
            "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
            "WHERE database_name = current_database() GROUP BY table_name"
        ).all()
        found = {name: list(columns) for name, columns in rows}
        for table in (*schema.tables_of(schema.FACTS), *_kept.sorted_tables):
            if found.get(table.name) != list(table.columns.keys()):
                self._connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{table.name}"')
                self._connection.execute(sa.schema.CreateTable(_form(table)))
                if table.name in found and table is facts:
                    self._connection.execute(sa.delete(copied_month))
                elif table.name in found and table.metadata is not _kept:
                    self._connection.execute(sa.delete(copied_table).where(copied_table.c.name == table.name))
        self._connection.commit()

    def _begin_anew(self) -> None:
        for table in (*schema.tables_of(schema.FACTS), *_kept.sorted_tables):
            self._connection.execute(sa.delete(table))
        self._connection.commit()

    def _save(self, last_id: int, recent: int) -> None:
        newest = self._connection.execute(sa.select(sa.func.coalesce(sa.func.max(ledger.c.id), 0))).scalar()
        self._connection.execute(sa.delete(copied_until))
        self._connection.execute(sa.insert(copied_until).values(
            origin=self._origin, ledger_id=newest, last_fact_id=last_id, recent_facts=recent,
        ))
        self._connection.commit()


def _form(table: sa.Table) -> sa.Table:
    """Without keys: the server has seen to them, and rows are replaced all at once."""
    form = embedded_form(table)
    columns = (sa.Column(column.name, column.type, nullable=column.nullable) for column in form.columns)
    return sa.Table(table.name, sa.MetaData(), *columns)
