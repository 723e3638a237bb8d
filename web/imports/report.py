"""The report of an import as its page draws it: figures written for the reader, the rest in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from domain.months import month_name, months_words, parse_month
from web.figures.formats import Formats, kind_of

MODE_WORDS = {
    "lines": "keeps each line; the newest state of what a line tells of counts",
    "replace": "replaces what the source gave for the same product, marketplace and month",
    "append": "adds, replaces nothing",
    "whole-months": "replaces all that the source gave for these months",
}
"""Of every import that there can be. Who sends a file has no choice of the first: files that hold lines keep them."""

_NAMED = 5
"""So many of a long list are named in a sentence."""
_LISTED = 100
"""So many of a long list are rows of a table."""


@dataclass(frozen=True)
class SumRow:
    """The sum of a metric, or of one of its months: what the file replaces, what it gives, and how much that rises."""

    name: str
    before: str
    after: str
    difference: str
    facts: str = ""


@dataclass(frozen=True)
class MetRow:
    """A name of the file, what it is the name of, and the one that it was read as."""

    written: str
    what: str
    name: str


@dataclass(frozen=True)
class LeftRow:
    """What gave no figure and why, and how many of that there are."""

    words: str
    count: str


@dataclass(frozen=True)
class ReportView:
    """A report, ready to be drawn, what a person must check first. `facts_of` are label and figure; `warnings` is what
    to look at twice, `by_month` the sums of each metric by month, `notes` what else happens."""

    called: str
    facts_of: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    left: tuple[LeftRow, ...]
    met: tuple[MetRow, ...]
    met_count: str
    read_as: tuple[str, ...]
    metrics: tuple[SumRow, ...]
    by_month: tuple[tuple[str, tuple[SumRow, ...]], ...]
    has_before: bool
    notes: tuple[str, ...]


def report_view(report: Mapping[str, Any], formats: Formats) -> ReportView | None:
    """A report as JSON holds it; None for one that its process could not write."""
    if "metrics" not in report:
        return None
    has_before = bool(report["replaced"])
    met = report.get("met", ())
    return ReportView(
        called=report["file_name"],
        facts_of=tuple(_facts_of(report, formats)),
        warnings=tuple(_warnings(report, formats)),
        left=tuple(_left(report, formats)),
        met=tuple(MetRow(entry["written"], entry["what"], entry["name"]) for entry in met[:_LISTED]),
        met_count=formats.count(len(met)),
        read_as=(*report.get("read_as", ()), *report.get("notes", ())),
        metrics=tuple(_metrics(report, formats, has_before=has_before)),
        by_month=tuple(_by_month(report, formats, has_before=has_before)) if len(report["months"]) > 1 else (),
        has_before=has_before,
        notes=tuple(_notes(report, formats)),
    )


def _facts_of(report: Mapping[str, Any], formats: Formats) -> Iterator[tuple[str, str]]:
    def count(number: int) -> str:
        return formats.count(number)

    yield "Rows read", count(report["rows_read"])
    yield "Facts imported", count(report["facts"])
    yield "Facts replaced", count(report["replaced_facts"])
    yield "Months", months_words(report["months"])
    yield "New products", count(report["new"]["products"])
    yield "New brands", count(report["new"]["brands"])


def _metrics(report: Mapping[str, Any], formats: Formats, *, has_before: bool) -> Iterator[SumRow]:
    taken, before = ({_sum_of(entry): entry for entry in report[name]} for name in ("metrics", "replaced"))
    for key in {**taken, **before}:
        sums = [Decimal(entry[key]["value"]) if key in entry else None for entry in (before, taken)]
        facts = formats.count(taken.get(key, {"facts": 0})["facts"])
        yield _sum_row(
            _named(*key), *sums, formats=_in_currency(formats, key[1]), metric=key[0], has_before=has_before,
            facts=facts,
        )


def _sum_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What a sum is of: the metric, and the currency, '' for the dashboard's; earlier versions knew no other."""
    return entry["metric"], entry.get("currency", "")


def _named(metric: str, currency: str) -> str:
    return f"{metric}, {currency}" if currency else metric


def _in_currency(formats: Formats, currency: str) -> Formats:
    return replace(formats, currency=currency) if currency else formats


