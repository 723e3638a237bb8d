"""The filters of a page as its form needs them: every choice in words, and what is chosen now."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from markupsafe import Markup

from domain.months import format_month, month_name
from domain.periods import COMPARISONS, MONTH_TO_DATE, NOTHING, PREVIOUS, RELATIVE, YEAR_BEFORE, period_words
from domain.selection import DEFAULT_PERIOD, Selection
from web.figures.page import Page
from web.figures.steps import Step, steps_of

KEPT = ("sort", "order", "shared", "show", "asin", "only", "columns")
COMPARISON_WORDS = {PREVIOUS: "Previous period", YEAR_BEFORE: "Year before", NOTHING: "Nothing"}
COMPARED = {PREVIOUS: "vs previous", YEAR_BEFORE: "vs year before"}


@dataclass(frozen=True)
class Choice:
    """One option of a list."""

    value: str
    words: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Filter:
    """One list of the form, `options` as HTML. `takes_several`: values may be joined with commas."""

    name: str
    label: str
    options: Markup
    takes_several: bool = False


@dataclass(frozen=True)
class Chip:
    """Something that narrows the page, and the address without it."""

    label: str
    words: str
    address: str


@dataclass(frozen=True)
class Filters:
    """The whole form. `hidden` are parameters that the form keeps as they are; `summary` and `details` say in two
    lines what is chosen, the first of them being a name if it `is_named`; `steps` lead to the months before and after.
    `about` is what the page itself is of."""

    lists: tuple[Filter, ...]
    chips: tuple[Chip, ...]
    hidden: tuple[tuple[str, str], ...]
    reset: str
    summary: str
    details: str
    is_named: bool
    steps: tuple[Step, Step]
    about: Choice | None = None


def filters_of(
    page: Page, *, without: tuple[str, ...] = (), about: Choice | None = None, has_picker: bool = False
) -> Filters:
    """The form of a page with the usual filters. Lists named in `without` mean nothing on the page: they are
    not offered, and what was chosen elsewhere stays chosen. `about` says what the page is of, a brand or a product.
    `has_picker`: columns are chosen on the page, in boxes that belong to the form."""
    selection, selectable = page.selection, page.selectable
    metrics = [
        Choice(name, name, name == selection.metric) for name in dict.fromkeys((*selectable.offered, selection.metric))
    ]
    chips = _chips(page)
    name = about.words if about else _narrowed(chips)
    lists = (
        _periods(selection),
        *_range(page),
        Filter("metric", "Metric", _options(map(_option, metrics))),
        _several("brand", "Brand", _all_brands(selection), selectable.brands, selection.brands),
        _several("category", "Category", "All categories", selectable.categories, selection.categories),
        _several(
            "marketplace", "Marketplace", "All marketplaces", selectable.marketplace_names,
            selection.marketplaces,
        ),
        _comparisons(selection),
    )
    return Filters(
        lists=tuple(found for found in lists if found.name not in without),
        chips=chips,
        hidden=_hidden(selection, without, but=("columns",) if has_picker else ()),
        reset=page.address(
            period=DEFAULT_PERIOD, metric=selectable.default_metric, brands=(), categories=(), marketplaces=(),
            search="", compare="", only=(),
        ),
        summary=name or selection.span.words(),
        details=" · ".join(_details(page, without, name) + ([_narrowed(chips)] if about and chips else [])),
        is_named=bool(name),
        steps=steps_of(page),
        about=about,
    )


def _period_and_months(selection: Selection) -> str:
    """`Last 3 months, Aug 2025 – Oct 2025`, or the months alone where no word stands for them."""
    months = selection.span.words()
    return f"{period_words(selection.period)}, {months}" if selection.period else months


def _narrowed(chips: tuple[Chip, ...]) -> str:
    """What the page is narrowed to, in few words."""
    if len(chips) > 1:
        return f"{len(chips)} filters"
    return chips[0].words if chips else ""


def _details(page: Page, without: tuple[str, ...], name: str) -> list[str]:
    """A phone has room for two lines: below a name, its months take the place of the metric."""
    selection = page.selection
    words = [selection.span.words()] if name else [] if "metric" in without else [selection.metric]
    if "compare" not in without and selection.compared_with != NOTHING:
        # As many months before may be those of the year before, and are called so beside the figures.
        is_year = selection.comparison is not None and selection.comparison == selection.year_before
        words.append(COMPARED[YEAR_BEFORE if is_year else selection.compared_with])
    return words or ["Filters"]


def period_name(selection: Selection) -> str:
    """The chosen period in words: `Last 12 months`, `2025`, `Nov 2024 – Jan 2025`."""
    return period_words(selection.period) if selection.period else selection.span.words()


def _periods(selection: Selection) -> Filter:
    words = [*RELATIVE, *map(str, selection.calendar.years)]
    if not selection.calendar.knows_current:
        words.remove(MONTH_TO_DATE)
    if selection.period and selection.period not in words:
        words.append(selection.period)
    choices = [
        Choice(word, _period_and_months(selection) if word == selection.period else period_words(word),
               is_chosen=word == selection.period)
        for word in words
    ]
    choices.append(Choice("", "From … to …" if selection.period else selection.span.words(), not selection.period))
    return Filter("period", "Period", _options(map(_option, choices)))


def _range(page: Page) -> tuple[Filter, Filter]:
    """Months to choose from, newest first, with whatever the address names."""
    selection, calendar = page.selection, page.selection.calendar
    months = {*calendar.offered.months, selection.first, selection.last} - {None}
    newest_first = sorted(months, reverse=True)

    def listed(name: str, label: str, chosen) -> Filter:
        found = [Choice(format_month(month), month_name(month), month == chosen) for month in newest_first]
        return Filter(name, label, _options(map(_option, [Choice("", label + " …", chosen is None), *found])))

    return listed("from", "From", selection.first), listed("to", "To", selection.last)


def _all_brands(selection: Selection) -> str:
    """Somebody who is limited to some brands sees all of theirs, and no others."""
    return "All brands" if selection.scope is None else "All your brands"


def _comparisons(selection: Selection) -> Filter:
    """What is usual for the chosen months is sent as nothing: other months have another usual."""
    choices = [
        Choice(
            "" if word == selection.usual_comparison else word, COMPARISON_WORDS[word],
            is_chosen=word == selection.compared_with,
        )
        for word in COMPARISONS
    ]
    return Filter("compare", "Compare with", _options(map(_option, choices)))


def _several(name: str, label: str, everything: str, known: Mapping, chosen: tuple) -> Filter:
    """A form without scripts chooses one; several in the address are kept as one more choice."""
    choices = [Choice("", everything, not chosen)]
    if len(chosen) > 1:
        words = f"{len(chosen)} {everything.removeprefix('All ').removeprefix('your ')}"
        choices.append(Choice(",".join(map(str, chosen)), words, is_chosen=True))
    listed = _not_chosen(tuple(known.items()))
    if len(chosen) == 1:
        listed = listed | {chosen[0]: _option(Choice(str(chosen[0]), known[chosen[0]], is_chosen=True))}
    return Filter(name, label, _options([*map(_option, choices), *listed.values()]), takes_several=True)


@functools.lru_cache(maxsize=64)
def _not_chosen(known: tuple[tuple[Any, str], ...]) -> dict[Any, str]:
    """Key -> its option. Every page of a generation lists the same hundreds of brands."""
    return {key: _option(Choice(str(key), words)) for key, words in known}


def _option(choice: Choice) -> str:
    chosen = Markup(" selected") if choice.is_chosen else ""
    return str(Markup('<option value="{}"{}>{}</option>').format(choice.value, chosen, choice.words))


def _options(options: Iterable[str]) -> Markup:
    return Markup("\n".join(options))


def _chips(page: Page) -> tuple[Chip, ...]:
    selection, selectable = page.selection, page.selectable
    chips = []
    for label, part, known in (
        ("Brand", "brands", selectable.brands),
        ("Category", "categories", selectable.categories),
        ("Marketplace", "marketplaces", selectable.marketplace_names),
    ):
        chosen = getattr(selection, part)
        for key in chosen:
            rest = tuple(other for other in chosen if other != key)
            chips.append(Chip(label, known[key], page.address(**{part: rest})))
    if selection.search:
        chips.append(Chip("Search", selection.search, page.address(search="")))
    return tuple(chips)


def _hidden(
    selection: Selection, without: tuple[str, ...], *, but: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """The order of the table stays; the page number does not."""
    pairs = parse_qsl(selection.query_string())
    return tuple((word, text) for word, text in pairs if (word in KEPT or word in without) and word not in but)
