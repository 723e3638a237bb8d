"""Month and date texts of files -> months, in six languages; nothing is guessed.

What a text can mean is told by its form. For `3/4/2024` that leaves two: which of day and month stands first is settled
for the whole file, for each separator, by the texts that can be read in one way only; else it is asked for.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.month_names import month_number
from domain.months import MOST_AHEAD, add_months, fault_of_month, month_of, today_utc
from domain.spelling import tidy

DMY, MDY = "dmy", "mdy"
ORDERS = (DMY, MDY)
"""Which of day and month stands first, for `--date-order`."""
NO_MONTH = "is not a month; write it like 2024-03"
UNSETTLED = (
    "could be either of two months; give --date-order dmy if the day stands first, --date-order mdy if the month does"
)
COULD_BE_A_DAY = "could be a day or a month; write it like 2024-01"
NO_DATE = "is not a date that exists"

_TIME = r"(?:[T ,]+[0-9]{1,2}:[0-9]{2}.*)?"
_ISO = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})(?:\2([0-9]{{1,2}}){_TIME})?")
_JOINED = re.compile(r"((?:19|20)[0-9][0-9])([0-9][0-9])([0-9][0-9])?")
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?")
_MONTH_YEAR = re.compile(r"([0-9]{1,2})[-/.]([0-9]{4})")
_NUMBERS = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}|[0-9]{{2}}){_TIME}")
_SHORT = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}")
_NAME = r"([^\W\d_]+)\.?"
_GAP = r"(?: de |[ \-\u2010-\u2013/.,_]*)"
_NAMED_MONTH = re.compile(rf"{_NAME}(?P<gap>{_GAP}|['\u2019 ]+)([0-9]{{4}}|[0-9]{{2}})")
_YEAR_NAMED = re.compile(rf"([0-9]{{4}}|[0-9]{{1,2}}){_GAP}{_NAME}")
_DAY = "([0-9]{1,2})(?:st|nd|rd|th)?"
_DAY_NAMED_YEAR = re.compile(rf"{_DAY}\.?{_GAP}{_NAME}{_GAP}['\u2019]?([0-9]{{4}}|[0-9]{{2}}){_TIME}")
_NAMED_DAY_YEAR = re.compile(rf"{_NAME}[ \-/]*{_DAY},?[ \-/]+([0-9]{{4}}){_TIME}")
_FIRST_SERIAL = datetime.date(1899, 12, 30)


@dataclass(frozen=True)
class ReadMonths:
    """The texts that name a month, with it, and the others, with the rule that they break. `orders` tells, for each
    separator of which day and month had to be told apart, which of them stands first."""

    months: dict[str, datetime.date]
    rules: dict[str, str]
    orders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Undecided:
    """A date whose day and month may be either of two numbers."""

    separator: str
    first: int
    second: int
    year: int

    def day(self, order: str) -> datetime.date | None:
        """The date in this order; None if there is no such day."""
        day, month = (self.first, self.second) if order == DMY else (self.second, self.first)
        return _date_or_none(self.year, month, day)


def read_months(
    texts: Iterable[str], *, order: str | None = None, headings: bool = False
) -> ReadMonths:
    """The months that a file's texts name. `order` is what a person has told, DMY or MDY; `headings` says that the
    texts are a row of headings: `Jan 24` is a month there, and a run of first days settles the order."""
    found: dict[str, datetime.date | _Undecided] = {}
    rules: dict[str, str] = {}
    for text in texts:
        try:
            found[text] = _understand(tidy(text), headings=headings)
        except ValueError as error:
            rules[text] = str(error)
    undecided = [date for date in found.values() if isinstance(date, _Undecided)]
    orders = {
        separator: order or _settled([date for date in undecided if date.separator == separator], headings=headings)
        for separator in dict.fromkeys(date.separator for date in undecided)
    }
    months = {}
    for text, date in found.items():
        try:
            months[text] = _accepted(date, orders)
        except ValueError as error:
            rules[text] = str(error)
    return ReadMonths(months, rules, {separator: told for separator, told in orders.items() if told})


def read_month(text: str, *, order: str | None = None, heading: bool = False) -> datetime.date:
    """The month that one text names by itself. Raises ValueError with the rule that it breaks."""
    found = read_months([text], order=order, headings=heading)
    if text in found.rules:
        raise ValueError(found.rules[text])
    return found.months[text]


def is_month(text: str) -> bool:
    """Whether a heading is meant as a month, even if it is one that must be refused."""
    try:
        _understand(tidy(text), headings=True)
    except ValueError as error:
        return str(error) != NO_MONTH
    return True


def _understand(text: str, *, headings: bool) -> datetime.date | _Undecided:
    """What a text says by its form. Raises ValueError with the rule that it breaks."""
    date = _numeric(text) or _with_name(text, headings=headings)
    if date is None:
        raise ValueError(NO_MONTH)
    return date


def _numeric(text: str) -> datetime.date | _Undecided | None:
    if match := _ISO.fullmatch(text):
        return _date(int(match[1]), int(match[3]), int(match[4] or 1))
    if (match := _JOINED.fullmatch(text)) and 1 <= int(match[2]) <= 12:
        return _date(int(match[1]), int(match[2]), int(match[3] or 1))
    if match := _SERIAL.fullmatch(text):
        return _serial(int(match[1]))
    if match := _MONTH_YEAR.fullmatch(text):
        return _date(int(match[2]), int(match[1]), 1)
    if match := _NUMBERS.fullmatch(text):
        return _day_or_month(match[2], int(match[1]), int(match[3]), _year(match[4]))
    if _SHORT.fullmatch(text):
        raise ValueError(COULD_BE_A_DAY)
    return None


def _with_name(text: str, *, headings: bool) -> datetime.date | None:
    if (match := _NAMED_MONTH.fullmatch(text)) and (month := month_number(match[1])):
        written_as_day = match["gap"].strip(" .") == "" and len(match[3]) == 2
        if written_as_day and not headings:
            raise ValueError(COULD_BE_A_DAY)
        return _date(_year(match[3]), month, 1)
    if (match := _YEAR_NAMED.fullmatch(text)) and (month := month_number(match[2])):
        if len(match[1]) < 4:
            raise ValueError(COULD_BE_A_DAY)
        return _date(int(match[1]), month, 1)
    if (match := _DAY_NAMED_YEAR.fullmatch(text)) and (month := month_number(match[2])):
        return _date(_year(match[3]), month, int(match[1]))
    if (match := _NAMED_DAY_YEAR.fullmatch(text)) and (month := month_number(match[1])):
        return _date(int(match[3]), month, int(match[2]))
    return None


def _serial(number: int) -> datetime.date | None:
    """A day as Excel counts them; None for a number that is none of any month that a file may have."""
    day = _FIRST_SERIAL + datetime.timedelta(days=number)
    return None if fault_of_month(day.replace(day=1), today_utc()) else day.replace(day=1)


def _day_or_month(separator: str, first: int, second: int, year: int) -> datetime.date | _Undecided:
    date = _Undecided(separator, first, second, year)
    if date.day(DMY) is None and date.day(MDY) is None:
        raise ValueError(NO_DATE)
    return date


def _settled(dates: list[_Undecided], *, headings: bool) -> str | None:
    """The order that all these dates allow, if only one does or both come to the same months; of headings also the
    one in which each is the first day of a month of its own. None if that leaves two."""
    possible = [order for order in ORDERS if all(date.day(order) for date in dates)]
    if len(possible) != 2:
        # Where none fits all, one date at least is told that it does not fit the others.
        return possible[0] if possible else _most_frequent(dates)
    read = {order: [date.day(order) for date in dates] for order in ORDERS}
    if [month_of(day) for day in read[DMY]] == [month_of(day) for day in read[MDY]]:
        return DMY
    if headings and len(set(dates)) > 1:
        first_days = [order for order in ORDERS if all(day.day == 1 for day in read[order])]
        if len(first_days) == 1:
            return first_days[0]
    return None


def _most_frequent(dates: list[_Undecided]) -> str:
    return max(ORDERS, key=lambda order: sum(date.day(order) is not None for date in dates))


def _accepted(date: datetime.date | _Undecided, orders: dict[str, str | None]) -> datetime.date:
    if isinstance(date, _Undecided):
        order = orders[date.separator]
        if order is None:
            if date.day(DMY) and date.day(MDY) and date.first != date.second:
                raise ValueError(UNSETTLED)
            order = DMY if date.day(DMY) else MDY
        day = date.day(order)
        if day is None:
            words = "day" if order == DMY else "month"
            raise ValueError(f"is no date where the {words} stands first, as in the others of this file")
        date = month_of(day)
    if fault := fault_of_month(date, today_utc()):
        raise ValueError(fault)
    return date


def _year(text: str) -> int:
    """Two digits are the year of this century that they can mean at the latest; 95 to 99 are before it."""
    if len(text) == 4:
        return int(text)
    latest = add_months(month_of(today_utc()), MOST_AHEAD).year
    year = 2000 + int(text)
    return year - 100 if year > latest and int(text) >= 95 else year


def _date(year: int, month: int, day: int) -> datetime.date:
    found = _date_or_none(year, month, day)
    if found is None:
        raise ValueError(NO_DATE)
    return month_of(found)


def _date_or_none(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None
