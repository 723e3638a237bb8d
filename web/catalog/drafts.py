"""Files that were sent or made here and wait for their owner's word: in a private folder, under made-up names.

Beside each file lies what is known of it: whose it is, what they call it, what its dry run said. A draft
ends when it is saved or discarded, and by itself after some hours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from jobs.tasks import KEPT_HOURS, KEPT_PER_PERSON, is_token, new_token
from machine import private_files
from settings import Settings


@dataclass(frozen=True)
class Draft:
    """One waiting file. `report` is that of its dry run, None before there is one; `words` and `faults` say
    why it is not saved, `is_refused` that it never will be. `back` is the address it was made on."""

    token: str
    owner: int
    called: str
    back: str
    report: dict[str, Any] | None = None
    words: str = ""
    faults: tuple[str, ...] = ()
    is_refused: bool = False


def keep(settings: Settings, write: Callable[[BinaryIO], None], *, owner: int, called: str, back: str) -> Draft:
    """Keeps what `write` writes."""
    folder = _folder(settings)
    private_files.make_folder(folder)
    _sweep(folder, owner)
    draft = Draft(new_token(), owner, called, back)
    with private_files.create(path_of(settings, draft)) as file:
        write(file)
    note(settings, draft)
    return draft


def find(settings: Settings, token: str, *, owner: int) -> Draft | None:
    """The draft of that token, if it is there and this person's."""
    if not is_token(token):
        return None
    draft = _read(_folder(settings) / f"{token}.json")
    return draft if draft and draft.owner == owner else None


def note(settings: Settings, draft: Draft, **changes: Any) -> Draft:
    """Writes down what is known of the draft by now."""
    draft = replace(draft, **changes)
    known = path_of(settings, draft).with_suffix(".json")
    private_files.replace_whole(known, json.dumps(asdict(draft)).encode())
    return draft


def drop(settings: Settings, draft: Draft) -> None:
    """Removes the file and what was known of it."""
    path = path_of(settings, draft)
    for found in (path, path.with_suffix(".json")):
        found.unlink(missing_ok=True)


def path_of(settings: Settings, draft: Draft) -> Path:
    """Where the file lies."""
    return _folder(settings) / f"{draft.token}.csv"


def _folder(settings: Settings) -> Path:
    return settings.database.path / "uploads"


def _read(known: Path) -> Draft | None:
    try:
        found = json.loads(known.read_bytes())
        return Draft(**found | {"faults": tuple(found["faults"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _sweep(folder: Path, owner: int) -> None:
    """Removes drafts that are too old, and the oldest of somebody who keeps many."""
    oldest = time.time() - KEPT_HOURS * 3600
    own = []
    for path in sorted(folder.iterdir(), key=_age):
        if _age(path) < oldest:
            path.unlink(missing_ok=True)
        elif path.suffix == ".json" and (draft := _read(path)) and draft.owner == owner:
            own.append(path)
    for path in own[: max(0, len(own) - KEPT_PER_PERSON + 1)]:
        path.with_suffix(".csv").unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
