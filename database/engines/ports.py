"""What every engine offers: one `Store`, opened from settings.

A store has three doors. `facts()` is for commands: imports, refreshes, checks. `read()` is for pages:
it answers from one whole published generation. `application` is for people, sessions and logs, at any
time. What differs between engines lives in one module per engine, and nowhere else.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import datetime
import os
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa

from database import schema
from domain.errors import (
    Damaged,
    DatabaseUnreachable,
    GenerationGone,
    GenerationLost,
    LegoError,
    LockBusy,
    NeverRefreshed,
)
from domain.moments import utc_now
from machine.processes import is_process_alive, process_start
from settings import Settings

if TYPE_CHECKING:
    import duckdb

    from database.engines.build import Build
    from database.engines.copying import Copying
    from database.engines.fact_marks import FactMarks
    from database.engines.health import Health

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class NodeState:
    """A data node as it was found: the months it holds; rows of facts, by its own estimate, and bytes; how long it took
    to answer; tables that it should have and lacks; transactions that wait to be ended. `trouble`: why it does not
    answer, and then nothing else is known."""

    name: str
    months: tuple[datetime.date, ...]
    rows: int | None = None
    bytes: int | None = None
    milliseconds: float | None = None
    version: str | None = None
    lost_tables: tuple[str, ...] = ()
    open_transactions: int | None = None
    trouble: str = ""


class Facts(Protocol):
    """A place that holds facts."""

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult: ...


@dataclass(frozen=True)
class Generation:
    """One published state of the summaries, as its row in `summary_generation` tells it."""

    generation: int
    previous: int | None
    run_id: str
    refresh_type: str
    published_at: datetime.datetime
    months: str
    first_month: datetime.date | None
    last_month: datetime.date | None
    facts: int
    left_out_facts: int
    ledger_id: int
    last_fact_id: int
    recent_facts: int
    placement: int
    currencies: str
    excluded_groups: str
    in_place: bool


@dataclass(frozen=True)
class Reading:
    """A connection on which everything read belongs to `generation`."""

    connection: sa.Connection
    generation: Generation


@dataclass(frozen=True)
class Database:
    """One database of a store, with the rooms of the schema it holds."""

    engine: sa.Engine
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class TableSize:
    """How large a table is. `bytes` holds its indexes, too; None if only the whole is known."""

    table: str
    rows: int
    bytes: int | None


OF_FACTS, OF_SUMMARIES, OF_REST = "facts", "summaries", "other"
"""What a stored part holds."""


@dataclass(frozen=True)
class StoredSize:
    """How much room a table takes, or a file that holds several. `kind` is one of the above; what an engine does not
    tell is None. `rows` may be the server's estimate."""

    part: str
    kind: str
    rows: int | None
    bytes: int | None
    index_bytes: int | None


