"""MariaDB: a copy is a dump by the server's own tool. A restore stages it in a schema beside, then swaps by one RENAME.

    lego                  the schema
    lego_restoring        what is being restored
    lego_before_restore   where one RENAME puts the old tables, while it puts the restored ones in their place

Schemas of their own, not names of their own: constraints are named within a schema. The dashboard's tables only are
dumped and swapped; other tables of the schema stay as they are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from database import schema
from database.engines.copying import TRANSIENT, Part, renumbered, write_numbers
from database.engines.mariadb.connections import NO_SPACE, UNLIMITED, UNREACHABLE
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from database.engines.mariadb.renaming import rename
from database.engines.ports import Copying, Staging, Store
from domain.errors import DatabaseUnreachable, LegoError, OutOfSpace, Refused, SetupError, SwapFailed
from machine.crash_points import passing

DUMP, EMPTY = "tables.sql", "empty_tables.sql"
"""The tables with their rows, and those whose rows are of the moment."""
VERSION_TABLE = "lego_schema_version"
RESTORING, BEFORE = "_restoring", "_before_restore"
TOOLS = {"dump": ("mariadb-dump", "mysqldump"), "client": ("mariadb", "mysql")}
_OURS = (
    *schema.metadata.tables, *(f"{table.name}_previous" for table in schema.SUMMARIES), VERSION_TABLE,
)
_ERROR = re.compile(r"(?:ERROR|error:?|Got error:) ?(\d+)[^:]*:? ?(.*)")


StoreBehind = Callable[[MysqlDoors], Store]
"""Puts a store together behind its doors."""


class MysqlCopying(Copying):
    """Copies of the dashboard's tables in a schema."""

    def __init__(self, doors: MysqlDoors, work_lock: ServerLock, store_behind: StoreBehind) -> None:
        super().__init__(work_lock)
        self._doors, self._lock, self._store_behind = doors, work_lock, store_behind

    def knows_holders(self) -> bool:
        return schema.work_lock.name in our_tables(self._doors)

    @contextlib.contextmanager
    def parts(self) -> Iterator[Iterator[Part]]:
        transient = {table.name for table in TRANSIENT}
        _refuse_row_limit(self._doors)
        tables = our_tables(self._doors)
        kept = [name for name in tables if name not in transient]
        emptied = [name for name in tables if name in transient]
        yield iter([
            Part(DUMP, None, lambda: self._dumped(kept)),
            Part(EMPTY, None, lambda: self._dumped(emptied, "--no-data")),
        ])

    @contextlib.contextmanager
    def _dumped(self, tables: Sequence[str], *options: str) -> Iterator[BinaryIO]:
        arguments = [
            # One snapshot of all tables, read row by row, with no table locked.
            "--single-transaction", "--quick", "--skip-lock-tables", "--skip-add-locks", "--hex-blob",
            "--skip-triggers", "--skip-dump-date", "--default-character-set=utf8mb4", *options,
            self._doors.settings.database.database, *tables,
        ]
        with tool("dump", self._doors, arguments, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            yield process.stdout

    def has_tables(self) -> bool:
        return bool(our_tables(self._doors))

    @contextlib.contextmanager
    def staging(self) -> Iterator[MysqlStaging]:
        with self._doors.facts() as connection:
            clear_schemas(self._doors, connection)
            _create_schema(connection, self._doors.settings.database.database + RESTORING, self._doors)
            staging = MysqlStaging(self._doors, self._lock, connection, self._store_behind)
            try:
                yield staging
            finally:
                staging.store.close()
                with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self._doors.facts() as clearing:
                    clear_schemas(self._doors, clearing)


class MysqlStaging(Staging):
    """The schema `…_restoring`."""

    def __init__(
        self, target: MysqlDoors, work_lock: ServerLock, connection: sa.Connection, store_behind: StoreBehind
    ) -> None:
        self._target, self._lock, self._connection = target, work_lock, connection
        name = target.settings.database.database
        self._before = name + BEFORE
        database = dataclasses.replace(target.settings.database, database=name + RESTORING)
        self._doors = MysqlDoors(dataclasses.replace(target.settings, database=database))
        self.store = store_behind(self._doors)
        self.is_in_place = False
        """Whether the server has answered that the restored tables are live, whatever is raised after it."""

    def takes(self, name: str) -> bool:
        return name in (DUMP, EMPTY)

    def take_in(self, name: str, source: BinaryIO) -> None:
        # Binary mode: nothing in the file is a command of the client.
        with tool("client", self._doors, ["--binary-mode", "--default-character-set=utf8mb4",
                                         self._doors.settings.database.database],
                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            # If the client gives up, what it says is more than that the pipe is broken.
            with contextlib.suppress(BrokenPipeError):
                shutil.copyfileobj(source, process.stdin, 2**20)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()

    def complete(self) -> None:
        missing = {schema.financials.name, schema.summary_generation.name, VERSION_TABLE} - set(our_tables(self._doors))
        if missing:
            raise Refused(f"{DUMP}: does not hold {', '.join(sorted(missing))}; nothing was changed")

    def renumber(self, above: int) -> None:
        with self._doors.facts() as connection:
            write_numbers(connection, renumbered(self.store.published.numbers(), above))

    def put_in_place(self) -> None:
        self.store.close()
        live, staged = our_tables(self._target), our_tables(self._doors)
        has_lock = schema.work_lock.name in live
        if has_lock:
            # It tells that we are at work; and a lock does not come back.
            for tables in (live, staged):
                tables.remove(schema.work_lock.name)
        lego, restoring = (doors.settings.database.database for doors in (self._target, self._doors))
        if live:
            _create_schema(self._connection, self._before, self._target)
        steps = [((lego, table), (self._before, table)) for table in live]
        steps += [((restoring, table), (lego, table)) for table in staged]
        passing("restore")
        (self._lock.keep if has_lock else self._lock.confirm)(self._connection)
        try:
            rename(self._connection, steps, done=self._note_in_place)
        except sa.exc.DBAPIError as error:
            raise SwapFailed(
                f"the restored tables could not be put in place ({error.orig}); nothing was changed"
            ) from None
        passing("restored")

    def _note_in_place(self) -> None:
        self.is_in_place = True
        passing("restoring")


def clear_schemas(doors: MysqlDoors, connection: sa.Connection) -> list[str]:
    """Drops the schemas that a killed restore left, while holding the lock; returns their names. One of that name that
    holds anything else is somebody else's, and stays."""
    gone = []
    for name in (doors.settings.database.database + suffix for suffix in (RESTORING, BEFORE)):
        if _is_there(connection, name) and not _strangers(connection, name):
            connection.exec_driver_sql(f"DROP DATABASE {connection.dialect.identifier_preparer.quote_identifier(name)}")
            gone.append(name)
    connection.commit()
    return gone


def our_tables(doors: MysqlDoors) -> list[str]:
    """The dashboard's tables that are in the store's schema."""
    with doors.facts() as connection:
        return [name for name in _tables_in(connection, doors.settings.database.database) if name in _OURS]


def _tables_in(connection: sa.Connection, name: str) -> list[str]:
    query = sa.text(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = :name ORDER BY table_name"
    )
    return list(connection.execute(query, {"name": name}).scalars())


def _create_schema(connection: sa.Connection, name: str, doors: MysqlDoors) -> None:
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    if _is_there(connection, name):
        raise SetupError(f"the schema {name} holds tables of others; a restore needs that name for itself")
    try:
        connection.exec_driver_sql(f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4")
        connection.commit()
    except (sa.exc.DBAPIError, LegoError):
        user, database = doors.settings.database.user, doors.settings.database.database
        raise SetupError(
            f"{user} may not create the schema {name}, where a restore is examined first; let an administrator run: "
            f"GRANT ALL ON `{database}{RESTORING}`.* TO {user}@'%'; GRANT ALL ON `{database}{BEFORE}`.* TO {user}@'%'"
        ) from None


def _is_there(connection: sa.Connection, name: str) -> bool:
    query = sa.text("SELECT 1 FROM information_schema.schemata WHERE schema_name = :name")
    return connection.execute(query, {"name": name}).first() is not None


def _strangers(connection: sa.Connection, name: str) -> list[str]:
    return [table for table in _tables_in(connection, name) if table not in _OURS]


@contextlib.contextmanager
def tool(kind: str, doors: MysqlDoors, arguments: Sequence[str], **streams) -> Iterator[subprocess.Popen]:
    """One of the server's own programs, at work until the block ends; raises LegoError with its words if it fails. The
    password stands in a file of our own, never among the arguments, which everybody can see."""
    program = next(filter(None, map(shutil.which, TOOLS[kind])), None)
    if program is None:
        raise SetupError(
            f"{TOOLS[kind][0]} is not installed on this machine; run: apt-get install mariadb-client"
        )
    with tempfile.TemporaryDirectory(prefix="lego-tool-") as folder, tempfile.TemporaryFile() as errors:
        options = Path(folder) / "options.cnf"
        options.touch(mode=0o600)
        options.write_text(_options(doors), encoding="utf-8")
        process = subprocess.Popen([program, f"--defaults-extra-file={options}", *arguments], stderr=errors, **streams)
        try:
            yield process
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code != 0:
            errors.seek(0)
            raise _failure(Path(program).name, errors.read().decode("utf-8", "replace"), doors)


def _refuse_row_limit(doors: MysqlDoors) -> None:
    """The dump program takes the server's global limit for its own, and would leave out rows without a word."""
    with doors.facts() as connection:
        limit = connection.exec_driver_sql("SELECT @@GLOBAL.sql_select_limit").scalar()
    if limit != UNLIMITED:
        raise SetupError(
            f"the server's sql_select_limit ({limit}) would cut off tables in the backup; run there: "
            f"SET GLOBAL sql_select_limit = {UNLIMITED}"
        )


def _options(doors: MysqlDoors) -> str:
    database = doors.settings.database
    values = {
        "host": database.host, "port": str(database.port), "user": database.user, "password": database.password,
        "protocol": "tcp",
    }
    lines = [f'{name}="{_escaped(value)}"' for name, value in values.items() if value]
    with doors.facts() as connection:
        encrypted = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Ssl_cipher'").one()[1]
    # As our own connections: encrypted where the server offers it, its certificate unchecked.
    lines += ["loose-ssl", "loose-ssl-verify-server-cert=0"] if encrypted else ["loose-skip-ssl"]
    return "\n".join(["[client]", *lines, ""])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _failure(program: str, words: str, doors: MysqlDoors) -> LegoError:
    line = next((found for found in words.splitlines() if found.strip()), "no reason given")[:300]
    match = _ERROR.search(line)
    number = int(match[1]) if match else 0
    database = doors.settings.database
    if number in NO_SPACE:
        return OutOfSpace(f"{program}: the server is out of space ({line}); free some and run it again")
    if number in UNREACHABLE:
        return DatabaseUnreachable(f"{database.user}@{database.host}:{database.port}: {program}: {line}")
    return Refused(f"{program}: {line}; nothing was changed")
