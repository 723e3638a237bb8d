"""What a backup tells of itself, in `manifest.json`. Whoever wrote that file, nothing of it is believed unlooked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FORMAT = "lego-backup"
FORMAT_VERSION = 1

_DIGEST, _MOMENT = re.compile(r"[0-9a-f]{64}"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_WORD = re.compile(r"[\w.-]{1,60}", re.ASCII)


class NewerVersion(ValueError):
    """The manifest is of a version that this program does not know."""


@dataclass(frozen=True)
class Member:
    """One member's bytes, as they must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup tells of itself. `generation` is the live one, None if there was none; `schema` the revision of the
    tables; `fingerprints` as `fingerprints.fingerprints` makes them."""

    engine: str
    schema: str
    made_at: str
    generation: int | None
    fingerprints: dict[str, Any]
    members: dict[str, Member]

    @property
    def bytes(self) -> int:
        """What all members take when they are unpacked."""
        return sum(member.bytes for member in self.members.values())


def manifest_from(content: bytes) -> Manifest:
    """The manifest that `content` is the JSON of. Raises NewerVersion, or ValueError naming what is wrong with it."""
    found = _json(content)
    if _taken(found, "format", str) != FORMAT:
        raise ValueError("it is another program's")
    if _taken(found, "format_version", int) > FORMAT_VERSION:
        raise NewerVersion
    generation = found.get("generation")
    return Manifest(
        engine=_taken(found, "engine", str, _WORD.fullmatch), schema=_taken(found, "schema", str, _WORD.fullmatch),
        made_at=_taken(found, "made_at", str, _MOMENT.fullmatch),
        generation=None if generation is None else _taken(found, "generation", int),
        fingerprints=_taken(found, "fingerprints", dict, _are_fingerprints),
        members={name: _member(each) for name, each in _taken(found, "members", dict).items()},
    )


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _taken(found: dict[str, Any], name: str, kind: type, judge: Callable[[Any], Any] = lambda value: True) -> Any:
    value = found.get(name)
    # To Python, true is a number.
    if not isinstance(value, kind) or isinstance(value, bool) or not judge(value):
        raise ValueError(f"its {name} cannot be meant")
    if kind is int and not 0 <= value < 2**63:
        raise ValueError(f"its {name} is out of bounds")
    return value


def _member(found: Any) -> Member:
    if not isinstance(found, dict):
        raise ValueError("a member of it cannot be meant")
    return Member(_taken(found, "bytes", int), _taken(found, "sha256", str, _DIGEST.fullmatch))


def _are_fingerprints(found: dict[str, Any]) -> bool:
    """`tables` has a number per table; every other part is a list of rows of texts, four or more, the third a count."""
    tables = found.get("tables", {})
    parts = [part for name, part in found.items() if name != "tables"]
    return (
        isinstance(tables, dict) and all(isinstance(count, int) for count in tables.values())
        and isinstance(found.get("facts"), list) and all(isinstance(part, list) for part in parts)
        and all(_is_row(row) for part in parts for row in part)
    )


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, list) and len(row) >= 4 and all(isinstance(cell, str) and len(cell) < 200 for cell in row)
        and re.fullmatch(r"\d{1,18}", row[2], re.ASCII) is not None
    )