class Store(abc.ABC):
    """Where facts, generations and application tables live. Opening one touches no database."""

    application: sa.Engine
    """Users, sessions, logs. `begin()` for writing; for reading use `application_reading`."""
    application_reading: sa.Engine
    others_write_facts = False
    """Whether programs other than this one may write facts."""
    assigns_fact_ids = False
    """Whether the engine gives new facts their ids; otherwise whoever inserts them does."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # --- doors

    @abc.abstractmethod
    def facts(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A connection that may write facts and dimensions; the caller commits. Commands only, and
        only while holding `lock()` if anything is written."""

    @abc.abstractmethod
    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        """Answers `question` from the live generation, or from a kept earlier one as it was; it may be
        asked a second time if a publication came in between. Raises NeverRefreshed before the first
        refresh, GenerationGone for a generation that is not kept, or not published any more."""

    @abc.abstractmethod
    def live_generation(self) -> Generation | None:
        """The generation that is live now, or None before the first refresh."""

    def check_pages(self) -> None:
        """Raises what a page would end with, unless summaries can be read and what the application writes can be
        written. Summaries that were never built are no trouble: pages say so. Leaves nothing behind."""
        with contextlib.suppress(NeverRefreshed):
            self.read(_look_into_summaries)
        with self.application.connect() as connection:
            connection.execute(sa.delete(schema.app_session).where(sa.false()))
            connection.rollback()

    @abc.abstractmethod
    def databases(self) -> Sequence[Database]:
        """Every database that `init-db` must bring up to date, facts first."""

    def prepare(self, note: Callable[[str], None]) -> None:
        """Makes what must be there before the databases are brought up to date; tells `note` what was done."""
        return

    def take_over(self, connection: sa.Connection, note: Callable[[str], None]) -> None:
        """Makes the published tables fit for refreshes, where they stand in a database that other programs use, too."""
        return

    def prepare_months(self, months: Collection[datetime.date]) -> None:
        """Makes room for facts of these months, where facts of each month have a place of their own. To be called
        before a transaction looks at facts."""
        return

    def each_part(
        self, connection: sa.Connection, months: Collection[datetime.date], work: Callable[[Facts], Answer]
    ) -> list[Answer]:
        """What `work` answers of every place that holds facts of these months, in `connection`'s transaction. A place
        executes statements on `financials` and `financials_replaced`, and knows no other table. Where all facts are in
        one place, that is `connection`, and the months do not matter."""
        return [work(connection)]

    def node_states(self) -> Sequence[NodeState]:
        """The data nodes, where facts are on such."""
        return ()

    def commit(self, connection: sa.Connection) -> None:
        """Commits work that needs the lock, wherever it was done, or none of it. Raises DatabaseUnreachable if the lock
        was lost meanwhile."""
        self.keep_lock(connection)
        connection.commit()

    def fact_marks(self, connection: sa.Connection, months: Collection[datetime.date] = ()) -> FactMarks:
        """Dates and ids of the facts; if `months` are given, it must be right for these only."""
        from database.engines.fact_marks import FactMarks

        return FactMarks(connection)

    def complete_published(self) -> list[str]:
        """Gives generations that are kept apart from the databases what this version reads and an earlier one did
        not write; returns what was done, one line each."""
        return []

    @abc.abstractmethod
    def bulk_insert(
        self, connection: sa.Connection, table: sa.Table, *, scratch: duckdb.DuckDBPyConnection, query: str
    ) -> int:
        """Inserts the rows of a DuckDB `query` into `table`, in `connection`'s transaction, by the
        quickest way the engine has. The query's columns carry the table's names. Returns the number of
        rows. Rows must be valid already: a warning of the server is an error."""

    @abc.abstractmethod
    def scratch(self, connection: sa.Connection) -> contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A DuckDB connection to stage files in, its memory bounded by the settings. TEMP tables only:
        embedded, it is the facts connection itself."""

    @abc.abstractmethod
    def mirror(
        self, connection: sa.Connection, query: sa.Select, *, scratch: duckdb.DuckDBPyConnection, name: str
    ) -> None:
        """Copies the rows of a `query` of integers and texts into the TEMP table `name` of `scratch`."""

    @abc.abstractmethod
    def compare_alike(self, table: sa.Table, like: sa.Table) -> None:
        """Lets the texts of `table` compare as those of the same names in `like` do, which another program may have
        made. Not within a transaction."""

    def set_workers(self, workers: int) -> None:
        """Overrules [refresh] workers for the life of this store; before anything is opened."""
        refresh = dataclasses.replace(self.settings.refresh, workers=workers)
        self.settings = dataclasses.replace(self.settings, refresh=refresh)

    def is_passing(self, error: Exception) -> bool:
        """Whether another try may go well: a deadlock, a lock that was waited for, a lost connection. Never so
        with files."""
        return False

    # --- generations

    @abc.abstractmethod
    def examine(self) -> list[str]:
        """Looks whether a refresh is possible and safe, before it touches anything; returns notes, one
        line each. Raises SetupError or OutOfSpace if it is not."""

    @abc.abstractmethod
    def build(self) -> contextlib.AbstractContextManager[Build]:
        """A generation to be built; discarded on leaving the block, unless it was published."""

    @abc.abstractmethod
    def generation_numbers(self) -> list[int]:
        """The numbers of the generations that are kept, in order."""

    @abc.abstractmethod
    def roll_back(self) -> Generation:
        """Makes the generation live that was live before, and returns it. Raises Refused if it is not
        kept any more, or cannot be read."""

    @abc.abstractmethod
    def live_fault(self) -> str:
        """Why the live generation cannot be read as a whole; '' if it can, or if there is none. All of it is looked
        at, as far as the engine does not vouch for it."""

    def unreadable_earlier(self) -> list[str]:
        """Which of the other generations that are kept cannot be read as a whole, and why."""
        return []

    @abc.abstractmethod
    def fall_back(self, published_last: int | None) -> Generation | None:
        """While the live generation cannot be read, and the lock is held: makes the newest live that can be read as a
        whole, but none above `published_last` if there is another; returns it, None if there is none, and then none is
        live."""

    @abc.abstractmethod
    def summary_sizes(self) -> list[TableSize]:
        """Rows and bytes of the live summary tables."""

    @abc.abstractmethod
    def stored_sizes(self) -> list[StoredSize]:
        """The room that facts, summaries and what belongs to them take. For commands: it may look at facts."""

    @abc.abstractmethod
    def clear_leftovers(self) -> list[str]:
        """Removes what dead refreshes left and generations that are not to be kept, while holding the
        lock; returns the names of what went."""

    @abc.abstractmethod
    def copying(self) -> Copying:
        """How the store is backed up and restored."""

    @abc.abstractmethod
    def health(self) -> Health:
        """What the engine knows of its own health."""

    @abc.abstractmethod
    def close(self) -> None:
        """Gives back every connection."""

    # --- the lock that imports and refreshes share

    @abc.abstractmethod
    def _try_lock(self) -> contextlib.AbstractContextManager[bool]:
        """Tries once, without waiting, and says whether it holds the lock until the block ends."""

    @abc.abstractmethod
    def _evict(self, holder: sa.Row) -> None:
        """Ends what a holder that has lost the lock left behind on the server, and waits until it has ended.
        Raises LockBusy if it does not."""

    def _own_connections(self) -> Sequence[str]:
        """The server connections that hold the lock itself."""
        return ()

    @contextlib.contextmanager
    def lock(self, purpose: str, *, wait: float = 0) -> Iterator[None]:
        """Holds the one lock of imports and refreshes. Raises LockBusy, naming the holder, if it is not
        to be had within `wait` seconds. A holder proven dead on this host is cleared away."""
        deadline = time.monotonic() + wait
        evicted_until = None
        while True:
            with self._try_lock() as held:
                if held:
                    left = self.lock_holder()
                    if left is not None:
                        # Killed, or only its connection was: statements of a client that is gone go on at
                        # the server, and one that lives has not yet noticed that the lock is lost.
                        self._evict(left)
                    self._write_holder(purpose)
                    try:
                        yield
                    except Damaged:
                        self._clear_holder()
                        raise
                    except DatabaseUnreachable:
                        # The row stays, so that whoever comes next ends what still runs at the server.
                        raise
                    except BaseException:
                        self._clear_holder()
                        raise
                    else:
                        self._clear_holder()
                    return
            holder = self.lock_holder()
            if holder is not None and evicted_until is None and _is_dead(holder):
                self._evict(holder)
                evicted_until = time.monotonic() + 10
            if time.monotonic() >= max(deadline, evicted_until or 0):
                raise LockBusy(_busy_words(holder))
            time.sleep(0.1)

    @abc.abstractmethod
    def keep_lock(self, connection: sa.Connection) -> None:
        """To be called before `connection` commits work that needs the lock: raises DatabaseUnreachable if the
        lock was lost meanwhile, and sees to it that nobody gets it before the work has ended."""

    def lock_holder(self) -> sa.Row | None:
        """Who wrote itself down as holder last; it may have died since."""
        with self.application_reading.connect() as connection:
            return connection.execute(sa.select(schema.work_lock)).first()

    def note_connections(self, connections: Sequence[str]) -> None:
        """Writes down server connections that the holder works with, for whoever must clear up after it.
        Raises DatabaseUnreachable if somebody else holds the lock by now."""
        listed = ",".join([*self._own_connections(), *connections])
        with self.application.begin() as connection:
            noted = connection.execute(sa.update(schema.work_lock).where(_is_own()).values(connections=listed))
            if not noted.rowcount:
                raise lock_lost()

    def _write_holder(self, purpose: str) -> None:
        with self.application.begin() as connection:
            connection.execute(sa.delete(schema.work_lock))
            connection.execute(
                sa.insert(schema.work_lock).values(
                    name="lego", purpose=purpose, host=socket.gethostname(), pid=os.getpid(),
                    process_start=process_start(os.getpid()), started_at=utc_now(),
                    connections=",".join(self._own_connections()),
                )
            )

    def _clear_holder(self) -> None:
        # The work is done, and a row that stays harms nobody: the next holder writes its own.
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self.application.begin() as connection:
            connection.execute(sa.delete(schema.work_lock).where(_is_own()))


def _look_into_summaries(reading: Reading) -> None:
    for table in schema.SUMMARIES:
        reading.connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()


def readable_generation(store: Store) -> Generation | None:
    """The live generation; None if there is none, or if it cannot be read."""
    try:
        return store.live_generation()
    except GenerationLost:
        return None


def refuse_generation(number: int, live: Generation) -> GenerationGone:
    """The error for a generation that cannot be read."""
    return GenerationGone(f"generation {number} is not kept any more; generation {live.generation} is live")


def generation_from(row: Mapping[str, Any]) -> Generation:
    """A row of `summary_generation`, as a mapping, as a value."""
    fields = {field.name for field in dataclasses.fields(Generation)}
    return Generation(**{name: value for name, value in row.items() if name in fields})


def lock_lost() -> DatabaseUnreachable:
    """The error of a holder that finds the lock gone."""
    return DatabaseUnreachable(
        "the connection that held the lock was lost (killed, or closed by the server); what was live before still is; "
        "run it again"
    )


def _is_own() -> sa.ColumnElement[bool]:
    """Whether the holder's row is this process's: numbers of processes repeat from host to host."""
    row, pid = schema.work_lock.c, os.getpid()
    return (row.host == socket.gethostname()) & (row.pid == pid) & (row.process_start == process_start(pid))


def _is_dead(holder: sa.Row) -> bool:
    return not is_process_alive(holder.host, holder.pid, holder.process_start)


def _busy_words(holder: sa.Row | None) -> str:
    if holder is None:
        return "another import or refresh is running; wait for it to end, or give --wait SECONDS"
    since = holder.started_at.strftime("%Y-%m-%d %H:%M:%S")
    return (
        f"{holder.purpose} is running since {since} UTC (process {holder.pid} on {holder.host}); "
        "wait for it to end, or give --wait SECONDS"
    )
