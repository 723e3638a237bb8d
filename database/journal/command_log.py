"""One line per command in `commands.log` of the instance folder: what was run, by whom, how it ended, how long it took.

Options are named without their values, and nothing that was typed is: no secret can be among it. What a command says
on its own output stays as it is, for cron mails that.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from domain.log_lines import formatter
from settings import Settings

FILE = "commands.log"


@dataclass(frozen=True)
class CommandLine:
    """How a command went. `generation` is the one that it made live, if any; `message` why it failed."""

    event: str
    command: str
    options: tuple[str, ...]
    user: str
    exit_code: int
    milliseconds: int
    generation: int | None
    message: str

    def words(self) -> str:
        """As text: user, command, options, exit code, milliseconds, generation, and why it failed."""
        parts = [self.user, self.command, *self.options, str(self.exit_code), f"{self.milliseconds} ms",
                 f"generation {self.generation}" if self.generation else "", self.message]
        return " ".join(filter(None, parts))


def command_line(
    command: str, arguments: Iterable[str], *, exit_code: int, milliseconds: float, generation: int | None = None,
    message: str = "",
) -> CommandLine:
    """The line of a command that was called with `arguments`, by the user whose process this is."""
    options = tuple(word.partition("=")[0] for word in arguments if word.startswith("--") and word != "--")
    first = " ".join(message.split("\n", 1)[0].split())
    return CommandLine("command", command, options, process_user(), exit_code, round(milliseconds), generation, first)


def process_user() -> str:
    """Who runs this process, as the operating system knows them, whatever the environment claims."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def write(settings: Settings, line: CommandLine, *, request_id: str = "") -> None:
    """Adds the line to the log, if `[log] level` wants it. What cannot be written is not: a full disk or a folder that
    is not there must not make a command fail."""
    is_bad = line.exit_code != 0
    if settings.log.level == "warning" and not is_bad:
        return
    level = logging.WARNING if is_bad else logging.INFO
    record = logging.LogRecord("lego.command", level, "", 0, line.words(), None, None)
    record.request_id, record.fields = request_id, asdict(line)
    text = formatter(settings.log.format).format(record)
    with contextlib.suppress(OSError):
        _append(settings.database.path / FILE, text)


def _append(path: Path, text: str) -> None:
    """In one write, so that lines of commands that end at once do not mix."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, f"{text}\n".encode(errors="replace"))
    finally:
        os.close(handle)
