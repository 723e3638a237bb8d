"""Rows of a SELECT on MariaDB -> a DuckDB table.

The server joins the columns of a row to one line of text. That is one short function there, and leaves nothing to be
converted here: the lines are cut out of the server's packets and go through a pipe to DuckDB, which takes them in while
others are under way. Neither side ever holds more than some megabytes, and no amount is a float anywhere.

What becomes of a column is said by the server, which tells its type and scale before the rows: a text stands in quotes,
so that it is never taken for something else, and an amount with more digits than the table has room for is refused.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pymysql
import sqlalchemy as sa
from pymysql.constants import CR, FIELD_TYPE
from sqlalchemy.dialects import mysql

from database.engines.mariadb.connections import LONG_WORK, Connection, cut, in_our_words, mysql_engine
from database.engines.mariadb.doors import COMMAND_IDLE_SECONDS, COMMAND_READ_SECONDS
from domain.errors import OutOfSpace, Refused, SetupError
from settings import DatabaseSettings

PATIENCE = 3600
"""Seconds that the server waits for us to take rows: DuckDB may have its file to write meanwhile. By itself it ends a
connection after one minute."""
CHUNK = 2**18
_NULL = r"\N"
"""Stands for NULL. A text that reads so is in quotes."""
_BROKEN = b'"\xff"\t"\xff"\n'
"""An end that is no row: DuckDB's statement fails, and of what came before nothing is in. A quote that is never closed
would pass."""
_FLOATS = {FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE}
_MOMENTS = {FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP}
_BARE = _FLOATS | _MOMENTS | {
    FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG,
    FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR, FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE, FIELD_TYPE.TIME, FIELD_TYPE.NULL,
}
"""Types whose values hold neither quotes, tabs nor line ends."""
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_DIALECT = mysql.dialect(paramstyle="named")
"""Statements go to the server as they are compiled: with this style, a % is not doubled."""

# Packets of rows: three bytes of length and one number, then the line with its own length before it.
_HEADER = 4
_LONGEST_SHORT, _TWO_BYTES, _THREE_BYTES = 250, 252, 253
_END, _ERROR = 254, 255


@dataclass(frozen=True)
class _Column:
    """A column of the query as the server tells of it, and the type that it has in the table."""

    name: str
    code: int
    scale: int
    nullable: bool
    kind: str

    @property
    def read_as(self) -> str:
        """The type that takes in whatever the server may send: what the table has no room for is seen only so."""
        if self.kind == "DATE" and self.code in _MOMENTS:
            return "TIMESTAMP"
        return f"DECIMAL(38, {self.scale})" if self.scale > self._room() else self.kind

    def _room(self) -> int:
        if self.kind.startswith("DECIMAL"):
            return int(self.kind.rpartition(",")[2].strip(" )"))
        # Of others than numbers the scale tells something else.
        return 0 if self.kind in _WHOLE else 255

    @property
    def taken_in(self) -> str:
        """The expression that the table gets."""
        name = _quoted(self.name)
        if self.read_as == self.kind:
            return name
        fitting = f"CAST({name} AS {self.kind})"
        return (
            f"CASE WHEN {fitting} <> {name} THEN CAST(error({_text(self.name)} || ' is ' || {name} || "
            f"', which {self.kind} has no room for') AS {self.kind}) ELSE {fitting} END AS {name}"
        )


def fetch(
    database: DatabaseSettings, query: sa.Select, into: duckdb.DuckDBPyConnection, table: str,
    engine: sa.Engine | None = None,
) -> int:
    """Appends the rows of `query` to `table`, each column to the one of its name, in the transaction that `into` has
    open; returns their number. It is one statement on a connection of its own, which `engine` makes if it is given, and
    so one moment of the server.

    Raises LegoError: DatabaseUnreachable if the rows did not all come, Refused for a value that the table has no room
    for, OutOfSpace. Then none of the rows is in the table."""
    with (engine or engine_for(database)).connect() as opened, in_our_words(database):
        server: Connection = opened.connection.driver_connection
        server.query(f"SET SESSION net_write_timeout = {PATIENCE}")
        columns = _columns(server, query, _kinds(into, table), database)
        server.query(_compiled(query.with_only_columns(_line(query, columns))), unbuffered=True)
        # From here on the rows are read by us.
        server._result.unbuffered_active = False
        with _Pipe(server) as pipe:
            try:
                inserted = into.execute(_insert(pipe.path, table, columns)).fetchone()[0]
            except duckdb.Error as error:
                # Rows that did not come are the reason, not what DuckDB says of those that did.
                raise pipe.failure() or _translated(error, database, table) from None
        if failure := pipe.failure():
            raise failure
    if inserted != pipe.rows:
        raise Refused(f"{_where(database)}: {pipe.rows} rows were sent, and DuckDB took in {inserted} of them")
    return inserted


@functools.lru_cache(maxsize=64)
def engine_for(database: DatabaseSettings) -> sa.Engine:
    """Where the connections come from: none is kept, and each has what all sessions of commands have."""
    return mysql_engine(
        database, read_timeout=COMMAND_READ_SECONDS, isolation="READ COMMITTED",
        init="SET SESSION lock_wait_timeout = 60, "
        f"SESSION wait_timeout = {COMMAND_IDLE_SECONDS}, {LONG_WORK}",
        poolclass=sa.pool.NullPool, pool_reset_on_return=None,
    )


class _Pipe:
    """The rows of the statement that `server` is at, one line each, at `path`. They are moved by a thread of their own
    until the block ends."""

    def __init__(self, server: Connection) -> None:
        self.rows = 0
        self._server = server
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._move, name="rows of MariaDB", daemon=True)

    def __enter__(self) -> _Pipe:
        self._out, self._in = os.pipe()
        self.path = f"/dev/fd/{self._out}"
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, *error: Any) -> None:
        # Nobody reads on: if the thread is still at work, it waits for the pipe or for the server.
        os.close(self._out)
        if kind is not None:
            cut(self._server)
        self._thread.join()

    def failure(self) -> Exception | None:
        """Why the rows did not all come, or None."""
        if self._thread.is_alive():
            # DuckDB has given up, and the thread will find out; or it has failed, and is about to end.
            self._thread.join(0.2)
        return self._failure

    def _move(self) -> None:
        try:
            self._move_all()
            counted = self._counted()
            if counted != self.rows:
                raise pymysql.err.OperationalError(
                    CR.CR_SERVER_LOST, f"the server sent {counted} rows, and {self.rows} of them came"
                )
        except BrokenPipeError:
            pass
        except Exception as error:
            self._failure = error
            with contextlib.suppress(BrokenPipeError):
                os.write(self._in, _BROKEN)
        finally:
            os.close(self._in)

    def _move_all(self) -> None:
        rest = b""
        while not _is_ending(rest):
            data = rest + self._more()
            lines, end = _lines(data)
            rest = data[end:]
            if lines:
                self.rows += len(lines)
                lines.append(b"")
                self._write(b"\n".join(lines))
        length = int.from_bytes(rest[:3], "little")
        while len(rest) < _HEADER + length:
            rest += self._more()
        if rest[_HEADER] == _ERROR:
            pymysql.err.raise_mysql_exception(rest[_HEADER:])
        if rest[_HEADER] != _END or length > 8:
            raise Refused("a row is too long to be fetched, or none")

    def _more(self) -> bytes:
        try:
            found = self._server._rfile.read1(CHUNK)
        except OSError as error:
            raise pymysql.err.OperationalError(CR.CR_SERVER_LOST, f"the connection was lost ({error})") from None
        if not found:
            raise pymysql.err.OperationalError(CR.CR_SERVER_LOST, "the connection was lost while rows came")
        return found

    def _write(self, lines: bytes) -> None:
        left = memoryview(lines)
        while left:
            left = left[os.write(self._in, left):]

    def _counted(self) -> int:
        with self._server.cursor() as cursor:
            cursor.execute("SELECT FOUND_ROWS()")
            return cursor.fetchone()[0]


def _lines(data: bytes) -> tuple[list[bytes], int]:
    """The lines of the whole packets that `data` begins with, and where they end. It is the one loop that is run for
    each row."""
    lines: list[bytes] = []
    add, place, size = lines.append, 0, len(data)
    while place + _HEADER < size:
        length, start = data[place + _HEADER], place + _HEADER + 1
        if length > _LONGEST_SHORT:
            if length not in (_TWO_BYTES, _THREE_BYTES):
                break
            start += length - _LONGEST_SHORT
            length = int.from_bytes(data[place + _HEADER + 1:start], "little")
        end = start + length
        if end > size:
            break
        add(data[start:end])
        place = end
    return lines, place


def _is_ending(rest: bytes) -> bool:
    """Whether no line comes next: the end of all, an error, or something that is not ours."""
    return len(rest) > _HEADER and rest[_HEADER] > _LONGEST_SHORT and rest[_HEADER] not in (_TWO_BYTES, _THREE_BYTES)


def _kinds(into: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The table's columns -> their types."""
    return {row[0]: row[1] for row in into.execute(f"DESCRIBE {_quoted(table)}").fetchall()}


