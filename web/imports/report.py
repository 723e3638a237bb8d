"""The report of an import as its page draws it: figures written for the reader, the rest in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.months import month_name, parse_month
from web.figures.formats import COUNT, Formats, kind_of

MODES = {
    "lines": "keeps each line; the newest state of what a line tells of counts",
    "replace": "replaces what the source gave for the same product, marketplace and month",
    "append": "adds, replaces nothing",
    "whole-months": "replaces all that the source gave for these months",
}

_NAMED = 5
"""So many of a long list are named in a sentence."""


@dataclass(frozen=True)
class MetricRow:
    """One metric: what is taken, and what that replaces."""

    metric: str
    facts: str
    value: str
    replaced_facts: str
    replaced_value: str


@dataclass(frozen=True)
class ReportView:
    """A report, ready to be drawn. `facts_of` are label and figure; `left` is what is not taken and why, `notes`
    what else happens, `warnings` what to look at twice."""

    called: str
    facts_of: tuple[tuple[str, str], ...]
    metrics: tuple[MetricRow, ...]
    has_replaced: bool
    months: tuple[str, ...]
    by_month: tuple[tuple[str, tuple[str, ...]], ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def report_view(report: Mapping[str, Any], formats: Formats) -> ReportView | None:
    """A report as JSON holds it; None for one that its process could not write."""
    if "metrics" not in report:
        return None
    months = [parse_month(text) for text in report["months"]]
    return ReportView(
        called=report["file_name"],
        facts_of=tuple(_facts_of(report, formats)),
        metrics=tuple(_metrics(report, formats)),
        has_replaced=bool(report["replaced"]),
        months=tuple(month_name(month) for month in months) if report.get("by_month") else (),
        by_month=tuple(_by_month(report, formats)),
        left=tuple(_left(report, formats)),
        notes=tuple(_notes(report, formats)),
        warnings=tuple(_warnings(report, formats)),
    )


def count_words(number: int | None, formats: Formats) -> str:
    """How many, as the reader writes it."""
    return formats.exact(None if number is None else Decimal(number), COUNT)


def months_words(months: list[str] | tuple[str, ...]) -> str:
    """`Mar 2024`, `Jan to Mar 2024`, or with their number where some between are missing."""
    if not months:
        return ""
    first, last = parse_month(min(months)), parse_month(max(months))
    if first == last:
        return month_name(first)
    span = (last.year - first.year) * 12 + last.month - first.month + 1
    begin = month_name(first).split()[0] if first.year == last.year else month_name(first)
    words = f"{begin} to {month_name(last)}"
    return words if span == len(months) else f"{len(months)} months from {words}"


def _facts_of(report: Mapping[str, Any], formats: Formats) -> Iterator[tuple[str, str]]:
    def count(number: int) -> str:
        return count_words(number, formats)

    yield "Facts taken", count(report["facts"])
    yield "Facts replaced", count(report["replaced_facts"])
    yield "Rows read", count(report["rows_read"])
    yield "Months", months_words(report["months"])
    yield "New products", count(report["new"]["products"])
    yield "New brands", count(report["new"]["brands"])


def _metrics(report: Mapping[str, Any], formats: Formats) -> Iterator[MetricRow]:
    taken = {entry["metric"]: entry for entry in report["metrics"]}
    replaced = {entry["metric"]: entry for entry in report["replaced"]}
    for metric in {**taken, **replaced}:
        cells = []
        for entry in (taken.get(metric), replaced.get(metric)):
            value = Decimal(entry["value"]) if entry else None
            cells += [count_words(entry["facts"] if entry else None, formats), formats.exact(value, kind_of(metric))]
        yield MetricRow(metric, *cells)


def _by_month(report: Mapping[str, Any], formats: Formats) -> Iterator[tuple[str, tuple[str, ...]]]:
    sums = {(entry["metric"], entry["month"]): Decimal(entry["value"]) for entry in report.get("by_month", ())}
    for metric in dict.fromkeys(metric for metric, _ in sums):
        yield metric, tuple(formats.exact(sums.get((metric, month)), kind_of(metric)) for month in report["months"])


def _left(report: Mapping[str, Any], formats: Formats) -> Iterator[str]:
    for entry in report["skipped"]:
        reason = entry["reason"]
        yield f"{reason[:1].upper()}{reason[1:]}: {count_words(entry['count'], formats)}"
    for met in report.get("met", ())[:20]:
        yield f"{met['written']} was read as the {met['what']} {met['name']}"
    columns = report["skipped_columns"]
    if columns:
        yield f"{_counted(len(columns), 'column', formats)}: {', '.join(columns[:20])}" + _more(20, len(columns))


def _notes(report: Mapping[str, Any], formats: Formats) -> Iterator[str]:
    new = report["new"]
    if new["filled"]:
        yield f"{_counted(new['filled'], 'product', formats)} get a brand, category or status they lacked."
    if new["categories"]:
        yield f"{_counted(new['categories'], 'new category', formats, 'new categories')}."
    if report["kept_products"]:
        names, count = [entry["asin"] for entry in report["kept"][:_NAMED]], report["kept_products"]
        yield (
            f"{_counted(count, 'product', formats)} of this source in these months stay as they are, because the file "
            f"does not mention them: {', '.join(names)}{_more(len(names), count)}"
        )
    if report["demo_facts"]:
        yield f"The demo data goes: {_counted(report['demo_facts'], 'fact', formats)}."
    if report["rounded"] is not None:
        yield f"Rounded to two decimals, half to even; that moves the total by {report['rounded']}."
    if report["symbols"]:
        yield f"Currency signs seen in cells: {' '.join(report['symbols'])}"
    if report["currencies"]:
        yield f"Currency named in the file: {', '.join(report['currencies'])}"


def _warnings(report: Mapping[str, Any], formats: Formats) -> Iterator[str]:
    yield from (f"{words[:1].upper()}{words[1:]}" for words in report["warnings"])
    for entry in report["overlaps"]:
        yield (
            f"The source {entry['source']} gives {count_words(entry['facts'], formats)} of these facts too: it says "
            f"{entry['other_value']}, this file {entry['value']}. Both add up ({months_words(entry['months'])})."
        )
    if report["difference_count"]:
        found = report["differences"][:_NAMED]
        is_taken = any(entry["taken"] for entry in found)
        words = [f"{entry['asin']} {entry['what']}: stored {entry['stored']}, file {entry['file']}" for entry in found]
        count = report["difference_count"]
        yield (
            f"{_counted(count, 'product differs', formats, 'products differ')} from what is stored, "
            f"{'and the file is followed' if is_taken else 'and what is stored stays'}: "
            f"{'; '.join(words)}{_more(len(words), count)}"
        )


def _counted(count: int, word: str, formats: Formats, plural: str = "") -> str:
    return f"{count_words(count, formats)} {word if count == 1 else plural or word + 's'}"


def _more(shown: int, total: int) -> str:
    return f" and {total - shown:,} more" if total > shown else ""
