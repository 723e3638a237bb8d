"""The state in one line, and what stands behind it: left-out facts, restated months, sizes."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from database.engines.values import OF_FACTS, OF_SUMMARIES, Generation, StoredSize
from database.journal.run_log import LATE, Trouble
from database.queries.operations import MISSED_AFTER, Run, Volume
from database.queries.settlements import SetAside
from database.summaries.fact_sums import NO_RATE, REASONS
from database.summaries.restatements import Restatement
from database.summaries.state import LeftOutReason
from domain.metrics import PROFIT_TREE, UNITS
from domain.months import format_month, moment_words, month_name
from web.exports.plain_values import moment
from web.figures.formats import MONEY, Formats, kind_of
from web.http import current
from web.operations.doctor import Examination, doctor_words, serious_words
from web.operations.runs import ago_words, bytes_words, share_words

FULL = 128 * 2**20
"""Bytes free on a disk below which nothing can be relied on: no refresh begins, and nothing can be written down."""
RESTATED = 24
"""So many restated months are listed."""
LARGE_SHARE = 0.5
"""Summaries that take more than this part of what facts take save little."""


@dataclass(frozen=True)
class StateView:
    """One line: `tone` is good, warn or bad, `word` says the same. `troubles` say what to do."""

    tone: str
    word: str
    parts: tuple[str, ...]
    troubles: tuple[str, ...]


@dataclass(frozen=True)
class LeftOutView:
    """What came in, what was left out by reason, what was published. Of a reason: how many facts, their sum, and
    whether they can be listed; what has no rate is cured on the page of rates instead."""

    facts: str
    left_out: str
    published: str
    reasons: list[tuple[str, str, str, bool]]


@dataclass(frozen=True)
class RestatedView:
    """A restated month by its first metric; `others` tell the same of its other metrics, a line each."""

    month: str
    metric: str
    before: str
    after: str
    published: str
    cause: str
    others: tuple[str, ...]
    anchor: str


@dataclass(frozen=True)
class SizesView:
    """Rows (part, rows, data, indexes, whole), when they were written down, and the share of summaries."""

    recorded: str
    iso: str
    rows: list[tuple[str, str, str, str, str]]
    share: str
    is_large: bool


def state_view(
    live: Generation | None, trouble: Trouble | None, newest: Run | None, *, expected: datetime.datetime | None,
    verified: datetime.datetime | None, doctor: Examination | None, now: datetime.datetime, formats: Formats,
) -> StateView:
    """Generation, freshness, next expected run, verified, and how much the doctor found."""
    full = full_disk_words(current.settings().database.path)
    troubles = [*full, *_troubles(live, trouble, newest, now), *_missed(expected, now), *serious_words(doctor)]
    if live is None:
        return StateView("warn", "No figures yet", (), tuple(troubles))
    through = f" through {month_name(live.last_month)}" if live.last_month else ""
    parts = [
        f"Generation {formats.count(live.generation)}",
        f"published {moment_words(live.published_at)} ({ago_words(now - live.published_at)})",
        f"data{through}" if through else "nothing was imported",
        f"verified to the cent, {verified:%H:%M} UTC" if verified else "its verification is not in the log",
        _expected_words(expected, now),
        doctor_words(doctor),
    ]
    failed = trouble is not None and trouble.failed_at is not None
    bad = "Disk full" if full else "Failed" if failed else ""
    tone, word = ("bad", bad) if bad else _word(live, doctor, troubles)
    return StateView(tone, word, tuple(parts), tuple(troubles))


def _word(live: Generation, doctor: Examination | None, troubles: Sequence[str]) -> tuple[str, str]:
    """Nothing is well before it was looked at, nor where there is nothing to look at."""
    if troubles:
        return "warn", "Look here"
    if live.last_month is None:
        return "warn", "No figures yet"
    return ("good", "All well") if doctor else ("warn", "Not checked yet")


def left_out_view(
    live: Generation | None, reasons: Sequence[LeftOutReason], formats: Formats
) -> LeftOutView | None:
    """None before the first refresh."""
    if live is None:
        return None
    return LeftOutView(
        formats.count(live.facts), formats.count(live.left_out_facts),
        formats.count(live.facts - live.left_out_facts),
        [
            (
                entry.reason, formats.count(entry.facts), _currency_of(entry.reason, formats).exact(entry.value, MONEY),
                entry.reason in REASONS,
            )
            for entry in reasons
        ],
    )


def _currency_of(reason: str, formats: Formats) -> Formats:
    """What has no rate is summed in its own currency."""
    code = reason.removeprefix(f"{NO_RATE} ")
    return formats if code == reason else replace(formats, currency=code)


def restated_view(changes: Sequence[Restatement], formats: Formats) -> list[RestatedView]:
    """A row per month, the newest first; `changes` are netted, in the order of their metrics."""
    by_month: dict[datetime.date, list[Restatement]] = {}
    for change in changes:
        by_month.setdefault(change.month, []).append(change)
    return [_restated(month, by_month[month], formats) for month in sorted(by_month, reverse=True)[:RESTATED]]


def _restated(month: datetime.date, changes: Sequence[Restatement], formats: Formats) -> RestatedView:
    """In the order of the P&L: net revenue says most."""
    order = {metric: place for place, metric in enumerate((*PROFIT_TREE, *UNITS))}
    first, *others = sorted(changes, key=lambda change: (order.get(change.metric, len(order)), change.metric))

    def write(change: Restatement) -> tuple[str, str]:
        kind = kind_of(change.metric)
        return formats.exact(change.old_value, kind), formats.exact(change.new_value, kind)

    newest = max(changes, key=lambda change: change.published_at)
    return RestatedView(
        month_name(month), first.metric, *write(first), moment_words(newest.published_at), newest.cause,
        tuple(f"{change.metric}: from {' to '.join(write(change))}" for change in others),
        f"restated-{format_month(month)}",
    )


def set_aside_view(found: Sequence[SetAside], formats: Formats) -> list[tuple[str, ...]]:
    """(month, marketplace, report, metric, lines, sum) of each."""
    return [
        (month_name(each.month), each.marketplace, each.report, each.metric, formats.count(each.line_count),
         replace(formats, currency=each.currency or formats.currency).exact(each.value, kind_of(each.metric)))
        for each in found
    ]


def sizes_view(
    found: tuple[datetime.datetime, Sequence[StoredSize]] | None, volumes: Mapping[str, Volume], formats: Formats
) -> SizesView | None:
    """None if no refresh wrote sizes down yet."""
    if found is None:
        return None
    recorded, sizes = found
    whole = {
        kind: sum((size.bytes or 0) + (size.index_bytes or 0) for size in sizes if size.kind == kind)
        for kind in (OF_FACTS, OF_SUMMARIES)
    }
    share = Volume(whole[OF_FACTS], whole[OF_SUMMARIES]).share
    return SizesView(
        moment_words(recorded), moment(recorded),
        [
            (size.part, formats.count(size.rows) if size.rows is not None else "–", bytes_words(size.bytes),
             bytes_words(size.index_bytes),
             bytes_words(None if size.bytes is None else size.bytes + (size.index_bytes or 0)))
            for size in sizes
        ],
        share_words(share), share is not None and share > LARGE_SHARE,
    )


def _expected_words(expected: datetime.datetime | None, now: datetime.datetime) -> str:
    if expected is None:
        return "no nightly run seen yet: [refresh] expected_at can name its time"
    return f"{'next run' if expected >= now else 'a run was'} expected {moment_words(expected)}"


def _troubles(
    live: Generation | None, trouble: Trouble | None, newest: Run | None, now: datetime.datetime
) -> list[str]:
    if trouble is None:
        return [] if live else ["The summaries were never built. Import files, then run: flask refresh-summaries"]
    if trouble.failed_at is not None:
        why = f" {newest.error}" if newest and newest.error else ""
        return [
            f"The run of {moment_words(trouble.failed_at)} failed; what was live before still is.{why} "
            "Mend that, then run it again."
        ]
    if trouble.good_until is None:
        return ["No run has gone well yet."]
    hours = int(LATE.total_seconds() // 3600)
    return [
        f"The last good run ended {ago_words(now - trouble.good_until)}, more than {hours} hours ago. Is the nightly "
        "run still scheduled, and its machine on?"
    ]


def full_disk_words(folder: Path) -> list[str]:
    """What is told while the disk of the instance folder is full. It is looked at anew: neither a run nor the doctor
    can write down then what it found."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return []
    if usage.free >= FULL:
        return []
    return [
        f"The disk of {folder} is full: {bytes_words(usage.free)} free of {bytes_words(usage.total)}. Every refresh "
        "and import ends with exit code 5 until there is room, and can write nothing down; the old figures stay. Free "
        "some space or enlarge the disk, then run: flask doctor --fix, and flask refresh-summaries"
    ]


def _missed(expected: datetime.datetime | None, now: datetime.datetime) -> list[str]:
    if expected is None or now - expected < MISSED_AFTER:
        return []
    return [
        f"A run was expected {moment_words(expected)}, and none has begun. Is the timer on (systemctl list-timers, or "
        "the crontab), and was the machine? Until then: flask refresh-summaries"
    ]
