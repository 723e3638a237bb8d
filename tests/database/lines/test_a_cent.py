"""No amount of a settlement can be another by a cent: its deposit would not be the sum of its lines."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from pathlib import Path

import pytest

from database.imports.faults import LISTED
from database.imports.files import import_file
from domain.errors import Refused
from tests.database.lines.conftest import OPTIONS, files
from tests.facts import kept_open

ID, AMOUNT = 0, 14


def copies(path: Path) -> list[tuple[str, str, str]]:
    """The settlement once for each of its amounts, that one moved by a cent: its new id, the difference, its lines."""
    _, header, *lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        cells = line.split("\t")
        cent = "-0.01" if number % 2 else "0.01"
        mark = "," if "," in cells[AMOUNT] else "."
        cells[AMOUNT] = str(Decimal(cells[AMOUNT].replace(",", ".")) + Decimal(cent)).replace(".", mark)
        moved = [*lines[:number], "\t".join(cells), *lines[number + 1:]]
        name = f"{cells[ID]}-{number}"
        text = "\n".join("\t".join([name, *each.split("\t")[1:]]) for each in (header, *moved))
        found.append((name, cent, text))
    return found


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_each_amount_that_is_moved_by_a_cent_is_refused_with_that_cent(store, tmp_path):
    with kept_open(store):
        tried = sum(tried_with(store, path, tmp_path) for path in files("settlement_*.txt"))
    assert tried == sum(len(path.read_text(encoding="utf-8").splitlines()) - 2 for path in files("settlement_*.txt"))


def tried_with(store, path: Path, folder: Path) -> int:
    """How many amounts of a settlement were moved, and refused."""
    headings = path.read_text(encoding="utf-8").splitlines()[0]
    tried, together = 0, iter(copies(path))
    # As many at a time as a refusal names.
    while part := list(itertools.islice(together, LISTED)):
        file = folder / path.name
        file.write_text("\n".join([headings, *(text for *_, text in part)]) + "\n", encoding="utf-8")
        with store.lock("test"), pytest.raises(Refused) as refused:
            import_file(store, file, OPTIONS)
        named = dict(re.findall(r"settlement (\S+): .*the difference (-?0\.01);", "\n".join(refused.value.faults)))
        assert named == {name: cent for name, cent, _ in part}, path.name
        tried += len(part)
    return tried
