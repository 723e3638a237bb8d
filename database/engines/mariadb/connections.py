"""Connections to MariaDB: how they are made, how the server knows them, what its errors mean."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import select
import socket
import ssl
import time
import weakref
from collections.abc import Collection, Iterator

import pymysql
import sqlalchemy as sa

from domain.errors import DatabaseUnreachable, LegoError, OutOfSpace, SchemaError, SetupError
from settings import DatabaseSettings

STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
UNLIMITED = 2**64 - 1
SESSION = {
    "sql_mode": f"'{STRICT}'",
    "time_zone": "'+00:00'",
    # Rows are neither cut off nor refused for their number. `sql_big_selects` last: `max_join_size` takes it away.
    "sql_select_limit": UNLIMITED,
    "max_join_size": UNLIMITED,
    "sql_big_selects": 1,
    "sql_safe_updates": 0,
    # Texts are whole where they are joined or sorted, quotients have their digits, names that are shown their quotes.
    "group_concat_max_len": 2**20,
    "max_sort_length": 1024,
    "div_precision_increment": 4,
    "sql_quote_show_create": 1,
    # `IS NULL` means NULL, keys are checked, COMMIT is the end of a transaction and not of the connection.
    "sql_auto_is_null": 0,
    "unique_checks": 1,
    "foreign_key_checks": 1,
    "completion_type": "NO_CHAIN",
    # A value that LOAD DATA cuts is only noted, and a file is refused by that note.
    "sql_notes": 1,
    "max_error_count": 64,
    "default_storage_engine": "InnoDB",
}
"""What our statements rely on -> its value in every session, whatever the server's global one is. How long a session
waits for others depends on what it is for, and stands where it is opened."""
LONG_WORK = ", ".join(f"SESSION {name} = 0" for name in (
    "max_statement_time", "idle_transaction_timeout", "idle_write_transaction_timeout",
    "idle_readonly_transaction_timeout",
))
"""For sessions of commands: a statement may take hours, and one waits while others work."""
CONNECT_SECONDS = 10
RESTED_SECONDS = 1.0
"""A pooled connection that was given back this long ago is asked whether it still lives, before it is used: a network
may have lost it without a word."""

LOCKED = (1205, 1213)
"""Lock wait timeout and deadlock: worth another try."""
NO_SPACE = (1021, 1114, 3, 126)
UNREACHABLE = (
    1040, 1044, 1045, 1049, 1053, 1130, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1317, 1927, 2002, 2003, 2005, 2006,
    2013,
)
# A connection whose server died cannot be set back for whoever needs one next. The pool replaces it and writes a
# traceback of that; what it meant for the work at hand is told in our own words.
logging.getLogger("sqlalchemy.pool.impl.QueuePool").addFilter(
    lambda record: not record.getMessage().startswith("Exception during reset")
)
CLOSED = 0
"""PyMySQL's number for the use of a connection that it has found broken before."""
MISSING = (1054, 1146)
FORBIDDEN = (1142, 1143, 1227, 1290, 1370, 1419)
READ_ONLY = (1290, 1792, 1836)


class Connection(pymysql.connections.Connection):
    """PyMySQL's, which encrypts where the server offers it and checks no certificate. By itself it would read
    the machine's hundred certificates anew for each connection, which takes longer than all the rest."""

    def _write_bytes(self, data: bytes) -> None:
        # A server that goes away while a file is sent to it: PyMySQL closes the socket, and then writes on.
        if self._sock is None:
            raise pymysql.err.OperationalError(pymysql.constants.CR.CR_SERVER_GONE_ERROR, "the server has gone away")
        super()._write_bytes(data)

    def _force_close(self) -> None:
        is_encrypted = isinstance(self._sock, ssl.SSLSocket)
        super()._force_close()
        if is_encrypted:
            _forget_tls_errors()

    def _create_ssl_ctx(self, options: dict) -> ssl.SSLContext:
        return _encryption() if not options else super()._create_ssl_ctx(options)


def _forget_tls_errors() -> None:
    """Python 3.13 leaves the error of a broken TLS connection in OpenSSL's queue, which is one per thread: whatever is
    read next on another connection is then taken for broken, too. The beginning of a handshake empties it."""
    with contextlib.suppress(ssl.SSLError):
        _encryption().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()).do_handshake()


@functools.cache
def _encryption() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def mysql_engine(
    database: DatabaseSettings, *, read_timeout: int, isolation: str, init: str, local_infile: bool = False,
    connect_seconds: int | None = None, **pool,
) -> sa.Engine:
    """An engine whose every connection has what SESSION says, in `isolation`; `init` is run on each. Timeouts
    are in seconds; a connection is waited for CONNECT_SECONDS, if nothing else is said."""
    connect_seconds = connect_seconds or CONNECT_SECONDS
    url = sa.URL.create(
        "mysql+pymysql", username=database.user, password=database.password, host=database.host,
        port=database.port, database=database.database, query={"charset": "utf8mb4"},
    )
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # hashes of passwords and tokens do not belong into a log
        isolation_level=isolation,
        connect_args={
            "connect_timeout": connect_seconds, "read_timeout": connect_seconds, "write_timeout": read_timeout,
            "local_infile": local_infile,
            "init_command": "SET " + ", ".join(f"SESSION {name} = {value}" for name, value in SESSION.items()),
        },
        **pool,
    )

    @sa.event.listens_for(engine, "do_connect")
    def _connect(dialect, record, arguments, named) -> Connection:
        return Connection(*arguments, **named)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection, record) -> None:
        with connection.cursor() as cursor:
            cursor.execute(init)
        # `connect_timeout` ends when the socket is open: a server that is silent from then on must not
        # be waited for as long as a statement may take. PyMySQL reads this attribute before every read.
        connection._read_timeout = read_timeout

    def translate(context: sa.engine.ExceptionContext) -> LegoError | None:
        return _translate(context.original_exception, context.statement, database)

    sa.event.listen(engine, "handle_error", translate)
    return engine


