"""A private MariaDB server for the tests: temporary folder, free port, stopped by its own process id."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from tests.ports import free_port

USER = "lego"
PASSWORD = "test %;'password"
SMALL = ("--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--max-connections=100")
"""Options of servers that stand beside others."""


@dataclass
class MariadbServer:
    """A running mariadbd. `port` and `folder` stay the same over `stop()` and `start()`."""

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen | None = None
    temporary: tempfile.TemporaryDirectory = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="lego-mariadb-tmp-", ignore_cleanup_errors=True)
    )
    """For temporary tables. A server that starts removes those of every other server from a folder that they share."""

    @classmethod
    def create(cls, *options: str, folder: Path | None = None) -> MariadbServer:
        """Makes an empty data folder, below `folder` if one is given, and starts a server on it."""
        folder = Path(tempfile.mkdtemp(prefix="lego-mariadb-", dir=folder or memory_folder()))
        server = cls(folder, free_port(), options)
        subprocess.run(
            [_program("mariadb-install-db"), "--no-defaults", f"--datadir={folder / 'data'}",
             f"--tmpdir={server.temporary.name}", "--auth-root-authentication-method=normal", "--skip-test-db",
             *_as_root()],
            check=True, capture_output=True, text=True,
        )
        server.start()
        with server.connect(user="root", password="", database=None) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE USER '{USER}'@'%%' IDENTIFIED BY %s", (PASSWORD,))
            cursor.execute(f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION")
        return server

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        self.process = subprocess.Popen(
            [_program("mariadbd"), "--no-defaults", f"--datadir={self.folder / 'data'}", f"--port={self.port}",
             f"--tmpdir={self.temporary.name}",
             "--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}",
             f"--log-error={self.folder / 'error.log'}", "--innodb-buffer-pool-size=256M",
             "--innodb-flush-log-at-trx-commit=2", "--max-connections=400", "--local-infile=1",
             "--performance-schema=OFF", *_as_root(), *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connect(user="root", password="", database=None).close()
                return
            except pymysql.err.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "error.log").read_text()[-3000:]) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Ends the server and waits for it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self) -> None:
        """Ends the server as a power cut would."""
        self.process.kill()
        self.process.wait(60)

    def freeze(self) -> None:
        """Stops the server where it is, connections and all, until `thaw()`: it accepts and never answers."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")
        while any(_state(task) not in ("T", "Z") for task in tasks.iterdir()):
            time.sleep(0.01)

    def thaw(self) -> None:
        """Lets a frozen server go on."""
        self.process.send_signal(signal.SIGCONT)

    def destroy(self) -> None:
        """Stops the server and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.temporary.cleanup()

    def connect(self, *, user: str = USER, password: str = PASSWORD, database: str | None = None, **options):
        """A bare PyMySQL connection, autocommitting."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, database=database, autocommit=True,
            # Encryption costs 27 ms of certificates here, and nothing leaves the machine.
            ssl_disabled=True, **options,
        )

    def run(self, statement: str, database: str | None = None) -> list[tuple]:
        """Runs one statement as a stranger with every right, and returns its rows."""
        with self.connect(database=database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def run_script(self, statements: str, database: str) -> None:
        """Runs statements that are parted by semicolons, in one go."""
        several = pymysql.constants.CLIENT.MULTI_STATEMENTS
        with self.connect(database=database, client_flag=several) as connection, connection.cursor() as cursor:
            cursor.execute(statements)
            while cursor.nextset():
                pass


def spider_options() -> tuple[str, ...]:
    """Options that make a server the head of a cluster; tests/run.sh puts the engine there."""
    folders = (Path("/usr/lib/mysql/plugin"), Path("/usr/lib64/mariadb/plugin"), Path(__file__).parents[1] / ".spider")
    folder = next(folder for folder in folders if (folder / "ha_spider.so").exists())
    return (f"--plugin-dir={folder}", "--plugin-load-add=ha_spider")


def _state(task: Path) -> str:
    return (task / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]


def memory_folder() -> str | None:
    """Memory-backed where there is room: the tests make and drop many tables."""
    shm = Path("/dev/shm")
    if shm.is_dir() and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 4 * 2**30:
        return str(shm)
    return None


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if not path:
        raise RuntimeError(f"{name} is not installed; tests/run.sh installs it: apt-get install mariadb-server")
    return path


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []
