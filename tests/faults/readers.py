"""Readers that check every answer: each page read must come from one whole generation.

`read_until_told` reads the summary tables until SIGTERM, then writes what it saw to a report as JSON. One read is
whole if all levels have the same sum per month and metric, and these are the sums that the generation recorded when it
was published. `ReaderProcess` of `tests/faults/processes.py` is such a reader in a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import sqlalchemy as sa

from database import schema
from database.engines.values import Reading
from database.schema import ALL_MARKETPLACES
from database.store import open_store
from domain.errors import DatabaseUnreachable
from domain.shared_costs import is_shared
from settings import Settings

PAUSE = 0 if "LONG_PUBLICATIONS" in os.environ else 0.02
"""Seconds between two reads, so that a short run has its cores for what is to be read. A long run pauses for nobody."""


def read_whole(reading: Reading) -> tuple[int, str]:
    """One page read: the generation, and '' or what was wrong with it."""
    sums = {name: _sums(reading, query) for name, query in _queries(reading.generation.generation).items()}
    if not sums["asin"]:
        return reading.generation.generation, "empty"
    expected = sums.pop("facts")
    wrong = [name for name, found in sums.items() if found != expected]
    return reading.generation.generation, f"mixed: {wrong}" if wrong else ""


def _queries(generation: int) -> dict[str, sa.Select]:
    month, brand = schema.summary_month, schema.summary_brand
    asin, category, marketplace = schema.summary_asin, schema.summary_category, schema.summary_marketplace
    return {
        "asin": sa.select(asin.c.month, asin.c.metric, sa.func.sum(asin.c.value)).group_by(asin.c.month, asin.c.metric),
        "brand": sa.select(brand.c.month, brand.c.metric, sa.func.sum(brand.c.total_value))
        .where(brand.c.marketplace == ALL_MARKETPLACES).group_by(brand.c.month, brand.c.metric),
        "category": sa.select(category.c.month, category.c.metric, sa.func.sum(category.c.total_value))
        .group_by(category.c.month, category.c.metric),
        "marketplace": sa.select(marketplace.c.month, marketplace.c.metric, sa.func.sum(marketplace.c.total_value))
        .group_by(marketplace.c.month, marketplace.c.metric),
        "facts": sa.select(month.c.month, month.c.metric, month.c.value - month.c.left_out_value)
        .where(month.c.generation == generation, month.c.facts > month.c.left_out_facts),
    }


def _sums(reading: Reading, query: sa.Select) -> dict[tuple, str]:
    """What shares add up to over all products is nothing, and no fact has their names."""
    return {
        (str(month), metric): str(total) for month, metric, total in reading.connection.execute(query)
        if total or not is_shared(metric)
    }


def read_until_told(report: Path, settings: Settings) -> None:
    """Reads until SIGTERM."""
    # As fast as it can; what it is to disturb must come to its turn.
    os.nice(5)
    running = True

    def stop(number, frame) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    store = open_store(settings)
    seen = dict.fromkeys(("reads", "unreachable", "errors", "empty", "mixed"), 0)
    seen |= {"slowest": 0.0, "generations": [], "first_error": None}
    told = time.monotonic()
    while running:
        if time.monotonic() - told > 0.5:
            told = time.monotonic()
            _tell(report, seen)
        began = own_seconds()
        try:
            generation, wrong = store.read(read_whole)
        except DatabaseUnreachable:
            seen["unreachable"] += 1
            continue
        except Exception as error:  # noqa: BLE001  (whatever it is, a person would have seen it)
            seen["errors"] += 1
            seen["first_error"] = seen["first_error"] or f"{type(error).__name__}: {error}"[:500]
            continue
        seen["reads"] += 1
        seen["slowest"] = max(seen["slowest"], own_seconds() - began)
        if generation not in seen["generations"][-1:]:
            seen["generations"].append(generation)
        time.sleep(PAUSE)
        if wrong:
            seen["empty" if wrong == "empty" else "mixed"] += 1
            seen["first_error"] = seen["first_error"] or f"generation {generation}: {wrong}"
    _tell(report, seen)


def own_seconds() -> float:
    """A clock that stands still while this thread is ready to run and has no core."""
    waited = Path("/proc/thread-self/schedstat").read_text().split()[1]
    return time.monotonic() - int(waited) / 10**9


def _tell(report: Path, seen: dict) -> None:
    draft = report.with_suffix(".new")
    draft.write_text(json.dumps(seen))
    draft.replace(report)
