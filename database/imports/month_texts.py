"""Month and date texts of files -> months. English names whatever the locale; nothing is guessed."""

from __future__ import annotations

import datetime
import re

from domain.months import fault_of_month, today_utc

_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)
_NUMBERS = {name: number for number, name in enumerate(_NAMES, start=1)}
_NUMBERS |= {name[:3]: number for name, number in list(_NUMBERS.items())} | {"sept": 9}

_ISO = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ]\d{2}:\d{2}.*)?)?", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})/(\d{4})", re.ASCII)
_NAMED = re.compile(r"([A-Za-z]+)\.?[ \-](\d{4}|\d{2})", re.ASCII)
_POINTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: \d{1,2}:\d{2}.*)?", re.ASCII)


def read_month(text: str) -> datetime.date:
    """The month a text names, or the month of the day it names: `2024-03`, `2024-03-15`, `03/2024`, `Mar-24`,
    `Mar 2024`, `March 2024`, `15.03.2024`. Raises ValueError with the rule for everything else, for a date
    like 03/04/2024 whose day is ambiguous, for days that do not exist and for months that `fault_of_month` names."""
    month = _read(text.strip())
    if fault := fault_of_month(month, today_utc()):
        raise ValueError(fault)
    return month


def is_month(text: str) -> bool:
    """Whether a heading is meant as a month, even if it is one that must be refused."""
    text = text.strip()
    if any(pattern.fullmatch(text) for pattern in (_ISO, _MONTH_YEAR, _POINTS, _SLASHES)):
        return True
    match = _NAMED.fullmatch(text)
    return bool(match) and match[1].lower() in _NUMBERS


def _read(text: str) -> datetime.date:
    if match := _ISO.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3] or 1))
    if match := _MONTH_YEAR.fullmatch(text):
        return _date(int(match[2]), int(match[1]), 1)
    if (match := _NAMED.fullmatch(text)) and match[1].lower() in _NUMBERS:
        return _date(_year(match[2]), _NUMBERS[match[1].lower()], 1)
    if match := _POINTS.fullmatch(text):
        return _date(int(match[3]), int(match[2]), int(match[1]))
    if match := _SLASHES.fullmatch(text):
        return _slashes(int(match[1]), int(match[2]), int(match[3]))
    raise ValueError("is not a month; write it like 2024-03")


def _slashes(first: int, second: int, year: int) -> datetime.date:
    if first != second and first <= 12 and second <= 12:
        raise ValueError("could be either of two months; write it like 2024-03")
    day, month = (first, second) if first > 12 else (second, first)
    return _date(year, month, day)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _date(year: int, month: int, day: int) -> datetime.date:
    try:
        return datetime.date(year, month, day).replace(day=1)
    except ValueError:
        raise ValueError("is not a date that exists") from None