def replace_lost_connections(engine: sa.Engine) -> None:
    """Lets the engine's pool find out which connections the server has ended. SQLAlchemy's own `pool_pre_ping` asks the
    server at every use, and a page uses four."""

    @sa.event.listens_for(engine, "checkin")
    def _note_rest(connection, record) -> None:
        record.info["given_back"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def _examine(connection, record, proxy) -> None:
        rested = time.monotonic() - record.info.get("given_back", time.monotonic())
        if _has_ended(connection) or (rested > RESTED_SECONDS and not _answers(connection)):
            # The pool then opens another one, and trusts none that is as old.
            raise sa.exc.InvalidatePoolError


def open_connections(engine: sa.Engine) -> weakref.WeakSet[pymysql.connections.Connection]:
    """The driver's connections of an engine, as they come and go."""
    found: weakref.WeakSet[pymysql.connections.Connection] = weakref.WeakSet()

    @sa.event.listens_for(engine, "connect")
    def _note(connection, record) -> None:
        found.add(connection)

    return found


def cut(connection: pymysql.connections.Connection) -> None:
    """Ends a connection from outside of the thread that waits for its answer, which gets an error then."""
    with contextlib.suppress(OSError, AttributeError):
        # The socket is None by now if that thread has closed it.
        connection._sock.shutdown(socket.SHUT_RDWR)


def _has_ended(connection: pymysql.connections.Connection) -> bool:
    """Whether the server has closed it: nothing was asked, so whatever there is to be read is the end."""
    if connection._sock is None:
        return True
    poll = select.poll()
    poll.register(connection._sock, select.POLLIN)
    return bool(poll.poll(0))


def _answers(connection: pymysql.connections.Connection) -> bool:
    try:
        connection.ping(reconnect=False)
    except (pymysql.err.Error, OSError):
        return False
    return True


@contextlib.contextmanager
def in_our_words(database: DatabaseSettings) -> Iterator[None]:
    """For blocks that change a connection's isolation: SQLAlchemy lets the driver's errors through there."""
    try:
        yield
    except pymysql.err.MySQLError as error:
        raise _translate(error, None, database) or error from None


def _translate(error: BaseException, statement: str | None, database: DatabaseSettings) -> LegoError | None:
    """What the server says, in the words of our own errors; None leaves it as it is (deadlocks and
    lock waits are for whoever retries). Passwords are never in it."""
    if not isinstance(error, pymysql.err.MySQLError) or len(error.args) < 2:
        return None
    number, words = error.args[0], str(error.args[1])
    where = f"{database.user}@{database.host}:{database.port}/{database.database}"
    if number == CLOSED:
        return DatabaseUnreachable(f"{where}: the connection was lost; run it again")
    if number in NO_SPACE:
        return OutOfSpace(f"{where}: the server is out of space ({number}: {words}); free some and run it again")
    # SQLAlchemy asks whether a table is there by describing it, and wants the server's own answer.
    if number in MISSING and not (statement or "").startswith("DESCRIBE"):
        return SchemaError(f"{where}: {words}; run: flask init-db")
    # 1290 is for any option that forbids a statement.
    if number in READ_ONLY and re.search(r"read[- _]only", words, re.IGNORECASE):
        return SetupError(
            f"{where}: the server is read-only, nothing can be written; point [database] host at the primary, or end "
            "read_only there"
        )
    if number in FORBIDDEN:
        return SetupError(f"{where}: {words}; see the GRANTs in README.md")
    if number in UNREACHABLE:
        return DatabaseUnreachable(f"{where}: {words} ({number}); check [database] in config.ini and the server")
    return None


def identity_of(connection: sa.Connection) -> str:
    """A connection as the server knows it: `41@10.0.0.7:53122`. Its number alone is given again after a
    restart, to somebody else."""
    number = connection.connection.driver_connection.thread_id()
    return next(found for found in _identities(connection) if number_of(found) == number)


def end_connections(connection: sa.Connection, identities: Collection[str]) -> int:
    """Kills those of the connections that are there, and returns how many were."""
    found = [identity for identity in _identities(connection) if identity in identities] if identities else []
    for identity in found:
        with contextlib.suppress(sa.exc.DBAPIError, LegoError):
            connection.exec_driver_sql(f"KILL {number_of(identity)}")
    return len(found)


def busy_connections(connection: sa.Connection) -> list[str]:
    """The identities of all connections that a statement is at work for, this one's included."""
    return _identities(connection, "WHERE command = 'Query'")


def _identities(connection: sa.Connection, condition: str = "") -> list[str]:
    rows = connection.exec_driver_sql(f"SELECT CONCAT(id, '@', host) FROM information_schema.processlist {condition}")
    return list(rows.scalars())


def number_of(identity: str | None) -> int:
    """The number to kill it by; 0 for none."""
    return int((identity or "0").partition("@")[0])


def error_number(error: sa.exc.DBAPIError) -> int | None:
    """The server's number of an error, or None."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_passing(error: Exception) -> bool:
    """Whether another try may go well: a deadlock, a lock that was waited for, a lost connection."""
    if isinstance(error, sa.exc.DBAPIError):
        return error_number(error) in LOCKED
    return isinstance(error, DatabaseUnreachable)
