"""Refreshes, each a whole process as a person or cron would run it; the engines in turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from benchmarks.files import write_correction
from benchmarks.measure import Figures
from benchmarks.noise import measure_noise
from benchmarks.stands import MYSQL, Stand, owners_of
from benchmarks.usual import measure_floor, measure_summary_query
from database import schema
from database.store import open_store
from settings import COLUMNAR

FULL, ONE_MONTH, IDLE = "full refresh (s)", "one month after 100,000 facts (s)", "nothing to do, whole process (s)"
CORRECTION = "import of 100,000 facts into that month (s)"
ADD_INDEX = "adding the rollup index to the loaded table, once (s)"
CORRECTED, CORRECTIONS = "2025-06", 100_000


@dataclass(frozen=True)
class Rounds:
    """How often is measured: what is short in each of `all` rounds, what is long in the first ones."""

    all: int
    long: int


def measure_refreshes(stands: Sequence[Stand], folder: Path, figures: Figures, rounds: Rounds) -> None:
    """Nothing to do, and in the first rounds a full refresh and one of a month that was corrected."""
    for turn in range(rounds.all):
        measure_noise(folder, figures)
        for stand in stands:
            figures.add_process(stand.engine, IDLE, stand.flask("refresh-summaries"))
        if turn < rounds.long:
            _measure_full(stands, figures)
            _measure_month(stands, folder / "correction.csv", figures, turn)


def _measure_full(stands: Sequence[Stand], figures: Figures) -> None:
    for stand in stands:
        if stand.engine != COLUMNAR:
            measure_floor(stand, figures)
        if stand.engine == MYSQL:
            measure_summary_query(stand, figures)
        figures.add_process(stand.engine, FULL, stand.flask("refresh-summaries", "--full"))
        for stage, seconds in _stages(stand).items():
            figures.add(stand.engine, f"full refresh, {stage} (s)", seconds)


def _measure_month(stands: Sequence[Stand], path: Path, figures: Figures, turn: int) -> None:
    write_correction(path, CORRECTIONS, month=CORRECTED, turn=turn)
    for stand in owners_of(stands):
        figures.add_process(stand.engine, CORRECTION, stand.flask("import", str(path), "--source", "correction"))
    for stand in stands:
        figures.add_process(stand.engine, ONE_MONTH, stand.flask("refresh-summaries"))


def _stages(stand: Stand) -> dict[str, float]:
    """Seconds of each stage of the last successful run, from the log."""
    log = schema.refresh_log
    store = open_store(stand.settings)
    try:
        with store.application_reading.connect() as connection:
            run = connection.execute(
                sa.select(log.c.run_id).where(log.c.status == "success").order_by(log.c.id.desc()).limit(1)
            ).scalar()
            rows = connection.execute(
                sa.select(log.c.stage, log.c.duration_seconds).where(log.c.run_id == run, log.c.stage != "")
                .order_by(log.c.id)
            ).all()
    finally:
        store.close()
    return {row.stage: float(row.duration_seconds) for row in rows}
