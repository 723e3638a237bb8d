"""The headings of a wide file: which columns hold which metric in which month.

Up to three lines of headings end on the one that names the products. A column's texts in them say its month and its
metric, in either order, or one text says both; what stands above several columns is written over the first of them.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.identifiers import HEADINGS, LABELS, find_identifiers, names_product
from database.imports.month_texts import is_month, read_months
from domain.metrics import is_ratio, read_metric
from domain.month_names import month_number
from domain.months import format_month
from domain.remarks import fault_of_remarks, is_only_a_currency, is_only_a_remark
from domain.spelling import name_key
from domain.totals import is_total_heading

MOST_LINES = 3
MONTH_HEADINGS = frozenset((
    "month", "period", "date", "monat", "mois", "mese", "mes", "maand", "year month", "year-month", "yearmonth",
))
"""Over a column of months, in a file that has one."""
_JOINS = frozenset(("-", "–", "—", "to", "bis", "au", "à", "al", "tot", "until", "through", "vs", "vs."))
_YEAR = re.compile(r"(19|20)[0-9]{2}")
_MONTHLIKE = re.compile(r"##|\b(19|20)[0-9]{2}\b|[^\W\d_]{3,}[-'’/ .]?[0-9]{2}\b")
_BRACKETS = re.compile(r"(.*\S)\s*([(\[][^()\[\]]*[)\]])")


@dataclass(frozen=True)
class MonthColumn:
    """A column of values: where it is, its metric and month, how to name it to a person, and the metric as written."""

    position: int
    metric: str
    month: datetime.date
    label: str
    written: str

    @property
    def currency(self) -> str | None:
        """The code of the currency that the metric's heading names."""
        return read_metric(self.written).currency


@dataclass(frozen=True)
class WideHeadings:
    """The headings, understood. `skipped` are columns that are left out, `nameless` those without any heading."""

    identifiers: dict[str, int]
    months: tuple[MonthColumn, ...]
    skipped: tuple[str, ...]
    nameless: tuple[int, ...]
    orders: dict[str, str]


