"""The copying of a store: what a backup is made of, and how it comes back.

A restore fills an empty place beside the store first. That place is a store of its own, so what was put there can be
examined, upgraded and renumbered like any other; then it takes the place of what was live, at one instant.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.errors import LockBusy

TRANSIENT = (schema.app_session, schema.one_time_token, schema.sign_in_failure, schema.work_lock)
"""What no backup holds: a session that was ended must not come to life again, nor a lock."""


@dataclass(frozen=True)
class Part:
    """One part of a copy. `open` gives its bytes; raises LegoError if they cannot be had. `size` is None where it is
    not known before."""

    name: str
    size: int | None
    open: Callable[[], contextlib.AbstractContextManager[BinaryIO]]


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


NUMBERED = (schema.summary_generation, schema.summary_month, schema.summary_left_out)
"""What carries the number of its generation."""


def renumbered(numbers: Sequence[int], above: int) -> dict[int, int]:
    """Old number -> new number."""
    return {old: above + place for place, old in enumerate(sorted(numbers), start=1)}


def write_numbers(connection: sa.Connection, numbers: Mapping[int, int]) -> None:
    """Exchanges the numbers in all rows; a generation before that is not there becomes none."""
    table = schema.summary_generation
    rows = connection.execute(sa.select(table.c.generation, table.c.previous)).all()
    for row in rows:
        connection.execute(
            sa.update(table).where(table.c.generation == row.generation).values(previous=numbers.get(row.previous))
        )
    for old, new in numbers.items():
        for numbered in NUMBERED:
            connection.execute(sa.update(numbered).where(numbered.c.generation == old).values(generation=new))
    connection.commit()


class Copying(abc.ABC):
    """What one engine knows of copying its store."""

    store: Store
    """What is copied."""

    @contextlib.contextmanager
    def lock(self, purpose: str, *, wait: float = 0) -> Iterator[None]:
        """The lock of imports and refreshes, also where there are no tables yet."""
        if self.knows_holders():
            with self.store.lock(purpose, wait=wait):
                yield
            return
        with self.store._try_lock() as held:
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
