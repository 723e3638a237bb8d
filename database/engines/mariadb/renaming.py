"""Tables that change names together, or not at all.

`RENAME TABLE a NOWAIT TO b, …` does not wait for InnoDB's locks either, and each of its steps locks the tables of
statistics: any ALTER, CREATE or ANALYZE of whatever table on the server ends it half way, and lets it fail again while
it puts names back, with tables gone from where they were (10.11). So it does not wait for readers, but waits for these.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from database.engines.mariadb.connections import LOCKED, error_number
from domain.errors import SwapFailed
from machine.signals import signals_held_back

SWAP_SECONDS = 180
"""How long a swap waits for readers that sit in a transaction."""
UNDIVIDED = "SET STATEMENT lock_wait_timeout = 0, innodb_lock_wait_timeout = 120 FOR "
PUT_BACK_SECONDS = 60

Name = str | tuple[str, str]
"""A table, or a schema and a table of it."""
Step = tuple[Name, Name]


def rename(connection: sa.Connection, steps: Sequence[Step], *, done: Callable[[], None] = lambda: None) -> None:
    """One RENAME TABLE, all or nothing, also across a crash of the server; `done` is told before anything
    else can happen. It does not wait for readers, and is tried again with jitter: one that waits makes every later
    reader queue behind it. Raises SwapFailed if some reader sits in a transaction for too long."""
    before = _present(connection, steps)
    listed = ", ".join(f"{_quoted(connection, old)} TO {_quoted(connection, new)}" for old, new in steps)
    deadline = time.monotonic() + SWAP_SECONDS
    while True:
        try:
            with signals_held_back():
                connection.exec_driver_sql(f"{UNDIVIDED}RENAME TABLE {listed}")
                done()
            connection.commit()
            return
        except sa.exc.DBAPIError as error:
            connection.rollback()
            put_back(connection, steps, before)
            if error_number(error) not in LOCKED:
                raise
            if time.monotonic() > deadline:
                raise SwapFailed(
                    f"a reader kept {steps[0][0]} busy for {SWAP_SECONDS} s; end it (SHOW PROCESSLIST) and run the "
                    "refresh again; the old generation is still live"
                ) from None
        time.sleep(random.uniform(0.01, 0.1))


def put_back(connection: sa.Connection, steps: Sequence[Step], before: frozenset[Name]) -> None:
    """Takes back what a RENAME that failed has left done of its steps; `before` are those of the names that there were.
    Raises SwapFailed, with what to run, if that is not to be told from the names."""
    now = _present(connection, steps)
    if now == before:
        return
    states = [before]
    for old, new in steps:
        states.append(states[-1] - {old} | {new})
    if now not in states:
        raise SwapFailed(
            f"a RENAME TABLE of {len(steps)} steps was left half done by the server: of their tables there are "
            f"{', '.join(sorted(map(_words, now)))}; give them their names by hand, from the last step to the first: "
            + ", ".join(f"{_words(new)} TO {_words(old)}" for old, new in reversed(steps))
        )
    with signals_held_back():
        for old, new in reversed(steps[:states.index(now)]):
            _one(connection, new, old)


def _one(connection: sa.Connection, old: Name, new: Name) -> None:
    deadline = time.monotonic() + PUT_BACK_SECONDS
    while True:
        try:
            connection.exec_driver_sql(f"RENAME TABLE {_quoted(connection, old)} TO {_quoted(connection, new)}")
            connection.commit()
            return
        except sa.exc.DBAPIError as error:
            connection.rollback()
            if error_number(error) not in LOCKED or time.monotonic() > deadline:
                raise


def _present(connection: sa.Connection, steps: Sequence[Step]) -> frozenset[Name]:
    """Those of the names that there are."""
    own = connection.exec_driver_sql("SELECT DATABASE()").scalar()
    names = {name for step in steps for name in step}
    by_name = {(own, name) if isinstance(name, str) else name: name for name in names}
    query = sa.text(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN :schemas "
        "AND table_name IN :tables"
    ).bindparams(sa.bindparam("schemas", expanding=True), sa.bindparam("tables", expanding=True))
    found = connection.execute(query, {
        "schemas": sorted({schema for schema, _ in by_name}), "tables": sorted({table for _, table in by_name}),
    }).all()
    connection.commit()
    return frozenset(by_name[tuple(row)] for row in found if tuple(row) in by_name)


def _quoted(connection: sa.Connection, name: Name) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return quote(name) if isinstance(name, str) else ".".join(map(quote, name))


def _words(name: Name) -> str:
    return name if isinstance(name, str) else ".".join(name)
