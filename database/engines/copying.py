"""The copying of a store: what a backup is made of, and how it comes back.

A restore fills an empty place beside the store first. That place is a store of its own, so what was put there can be
examined, upgraded and renumbered like any other; then it takes the place of what was live, at one instant.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import sqlalchemy as sa

from database import schema

TRANSIENT = (schema.app_session, schema.one_time_token, schema.sign_in_failure, schema.work_lock)
"""What no backup holds: a session that was ended must not come to life again, nor a lock."""


@dataclass(frozen=True)
class Part:
    """One part of a copy. `open` gives its bytes; raises LegoError if they cannot be had. `size` is None where it is
    not known before."""

    name: str
    size: int | None
    open: Callable[[], contextlib.AbstractContextManager[BinaryIO]]


NUMBERED = (
    schema.summary_generation, schema.summary_month, schema.summary_left_out, schema.summary_rate,
    *schema.LINE_SUMMARIES, *schema.TOLD,
)
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
