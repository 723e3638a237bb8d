"""Room: disks that run full, and summaries that are not small any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from database.engines.ports import Store
from database.engines.values import OF_FACTS, OF_SUMMARIES, StoredSize
from domain.findings import SERIOUS, WARNING, Finding, Limits, mebibytes, percent


def judge_disks(store: Store, sizes: Sequence[StoredSize], limits: Limits) -> Iterator[Finding]:
    """Folders with less free than a refresh and some days need."""
    wanted = max(limits.least_free_bytes, 2 * bytes_of(sizes, OF_SUMMARIES))
    seen = set()
    for folder in store.health.folders():
        if not folder.is_dir() or (device := folder.stat().st_dev) in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(folder)
        if usage.free < wanted:
            yield Finding(
                "disk-space", SERIOUS if usage.free < wanted / 2 else WARNING, f"The disk of {folder} is nearly full",
                f"{mebibytes(usage.free)} free of {mebibytes(usage.total)} "
                f"({percent(usage.used / usage.total)} used); {mebibytes(wanted)} should be",
                "free some space or enlarge the disk: a refresh that finds none ends with exit code 5, and the old "
                "figures stay", subject=str(folder)[-255:],
            )


def judge_share(sizes: Sequence[StoredSize], limits: Limits) -> Iterator[Finding]:
    """Summaries that are large beside the facts save little."""
    facts, summaries = bytes_of(sizes, OF_FACTS), bytes_of(sizes, OF_SUMMARIES)
    if facts and summaries > limits.small_bytes and summaries > limits.largest_share * facts:
        yield Finding(
            "summaries-large", WARNING, "The summaries are large beside the facts, so pages gain little",
            f"summaries {mebibytes(summaries)}, facts {mebibytes(facts)}: {percent(summaries / facts)}, should be at "
            f"most {percent(limits.largest_share)}",
            "look whether products are sold once only, or metrics multiply (flask summaries); little adds up",
        )


def bytes_of(sizes: Sequence[StoredSize], kind: str) -> int:
    """The bytes of a kind with its indexes, as far as they are known."""
    return sum((size.bytes or 0) + (size.index_bytes or 0) for size in sizes if size.kind == kind)
