"""The lock on a MariaDB: GET_LOCK, held by a connection that says nothing else for as long as the work lasts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from database.engines.lock import WorkLock, lock_lost
from database.engines.mariadb.connections import end_connections, identity_of, in_our_words, number_of
from database.engines.mariadb.doors import MysqlDoors
from domain.errors import LegoError, LockBusy

EVICTION_SECONDS = 60
"""How long it is waited until what a lost client left has ended: a large statement takes time to undo."""


class ServerLock(WorkLock):
    """The server's lock with the schema's name: two schemas on one server do not wait for each other."""

    def __init__(
        self, doors: MysqlDoors,
        while_held: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
    ) -> None:
        super().__init__(doors.application, doors.application_reading, while_held)
        self._doors = doors
        self.name = f"lego.{doors.settings.database.database}"[:64]
        self._own_lock: str | None = None

    def keep(self, connection: sa.Connection) -> None:
        if self._own_lock is not None:
            self.note_connections([identity_of(connection)])
            self.confirm(connection)

    def confirm(self, connection: sa.Connection) -> None:
        """Raises DatabaseUnreachable unless the connection that took the lock still holds it. Asked on a
        connection that was noted before, the answer stays true: whoever gets the lock ends that one first."""
        owner = connection.execute(sa.select(sa.func.is_used_lock(self.name))).scalar()
        if owner is None or owner != number_of(self._own_lock):
            raise lock_lost()

    @contextlib.contextmanager
    def attempt(self) -> Iterator[bool]:
        with in_our_words(self._doors.settings.database), self._doors.facts() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            held = connection.execute(sa.select(sa.func.get_lock(self.name, 0))).scalar() == 1
            if not held:
                yield False
                return
            self._own_lock = identity_of(connection)
            try:
                yield True
            finally:
                self._own_lock = None
                # If the connection is gone, so is the lock.
                with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
                    connection.execute(sa.select(sa.func.release_lock(self.name)))

    def own_connections(self) -> Sequence[str]:
        return [self._own_lock] if self._own_lock else []

    def evict(self, holder: sa.Row) -> None:
        """kill -9 of a client does not stop its statement, and GET_LOCK stays held until it ends."""
        noted = set(holder.connections.split(",")) - {self._own_lock, ""}
        deadline = time.monotonic() + EVICTION_SECONDS
        with self._doors.facts() as connection:
            while end_connections(connection, noted):
                if time.monotonic() > deadline:
                    raise LockBusy(
                        f"what {holder.purpose} (process {holder.pid} on {holder.host}) left at the server is still "
                        "ending; try again in a minute"
                    )
                time.sleep(0.02)