def _by_month(
    report: Mapping[str, Any], formats: Formats, *, has_before: bool
) -> Iterator[tuple[str, tuple[SumRow, ...]]]:
    """Reports of earlier versions have no sums of before by month: there a dash stands."""
    taken, before = (
        {(_sum_of(entry), entry["month"]): Decimal(entry["value"]) for entry in report.get(name, ())}
        for name in ("by_month", "replaced_by_month")
    )
    for key in dict.fromkeys(key for key, _ in (*taken, *before)):
        months = sorted({month for each, month in (*taken, *before) if each == key})
        yield _named(*key), tuple(
            _sum_row(
                month_name(parse_month(month)), before.get((key, month)), taken.get((key, month)),
                formats=_in_currency(formats, key[1]), metric=key[0],
                has_before=has_before and "replaced_by_month" in report,
            )
            for month in months
        )


def _sum_row(
    name: str, before: Decimal | None, after: Decimal | None, *, formats: Formats, metric: str, has_before: bool,
    facts: str = "",
) -> SumRow:
    kind, nothing = kind_of(metric), Decimal(0)
    rise = (after or nothing) - (before or nothing)
    sign = "+" if rise > 0 else ""
    return SumRow(
        name, formats.exact(before, kind), formats.exact(after, kind),
        f"{sign}{formats.exact(rise, kind)}" if has_before else "", facts,
    )


def _left(report: Mapping[str, Any], formats: Formats) -> Iterator[LeftRow]:
    for entry in report["skipped"]:
        reason = entry["reason"]
        yield LeftRow(f"{reason[:1].upper()}{reason[1:]}", formats.count(entry["count"]))
    columns = report["skipped_columns"]
    if columns:
        words = f"Columns: {', '.join(columns[:20])}{_more(20, len(columns))}"
        yield LeftRow(words, formats.count(len(columns)))


def _notes(report: Mapping[str, Any], formats: Formats) -> Iterator[str]:
    new = report["new"]
    if new["filled"]:
        yield f"{formats.counted(new['filled'], 'product')} get a name, brand, category or status they lacked."
    if new["categories"]:
        yield f"{formats.counted(new['categories'], 'new category', 'new categories')}."
    if report["kept_products"]:
        names, count = [entry["asin"] for entry in report["kept"][:_NAMED]], report["kept_products"]
        yield (
            f"{formats.counted(count, 'product')} of this source in these months stay as they are, because the file "
            f"does not mention them: {', '.join(names)}{_more(len(names), count)}"
        )
    if report["demo_facts"]:
        facts = formats.counted(report["demo_facts"], "fact")
        yield f"The demo data goes for good, {facts}: taking this import back does not bring it back."
    if report["rounded"] is not None:
        yield f"Rounded to two decimals, half to even; that moves the total by {report['rounded']}."
    if report["symbols"]:
        yield f"Currency signs seen in cells: {' '.join(report['symbols'])}"
    if report["currencies"]:
        yield f"Currency named in the file: {', '.join(report['currencies'])}"
    for code in sorted({entry.get("currency", "") for entry in report["metrics"]} - {""}):
        yield f"Amounts in {code} are converted into {report['own_currency']} at each month's rate."


def _warnings(report: Mapping[str, Any], formats: Formats) -> Iterator[str]:
    yield from (f"{words[:1].upper()}{words[1:]}" for words in report["warnings"])
    for entry in report.get("without_rates", ()):
        yield (
            f"There is no rate of {entry['currency']} for {months_words(entry['months'])}: its amounts are left out "
            "there until somebody gives it."
        )
    for entry in report["overlaps"]:
        yield (
            f"The source {entry['source']} gives {formats.count(entry['facts'])} of these facts too: it says "
            f"{_told(entry, 'other_')}, this file {_told(entry)}. Both add up ({months_words(entry['months'])})."
        )
    if report["difference_count"]:
        found = report["differences"][:_NAMED]
        is_taken = any(entry["taken"] for entry in found)
        words = [f"{entry['asin']} {entry['what']}: stored {entry['stored']}, file {entry['file']}" for entry in found]
        count = report["difference_count"]
        yield (
            f"{formats.counted(count, 'product differs', 'products differ')} from what is stored, "
            f"{'and the file is followed' if is_taken else 'and what is stored stays'}: "
            f"{'; '.join(words)}{_more(len(words), count)}"
        )


def _told(entry: Mapping[str, Any], whose: str = "") -> str:
    return f"{entry[f'{whose}value']} {entry.get(f'{whose}currency', '')}".rstrip()


def _more(shown: int, total: int) -> str:
    return f" and {total - shown:,} more" if total > shown else ""
