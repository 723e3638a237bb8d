"""The report of one import: first what a person must check, then what was taken, beside what was there before, by
counts and sums; as text and as JSON."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from database.engines.ports import Store
from database.facts.currencies import Pair, rates_missing
from database.imports.staging import Met, Skipped
from domain.currencies import SEVERAL
from domain.metrics import is_money
from domain.months import format_month, runs_of_months

LISTED = 20
"""How many of a long list are shown; their number is always said."""
_MONTHS_LISTED = 12
"""So many months of a metric, those that change most; JSON and the page have all."""
_PLURAL = {
    "product": "products", "brand": "brands", "category": "categories", "marketplace": "marketplaces",
    "metric": "metrics",
}


@dataclass(frozen=True)
class MetricSum:
    """Facts of one metric in one currency ('' for the dashboard's): how many, and their sum."""

    metric: str
    facts: int
    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class MonthSum:
    """Facts of one metric and month in one currency ('' for the dashboard's): how many, and their sum."""

    metric: str
    month: datetime.date
    facts: int
    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class MonthChange:
    """A metric's sum of one month: of what the file replaces, and of the file. None where there is no such fact."""

    month: datetime.date
    before: Decimal | None
    after: Decimal | None

    @property
    def difference(self) -> Decimal:
        """How much the sum rises."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0))


@dataclass(frozen=True)
class KeptProduct:
    """A product of the same source and months that the file does not mention; once in each currency."""

    asin: str
    facts: int
    value: Decimal
    currency: str = ""


@dataclass(frozen=True)
class Difference:
    """A product's name, brand, category or status: as stored, as the file has it, and whether it was taken."""

    asin: str
    what: str
    stored: str
    file: str
    taken: bool


@dataclass(frozen=True)
class Overlap:
    """Facts of another source for the same product, marketplace, metric and month; both add up. `value` is in
    `currency`, `other_value` in `other_currency`, '' for the dashboard's."""

    source: str
    facts: int
    value: Decimal
    other_value: Decimal
    months: tuple[datetime.date, ...]
    currency: str = ""
    other_currency: str = ""


@dataclass(frozen=True)
class MissingRates:
    """Months of a currency whose rate nobody told: its amounts are left out there until somebody does."""

    currency: str
    months: tuple[datetime.date, ...]


@dataclass(frozen=True)
class NewNames:
    """How many rows an import added to the dimensions, and how many products got what they lacked."""

    categories: int = 0
    brands: int = 0
    products: int = 0
    filled: int = 0


@dataclass(frozen=True)
class ImportReport:
    """Everything a person should know of one import. `import_id` is None for a dry run; `own_currency` is the
    dashboard's, `currencies` are counted in it one to one."""

    file_name: str
    format: str
    source: str
    mode: str
    sha256: str
    dry_run: bool
    import_id: int | None
    rows_read: int
    cells_read: int
    metrics: tuple[MetricSum, ...]
    months: tuple[datetime.date, ...]
    by_month: tuple[MonthSum, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    skipped_columns: tuple[str, ...] = ()
    met: tuple[Met, ...] = ()
    read_as: tuple[str, ...] = ()
    replaced: tuple[MetricSum, ...] = ()
    replaced_by_month: tuple[MonthSum, ...] = ()
    kept: tuple[KeptProduct, ...] = ()
    kept_products: int = 0
    differences: tuple[Difference, ...] = ()
    difference_count: int = 0
    overlaps: tuple[Overlap, ...] = ()
    new: NewNames = NewNames()
    demo_facts: int = 0
    demo_value: Decimal = Decimal(0)
    currencies: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    own_currency: str = ""
    without_rates: tuple[MissingRates, ...] = ()
    rounded: Decimal | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def facts(self) -> int:
        """How many facts were taken."""
        return sum(metric.facts for metric in self.metrics)

    @property
    def value(self) -> Decimal | None:
        """The sum of the facts taken, all metrics, in `value_currency`; None if they are in several currencies."""
        return value_of(self.metrics)

    @property
    def value_currency(self) -> str:
        """The code of the currency that amounts are in, '' for the dashboard's, * for several."""
        return code_of(self.metrics)

    @property
    def is_foreign(self) -> bool:
        """Whether any amount that was taken, or was there before, is in another currency than the dashboard's."""
        return any(each.currency for each in (*self.metrics, *self.replaced))

    @property
    def replaced_facts(self) -> int:
        """How many facts of earlier imports were taken out."""
        return sum(metric.facts for metric in self.replaced)

    def changes_of(self, metric: str, currency: str = "") -> tuple[MonthChange, ...]:
        """The months of a metric in a currency, those that it has no fact in any more among them."""
        after, before = (
            {found.month: found.value for found in sums if (found.metric, found.currency) == (metric, currency)}
            for sums in (self.by_month, self.replaced_by_month)
        )
        return tuple(MonthChange(month, before.get(month), after.get(month)) for month in sorted({*before, *after}))

    def in_a_line(self) -> str:
        """`import 3: orders.csv, 1,234 facts, 2024-01 to 2024-03`."""
        return f"import {self.import_id}: {self.file_name}, {self.facts:,} facts, {runs_of_months(self.months)}"

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-able values: money as text, months as YYYY-MM."""
        fields = _plain(dataclasses.asdict(self))
        value = None if self.value is None else str(self.value)
        fields.update(
            facts=self.facts, value=value, value_currency=self.value_currency, replaced_facts=self.replaced_facts
        )
        return fields

    def lines(self) -> list[str]:
        """The report as lines for a terminal."""
        return list(_lines(self))


def codes_of(sums: Iterable[MetricSum]) -> set[str]:
    """The currencies that amounts are in, '' for the dashboard's; metrics that are no money are in none."""
    return {each.currency for each in sums if each.currency or is_money(each.metric)}


def code_of(sums: Iterable[MetricSum]) -> str:
    """The currency of these amounts, '' for the dashboard's, * for several."""
    codes = codes_of(sums)
    return SEVERAL if len(codes) > 1 else next(iter(codes), "")


def value_of(sums: Sequence[MetricSum]) -> Decimal | None:
    """The sum of all metrics; None if amounts are in several currencies."""
    return None if len(codes_of(sums)) > 1 else sum((each.value for each in sums), Decimal(0))


def missing_rates(store: Store, pairs: Iterable[Pair]) -> tuple[MissingRates, ...]:
    """What has no rate yet, of months and currencies."""
    return tuple(MissingRates(code, tuple(months)) for code, months in rates_missing(store, pairs).items())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime.date):
        return format_month(value)
    return value


def _lines(report: ImportReport) -> Iterator[str]:
    head = "dry run, nothing was changed" if report.dry_run else f"import {report.import_id}"
    yield f"{report.file_name}: {head}; format {report.format}, source {report.source}, {report.mode}"
    yield from _warning_lines(report)
    cells = f", {report.cells_read:,} cells" if report.cells_read else ""
    yield f"  read      {report.rows_read:,} rows{cells} in {report.seconds:.1f} s"
    yield from _left_lines(report)
    if report.read_as:
        yield f"  read as   {', '.join(report.read_as)}"
    for note in report.notes:
        yield f"  read as   {note}"
    yield from _currency_lines(report)
    yield from _taken_lines(report)
    yield from _replaced_lines(report)
    yield from _product_lines(report)


def _warning_lines(report: ImportReport) -> Iterator[str]:
    for warning in report.warnings:
        yield f"  warning   {warning}"
    for overlap in report.overlaps:
        yield (
            f"  warning   source {overlap.source} gives {overlap.facts:,} of these facts too: it says "
            f"{_amount(overlap.other_value, overlap.other_currency)}, this file "
            f"{_amount(overlap.value, overlap.currency)}; both add up "
            f"({_listed([format_month(month) for month in overlap.months])})"
        )
    if report.difference_count:
        taken = any(difference.taken for difference in report.differences)
        words = [f"{d.asin} {d.what}: stored {d.stored}, file {d.file}" for d in report.differences]
        rule = "taken from the file" if taken else "not taken; --update-products takes them"
        yield f"  differs   {report.difference_count:,} ({rule}): {_listed(words, report.difference_count)}"


def _left_lines(report: ImportReport) -> Iterator[str]:
    for skipped in report.skipped:
        yield f"  left out  {skipped.count:,} {skipped.reason}"
    if report.skipped_columns:
        yield f"  left out  {_counted(len(report.skipped_columns), 'column')}: {_listed(report.skipped_columns)}"
    for what in dict.fromkeys(met.what for met in report.met):
        words = [f"{met.written} -> {met.name}" for met in report.met if met.what == what]
        yield f"  met       {_counted(len(words), what, _PLURAL[what])}: {_listed(words)}"
    if report.rounded is not None:
        yield f"  rounded   to two decimals, half to even; that moved the total by {report.rounded}"


def _taken_lines(report: ImportReport) -> Iterator[str]:
    span = f", {format_month(report.months[0])} to {format_month(report.months[-1])}" if report.months else ""
    months = f"{_counted(len(report.months), 'month')}{span}"
    yield f"  taken     {report.facts:,} facts, {_sum_words(report.metrics)}, {months}"
    before = {(metric.metric, metric.currency): metric.value for metric in report.replaced}
    after = {(metric.metric, metric.currency): metric for metric in report.metrics}
    for name, code in dict.fromkeys((*after, *before)):
        metric = after.get((name, code), MetricSum(name, 0, Decimal(0), code))
        beside = f"; {_change(before.get((name, code)), metric.value)}" if report.replaced else ""
        yield f"    {name}: {metric.facts:,} facts, sum {_amount(metric.value, code)}{beside}"
        yield from _month_lines(report.changes_of(name, code), is_compared=bool(report.replaced))


def _month_lines(changes: Sequence[MonthChange], *, is_compared: bool) -> Iterator[str]:
    """The months that change most, in the order of time."""
    largest = sorted(changes, key=lambda change: abs(change.difference), reverse=True)[:_MONTHS_LISTED]
    for change in sorted(largest, key=lambda change: change.month):
        beside = f"; {_change(change.before, change.after)}" if is_compared else ""
        yield f"      {format_month(change.month)}  {change.after or 0:,.2f}{beside}"
    if len(changes) > len(largest):
        yield f"      and {len(changes) - len(largest):,} more months, which change less (--json tells all)"


def _change(before: Decimal | None, after: Decimal | None) -> str:
    if before is None:
        return "not there before"
    return f"before {before:,.2f}, difference {(after or Decimal(0)) - before:+,.2f}"


def _replaced_lines(report: ImportReport) -> Iterator[str]:
    if report.replaced:
        yield (
            f"  replaced  {report.replaced_facts:,} facts of source {report.source}, {_sum_words(report.replaced)}"
        )
    if report.kept_products:
        names = [
            f"{kept.asin} ({kept.facts:,} facts, sum {_amount(kept.value, kept.currency)})" for kept in report.kept
        ]
        yield (
            f"  kept      {_counted(report.kept_products, 'product')} of source {report.source} in these months that "
            f"the file does not mention: {_listed(names, report.kept_products)}"
        )
    if report.demo_facts:
        yield f"  removed   the demo data: {report.demo_facts:,} facts, sum {report.demo_value:,.2f}"


def _product_lines(report: ImportReport) -> Iterator[str]:
    new = report.new
    if new.products or new.brands or new.categories:
        yield (
            f"  new       {_counted(new.products, 'product')}, {_counted(new.brands, 'brand')}, "
            f"{_counted(new.categories, 'category', 'categories')}"
        )
    if new.filled:
        yield f"  filled    {_counted(new.filled, 'product')} got a name, brand, category or status they lacked"


def _currency_lines(report: ImportReport) -> Iterator[str]:
    if report.symbols:
        yield f"  currency  signs seen in cells: {' '.join(report.symbols)}"
    if report.currencies:
        yield f"  currency  recorded as {', '.join(report.currencies)}"
    for code in sorted({metric.currency for metric in report.metrics} - {""}):
        missing = next((each.months for each in report.without_rates if each.currency == code), ())
        rates = f"no rate for {runs_of_months(missing)}: left out there until flask rates tells it" if missing else (
            "rates are there"
        )
        yield f"  currency  {code} is converted into {report.own_currency} at each month's rate; {rates}"


def _amount(value: Decimal, code: str) -> str:
    return f"{value:,.2f} {code}".rstrip()


def _sum_words(sums: Sequence[MetricSum]) -> str:
    """The sum, or that of each currency: nothing is added up across them."""
    codes = codes_of(sums)
    if len(codes) < 2:
        return f"sum {_amount(value_of(sums) or Decimal(0), next(iter(codes), ''))}"
    each = [
        _amount(sum((one.value for one in sums if one.currency == code), Decimal(0)), code or "in the dashboard's")
        for code in sorted(codes)
    ]
    return f"sums {', '.join(each)}"


def _counted(count: int, word: str, plural: str | None = None) -> str:
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def _listed(words, total: int | None = None) -> str:
    total = len(words) if total is None else total
    shown = ", ".join(words[:LISTED])
    return shown if total <= min(LISTED, len(words)) else f"{shown} and {total - min(LISTED, len(words)):,} more"
