"""What deploy_lego.sh asks of Python: settings, what a first run lacks, a free port, a ready app.

Run from the repository's root with the environment's interpreter: `python -m ops.deployment QUESTION …`.
The answer is one line on stdout; a refusal is one line on stderr and the contract's exit code.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import gunicorn
import sqlalchemy as sa

from database import schema
from database.engines import open_store
from domain.errors import LegoError, SetupError
from settings import Settings, load_settings

READY_WITHIN = 60
"""Seconds that an app may take from its start to its first `ready`."""


def main(arguments: list[str] | None = None) -> int:
    """Answers one question and returns the exit code."""
    parser = argparse.ArgumentParser(prog="ops.deployment")
    questions = parser.add_subparsers(required=True)
    for name, answer, *operands in (
        ("settings", describe_settings),
        ("missing", describe_missing),
        ("free-port", check_port),
        ("restart-reason", describe_restart_reason, "pid"),
        ("wait", wait_until_ready, "pid"),
        ("reload", reload_workers, "pid"),
        ("ready", describe_readiness),
    ):
        question = questions.add_parser(name)
        question.set_defaults(answer=answer)
        for operand in operands:
            question.add_argument(operand, type=int)
    options = vars(parser.parse_args(arguments))
    answer = options.pop("answer")
    try:
        print(answer(load_settings(), **options))
    except LegoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def describe_settings(settings: Settings) -> str:
    """Engine, instance folder and address, a line each, below a line that names them."""
    origin = settings.source.name if settings.source else "defaults"
    parts = (settings.database.engine, str(settings.database.path), address(settings))
    return "\n".join((f"{origin}: {parts[0]} engine, {parts[1]}", *parts))


def describe_missing(settings: Settings) -> str:
    """What there is not yet, in words, and below them `facts` and `users` as far as they are missing."""
    store = open_store(settings)
    try:
        with store.facts() as connection:
            facts = connection.execute(sa.select(schema.financials.c.id).limit(1)).first()
        with store.application_reading.connect() as connection:
            users = connection.execute(sa.select(schema.app_user.c.id).limit(1)).first()
    finally:
        store.close()
    missing = [word for word, row in (("facts", facts), ("users", users)) if row is None]
    return (", ".join(f"no {word} yet" for word in missing) or "facts and users are there") + "\n" + " ".join(missing)


def check_port(settings: Settings) -> str:
    """Says that the app's address can be had. Raises SetupError if another program has it."""
    family = socket.AF_INET6 if ":" in settings.web.host else socket.AF_INET
    with socket.socket(family) as probe:
        # As gunicorn does: connections of the app before, still closing, do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web.host, settings.web.port))
        except OSError as error:
            raise SetupError(
                f"port {settings.web.port} on {settings.web.host} cannot be had ({error.strerror.lower()}): "
                "stop the program that has it, or give another port in config.ini, [web] port"
            ) from None
    return f"{address(settings)} is free"


def describe_restart_reason(settings: Settings, pid: int) -> str:
    """Why the running app cannot take over the new state by a reload; nothing if it can."""
    if Path(f"/proc/{pid}/exe").resolve() != Path(sys.executable).resolve():
        return "another Python"
    if _own_variables(pid) != _own_variables(os.getpid()):
        return "other LEGO_ variables"
    started = _started_file(settings)
    if started.is_file() and started.read_text(encoding="utf-8").split()[-1] != gunicorn.__version__:
        return "another gunicorn"
    return ""


def wait_until_ready(settings: Settings, pid: int) -> str:
    """Waits for /readyz of the app whose master is `pid`. Raises SetupError if it died or took too long."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        answer = _ask(settings, "/readyz")
        if not _is_alive(pid):
            raise SetupError("the app stopped while it was starting; its log follows")
        if answer == "ok":
            _started_file(settings).write_text(f"{address(settings)} {gunicorn.__version__}\n", encoding="utf-8")
            return f"ready at {address(settings)}"
        if time.monotonic() > deadline:
            raise SetupError(f"no readiness within {READY_WITHIN} s, /readyz says: {answer}")
        time.sleep(0.1)


def reload_workers(settings: Settings, pid: int) -> str:
    """Has the master at `pid` start new workers and end the old ones after their last answer."""
    started = _started_file(settings)
    if started.is_file() and started.read_text(encoding="utf-8").split()[0] != address(settings):
        check_port(settings)
    before = _children(pid)
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + READY_WITHIN
    while _is_alive(pid) and (before & _children(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return wait_until_ready(settings, pid) + ", reloaded"


def describe_readiness(settings: Settings) -> str:
    """What /readyz says. Raises SetupError if it is not well."""
    answer = _ask(settings, "/readyz")
    if answer != "ok":
        raise SetupError(f"{address(settings)}/readyz says: {answer}")
    return f"{address(settings)} is ready"


def address(settings: Settings) -> str:
    """Where a browser on this machine finds the app."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.web.host, settings.web.host)
    return f"http://[{host}]:{settings.web.port}" if ":" in host else f"http://{host}:{settings.web.port}"


def _ask(settings: Settings, path: str) -> str:
    request = urllib.request.Request(address(settings) + path)
    if settings.web.allowed_hosts:
        request.add_header("Host", settings.web.allowed_hosts[0])
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10) as answer:
            return "ok" if answer.status == 200 else f"{answer.status}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read(200).decode(errors='replace').strip()}"
    except (urllib.error.URLError, OSError) as error:
        return str(getattr(error, "reason", error))


def _started_file(settings: Settings) -> Path:
    return settings.database.path / "gunicorn.started"


def _own_variables(pid: int) -> list[bytes]:
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    return sorted(entry for entry in environment.split(b"\0") if entry.startswith(b"LEGO_"))


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _children(pid: int) -> set[int]:
    children = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                children.add(int(stat.parent.name))
    return children


if __name__ == "__main__":
    sys.exit(main())
