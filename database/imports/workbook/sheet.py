"""A workbook -> the sheet of it that is read, as a CSV file in a temporary folder.

The workbook is read by a process of its own, within limits of memory and time (`child`): whatever a file does to it,
the importer goes on and says so in one line.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from database.imports.workbook.cell_texts import column_name
from database.imports.workbook.limits import CPU_SECONDS, MEMORY, SECONDS
from domain.errors import OutOfSpace, Refused

_ROOT = Path(__file__).resolve().parents[3]
_LISTED = 10


@dataclass(frozen=True)
class Sheet:
    """A sheet that was read. `path` is its CSV file (commas, UTF-8, line n is row n), `notes` are for the report,
    `percent_columns` count from 0. Cells whose formulas have no value, and errors, are named as far as listed."""

    path: Path
    name: str
    rows: int
    notes: tuple[str, ...] = ()
    percent_columns: tuple[int, ...] = ()
    without_value: tuple[str, ...] = ()
    without_value_count: int = 0
    errors: tuple[str, ...] = ()
    error_count: int = 0

    def cell(self, line: int, column: int | None = None) -> str:
        """How a person finds a place: row `line`, and column counted from 0."""
        place = f"row {line}" if column is None else f"{column_name(column)}{line}"
        return f"sheet {self.name!r}, {place}"


@contextlib.contextmanager
def open_sheet(
    path: Path, name: str, *, sheet: str | None, is_known: Callable[[Path], bool]
) -> Iterator[Sheet]:
    """The sheet that is named `sheet`, or the first one shown whose first rows `is_known` takes for a format's, or
    else the first that holds anything. Raises Refused, with the file's name, for what is no readable workbook."""
    with tempfile.TemporaryDirectory(prefix="lego-workbook-") as folder:
        yield _read(path, name, Path(folder), sheet, is_known)


def _read(path: Path, name: str, folder: Path, sheet: str | None, is_known: Callable[[Path], bool]) -> Sheet:
    told = _run(path, name, folder)
    sheets = told["sheets"]
    number = _named(sheets, sheet, name) if sheet is not None else _first_known(told, folder, name, is_known)
    if not (told["is_whole"] and str(number) in told["read"]):
        told = _run(path, name, folder, number)
    found = told["read"][str(number)]
    if not found["rows"]:
        raise Refused(f"{name}: sheet {sheets[number][0]!r}: is empty")
    return Sheet(
        folder / f"{number}.csv", sheets[number][0], found["rows"],
        notes=(f"sheet {sheets[number][0]!r} was read", *_not_read(sheets, number), *found["notes"]),
        percent_columns=tuple(found["percent_columns"]),
        without_value=tuple(found["without_value"]), without_value_count=found["without_value_count"],
        errors=tuple(found["errors"]), error_count=found["error_count"],
    )


def _named(sheets: list, wanted: str, name: str) -> int:
    for alike in (str, str.casefold, lambda text: " ".join(text.split()).casefold()):
        found = [number for number, row in enumerate(sheets) if row[1] and alike(row[0]) == alike(wanted)]
        if len(found) == 1:
            return found[0]
    raise Refused(f"{name}: has no sheet {wanted!r}; its sheets are {_listed([row for row in sheets if row[1]])}")


def _first_known(told: dict, folder: Path, name: str, is_known: Callable[[Path], bool]) -> int:
    filled = [int(number) for number, found in told["read"].items() if found["rows"]]
    for number in filled:
        if is_known(folder / f"{number}.csv"):
            return number
    if filled:
        return filled[0]
    hidden = [row for row in told["sheets"] if row[1] and not row[2]]
    also = f"; name one of those that are hidden with --sheet: {_listed(hidden)}" if hidden else ""
    raise Refused(f"{name}: is a workbook whose sheets are empty{also}")


def _not_read(sheets: list, number: int) -> list[str]:
    others = [row for place, row in enumerate(sheets) if place != number]
    return [f"sheets that were not read (--sheet NAME reads another): {_listed(others)}"] if others else []


def _listed(sheets: list) -> str:
    words = []
    for called, is_table, is_shown in sheets[:_LISTED]:
        about = "" if is_table and is_shown else " (hidden)" if is_table else " (no table)"
        words.append(f"{called!r}{about}")
    if len(sheets) > _LISTED:
        words.append(f"and {len(sheets) - _LISTED} more")
    return ", ".join(words)


def _run(path: Path, name: str, folder: Path, number: int | None = None) -> dict:
    """What the process told. Whatever ends this one ends that one."""
    command = [sys.executable, "-m", "database.imports.workbook.child", str(path.resolve()), str(folder)]
    process = subprocess.Popen(
        command if number is None else [*command, str(number)],
        cwd=_ROOT, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    try:
        answer, words = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(
            f"{name}: took longer than {SECONDS // 60} minutes to read; save the sheet as CSV UTF-8"
        ) from None
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise Refused(f"{name}: {_ended(process.returncode, words.decode(errors='replace'))}")
    told = json.loads(answer)
    if "full" in told:
        raise OutOfSpace(f"{name}: {told['full']}")
    if "refused" in told:
        raise Refused(f"{name}: {told['refused']}")
    return told


def _ended(code: int, words: str) -> str:
    if -code == signal.SIGXCPU:
        return f"is a workbook that takes longer than {CPU_SECONDS} s to read; save the sheet as CSV UTF-8"
    if -code in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT) or "MemoryError" in words:
        return (
            f"is a workbook that needs more than {MEMORY >> 20} MiB of memory to be read, or the machine has less; "
            "save the sheet as CSV UTF-8"
        )
    last = (words.strip().splitlines() or [f"ended with {code}"])[-1][:200]
    return f"is a workbook that cannot be read ({last}); save the sheet as CSV UTF-8"


def _environment() -> dict[str, str]:
    """Without secrets, which it does not need; its one thread needs one heap."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LEGO_")}
    return kept | {"MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}