@dataclass(frozen=True)
class _Column:
    """What the headings of one column say: a month, a metric, both or neither, and its lowest heading."""

    position: int
    month: str
    metric: str
    lowest: str
    above: str = ""

    @property
    def label(self) -> str:
        return " / ".join(filter(None, (self.above, self.lowest)))


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a wide file stand: as few lines as tell a month and a metric of some column. The products
    are named on the last, or over blank cells down to it, as where cells were merged."""
    meant = None
    for number, record in enumerate(head.records):
        if not names_product(record.keys):
            continue
        for last in range(number, min(number + MOST_LINES, len(head.records))):
            found = _lines_up_from(head.records, last, least=last - number + 1)
            if found is not None:
                return found
        if meant is None and _is_meant(record):
            meant = Headings(max(0, number - 1), min(2, number + 1))
    return meant


def _lines_up_from(records: Sequence[Record], last: int, *, least: int) -> Headings | None:
    """As few lines as tell a month and a metric, one at least of which is more than a currency or the word Actual."""
    found = None
    for count in range(least, min(MOST_LINES, last + 1) + 1):
        lines = lowered(records[last - count + 1 : last + 1])
        if not names_product(lines[-1].keys):
            return found
        metrics = [column.metric for column in _columns(lines) if column.month and column.metric]
        if metrics and found is None:
            found = Headings(last - count + 1, count)
        if not all(map(is_only_a_remark, metrics)):
            return Headings(last - count + 1, count)
    return found


def lowered(lines: Sequence[Record]) -> tuple[Record, ...]:
    """Lines of headings, in which those that name products, brands and the like stand on the last, if what is below
    them is blank."""
    cells = [list(record.cells) for record in lines]
    for position, below in enumerate(cells[-1]):
        over = [row[position] for row in cells[:-1] if position < len(row) and row[position]]
        if not below and len(over) == 1 and HEADINGS.get(name_key(over[0])):
            cells[-1][position] = over[0]
            for row in cells[:-1]:
                row[position : position + 1] = [""] * (position < len(row))
    return tuple(dataclasses.replace(record, cells=tuple(row)) for record, row in zip(lines, cells, strict=True))


def nearest_headings(head: Head) -> Headings:
    """The lines of which the last has most of what a wide file needs."""
    best = max(range(len(head.records)), key=lambda n: len(set(HEADINGS) & set(head.records[n].keys)))
    return Headings(max(0, best - 1), min(2, best + 1))


def lacking(record: Record) -> list[str]:
    """What a wide file needs and a record has not."""
    keys = set(record.keys)
    found = {
        "ASIN (or Product ID)": names_product(keys), "Marketplace (or MP)": keys & {"mp", "marketplace"},
        "months such as Jan-24": any(map(is_month, record.cells)),
    }
    return [words for words, is_there in found.items() if not is_there]


def read_headings(
    lines: Sequence[Record], *, order: str | None, skip: Sequence[str], percent: Collection[int] = ()
) -> tuple[WideHeadings, list[Fault]]:
    """The headings of a file, and what is wrong with them. `order` is that of `--date-order`, `skip` names columns,
    `percent` are columns whose cells are shown as percentages."""
    lines, line = lowered(lines), lines[-1].first_line
    if len({len(record.cells) for record in lines}) > 1:
        words = f"has {len(lines[-1].cells)} cells, the first header row has {len(lines[0].cells)}"
        return WideHeadings({}, (), (), (), {}), [Fault(words, line)]
    identifiers, faults = find_identifiers(lines[-1].cells, line=line)
    columns = _columns(lines)
    labels = {name_key(lines[-1].cells[identifiers[field]]) for field in LABELS if field in identifiers}
    wanted, left, unknown = _without(columns, [name for name in skip if name_key(name) not in labels], line)
    months, more, orders = _months(wanted, order=order, line=line, rows=len(lines))
    faults += [*unknown, *more, *_strangers(wanted, line)]
    left += [f"{c.label} (shown as percentages)" for c in wanted if c.position in percent and c.month]
    wanted = [column for column in wanted if column.position not in percent]
    months = [month for month in months if month.position not in percent]
    first, last = _span(wanted)
    skipped = [*left, *(c.label for c in wanted if c.lowest and c.position not in {m.position for m in months})]
    nameless = tuple(c.position for c in columns if not c.lowest and not c.month and first <= c.position <= last)
    if not months and not faults and not any(column.month for column in wanted):
        faults.append(Fault("no column has a month as its second heading; write months like Jan-24 or 2024-01", line))
    return WideHeadings(identifiers, tuple(months), tuple(dict.fromkeys(skipped)), nameless, orders), faults


def _is_meant(record: Record) -> bool:
    keys = set(record.keys)
    is_other = "value" in keys or keys & MONTH_HEADINGS
    return not is_other and (bool(keys & {"mp", "marketplace"}) or any(map(is_month, record.cells)))


def _columns(lines: Sequence[Record]) -> list[_Column]:
    """The columns that are no identifiers. A text stands for the columns to its right until another does, but not from
    above an identifier: a title of the sheet stands there."""
    width = len(lines[-1].cells)
    held = [""] * len(lines)
    found = []
    for position in range(width):
        cells = [record.cells[position] if position < len(record.cells) else "" for record in lines]
        # A heading that is merged over all lines stands in each.
        if HEADINGS.get(name_key(cells[-1])) and set(cells[:-1]) <= {"", cells[-1]}:
            held = [""] * len(lines)
            continue
        held = [*(cell or before for cell, before in zip(cells[:-1], held, strict=False)), cells[-1]]
        found.append(_column(position, held))
    return found


def _column(position: int, texts: Sequence[str]) -> _Column:
    if len(texts) == 1:
        month, metric = _split(texts[0])
        return _Column(position, month, metric, texts[0])
    months = [text for text in texts if is_month(text)]
    others = [text for text in texts if text and text not in months]
    if not months:
        years, names = ([t for t in others if _YEAR.fullmatch(t)], [t for t in others if month_number(t.rstrip("."))])
        if len(years) == 1 and len(names) == 1:
            months = [f"{names[0]} {years[0]}"]
            others = [text for text in others if text not in (*years, *names)]
    month = months[0] if len(months) == 1 else ""
    if not texts[-1] and not is_month(texts[0]):
        month = ""
    remarks = [text for text in others if is_only_a_remark(text)]
    if len(remarks) < len(others):
        others = [*(text for text in others if text not in remarks), *(f"({text.strip('()[]')})" for text in remarks)]
    return _Column(position, month, " ".join(others), texts[-1], " ".join(filter(None, texts[:-1])))


def _split(text: str) -> tuple[str, str]:
    """The month and the metric in one heading: `Net revenue Jan-24`, `2024-01 COGS (EUR)`, `CM1 (Jan 2024)`."""
    if is_month(text):
        return text, ""
    words, remark = text.replace("_", " "), ""
    if match := _BRACKETS.fullmatch(words):
        inside = match[2][1:-1].strip()
        if is_month(inside):
            return _unless_a_span(inside, match[1].strip(" -–—:|/,"), match[1].split())
        words, remark = match[1], f" {match[2]}"
    parts = words.split()
    for size in range(min(4, len(parts) - 1), 0, -1):
        for month, rest in ((parts[-size:], parts[:-size]), (parts[:size], parts[size:])):
            written = " ".join(month).strip(",;:|")
            metric = " ".join(rest).strip(" -–—:|/,")
            if is_month(written) and metric:
                return _unless_a_span(written, metric + remark, rest)
    return "", ""


def _unless_a_span(month: str, metric: str, rest: Sequence[str]) -> tuple[str, str]:
    """Nothing, if the other words of the heading hold one more month: figures of `Jan 2024 - Mar 2024` are of none."""
    bare = [word.strip(",;:|()[]") for word in rest]
    is_joined = any(word in _JOINS for word in bare) or any(word[-1:] in "-–—" for word in rest)
    another = any(
        is_month(" ".join(bare[start : start + size])) for size in range(1, 5) for start in range(len(bare) - size + 1)
    )
    if another or (is_joined and any(month_number(word.strip("-–—.")) for word in bare)):
        return "", ""
    return month, metric


def _without(
    columns: Sequence[_Column], skip: Sequence[str], line: int
) -> tuple[list[_Column], list[str], list[Fault]]:
    """The columns but for those that a person has named, these, and faults for names that are nowhere."""
    names = {
        column: {name_key(text) for text in (column.label, column.lowest, column.metric) if text}
        for column in columns
    }
    told = {name_key(name): name for name in skip}
    left = [column for column in columns if names[column] & set(told)]
    known = set().union(*names.values()) if names else set()
    faults = []
    for key, name in told.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            words = f"is no column that --skip-column could leave out{f'; did you mean {near[0]}?' if near else ''}"
            faults.append(Fault(words, line, None, name))
    return [column for column in columns if column not in left], [column.label for column in left], faults


def _months(
    columns: Sequence[_Column], *, order: str | None, line: int, rows: int
) -> tuple[list[MonthColumn], list[Fault], dict[str, str]]:
    read = read_months((column.month for column in columns if column.month), order=order, headings=True)
    months: list[MonthColumn] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, datetime.date], str] = {}
    for column in columns:
        if not column.month or is_ratio(column.metric) or (column.metric and is_total_heading(column.metric)):
            continue
        if column.month in read.rules:
            faults.append(Fault(read.rules[column.month], line, None, column.month))
        elif is_only_a_currency(column.metric):
            faults.append(Fault("names no metric; write the metric in a line above it", line, None, column.metric))
        elif fault := fault_of_remarks(column.metric):
            faults.append(Fault(f"{fault}; --skip-column '{column.metric}' leaves it out", line, column.metric))
        elif not column.metric:
            above = "the first header row is blank up to it" if rows > 1 else "give it a line with metrics above"
            faults.append(Fault(f"stands under no metric; {above}", line, None, column.month))
        elif len(read_metric(column.metric).name) > 100:
            faults.append(Fault("is longer than 100 characters", line, None, column.metric))
        else:
            name, month = read_metric(column.metric).name, read.months[column.month]
            if (name, month) in seen:
                faults.append(_twice(column.label, seen[name, month], name, month, line))
            seen[name, month] = column.label
            months.append(MonthColumn(column.position, name, month, column.label, column.metric))
    return months, list(dict.fromkeys(faults)), read.orders


def _strangers(columns: Sequence[_Column], line: int) -> Iterable[Fault]:
    """Between months only months, totals, ratios and blanks may stand; before and behind them nothing that tries to be
    a month, or stands before them under their metric."""
    first, last = _span(columns)
    over_first = next((column.above for column in columns if column.position == first), "")
    metrics = {name_key(column.metric) for column in columns if column.month}
    for column in columns:
        if column.month or not column.lowest or is_total_heading(column.lowest) or name_key(column.lowest) in HEADINGS:
            continue
        if is_ratio(column.lowest) or is_ratio(column.metric) or is_total_heading(column.metric):
            continue
        if last < 0:
            continue
        if column.position < first:
            is_theirs = any(name_key(column.lowest).startswith(f"{metric} ") for metric in metrics if metric)
            if is_theirs or _looks_like_a_month(column.lowest) or (over_first and column.above == over_first):
                words = "stands before months and cannot be read as one; mend it, or leave it out with --skip-column"
                yield Fault(f"{words} '{column.lowest}'", line, None, column.lowest)
        elif column.position < last:
            words = "stands between months and is none; mend it, or leave the column out with --skip-column"
            yield Fault(f"{words} '{column.lowest}'", line, None, column.lowest)
        elif _tries_to_be_a_month(column.lowest):
            words = "stands behind months and cannot be read as one; mend it, or leave it out with --skip-column"
            yield Fault(f"{words} '{column.lowest}'", line, None, column.lowest)


def _tries_to_be_a_month(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    return "##" in text or any(map(str.isdigit, text)) or any(month_number(word) for word in words)


def _looks_like_a_month(text: str) -> bool:
    """Sooner than other words with figures in them, of which many stand before the months."""
    return bool(_MONTHLIKE.search(text)) or month_number(text.strip(".")) is not None


def _span(columns: Iterable[_Column]) -> tuple[int, int]:
    positions = [column.position for column in columns if column.month]
    return (min(positions), max(positions)) if positions else (1 << 30, -1)


def _twice(label: str, other: str, name: str, month: datetime.date, line: int) -> Fault:
    if label == other:
        return Fault("this heading stands there twice", line, label)
    return Fault(f"means {name} {format_month(month)}, as the column {other} does; keep one of them", line, label)