def _columns(
    server: Connection, query: sa.Select, kinds: dict[str, str], database: DatabaseSettings
) -> Sequence[_Column]:
    with server.cursor() as cursor:
        cursor.execute(_compiled(query.limit(0)))
        described = cursor.description
    found = []
    for name, (_, code, _, _, _, scale, nullable) in zip(query.selected_columns.keys(), described, strict=True):
        kind = kinds[name]
        if code in _FLOATS and (kind.startswith("DECIMAL") or kind in _WHOLE):
            raise SetupError(
                f"{_where(database)}: {name} is a FLOAT or DOUBLE, which holds no amount exactly; make it a DECIMAL"
            )
        found.append(_Column(name, code, scale, bool(nullable), kind))
    return found


def _line(query: sa.Select, columns: Sequence[_Column]) -> sa.ColumnElement[str]:
    """A row as one text."""
    parts: list[sa.ColumnElement] = []
    for column, value in zip(columns, query.selected_columns, strict=True):
        value = value.element if isinstance(value, sa.Label) else value
        if column.code not in _BARE:
            value = sa.func.concat('"', sa.func.replace(value, '"', '""'), '"')
        if column.nullable:
            value = sa.func.ifnull(value, _NULL)
        parts += [value, sa.literal("\t")]
    return sa.func.concat(*parts[:-1])


