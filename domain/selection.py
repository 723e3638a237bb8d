"""The selection: what a reader has chosen, in the same words on every page's query string.

    period=1m|mtd|1q|3m|6m|12m|ytd|2025 or from=2024-01 to=2024-12, metric=, brand= category= marketplace= (one or
    several with commas), asin=, search=, compare=previous|year|none, shared=in|out, show=amount|unit|share, sort=
    order= page= generation=, of products also columns= and only=

An empty value means "not chosen", because that is what a form sends. Everything that is unknown,
repeated or out of bounds raises SelectionError, naming what is permitted.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from domain.columns import ListColumn, columns_of, parse_columns, sortable, words_of
from domain.coverage import Unsettled
from domain.errors import GenerationGone, NameGone, SelectionError
from domain.measures import Measured
from domain.metrics import NET_REVENUE
from domain.months import EARLIEST, format_month, parse_month
from domain.narrowing import parse_narrowings
from domain.parameters import listed, one_of, page_number, quoted, search_text, single_values
from domain.periods import (
    COMPARISONS,
    NOTHING,
    PREVIOUS,
    RELATIVE,
    YEAR_BEFORE,
    Calendar,
    Span,
    calendar_at,
    is_year,
    span_of,
    usual_comparison,
)
from domain.rates import LiveRate
from domain.ratios import Balance, Ratio, balances_of, ratios_of
from domain.shared_costs import Spread

WORDS = (
    "period", "from", "to", "metric", "brand", "category", "marketplace", "compare", "sort", "order", "page",
    "generation",
)
"""The parameters of most pages."""
WORDS_WITH_SEARCH = (*WORDS, "search")
"""The parameters of a page of products. Elsewhere a search is unknown: figures would look narrowed by it, and
would not be."""
WORDS_WITH_SHARES = (*WORDS, "shared")
"""The parameters of a page that can show shared costs."""
WORDS_OF_PRODUCTS = ("columns", "only")
"""The parameters of a list of products, beside those of its page."""
WORDS_OF_A_FIGURE = (
    "metric", "period", "from", "to", "brand", "category", "marketplace", "asin", "compare", "shared", "generation",
)
"""The parameters by which one figure is asked about: it has no order and no pages, and may be of one product."""

LONGEST_ASIN = 64

AMOUNT, PER_UNIT, OF_REVENUE = "amount", "unit", "share"
VIEWS = (AMOUNT, PER_UNIT, OF_REVENUE)
"""How a P&L is shown: `?show=`, which its page takes beside its other parameters."""
VIEW = "show"
EVERY_WORD = (*WORDS_WITH_SEARCH, "shared", VIEW, "asin", *WORDS_OF_PRODUCTS)

DEFAULT_PERIOD = "12m"
ORDERS = ("desc", "asc")

_ID = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_CODE = re.compile(r"[A-Z]{2,10}", re.ASCII)


@dataclass(frozen=True)
class Selectable:
    """What a selection may name: everything that has figures in one generation.

    `brands` and `categories` map ids to names, `marketplaces` codes to country names ('' if unknown). `is_restated`:
    figures of some past month were replaced after they had been published, so that pages ask which. `unsettled` are
    months that settlements give and that are not settled to their end. `knows_costs`: the generation
    tells of unit costs, or of figures that lack one; `knows_bridges`: of orders and their payments; `knows_days`: of
    single days.
    `spread`: how costs of no product are shared out, None if they are not.
    `place_of_nobody`: under which brand and category these costs stand, before they are shared out.
    `rates` are those that its figures were converted at.
    """

    generation: int
    first_month: datetime.date
    last_month: datetime.date
    metrics: tuple[str, ...]
    brands: Mapping[int, str]
    categories: Mapping[int, str]
    marketplaces: Mapping[str, str]
    is_restated: bool = True
    unsettled: tuple[Unsettled, ...] = ()
    knows_costs: bool = False
    knows_bridges: bool = False
    knows_days: bool = False
    spread: Spread | None = None
    place_of_nobody: tuple[int, int] = (0, 0)
    rates: tuple[LiveRate, ...] = ()

    @functools.cached_property
    def ratios(self) -> Mapping[str, Ratio]:
        """Name -> ratio, of those that may be chosen like metrics."""
        return ratios_of(self.metrics)

    @functools.cached_property
    def balances(self) -> Mapping[str, Balance]:
        """Name -> amount that is worked out, of those that may be chosen like metrics."""
        return balances_of(self.metrics)

    @functools.cached_property
    def columns(self) -> Mapping[str, ListColumn]:
        """Word -> column, of those that a list of products may have."""
        return columns_of(self.metrics, self.balances, self.ratios)

    @property
    def offered(self) -> tuple[str, ...]:
        """Everything that may be chosen as a metric, ratios last."""
        return (*self.metrics, *self.balances, *self.ratios)

    @property
    def default_metric(self) -> str:
        """Net revenue, or the first metric there is."""
        return NET_REVENUE if NET_REVENUE in self.metrics or not self.metrics else self.metrics[0]

    @property
    def marketplace_names(self) -> dict[str, str]:
        """Code -> what readers see: `DE · Germany`, or the code alone."""
        return {code: f"{code} · {country}" if country else code for code, country in self.marketplaces.items()}


@dataclass(frozen=True)
class Selection(Measured):
    """A reader's choice. `first` and `last` are set, and `period` is empty, for an explicit range.

    `compare` is one of COMPARISONS, or empty for the usual one of these months (`usual_comparison`).
    `ratio` or `balance` is what `metric` names where that is no metric of the facts. `asin` is '' unless one product
    is asked about where others could be. `columns` are those of a list of products, None for the usual ones, `only`
    what it is narrowed to, `sorted_by` the column that `sort` names.
    `scope` holds the ids of the only brands the reader may see, None for all; it is never in an address. Nor is
    `most_months`: of more months than that, only the last ones count. Nor `costs_of`: the generation that tells of unit
    costs, None if it does not.
    """

    calendar: Calendar
    metric: str = NET_REVENUE
    ratio: Ratio | None = None
    balance: Balance | None = None
    period: str = DEFAULT_PERIOD
    first: datetime.date | None = None
    last: datetime.date | None = None
    brands: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    marketplaces: tuple[str, ...] = ()
    search: str = ""
    compare: str = ""
    shared: bool = False
    show: str = AMOUNT
    asin: str = ""
    columns: tuple[ListColumn, ...] | None = None
    only: tuple[str, ...] = ()
    sort: str = "value"
    sorted_by: ListColumn | None = None
    order: str = ORDERS[0]
    page: int = 1
    generation: int | None = None
    scope: tuple[int, ...] | None = None
    most_months: int | None = None
    costs_of: int | None = None

    @functools.cached_property
    def span(self) -> Span:
        """The chosen months, as far as they count."""
        return self.chosen.newest(self.most_months) if self.most_months else self.chosen

    @functools.cached_property
    def chosen(self) -> Span:
        """All chosen months."""
        if self.period:
            return span_of(self.period, self.calendar)
        return Span(self.first, self.last)

    @functools.cached_property
    def drawn(self) -> Span:
        """The months that drawings show: the chosen ones, or a single one among those around it."""
        return self.calendar.around(self.span)

    @functools.cached_property
    def complete(self) -> Span | None:
        """The chosen months without the one in progress: what comparisons stand on."""
        return self.calendar.complete_part(self.span)

    @functools.cached_property
    def in_progress(self) -> Span | None:
        """The chosen months that are not over: the current one, and any later one that the figures reach already."""
        first, last = max(self.span.first, self.calendar.current), min(self.span.last, self.calendar.last_month)
        return Span(first, last) if first <= last else None

    @functools.cached_property
    def previous(self) -> Span | None:
        """As many months before; None where the figures do not reach back that far."""
        complete = self.complete
        return self._with_figures(complete.shifted(-len(complete.months))) if complete else None

    @functools.cached_property
    def year_before(self) -> Span | None:
        """The same months a year before; None where the figures do not reach back that far."""
        complete = self.complete
        return self._with_figures(complete.shifted(-12)) if complete else None

    @property
    def usual_comparison(self) -> str:
        """What these months are compared with unless the reader says otherwise."""
        return usual_comparison(self.period, self.chosen)

    @property
    def compared_with(self) -> str:
        """What the reader compares with: one of COMPARISONS."""
        return self.compare or self.usual_comparison

    @property
    def comparison(self) -> Span | None:
        """The span that the reader compares with, if any."""
        return {PREVIOUS: self.previous, YEAR_BEFORE: self.year_before, NOTHING: None}[self.compared_with]

    def changed(self, **parts) -> Selection:
        """The same selection but for `parts`, on its first page unless `page` is among them. A new
        `period` replaces a range, and the other way round."""
        if "metric" in parts:
            parts = {"ratio": None, "balance": None, **parts}
        if parts.get("period"):
            parts = {"first": None, "last": None, **parts}
        elif "first" in parts:
            parts = {"period": "", **parts}
        return dataclasses.replace(self, **{"page": 1, **parts})

    def query_string(self, words: tuple[str, ...] = EVERY_WORD) -> str:
        """The canonical query string, of the parameters that a page takes: fixed order, defaults left out, ids
        sorted; '' if all is default."""
        texts = {
            "period": self.period if self.period != DEFAULT_PERIOD else "",
            "from": format_month(self.first) if self.first else "",
            "to": format_month(self.last) if self.last else "",
            "metric": self.metric if self.metric != NET_REVENUE else "",
            "brand": ",".join(map(str, self.brands)),
            "category": ",".join(map(str, self.categories)),
            "marketplace": ",".join(self.marketplaces),
            "asin": self.asin,
            "search": self.search,
            # What is usual is not looked up for the many links that ask for nothing else.
            "compare": self.compare if self.compare and self.compare != self.usual_comparison else "",
            "shared": "in" if self.shared else "",
            VIEW: self.show if self.show != AMOUNT else "",
            "columns": words_of(self.columns),
            "only": ",".join(self.only),
            "sort": self.sort if self.sort != "value" else "",
            "order": self.order if self.order != ORDERS[0] else "",
            "page": str(self.page) if self.page != 1 else "",
            "generation": str(self.generation) if self.generation is not None else "",
        }
        # urlencode would quote the words, too, for each of the hundred links of a page.
        return "&".join(f"{word}={quote(text, safe=',')}" for word, text in texts.items() if text and word in words)

    def _with_figures(self, span: Span) -> Span | None:
        return span if span.first >= self.calendar.first_month else None


def parse_selection(
    pairs: Iterable[tuple[str, str]], selectable: Selectable, *, today: datetime.date,
    sorts: tuple[str, ...] = ("value",), words: tuple[str, ...] = WORDS, also: Mapping[str, Ratio] | None = None,
) -> Selection:
    """The selection that decoded query parameters name, on a page that sorts by `sorts` and takes `words`. `also` are
    ratios that may be asked there beside those that every page offers.

    Raises SelectionError on anything not permitted, GenerationGone if another generation is asked for
    than the selectable's.
    """
    texts = single_values(pairs, words, ticked=WORDS_OF_PRODUCTS)
    calendar = calendar_at(selectable.first_month, selectable.last_month, today)
    period, first, last = _parse_period(texts, calendar)
    also = also or {}
    metric = one_of("metric", texts, (*selectable.offered, *also), selectable.default_metric)
    columns = selectable.columns if "columns" in words else {}
    found = Selection(
        calendar=calendar, period=period, first=first, last=last,
        metric=metric, ratio=selectable.ratios.get(metric) or also.get(metric), balance=selectable.balances.get(metric),
        brands=_ids("brand", texts, selectable.brands),
        categories=_ids("category", texts, selectable.categories),
        marketplaces=_codes(texts, selectable.marketplaces),
        search=search_text(texts), asin=_asin(texts),
        compare=one_of("compare", texts, COMPARISONS, ""),
        shared=one_of("shared", texts, ("in", "out"), "out") == "in" and bool(selectable.spread),
        show=one_of(VIEW, texts, VIEWS, AMOUNT),
        columns=parse_columns(texts.get("columns", ""), columns), only=parse_narrowings(texts.get("only", "")),
        sort=one_of("sort", texts, dict.fromkeys((*sorts, *sortable(columns))), sorts[0]),
        sorted_by=columns.get(texts.get("sort", "")),
        costs_of=selectable.generation if selectable.knows_costs and "only" in words else None,
        order=one_of("order", texts, ORDERS, ORDERS[0]),
        page=page_number(texts),
        generation=_generation(texts, selectable.generation),
    )
    # What is usual for these months is not said: other months have another usual.
    return dataclasses.replace(found, compare="") if found.compare == found.usual_comparison else found


def _parse_period(texts: dict[str, str], calendar: Calendar) -> tuple[str, datetime.date | None, datetime.date | None]:
    latest = datetime.date(max(calendar.last_month, calendar.current).year, 12, 1)
    period = texts.get("period", "")
    if "from" not in texts and "to" not in texts:
        return _period_word(period, latest), None, None
    if period:
        raise SelectionError("period and from/to are both given; give one of them")
    first = _month("from", texts, latest) or calendar.first_month
    last = _month("to", texts, latest) or max(calendar.end, first)
    if first > last:
        raise SelectionError(f"from {format_month(first)} is after to {format_month(last)}; swap them")
    return "", first, last


def _period_word(period: str, latest: datetime.date) -> str:
    if not period or period in RELATIVE:
        return period or DEFAULT_PERIOD
    if is_year(period) and EARLIEST.year <= int(period) <= latest.year:
        return period
    raise SelectionError(
        f"period {quoted(period)} is not one of {', '.join(RELATIVE)} "
        f"or a year from {EARLIEST.year} to {latest.year}"
    )


def _month(word: str, texts: dict[str, str], latest: datetime.date) -> datetime.date | None:
    if word not in texts:
        return None
    try:
        month = parse_month(texts[word])
    except ValueError:
        month = None
    if month is None or not EARLIEST <= month <= latest:
        raise SelectionError(
            f"{word} {quoted(texts[word])} is not a month from {format_month(EARLIEST)} to {format_month(latest)}"
        )
    return month


def _ids(word: str, texts: dict[str, str], known: Mapping[int, str]) -> tuple[int, ...]:
    if word not in texts:
        return ()
    parts = texts[word].split(",")
    for part in parts:
        if not _ID.fullmatch(part) or int(part) not in known:
            named = [f"{number} ({name})" for number, name in known.items()]
            words = f"{word} {quoted(part)} is not known; permitted are {listed(named)}"
            raise NameGone(words, word) if _ID.fullmatch(part) else SelectionError(words)
    return tuple(sorted({int(part) for part in parts}))


def _codes(texts: dict[str, str], known: Mapping[str, str]) -> tuple[str, ...]:
    if "marketplace" not in texts:
        return ()
    text = texts["marketplace"]
    parts = [text] if text in known else text.split(",")
    for part in parts:
        if part not in known:
            words = f"marketplace {quoted(part)} is not one of {listed(known)}"
            raise NameGone(words, "marketplace") if _CODE.fullmatch(part) else SelectionError(words)
    return tuple(sorted(set(parts)))


def _asin(texts: dict[str, str]) -> str:
    text = texts.get("asin", "")
    narrowed = next((word for word in ("brand", "category") if text and word in texts), None)
    if narrowed:
        raise SelectionError(f"asin and {narrowed} are both given; a product has one brand and one category")
    if len(text) > LONGEST_ASIN or not text.isprintable():
        raise SelectionError(f"asin {quoted(text)} is none of a product")
    return text


def _generation(texts: dict[str, str], live: int) -> int | None:
    if "generation" not in texts:
        return None
    text = texts["generation"]
    if not _ID.fullmatch(text) or text == "0":
        raise SelectionError(f"generation {quoted(text)} is not a whole number from 1")
    if int(text) != live:
        raise GenerationGone(f"generation {text} is not kept; live is {live}")
    return live
