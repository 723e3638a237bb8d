"""The one lock that imports and refreshes share, and the row that tells who holds it."""

from __future__ import annotations

import abc
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from database import schema
from domain.errors import Damaged, DatabaseUnreachable, LegoError, LockBusy
from domain.moments import utc_now
from machine.processes import is_process_alive, process_start


class WorkLock(abc.ABC):
    """The lock of a store: an engine says how it is tried for, and how it ends what a dead holder left. `while_held`
    is what goes on beside the work for as long as the lock is held."""

    def __init__(
        self, application: sa.Engine, application_reading: sa.Engine,
        while_held: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
    ) -> None:
        self._application, self._application_reading = application, application_reading
        self._while_held = while_held

    @abc.abstractmethod
    def attempt(self) -> contextlib.AbstractContextManager[bool]:
        """Tries once, without waiting, and says whether it holds the lock until the block ends."""

    def keep(self, connection: sa.Connection) -> None:
        """To be called before `connection` commits work that needs the lock: raises DatabaseUnreachable if the
        lock was lost meanwhile, and sees to it that nobody gets it before the work has ended. Nothing to do for a
        lock that is held for as long as its process lives."""
        return

    def evict(self, holder: sa.Row) -> None:
        """Ends what a holder that has lost the lock left behind on the server, and waits until it has ended.
        Raises LockBusy if it does not. Nothing to do where what a process did ends with it."""
        return

    def own_connections(self) -> Sequence[str]:
        """The server connections that hold the lock itself."""
        return ()

    @contextlib.contextmanager
    def hold(self, purpose: str, *, wait: float = 0) -> Iterator[None]:
        """Holds the one lock of imports and refreshes. Raises LockBusy, naming the holder, if it is not
        to be had within `wait` seconds. A holder proven dead on this host is cleared away."""
        deadline = time.monotonic() + wait
        evicted_until = None
        while True:
            with self.attempt() as held:
                if held:
                    left = self.holder()
                    if left is not None:
                        # Killed, or only its connection was: statements of a client that is gone go on at
                        # the server, and one that lives has not yet noticed that the lock is lost.
                        self.evict(left)
                    self._write_holder(purpose)
                    try:
                        with self._while_held():
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
            holder = self.holder()
            if holder is not None and evicted_until is None and _is_dead(holder):
                self.evict(holder)
                evicted_until = time.monotonic() + 10
            if time.monotonic() >= max(deadline, evicted_until or 0):
                raise LockBusy(_busy_words(holder))
            time.sleep(0.1)

    def holder(self) -> sa.Row | None:
        """Who wrote itself down as holder last; it may have died since."""
        with self._application_reading.connect() as connection:
            return connection.execute(sa.select(schema.work_lock)).first()

    def note_connections(self, connections: Sequence[str]) -> None:
        """Writes down server connections that the holder works with, for whoever must clear up after it.
        Raises DatabaseUnreachable if somebody else holds the lock by now."""
        listed = ",".join([*self.own_connections(), *connections])
        with self._application.begin() as connection:
            noted = connection.execute(sa.update(schema.work_lock).where(_is_own()).values(connections=listed))
            if not noted.rowcount:
                raise lock_lost()

    def _write_holder(self, purpose: str) -> None:
        with self._application.begin() as connection:
            connection.execute(sa.delete(schema.work_lock))
            connection.execute(
                sa.insert(schema.work_lock).values(
                    name="lego", purpose=purpose, host=socket.gethostname(), pid=os.getpid(),
                    process_start=process_start(os.getpid()), started_at=utc_now(),
                    connections=",".join(self.own_connections()),
                )
            )

    def _clear_holder(self) -> None:
        # The work is done, and a row that stays harms nobody: the next holder writes its own.
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self._application.begin() as connection:
            connection.execute(sa.delete(schema.work_lock).where(_is_own()))


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
