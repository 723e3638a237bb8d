"""What deploy_lego.sh asks of Python: settings, what a first run lacks, a free port, a ready app.

Run from the repository's root with the environment's interpreter: `python -m ops.deployment QUESTION …`.
The answer is one line on stdout; a refusal is one line on stderr and the contract's exit code.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gunicorn

from domain.errors import LegoError, SetupError
from machine.ownership import name_of
from machine.processes import children_of, is_running, owner_of, program_of, variables_of
from ops import releases
from settings import HOME, Settings, load_settings

READY = "ready"
READY_WITHIN = 60
"""Seconds that an app may take from its start to its first `ready`."""


def main(arguments: list[str] | None = None) -> int:
    """Answers one question and returns the exit code."""
    # What the trial and the start leave in the instance folder is its owner's alone.
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="ops.deployment")
    questions = parser.add_subparsers(required=True)
    for name, answer, *operands in (
        ("settings", describe_settings),
        ("release", describe_release),
        ("switch", lambda settings: releases.serve_this()),
        ("clear", clear_releases),
        ("missing", describe_missing),
        ("free-port", check_port),
        ("trial", try_app),
        ("restart-reason", describe_restart_reason, "pid"),
        ("wait", wait_until_ready, "pid"),
        ("reload", reload_workers, "pid"),
        ("ready", describe_readiness),
        ("served-as", describe_who_serves, "pid"),
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
    """Engine, instance folder and address, a line each, below a line that names them; warnings on stderr."""
    for warning in settings.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    origin = settings.source.name if settings.source else "defaults"
    parts = (settings.database.engine, str(settings.database.path), address(settings))
    return "\n".join((f"{origin}: {parts[0]} engine, {parts[1]}", *parts))


def describe_release(settings: Settings) -> str:
    """Copies the code to be served; a line of words, and the folder."""
    release = releases.make_release()
    return f"served from {release.relative_to(HOME)}\n{release}"


def clear_releases(settings: Settings) -> str:
    """Removes copies that nobody serves from any more."""
    releases.remove_old()
    return "old copies are removed"


def describe_missing(settings: Settings) -> str:
    """What there is not yet, in words, and below them `facts` and `users` as far as they are missing."""
    # Only here, because they take half a second to load.
    import sqlalchemy as sa

    from database import schema
    from database.store import open_store

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
    if program_of(pid) != Path(sys.executable).resolve():
        return "another Python"
    if _own_variables(pid) != _own_variables(os.getpid()):
        return "other LEGO_ variables"
    started = _started_file(settings)
    if started.is_file() and started.read_text(encoding="utf-8").split()[-1] != gunicorn.__version__:
        return "another gunicorn"
    return ""


def try_app(settings: Settings) -> str:
    """Starts the app aside, with one worker on a socket of its own, until it is ready, and ends it.

    What would stop the served app from starting shows here, while the one that runs goes on. Raises
    SetupError; gunicorn tells why on stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "socket"
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--workers", "1",
             "--bind", f"unix:{place}", "--pid", f"{folder}/pid"],
            stdin=subprocess.DEVNULL, stdout=sys.stderr,
        )
        try:
            _await_ready(settings, lambda: process.poll() is None, place)
        finally:
            process.terminate()
            process.wait()
    return "the app starts and is ready"


def wait_until_ready(settings: Settings, pid: int) -> str:
    """Waits for /readyz of the app whose master is `pid`. Raises SetupError if it died or took too long."""
    _await_ready(settings, lambda: is_running(pid))
    _started_file(settings).write_text(f"{address(settings)} {gunicorn.__version__}\n", encoding="utf-8")
    return f"ready at {address(settings)}"


def reload_workers(settings: Settings, pid: int) -> str:
    """Has the master at `pid` start new workers and end the old ones after their last answer."""
    started = _started_file(settings)
    if started.is_file() and started.read_text(encoding="utf-8").split()[0] != address(settings):
        check_port(settings)
    before = children_of(pid)
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + READY_WITHIN
    while is_running(pid) and (before & children_of(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return wait_until_ready(settings, pid) + ", reloaded"


def describe_readiness(settings: Settings) -> str:
    """What /readyz says. Raises SetupError if it is not well."""
    answer = _ask_readiness(settings)
    if answer != READY:
        raise SetupError(f"{address(settings)}/readyz says: {answer}")
    return f"{address(settings)} is ready"


def describe_who_serves(settings: Settings, pid: int) -> str:
    """As whom the app whose master is `pid` serves: the system's user and its settings; below, the database's user."""
    variables = (entry.decode(errors="replace").partition("=") for entry in _own_variables(pid))
    served = load_settings(environment={name: text for name, _, text in variables})
    user = name_of(owner_of(pid))
    return (
        f"It serves as {user}, with {served.source or 'no file of settings'}\n"
        f"{served.database.user}@{served.database.host}"
    )


def address(settings: Settings) -> str:
    """Where a browser on this machine finds the app."""
    host = _reachable_host(settings)
    return f"http://[{host}]:{settings.web.port}" if ":" in host else f"http://{host}:{settings.web.port}"


def _await_ready(settings: Settings, is_alive: Callable[[], bool], place: Path | None = None) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while (answer := _ask_readiness(settings, place)) != READY:
        if not is_alive():
            raise SetupError("the app stopped while it was starting; its log says why")
        if time.monotonic() > deadline:
            raise SetupError(f"the app is not ready after {READY_WITHIN} s, /readyz says: {answer}")
        time.sleep(0.1)


def _ask_readiness(settings: Settings, place: Path | None = None) -> str:
    """The words of /readyz, or why there are none; asked at the app's address or on the socket at `place`."""
    connection = http.client.HTTPConnection(_reachable_host(settings), settings.web.port, timeout=10)
    try:
        if place is not None:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(10)
            connection.sock.connect(str(place))
        hosts = settings.web.allowed_hosts
        connection.request("GET", "/readyz", headers={"Host": hosts[0]} if hosts else {})
        answer = connection.getresponse()
        words = answer.read(200).decode(errors="replace").strip()
        return READY if answer.status == 200 else f"{answer.status} {words}"
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    finally:
        connection.close()


def _reachable_host(settings: Settings) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.web.host, settings.web.host)


def _started_file(settings: Settings) -> Path:
    return settings.database.path / "gunicorn.started"


def _own_variables(pid: int) -> list[bytes]:
    return sorted(entry for entry in variables_of(pid) if entry.startswith(b"LEGO_"))


if __name__ == "__main__":
    sys.exit(main())
