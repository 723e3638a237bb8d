"""What every engine offers, port by port, and the `Store` that is put together from them.

A store has three doors. `facts()` is for commands: imports, refreshes, checks. `read()` is for pages:
it answers from one whole published generation. `application` is for people, sessions and logs, at any
time. What differs between engines lives in one folder per engine, and nowhere else.
"""

from __future__ import annotations

import abc
import contextlib
import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import sqlalchemy as sa

from database import schema
from database.engines.build import Build
from database.engines.copying import Part
from database.engines.fact_marks import FactMarks
from database.engines.health import Health
from database.engines.lock import WorkLock
from database.engines.schema_versions import refuse_other, version_of
from database.engines.values import (
    Answer,
    Database,
    Facts,
    Generation,
    GenerationFile,
    Reading,
    StoredSize,
    StoreTraits,
    TableSize,
)
from domain.errors import GenerationLost, LockBusy, NeverRefreshed, SetupError
from settings import Settings

if TYPE_CHECKING:
    import duckdb


class FactsRoom(abc.ABC):
    """Where facts and dimensions stand, for commands. `work_lock` is held while they are written."""

    def __init__(self, work_lock: WorkLock) -> None:
        self.work_lock = work_lock

    @abc.abstractmethod
    def connect(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A connection that may write facts and dimensions; the caller commits. Commands only, and
        only while holding the lock if anything is written."""

    @abc.abstractmethod
    def databases(self) -> Sequence[Database]:
        """Every database that `init-db` must bring up to date, facts first."""

    def prepare(self, note: Callable[[str], None]) -> None:
        """Makes what must be there before the databases are brought up to date; tells `note` what was done."""
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

    def commit(self, connection: sa.Connection) -> None:
        """Commits work that needs the lock, wherever it was done, or none of it. Raises DatabaseUnreachable if the lock
        was lost meanwhile."""
        self.work_lock.keep(connection)
        connection.commit()

    def marks(self, connection: sa.Connection, months: Collection[datetime.date] = ()) -> FactMarks:
        """Dates and ids of the facts; if `months` are given, it must be right for these only."""
        return FactMarks(connection)

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

    def compare_alike(self, table: sa.Table, like: sa.Table) -> None:
        """Lets the texts of `table` compare as those of the same names in `like` do, which another program may have
        made. Not within a transaction."""
        return

    def is_passing(self, error: Exception) -> bool:
        """Whether another try may go well: a deadlock, a lock that was waited for, a lost connection. Never so
        with files."""
        return False

    @abc.abstractmethod
    def close(self) -> None:
        """Gives back every connection to facts."""


NO_FILES = (
    "summaries are tables of the database here, which every machine reads: only files (summaries = columnar, or the "
    "embedded engine) are fetched"
)


class TakingIn(abc.ABC):
    """A folder of generations that another machine makes."""

    @abc.abstractmethod
    def is_live(self, file: GenerationFile) -> bool:
        """Whether that generation is the live one already."""

    @abc.abstractmethod
    def go_back(self, file: GenerationFile) -> bool:
        """Makes it live, if it is kept and can be read; says whether it was."""

    @abc.abstractmethod
    def take_in(self, file: GenerationFile, pieces: Iterable[bytes]) -> None:
        """Makes it live, from its bytes; whatever is raised, what was live still is. Raises Refused for bytes that are
        not what they should be, OutOfSpace, and what `pieces` raises."""


class Published(abc.ABC):
    """The generations: the one that pages read, those before it that are kept, and the making of the next."""

    @abc.abstractmethod
    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        """Answers `question` from the live generation, or from a kept earlier one as it was; it may be
        asked a second time if a publication came in between. Raises NeverRefreshed before the first
        refresh, GenerationGone for a generation that is not kept, or not published any more."""

    @abc.abstractmethod
    def live(self) -> Generation | None:
        """The generation that is live now, or None before the first refresh."""

    @abc.abstractmethod
    def numbers(self) -> list[int]:
        """The numbers of the generations that are kept, in order."""

    def check_live(self) -> None:
        """Raises GenerationLost if the live generation cannot be opened any more, though this process still has it
        open."""
        return

    @abc.abstractmethod
    def examine(self) -> list[str]:
        """Looks whether a refresh is possible and safe, before it touches anything; returns notes, one
        line each. Raises SetupError or OutOfSpace if it is not."""

    @abc.abstractmethod
    def build(self) -> contextlib.AbstractContextManager[Build]:
        """A generation to be built; discarded on leaving the block, unless it was published."""

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
    def clear_leftovers(self) -> list[str]:
        """Removes what dead refreshes left and generations that are not to be kept, while holding the
        lock; returns the names of what went."""

    def pass_on(self) -> list[str]:
        """Writes the live generation wherever else it is wanted, while the lock is held; returns what is to be said of
        it, a line each."""
        return []

    def take_over(self, connection: sa.Connection, note: Callable[[str], None]) -> None:
        """Makes the published tables fit for refreshes, where they stand in a database that other programs use, too."""
        return

    def complete(self) -> list[str]:
        """Gives generations that are kept apart from the databases what this version reads and an earlier one did
        not write; returns what was done, one line each."""
        return []

    def offer(self, generation: int | None = None) -> tuple[GenerationFile, BinaryIO]:
        """The live generation's file, or a kept earlier one's, opened: whatever is published meanwhile, it stays what
        it was. Raises as `read` does, SetupError where generations are no files."""
        if self.live() is None:
            raise NeverRefreshed("the summaries were never built; run: flask refresh-summaries")
        raise SetupError(NO_FILES)

    def taking_in(self) -> contextlib.AbstractContextManager[TakingIn]:
        """Takes generations of another machine into this one's folder, and keeps others from doing so meanwhile.
        Raises LockBusy, SetupError where that cannot be."""
        raise SetupError(NO_FILES)

    @abc.abstractmethod
    def summary_sizes(self) -> list[TableSize]:
        """Rows and bytes of the live summary tables."""

    @abc.abstractmethod
    def stored_sizes(self) -> list[StoredSize]:
        """The room that facts, summaries and what belongs to them take. For commands: it may look at facts."""

    def close(self) -> None:
        """Gives back what is open of generations alone."""
        return


class Staging(abc.ABC):
    """An empty place beside a store, which becomes the store by `put_in_place`."""

    store: Store
    """What was put there, as a store."""
    folder: Path | None = None
    """Where its parts are put, if on this machine."""

    @abc.abstractmethod
    def takes(self, name: str) -> bool:
        """Whether a copy of this engine has a part of that name."""

    @abc.abstractmethod
    def take_in(self, name: str, source: BinaryIO) -> None:
        """Puts one part there. Raises Refused if it is not what its name says, OutOfSpace."""

    @abc.abstractmethod
    def complete(self) -> None:
        """Tells that all parts are there: from here on `store` can be asked."""

    @abc.abstractmethod
    def renumber(self, above: int) -> None:
        """Gives the staged generations numbers above `above`, in their order: whatever was kept under a number of the
        old state, in a cache or in an open file, is then never taken for the restored one."""

    @abc.abstractmethod
    def put_in_place(self) -> None:
        """Makes what is staged the store, all of it at one instant. Raises SwapFailed with the old state still live."""


class Copying(abc.ABC):
    """What one engine knows of copying its store."""

    def __init__(self, work_lock: WorkLock) -> None:
        self.work_lock = work_lock

    @contextlib.contextmanager
    def lock(self, purpose: str, *, wait: float = 0) -> Iterator[None]:
        """The lock of imports and refreshes, also where there are no tables yet."""
        if self.knows_holders():
            with self.work_lock.hold(purpose, wait=wait):
                yield
            return
        with self.work_lock.attempt() as held:
            if not held:
                raise LockBusy("another import, refresh or restore is running; wait for it to end")
            yield

    @abc.abstractmethod
    def knows_holders(self) -> bool:
        """Whether there is a table that tells who holds the lock."""

    def examine(self) -> None:
        """Looks at every row of what `parts` copies without reading it as rows. Raises Damaged."""
        return

    @abc.abstractmethod
    def parts(self) -> contextlib.AbstractContextManager[Iterator[Part]]:
        """What a copy of the store is made of, while the lock is held; all of one moment."""

    @abc.abstractmethod
    def has_tables(self) -> bool:
        """Whether there is anything of ours where the store would be."""

    @abc.abstractmethod
    def staging(self) -> contextlib.AbstractContextManager[Staging]:
        """An empty place beside the store; cleared away on leaving. Held lock."""


@dataclass(frozen=True, eq=False, repr=False)
class Store:
    """Where facts, generations and application tables live: an engine's parts, put together. Opening one touches no
    database. What is asked everywhere has a short name here; all else is asked of the part that knows it."""

    settings: Settings
    traits: StoreTraits
    application: sa.Engine
    """Users, sessions, logs. `begin()` for writing; for reading use `application_reading`."""
    application_reading: sa.Engine
    work_lock: WorkLock
    facts_room: FactsRoom
    published: Published
    health: Health
    copying: Callable[[], Copying]
    """How the store is backed up and restored. Raises SetupError where the dashboard does not do it."""

    def facts(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A connection to facts and dimensions, as `FactsRoom.connect` gives it."""
        return self.facts_room.connect()

    def each_part(
        self, connection: sa.Connection, months: Collection[datetime.date], work: Callable[[Facts], Answer]
    ) -> list[Answer]:
        """What `work` answers of every place that holds facts of these months, as in `FactsRoom.each_part`."""
        return self.facts_room.each_part(connection, months, work)

    def commit(self, connection: sa.Connection) -> None:
        """Commits work that needs the lock, as `FactsRoom.commit` does."""
        self.facts_room.commit(connection)

    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        """Answers `question` from a published generation, as `Published.read` does."""
        return self.published.read(question, generation=generation)

    def live_generation(self) -> Generation | None:
        """The generation that is live now, or None before the first refresh."""
        return self.published.live()

    def build(self) -> contextlib.AbstractContextManager[Build]:
        """A generation to be built; discarded on leaving the block, unless it was published."""
        return self.published.build()

    @contextlib.contextmanager
    def lock(self, purpose: str, *, wait: float = 0) -> Iterator[None]:
        """Holds the one lock of imports and refreshes, as `WorkLock.hold` does. Raises SchemaError where the schema is
        another version's: after a `git pull` or `git checkout` that nobody deployed, what cron begins would else write
        over, or roll back, what the app that is served reads."""
        with self.work_lock.hold(purpose, wait=wait):
            with self.application_reading.connect() as connection:
                refuse_other(version_of(connection))
            yield

    def check_pages(self) -> None:
        """Raises what a page would end with, unless summaries can be read and what the application writes can be
        written. Summaries that were never built are no trouble: pages say so. Leaves nothing behind."""
        with contextlib.suppress(NeverRefreshed):
            self.read(_look_into_summaries)
        with self.application.connect() as connection:
            connection.execute(sa.delete(schema.app_session).where(sa.false()))
            connection.rollback()
        with contextlib.suppress(NeverRefreshed):
            self.published.check_live()

    def close(self) -> None:
        """Gives back every connection."""
        self.published.close()
        self.facts_room.close()
        self.application.dispose()
        self.application_reading.dispose()


def _look_into_summaries(reading: Reading) -> None:
    for table in schema.LEVELS:
        reading.connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()


def readable_generation(store: Store) -> Generation | None:
    """The live generation; None if there is none, or if it cannot be read."""
    try:
        return store.live_generation()
    except GenerationLost:
        return None
