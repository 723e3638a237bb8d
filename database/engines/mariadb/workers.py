"""Connections to a MariaDB that do the tasks of one refresh side by side, and are ended with it."""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import sqlalchemy as sa

from database.engines.build import Outcome, Task
from database.engines.mariadb.connections import end_connections, identity_of, is_passing
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from domain.errors import DatabaseUnreachable, LegoError

TRIES = 4


class Workers:
    """As many connections as `count`, beside `own`, the refresh's first; `order` says in which order they take up
    tasks. All of them are written down, so that whoever must clear up after a dead process can end them."""

    def __init__(
        self, doors: MysqlDoors, work_lock: ServerLock, own: sa.Connection, *, count: int,
        order: Callable[[Iterable], list] = list,
    ) -> None:
        self._doors, self._lock = doors, work_lock
        self._count, self._order = count, order
        self._waiting: queue.SimpleQueue[sa.Connection] = queue.SimpleQueue()
        self._identities: set[str] = set()
        self._stack = contextlib.ExitStack()
        self._own = self.note(own)

    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        """As `Build.run_all`."""
        tasks = self._order(tasks)
        count = max(1, min(self._count, len(tasks)))
        pool = ThreadPoolExecutor(count, thread_name_prefix="refresh")
        try:
            futures = {pool.submit(self._run, work, undo, task): task for task in tasks}
            for future in as_completed(futures):
                done(futures[future], future.result())
        except BaseException:
            # Neither a closed socket nor kill -9 stops a statement: the server must be told.
            pool.shutdown(wait=False, cancel_futures=True)
            self._kill_statements()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, work: Callable, undo: Callable | None, task: Task) -> Any:
        for attempt in range(1, TRIES + 1):
            connection = self._take()
            try:
                if attempt > 1 and undo is not None:
                    undo(connection, task)
                outcome = work(connection, task)
                connection.commit()
            except (sa.exc.DBAPIError, DatabaseUnreachable) as error:
                self._drop(connection)
                if attempt == TRIES or not is_passing(error):
                    raise
                pause(attempt)
            except BaseException:
                self._drop(connection)
                raise
            else:
                self._waiting.put(connection)
                return outcome
        raise AssertionError("unreachable")

    def _take(self) -> sa.Connection:
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            connection = self._doors.facts()
            self._stack.callback(connection.close)
            self.note(connection)
            return connection

    def _drop(self, connection: sa.Connection) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
            connection.invalidate()

    def note(self, connection: sa.Connection) -> str:
        """Writes a connection down, so that who clears up after us can end it; then makes sure that there is
        nothing to clear up yet. In this order: who gets the lock in between reads what we wrote. Returns its
        identity."""
        identity = identity_of(connection)
        with _noting:
            self._identities.add(identity)
            self._lock.note_connections(sorted(self._identities))
        self._lock.confirm(connection)
        return identity

    def _kill_statements(self) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self._doors.facts() as connection:
            end_connections(connection, self._identities - {self._own})

    def close(self) -> None:
        """Gives back every connection but the refresh's own."""
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
            self._stack.close()


_noting = threading.Lock()


def pause(attempt: int) -> None:
    """Waits before the next try, longer each time."""
    time.sleep(random.uniform(0.5, 1.0) * 2 ** (attempt - 1) / 4)
