"""Runs as the page of operations shows them: a row each, its stages, two charts, and the words of one at work."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from charts.runs import Band, Mark, Sizes, durations_figure, sizes_figure
from database.journal.run_log import NOTHING_TO_DO, RUNNING, SUCCESS
from database.queries.operations import NOT_A_REFRESH, Run, Volume, is_good, median_seconds
from domain.months import moment_words, months_words, parse_month
from web.exports.plain_values import moment
from web.figures.drawing import embedded
from web.figures.formats import COUNT, Formats
from web.figures.sheets import MONTH, TEXT, Column

GOOD, ACCEPTABLE = 300, 900
"""Seconds: a refresh below the first is good, below the second acceptable, above it slow."""
BANDS = (Band(GOOD, "--good-soft"), Band(ACCEPTABLE, "--warn-soft"), Band(float("inf"), "--bad-soft"))

COLUMNS = (
    Column("Run", TEXT), Column("Kind", TEXT), Column("State", TEXT), Column("Began", TEXT), Column("Ended", TEXT),
    Column("Seconds", COUNT), Column("Facts read", COUNT), Column("Rows written", COUNT), Column("First month", MONTH),
    Column("Last month", MONTH), Column("Months", COUNT), Column("Generation", COUNT), Column("Host", TEXT),
    Column("Process", COUNT), Column("Fault", TEXT),
)
_STAGES = {
    "copy": "copying what changed", "start": "preparing", "asin": "summing up products", "brand": "summing up brands",
    "category": "summing up categories", "marketplace": "summing up marketplaces",
    "verify": "comparing with the facts", "imports": "telling which import gave what", "index": "making indexes",
    "record": "writing down what was left out", "publish": "publishing",
}


@dataclass(frozen=True)
class StageView:
    """One stage: what it does, how long it took, how much it wrote."""

    words: str
    took: str
    rows: str
    is_bad: bool


@dataclass(frozen=True)
class RunView:
    """One row of the history. `speed` is good, acceptable, slow or ''."""

    began: str
    iso: str
    kind: str
    state: str
    state_words: str
    took: str
    speed: str
    read: str
    written: str
    months: str
    generation: str
    where: str
    error: str
    stages: tuple[StageView, ...]


@dataclass(frozen=True)
class ChartsView:
    """The two charts, and the rows behind the second: (began, facts, summaries, share)."""

    durations: Markup | None
    sizes: Markup | None
    volumes: list[tuple[str, str, str, str]]


def run_view(run: Run, formats: Formats) -> RunView:
    """A run as its row shows it."""
    words = {SUCCESS: "done", RUNNING: "at work"}.get(run.status, run.status)
    return RunView(
        began=moment_words(run.started_at), iso=moment(run.started_at), kind=run.refresh_type,
        state={SUCCESS: "done", NOTHING_TO_DO: "idle", RUNNING: "running"}.get(run.status, "refused"),
        state_words=words, took=seconds_words(run.seconds), speed=speed_of(run),
        read=formats.count(run.rows_read), written=formats.count(run.rows_written),
        months=months_words(run.months), generation=formats.count(run.generation),
        where=f"process {run.pid} on {run.host}" if run.pid else "", error=run.error,
        stages=tuple(
            StageView(
                _STAGES.get(stage.name, stage.name), seconds_words(stage.seconds),
                formats.count(stage.rows_written) if stage.rows_written is not None else "",
                is_bad=stage.status not in (SUCCESS, RUNNING),
            )
            for stage in run.stages
        ),
    )


def run_values(run: Run) -> tuple:
    """A run as files hold it."""
    months = [parse_month(text) for text in run.months]
    return (
        run.run_id, run.refresh_type, run.status, moment(run.started_at),
        moment(run.ended_at) if run.ended_at else None,
        None if run.seconds is None else round(run.seconds), run.rows_read, run.rows_written,
        min(months, default=None), max(months, default=None), len(months), run.generation, run.host or None, run.pid,
        run.error or None,
    )


def charts_view(runs: Sequence[Run], volumes: Mapping[str, Volume], formats: Formats) -> ChartsView:
    """Durations of refreshes that had something to do, and sizes after them; `runs` are newest first."""
    timed = [
        run for run in reversed(runs)
        if run.seconds is not None and run.status != NOTHING_TO_DO and run.refresh_type != NOT_A_REFRESH
    ]
    marks = [
        Mark(run.started_at, run.seconds, is_good(run), f"{moment_words(run.started_at)}<br>"
             f"{run.refresh_type}, {'done' if is_good(run) else run.status}, {seconds_words(run.seconds)}")
        for run in timed
    ]
    measured = [run for run in reversed(runs) if run.run_id in volumes]
    found = [volumes[run.run_id] for run in measured]
    drawn = None
    if len(measured) > 1:
        drawn = embedded(sizes_figure(
            [run.started_at for run in measured],
            [Sizes("Facts", tuple(volume.facts for volume in found)),
             Sizes("Summaries", tuple(volume.summaries for volume in found))], words=bytes_words,
        ))
    return ChartsView(
        durations=embedded(durations_figure(marks, BANDS)) if len(marks) > 1 else None, sizes=drawn,
        volumes=[
            (moment_words(run.started_at), bytes_words(volume.facts), bytes_words(volume.summaries),
             share_words(volume.share))
            for run, volume in reversed(list(zip(measured, found, strict=True)))
        ],
    )


def stage_words(run: Run, runs: Sequence[Run]) -> str:
    """What a run that is at work does, and how long such a run usually takes."""
    stage = next((stage for stage in reversed(run.stages) if stage.status == RUNNING), None)
    words = _STAGES.get(stage.name, stage.name) if stage else ("planning" if not run.stages else "ending")
    usual = median_seconds(runs, run.refresh_type)
    takes = f"; such a run usually takes {seconds_words(usual)}" if usual is not None else ""
    return f"{run.refresh_type.capitalize()} refresh: {words}{takes}"


def speed_of(run: Run) -> str:
    """How good a duration is; nothing for what had nothing to do or failed."""
    if run.seconds is None or run.status != SUCCESS or run.refresh_type == NOT_A_REFRESH:
        return ""
    return "good" if run.seconds < GOOD else "acceptable" if run.seconds < ACCEPTABLE else "slow"


def seconds_words(seconds: float | None) -> str:
    """`0.4 s`, `42 s`, `4 min 12 s`, `1 h 3 min`."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def bytes_words(count: float | None) -> str:
    """`6.5 MiB`."""
    if count is None:
        return "–"
    size, unit = float(count), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"


def share_words(share: float | None) -> str:
    """`43 %`."""
    return "–" if share is None else f"{share * 100:.0f} %"


def ago_words(since: datetime.timedelta) -> str:
    """`3 hours ago`."""
    minutes = max(0, int(since.total_seconds() // 60))
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size * 2 or (word == "minute" and minutes):
            count = minutes // size
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    return "just now"
