"""Months: the only unit of time in the product. A month is the `datetime.date` of its first day."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable, Sequence

EARLIEST = datetime.date(1995, 1, 1)
"""Amazon sold its first book in 1995: an older month in a file is a mistake."""

MOST_AHEAD = 24
"""Months by which a file may be ahead of today's: plans reach that far, slips of the pen further."""

_TEXT = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def last_day(month: datetime.date) -> datetime.date:
    """The last day of a month."""
    return add_months(month.replace(day=1), 1) - datetime.timedelta(days=1)


def month_of(day: datetime.date) -> datetime.date:
    """The month that `day` lies in."""
    return day.replace(day=1)


def parse_month(text: str) -> datetime.date:
    """`'2024-03'` -> `date(2024, 3, 1)`. Raises ValueError on everything else."""
    match = _TEXT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a month; write it like 2024-03")
    try:
        return datetime.date(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise ValueError(f"{text!r} is not a month; write it like 2024-03") from None


def format_month(month: datetime.date) -> str:
    """`date(2024, 3, 1)` -> `'2024-03'`."""
    return f"{month.year:04d}-{month.month:02d}"


def month_name(month: datetime.date) -> str:
    """`date(2024, 3, 1)` -> `'Mar 2024'`, in English whatever the locale."""
    return f"{_NAMES[month.month - 1]} {month.year}"


def add_months(month: datetime.date, count: int) -> datetime.date:
    """The month `count` after `month` (before it, if negative)."""
    index = month.year * 12 + month.month - 1 + count
    return datetime.date(index // 12, index % 12 + 1, 1)


def months_between(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """All months from `first` to `last`, both included; empty if `last` is before `first`."""
    return list(_months_between(first, last))


@functools.lru_cache(maxsize=1000)
def _months_between(first: datetime.date, last: datetime.date) -> tuple[datetime.date, ...]:
    # A page asks for the same few spans hundreds of times.
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return tuple(add_months(first, i) for i in range(count))


def months_words(months: Sequence[str]) -> str:
    """Months as `format_month` writes them: `Mar 2024`, `Jan to Mar 2024`, or with their number where some between are
    missing."""
    if not months:
        return ""
    first, last = parse_month(min(months)), parse_month(max(months))
    if first == last:
        return month_name(first)
    span = (last.year - first.year) * 12 + last.month - first.month + 1
    begin = month_name(first).split()[0] if first.year == last.year else month_name(first)
    words = f"{begin} to {month_name(last)}"
    return words if span == len(months) else f"{len(months)} months from {words}"


def day_words(day: datetime.date) -> str:
    """`3 Nov 2025`, as readers see every day."""
    return f"{day.day} {month_name(day)}"


def moment_words(moment: datetime.datetime) -> str:
    """`3 Nov 2025, 06:30 UTC`, as readers see every moment."""
    return f"{day_words(moment.date())}, {moment:%H:%M} UTC"


def today_utc() -> datetime.date:
    """Today's date in UTC: the one clock by which months end."""
    return _clock().date()


def _clock() -> datetime.datetime:
    """What tests replace: every module that asks for today reads it here."""
    return datetime.datetime.now(datetime.UTC)


def fault_of_month(month: datetime.date, today: datetime.date) -> str:
    """Why a month cannot be meant by a file that is read on the day `today`; `''` if it can."""
    if month < EARLIEST:
        return f"is before {EARLIEST.year}"
    if month > add_months(month_of(today), MOST_AHEAD):
        return f"is more than {MOST_AHEAD} months ahead of {format_month(today)}"
    return ""


_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def runs_of_months(months: Iterable[datetime.date]) -> str:
    """Months in words, those that follow each other as one span: `2024-01 to 2024-03, 2025-12`."""
    runs: list[list[datetime.date]] = []
    for month in sorted(set(months)):
        if runs and add_months(runs[-1][-1], 1) == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(
        format_month(run[0]) if len(run) == 1 else f"{format_month(run[0])} to {format_month(run[-1])}" for run in runs
    )
