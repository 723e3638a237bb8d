"""Commands that pages begin, started quickly: forked from a server that has imported them all.

What the app starts as its interpreter is then a small program (`LAUNCHER`). It hands its words, folder, variables,
limits and files to the server, whose fork runs `python -m flask …` with them, and ends as that does. A signal is passed
on; if either of the two dies, so does the other. What memory a command takes shows in the fork alone.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import importlib
import marshal
import os
import pkgutil
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)
ENGINES = ("database.engines.embedded.store", "database.engines.mariadb.store", "sqlalchemy.dialects.sqlite")
LONGEST = 1 << 17
PR_SET_PDEATHSIG = 1

LAUNCHER = """#!{base} -ISE
import os, sys
if sys.argv[1:3] != ["-m", "flask"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
import _signal, _socket, marshal, resource
umask = os.umask(0o077)
os.umask(umask)
limits = [resource.getrlimit(what) for what in {limits!r}]
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
server.connect({address!r})
order = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ), umask, limits))
files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
server.sendmsg([order], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
command = server.recv(100)
for number in (_signal.SIGTERM, _signal.SIGINT):
    _signal.signal(number, lambda number, frame: os.kill(int(command), number))
code = server.recv(100)
if not code:
    os.kill(os.getpid(), _signal.SIGKILL)
os._exit(int(code))
"""


class QuickPython:
    """Stands in for `sys` where the app asks for its interpreter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen | None = None

    @property
    def executable(self) -> str:
        """The launcher's path."""
        address = self._folder / "socket"
        while not address.exists():
            assert self._server.poll() is None, "the server of commands did not start"
            time.sleep(0.01)
        return str(self._folder / "python")

    def start(self) -> None:
        """Starts the server if there is none: by the thread that stays, for it ends with the thread that started it."""
        assert threading.current_thread() is threading.main_thread()
        launcher, address = self._folder / "python", self._folder / "socket"
        if self._server is not None and self._server.poll() is not None:
            self._server = None
            address.unlink(missing_ok=True)
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-X", "utf8", "-m", "tests.quick_commands", str(address)],
                cwd=ROOT, stdin=subprocess.DEVNULL,
            )
            base = os.path.realpath(sys._base_executable)
            launcher.write_text(LAUNCHER.format(
                base=base, python=sys.executable, limits=LIMITS, address=str(address)
            ), encoding="utf-8")
            launcher.chmod(0o700)

    def close(self) -> None:
        """Ends the server."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()


def serve(address: str) -> None:
    """Imports what commands are made of, and forks one for each launcher that asks."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    import commands
    import flask_app  # noqa: F401 - imported for the forks

    for module in ENGINES:
        importlib.import_module(module)
    for module in pkgutil.iter_modules(commands.__path__):
        importlib.import_module(f"commands.{module.name}")
    gc.collect()
    gc.freeze()
    # Forks of a process with threads may hang.
    assert len(list(Path("/proc/self/task").iterdir())) == 1
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        # It is there for others once it can be connected to.
        listener.bind(f"{address}.new")
        listener.listen(16)
        Path(f"{address}.new").rename(address)
        while True:
            caller, _ = listener.accept()
            with caller:
                try:
                    order, files, _, _ = socket.recv_fds(caller, LONGEST, 3)
                except OSError:
                    # A launcher that was killed meanwhile.
                    continue
                if order and os.fork() == 0:
                    listener.close()
                    _become(caller, files, *marshal.loads(order))
                for file in files:
                    os.close(file)


def _become(
    caller: socket.socket, files: list[int], words: list[str], folder: str, environment: dict[str, str], umask: int,
    limits: list[tuple[int, int]],
) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    caller.send(str(os.getpid()).encode())
    # Its caller says nothing more: what comes is the end of it, and SIGIO ends this process.
    fcntl.fcntl(caller, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(caller, fcntl.F_SETFL, fcntl.fcntl(caller, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([caller], [], [], 0)[0]:
        os._exit(1)
    for what, limit in zip(LIMITS, limits, strict=True):
        resource.setrlimit(what, limit)
    os.environ.clear()
    os.environ.update(environment)
    os.umask(umask)
    os.chdir(folder)
    time.tzset()
    sys.argv = words[1:]
    caller.send(str(_run(words[1])).encode())
    os._exit(0)


def _run(module: str) -> int:
    """What `python -m <module>` does, to its exit code."""
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        code = ending.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    # Whatever is open is closed, as at the end of an interpreter.
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    serve(sys.argv[1])
