"""The columns that a list of products can have beside the chosen metric, and their words in addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.errors import SelectionError
from domain.metrics import CM1, CM2, CM3, NET_REVENUE, NET_UNITS, OPERATING_PROFIT, is_money, rise_of
from domain.parameters import quoted
from domain.ratios import (
    AVERAGE_PRICE,
    CM1_MARGIN,
    CM2_MARGIN,
    CM3_MARGIN,
    OPERATING_MARGIN,
    Balance,
    Measure,
    Ratio,
)

VALUE = "value"
"""The chosen metric: it always stands first, and is permitted so that nothing may be asked for beside it."""
AMOUNT, OF_REVENUE, PER_UNIT = "", "of_revenue", "per_unit"


@dataclass(frozen=True)
class ListColumn:
    """A column: its `word` in addresses, its `name`, and what it shows of each product, None of what is told of the
    chosen metric. `key` is its name in JSON, `of` the metric whose row it stands in where columns are chosen, `form`
    whether it is the amount, or that by net revenue or net units."""

    word: str
    name: str
    measure: Measure | None = None
    key: str = ""
    of: str = ""
    form: str = AMOUNT

    @property
    def in_files(self) -> str:
        """What it is called in JSON."""
        return self.key or self.word


SHARE = ListColumn("share", "Share")
BEFORE = ListColumn("before", "Before")
CHANGE = ListColumn("change", "Change")
TREND = ListColumn("trend", "By month")
LOST = ListColumn("cm3", CM3, CM3, of=CM3)
MARGIN = ListColumn("margin", CM3_MARGIN.name, CM3_MARGIN, "cm3_percent", CM3, OF_REVENUE)
PIECES = ListColumn("units", "Units", NET_UNITS, of=NET_UNITS)
PRICE = ListColumn("price", AVERAGE_PRICE.name, AVERAGE_PRICE, "average_price", NET_REVENUE, PER_UNIT)

USUAL = (SHARE, CHANGE, LOST, MARGIN, PIECES, PRICE, TREND)
"""What stands there unless a reader chooses."""
USUAL_IN_FILES = (SHARE, BEFORE, CHANGE, LOST, MARGIN, PIECES, PRICE)
"""A drawing is no column of a file; what a change is held against is."""
_MARGINS = {
    CM1: CM1_MARGIN.name, CM2: CM2_MARGIN.name, CM3: CM3_MARGIN.name, OPERATING_PROFIT: OPERATING_MARGIN.name,
}
"""What some amounts by net revenue are called."""
_TAKEN = frozenset((VALUE, "name", "asin", "product", "brand", *(column.word for column in (*USUAL, BEFORE))))
"""Words that no metric gets by its own name."""


def columns_of(
    metrics: tuple[str, ...], balances: Mapping[str, Balance], ratios: Mapping[str, Ratio]
) -> dict[str, ListColumn]:
    """Word -> column, of all that can be chosen where these have figures, in the order in which they stand: what is
    told of the chosen metric, the P&L with what each amount is by net revenue and by net units, other ratios, and the
    drawing. The usual ones are always there."""
    columns = [SHARE, BEFORE, CHANGE]
    for name, measure in _measures(metrics, balances):
        columns += _forms(name, measure, metrics, ratios)
    known = {column.name for column in columns}
    columns += [ListColumn("", ratio.name, ratio) for ratio in ratios.values() if ratio.name not in known]
    words: dict[str, ListColumn] = {}
    for column in (*columns, TREND):
        word = column.word or _word_of(column, words)
        words[word] = replace(column, word=word)
    return words


def parse_columns(text: str, known: Mapping[str, ListColumn]) -> tuple[ListColumn, ...] | None:
    """The columns that a parameter names, in the order in which they stand; None if it names none. Raises
    SelectionError on one that there is not."""
    words = {word for word in text.split(",") if word}
    for word in sorted(words - {VALUE}):
        if word not in known:
            raise SelectionError(f"columns {quoted(word)} is not one of {', '.join((VALUE, *known))}")
    return tuple(column for word, column in known.items() if word in words) if words else None


def words_of(columns: tuple[ListColumn, ...] | None) -> str:
    """What `parse_columns` read."""
    return "" if columns is None else ",".join(column.word for column in columns) or VALUE


def is_usual(columns: tuple[ListColumn, ...] | None) -> bool:
    """Whether a page shows the same without them being named."""
    return columns is None or set(columns) == set(USUAL)


def sortable(columns: Mapping[str, ListColumn]) -> list[str]:
    """The words of those that rows can be sorted by."""
    return [word for word in columns if word != TREND.word]


def _measures(metrics: tuple[str, ...], balances: Mapping[str, Balance]) -> Iterator[tuple[str, Measure]]:
    """In the order of the P&L, those of the usual columns whether they have figures or not."""
    for name in (*metrics, *(name for name in (NET_REVENUE, CM3, NET_UNITS) if name not in metrics)):
        yield name, name
        if name == CM3:
            yield from balances.items()


def _forms(
    name: str, measure: Measure, metrics: Sequence[str], ratios: Mapping[str, Ratio]
) -> Iterator[ListColumn]:
    """An amount, and where it is money what it is by net revenue and by net units."""
    if name == NET_UNITS:
        yield PIECES
        yield PRICE
        return
    yield LOST if name == CM3 else ListColumn("", name, measure, of=name)
    if not is_money(name):
        return
    plus, minus = ((measure.plus,), (measure.minus,)) if isinstance(measure, Balance) else ((name,), ())
    if name == CM3:
        yield MARGIN
    elif name != NET_REVENUE and NET_REVENUE in metrics:
        ratio = ratios.get(_MARGINS.get(name, "")) or Ratio(
            f"{name} % of revenue", plus, NET_REVENUE, rise=rise_of(name), minus=minus
        )
        yield ListColumn("", ratio.name, ratio, of=name, form=OF_REVENUE)
    if name != NET_REVENUE and NET_UNITS in metrics:
        ratio = Ratio(f"{name} per unit", plus, NET_UNITS, percent=False, rise=rise_of(name), minus=minus)
        yield ListColumn("", ratio.name, ratio, of=name, form=PER_UNIT)


def _word_of(column: ListColumn, taken: Mapping[str, ListColumn]) -> str:
    """`FBA fees % of revenue` -> `fba_fees_percent_of_revenue`, with a number behind it if it is another's word."""
    word = re.sub(r"[^\w-]+", "_", column.name.lower().replace("%", " percent ")).strip("_") or "column"
    free, again = word, 2
    while free in taken or free in _TAKEN:
        free, again = f"{word}_{again}", again + 1
    return free
