"""Archived months: whether the files that hold their facts are still there."""

from __future__ import annotations

from collections.abc import Iterator

from database.engines.ports import Store
from database.facts.archived import ArchivedMonth, archived_months
from domain.errors import LockBusy
from domain.findings import WARNING, Finding, listed
from domain.months import runs_of_months


def judge_archive(store: Store) -> Iterator[Finding]:
    """Files that are gone, or have another length. Their bytes are looked at when they are brought back."""
    try:
        found = archived_months(store)
    except LockBusy:
        return  # An import or a refresh has the facts open; another time will do.
    lost = [(each, why) for each in found if (why := _trouble(each))]
    if lost:
        yield Finding(
            "archive-file-missing", WARNING,
            f"The archived facts of {runs_of_months(each.month for each, _ in lost)} cannot be brought back",
            listed([f"{each.file}: {why}" for each, why in lost]),
            "put the files back, such as from a backup, or mount the folder; figures are not touched by it: they are "
            "made from what was written down of these months",
        )


def _trouble(archived: ArchivedMonth) -> str:
    try:
        size = archived.file.stat().st_size
    except OSError as error:
        return error.strerror or "cannot be read"
    return "" if size == archived.bytes else f"has {size:,} bytes instead of {archived.bytes:,}"
