"""Imports and refreshes, each a whole process as a person or cron would run it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from benchmarks.measure import Figures, Process, flask, say
from benchmarks.shop import write_correction, write_long_file
from benchmarks.stands import MysqlStand, Stand, stand_of
from database import schema
from database.store import open_store

FULL, FULL_PEAK = "full refresh", "full refresh, peak memory (MiB)"
ONE_MONTH, IDLE = "refresh after an import into one month", "refresh with nothing changed"
ONE_MONTH_PEAK = "refresh of one month, peak memory (MiB)"
CORRECTION = "import of 100,000 facts into that month"
IMPORT_RATE, IMPORT_PEAK = "import, facts/s", "import, peak memory (MiB)"
BARE_RATE = "bare LOAD DATA, facts/s"
ADD_INDEX = "adding the rollup index to the loaded table, once"
STAGES = ("start", "asin", "brand", "category", "marketplace", "verify", "index", "record", "publish")

CORRECTED = "2025-06"


def stage_name(stage: str) -> str:
    """How a stage of the full refresh is named in the report."""
    return f"full refresh, {stage}"


def measure_refreshes(stand: Stand, folder: Path, figures: Figures, *, runs: int, long_runs: int) -> None:
    """Floor, full refresh, one month, nothing changed."""
    if isinstance(stand, MysqlStand):
        figures.add(stand.engine, ADD_INDEX, flask(stand.settings, "init-db").seconds)
    say(f"{stand.engine}: first refresh")
    flask(stand.settings, "refresh-summaries")
    stand.floor(figures, long_runs)
    for _ in range(long_runs):
        _note(figures, stand, FULL, FULL_PEAK, flask(stand.settings, "refresh-summaries", "--full"))
        for stage, seconds in _stages(stand).items():
            figures.add(stand.engine, stage_name(stage), seconds)
    for turn in range(runs):
        path = folder / "correction.csv"
        write_correction(path, 100_000, month=CORRECTED, turn=turn)
        figures.add(
            stand.engine, CORRECTION,
            flask(stand.settings, "import", str(path), "--source", "correction").seconds,
        )
        _note(figures, stand, ONE_MONTH, ONE_MONTH_PEAK, flask(stand.settings, "refresh-summaries"))
    for _ in range(runs):
        figures.add(stand.engine, IDLE, flask(stand.settings, "refresh-summaries").seconds)


def measure_import(engine: str, folder: Path, figures: Figures, *, facts: int, runs: int) -> None:
    """A long file into an empty installation; on MariaDB beside a bare LOAD DATA of the same rows."""
    folder.mkdir()
    path = folder / "long.csv"
    write_long_file(path, facts)
    for run in range(runs):
        with stand_of(engine, folder / f"import-{run}") as stand:
            flask(stand.settings, "init-db")
            process = flask(stand.settings, "import", str(path))
            figures.add(engine, IMPORT_RATE, facts / process.seconds)
            figures.add(engine, IMPORT_PEAK, process.peak_mib)
            if isinstance(stand, MysqlStand):
                figures.add(engine, BARE_RATE, facts / _bare_load(stand, folder))


def _bare_load(stand: MysqlStand, folder: Path) -> float:
    """Seconds of LOAD DATA LOCAL INFILE of the rows that the import just wrote, into the same table."""
    import duckdb

    from benchmarks.measure import timed

    rows = folder / "rows.tsv"
    with duckdb.connect() as scratch:
        scratch.execute(f"""
            COPY (
                SELECT dense_rank() OVER (ORDER BY asin), marketplace, metric, month || '-01', value, 1,
                    '2024-01-01 00:00:00'
                FROM read_csv('{folder / "long.csv"}', header = true, all_varchar = true)
            ) TO '{rows}' (FORMAT csv, HEADER false, DELIMITER '\t')
        """)
    stand.server.run("TRUNCATE lego.financials")
    with stand.server.connect(database="lego", local_infile=True) as connection, connection.cursor() as cursor:
        return timed(lambda: cursor.execute(
            f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE financials "
            "(asin_id, marketplace, metric, month, value, import_id, created_at)"
        ))


def _note(figures: Figures, stand: Stand, name: str, peak: str, process: Process) -> None:
    figures.add(stand.engine, name, process.seconds)
    figures.add(stand.engine, peak, process.peak_mib)


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
                sa.select(log.c.stage, log.c.duration_seconds).where(log.c.run_id == run).order_by(log.c.id)
            ).all()
    finally:
        store.close()
    return {row.stage: float(row.duration_seconds) for row in rows if row.stage in STAGES}


