"""What stands in a cell, as the text that the CSV file holds: numbers, dates, percentages, errors."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal, InvalidOperation

PLAIN, PERCENT, DATE = 0, 1, 2
"""What a number format makes of a number."""

NOT_CALCULATED = "#NOT-CALCULATED!"
"""Stands where a formula has no value: no cell that is read may hold it."""
NOT_AVAILABLE = "#N/A"
"""The one error that says that there is no value; its cell is blank."""

_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BUILT_IN_PERCENTAGES = {9, 10}
_MILLIONTH = Decimal("0.000001")
_CENT = Decimal("0.01")
is_simple = re.compile(r"-?\d{1,15}(?:\.\d\d?)?", re.ASCII).fullmatch
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII).fullmatch
_LONGEST_EXPONENT = 40
_NO_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_QUOTED = re.compile(r'[",\n\r]')
_BREAKS = re.compile(r"[ \t]*(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])[ \t]*")


def number_format_kind(number: int, code: str | None) -> int:
    """PLAIN, PERCENT or DATE for a number format: its number, and its code where the workbook defines it."""
    if code is None:
        return DATE if number in _BUILT_IN_DATES else PERCENT if number in _BUILT_IN_PERCENTAGES else PLAIN
    bare = _NO_LETTERS.sub("", code.partition(";")[0]).lower()
    if "%" in bare:
        return PERCENT
    if bare.strip() in ("general", "standard", "@"):
        return PLAIN
    return DATE if re.search(r"[ymdhs]|am/pm", bare) else PLAIN


def number_text(written: str) -> str:
    """A number as the decimal it shows at two places, if it is within a millionth of that, else with all its places,
    and never with exactly three: 1.234 could be taken for a thousand and more, 1.2340 cannot. Raises ValueError for
    what is no number."""
    if is_simple(written):
        return written
    value = _decimal(written)
    shown = value.quantize(_CENT) if value.adjusted() < 24 else value
    if abs(value - shown) <= _MILLIONTH:
        return _plain(shown)
    text = _plain(value)
    return text + "0" if len(text.partition(".")[2]) == 3 else text


def percent_text(written: str) -> str:
    """A number that is shown as a percentage, as it is shown: 0.25 is 25%."""
    return f"{number_text(str(_decimal(written).scaleb(2)))}%"


def date_text(written: str, *, is_1904: bool) -> str:
    """A serial day as an ISO date, with the time if it has one. What no date can be stays a number."""
    days = float(written)
    if 0 <= days < 1 and not is_1904:
        return (datetime.datetime.min + datetime.timedelta(seconds=round(days * 86400))).strftime("%H:%M:%S")
    # Excel counts a 29 February 1900 that never was: serial 60.
    first = datetime.datetime(1904, 1, 1) if is_1904 else datetime.datetime(1899, 12, 31 if days < 60 else 30)
    try:
        moment = first + datetime.timedelta(seconds=round(days * 86400))
    except OverflowError:
        return number_text(written)
    return moment_text(moment)


def moment_text(moment: datetime.datetime) -> str:
    """ISO, without a time at midnight."""
    return f"{moment:%Y-%m-%d}" if moment.time() == datetime.time.min else f"{moment:%Y-%m-%d %H:%M:%S}"


def iso_text(written: str) -> str:
    """A date that the workbook holds as ISO 8601 text."""
    text = written.strip().removesuffix("Z").replace("T", " ")
    return re.sub(r" 00:00:00(?:\.0+)?$", "", re.sub(r"(?<=:\d\d)\.\d+$", "", text))


def one_line(text: str) -> str:
    """Line breaks inside a cell are blanks in the CSV file: a row of the sheet is a line of it."""
    return _BREAKS.sub(" ", text).replace("\0", "")


def quoted(text: str) -> str:
    """As a cell of a CSV file with commas."""
    text = one_line(text)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def column_name(position: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def column_position(letters: str) -> int:
    """A is 0, AA is 26. Raises ValueError for what is no column of a sheet."""
    if not re.fullmatch("[A-Z]{1,3}", letters, re.ASCII):
        raise ValueError(letters)
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def _decimal(written: str) -> Decimal:
    try:
        value = Decimal(written.strip()) if _NUMBER(written.strip()) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > 400:
        raise ValueError(written)
    return value


def _plain(value: Decimal) -> str:
    """Without an exponent, but for what has no place in any table of figures."""
    if abs(value.adjusted()) > _LONGEST_EXPONENT:
        return f"{value:E}"
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
