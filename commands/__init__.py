"""The command line: one file per command, each a few lines around a plain function.

A module here holds one `command`, made with `@lego_command("name")`. Its function gets click's
parameters; `current_store()` is the store of the app. Errors of our own family become one line on
stderr and their exit code here, and nowhere else.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from database.engines.ports import Store
from database.journal import command_log
from database.journal.audit import record_done
from domain.errors import LegoError
from machine.garbage import none_expected

EXTENSION = "lego_store"
_ARGUMENTS, _GENERATION, _SETTINGS = "lego.arguments", "lego.generation", "lego.settings"


class Terminated(BaseException):
    """SIGTERM came: unwind like Ctrl-C, so that every `finally` runs."""


class LegoCommand(click.Command):
    """A command that ends in one line and the contract's exit code whatever happens to it, and in a line of the log of
    commands."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        context.meta[_ARGUMENTS] = tuple(args)
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        began, ending = time.perf_counter(), _Ending()
        try:
            with ending:
                return self._run(context, ending)
        finally:
            self._write_line(context, ending, time.perf_counter() - began)

    def _write_line(self, context: click.Context, ending: _Ending, seconds: float) -> None:
        settings = context.meta.get(_SETTINGS)
        if settings is None:
            return
        command_log.write(
            settings,
            command_log.command_line(
                context.command.name, context.meta.get(_ARGUMENTS, ()), exit_code=ending.exit_code,
                milliseconds=seconds * 1000, generation=context.meta.get(_GENERATION), message=ending.message,
            ),
            request_id=_given_request_id(),
        )

    def _run(self, context: click.Context, ending: _Ending) -> Any:
        previous = signal.signal(signal.SIGTERM, _raise_terminated)
        # What a command makes in the instance folder is its owner's alone: DuckDB and SQLite do not see to it.
        os.umask(0o077)
        try:
            return super().invoke(context)
        except LegoError as error:
            click.echo(f"{context.command.name}: {error}", err=True)
            for fault in getattr(error, "faults", ()):
                click.echo(f"  {fault}", err=True)
            ending.message = str(error)
            context.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo(f"{context.command.name}: interrupted; nothing was left half done", err=True)
            context.exit(130)
        except Terminated:
            click.echo(f"{context.command.name}: terminated; nothing was left half done", err=True)
            context.exit(143)
        finally:
            signal.signal(signal.SIGTERM, previous)


class _Ending:
    """How a command ends, by what leaves its block: an exit code, and why it failed."""

    def __init__(self) -> None:
        self.exit_code = 0
        self.message = ""

    def __enter__(self) -> _Ending:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        self.exit_code = getattr(error, "exit_code", 1)
        if not isinstance(error, click.exceptions.Exit):
            self.message = error.format_message() if isinstance(error, click.ClickException) else kind.__name__


def lego_command(name: str, **options: Any) -> Callable[[Callable], click.Command]:
    """Decorates a function as `flask <name>`, run with the app's context. What the settings warn of
    is said first, on stderr."""

    def decorate(function: Callable) -> click.Command:
        @functools.wraps(function)
        def warn_and_run(*arguments: Any, **named: Any) -> Any:
            click.get_current_context().meta[_SETTINGS] = current_store().settings
            for warning in current_store().settings.warnings:
                click.echo(f"warning: {warning}", err=True)
            return function(*arguments, **named)

        return click.command(name, cls=LegoCommand, **options)(with_appcontext(warn_and_run))

    return decorate


def current_store() -> Store:
    """The store of the running app."""
    return current_app.extensions[EXTENSION]


def note_generation(number: int | None) -> None:
    """For the line in the log: the generation that the command made live, or found so."""
    click.get_current_context().meta[_GENERATION] = number


def who_runs_this() -> str:
    """Whom the audit trail names for what the command line does."""
    return f"{command_log.process_user()} (command line)"


def tell_trail(action: str, detail: str, *, asked_by: str | None = None) -> None:
    """Writes what a command did to the figures into the audit trail: by whoever runs it, and for whom, if a page did.
    If that cannot be written, a warning says so; what was done stays done."""
    detail += f", for {asked_by}" if asked_by else ""
    trouble = record_done(current_store(), action, user_name=who_runs_this(), detail=detail)
    if trouble:
        click.echo(f"warning: {trouble}", err=True)


def register(app: Flask) -> None:
    """Adds every command of this folder to `flask`."""
    app.cli = CommandFolder(app.name)


def is_called() -> bool:
    """Whether this process is `flask` with one of our commands, by the words it was called with."""
    return Path(sys.argv[0]).name in ("flask", "__main__.py") and sys.argv[1:2] != [] and sys.argv[1] in _modules()


class CommandFolder(AppGroup):
    """The commands of this folder. Only the one that is called is imported: reading them all would take as long
    as a refresh that finds nothing to do."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(_modules())

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        module = _modules().get(name)
        with none_expected():
            return importlib.import_module(f"{__name__}.{module}").command if module else None


@functools.cache
def _modules() -> dict[str, str]:
    """Command -> its module, which is named like it; `import` cannot be the name of one."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {"import" if name == "import_files" else name.replace("_", "-"): name for name in names}


def _raise_terminated(number: int, frame: Any) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Terminated


def _given_request_id() -> str:
    """The id of the request that began this command; nothing that could break the line."""
    given = os.environ.get("LEGO_REQUEST_ID", "")
    return given if re.fullmatch(r"[0-9a-f]{16}", given) else ""


def is_terminal() -> bool:
    """Whether progress may be drawn over itself."""
    return sys.stderr.isatty()