def _compiled(query: sa.Select) -> str:
    return str(query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def _insert(path: str, table: str, columns: Sequence[_Column]) -> str:
    types = ", ".join(f"{_text(column.name)}: {_text(column.read_as)}" for column in columns)
    return (
        f"INSERT INTO {_quoted(table)} BY NAME SELECT {', '.join(column.taken_in for column in columns)} "
        # Nothing is left to be guessed.
        f"FROM read_csv({_text(path)}, auto_detect = false, header = false, delim = '\t', quote = '\"', escape = '\"', "
        f"nullstr = {_text(_NULL)}, allow_quoted_nulls = false, new_line = '\\n', parallel = false, "
        f"columns = {{{types}}})"
    )


def _translated(error: duckdb.Error, database: DatabaseSettings, table: str) -> Exception:
    words = str(error)
    lines = [line for line in words.splitlines() if line.strip()]
    if "No space left on device" in words or "Could not write all" in words or "not enough space" in words.lower():
        return OutOfSpace(f"the disk is full: {lines[0]}; free some space and run it again")
    if isinstance(error, duckdb.ConversionException | duckdb.InvalidInputException):
        reason = next((line for line in lines if line.startswith("Error when")), lines[0])
        return Refused(f"{_where(database)}: a row does not fit into {table}: {reason[:200]}")
    return error


def _where(database: DatabaseSettings) -> str:
    return f"{database.user}@{database.host}:{database.port}/{database.database}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
