"""Files of archived months in a backup: those in the store's own folder go along, others stay where they are."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from database.archive.parquet import digest_of
from database.engines.ports import Store
from database.facts.archived import ArchivedMonth, archive_folder, archived_months, table
from domain.errors import Refused
from domain.months import runs_of_months

FOLDER = "archive"
CHUNK = 2**20
_NAME = re.compile(rf"{FOLDER}/(\d{{4}}-\d\d-[0-9a-f]{{12}}\.parquet)")


def files_of(store: Store) -> tuple[list[ArchivedMonth], str]:
    """The archived months whose files belong into a backup, and a line about the others, '' if there are none."""
    found = archived_months(store)
    ours = [each for each in found if each.file.parent == archive_folder(store)]
    others = [each for each in found if each not in ours]
    if not others:
        return ours, ""
    folders = ", ".join(sorted({str(each.file.parent) for each in others}))
    months = runs_of_months(each.month for each in others)
    return ours, f"archived facts of {months} are not in the backup: their files are in {folders}; back them up, too"


class ArchivedFiles:
    """Files of archived months that are restored: put beside the others, then among them."""

    def __init__(self, store: Store) -> None:
        self._target = archive_folder(store)
        self._staged = self._target / "restoring"

    @contextlib.contextmanager
    def staging(self) -> Iterator[None]:
        """Clears away in the end what was not moved."""
        shutil.rmtree(self._staged, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(self._staged, ignore_errors=True)

    def takes(self, name: str) -> bool:
        """Whether a member is such a file."""
        return _NAME.fullmatch(name) is not None

    def take_in(self, name: str, source: BinaryIO) -> None:
        """Puts a file beside the others."""
        self._staged.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._staged / Path(name).name
        with path.open("xb") as file:
            path.chmod(0o600)
            first = source.read(CHUNK)
            if not first.startswith(b"PAR1"):
                raise Refused(f"{name}: is no Parquet file; nothing was changed")
            file.write(first)
            shutil.copyfileobj(source, file, CHUNK)

    def differing(self, staged: Store) -> list[str]:
        """Names of files that are not what the staged store knows them to be."""
        known = {each.file.name: each.sha256 for each in archived_months(staged)}
        return [
            path.name for path in sorted(self._staged.glob("*.parquet"))
            if path.name in known and digest_of(path) != known[path.name]
        ]

    def put_in_place(self, staged: Store) -> None:
        """Moves them, and tells the staged store where they are. A file is named by its contents: one that is there
        already is the same."""
        names = sorted(path.name for path in self._staged.glob("*.parquet"))
        for name in names:
            (self._staged / name).replace(self._target / name)
        with staged.facts() as connection:
            for month, file in connection.execute(sa.select(table.c.month, table.c.file)).all():
                if Path(file).name in names:
                    moved = str(self._target / Path(file).name)
                    connection.execute(sa.update(table).where(table.c.month == month).values(file=moved))
            connection.commit()
