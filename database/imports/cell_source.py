"""What the formats of tables by product make of their files: the cells of a record, its facts, and all of them as SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from database.imports.csv_file import CsvFile

FIELDS = ("asin", "brand", "category", "status", "marketplace", "metric", "month", "currency", "stated", "value")
NEEDED = ("asin", "marketplace", "metric", "month")


@dataclass(frozen=True)
class Cell:
    """One cell of a record, for finding it again: which field it fills, the heading over it, what it came to
    in the source's query, its text where that is another, and its place in the record, from 0."""

    field: str
    column: str
    text: str
    written: str | None = None
    position: int | None = None


class FactCell(NamedTuple):
    """The texts of one fact: `column` is the heading over its value, `stated` the code of the currency that this names,
    `currency` what a cell of its row says."""

    asin: str
    marketplace: str
    metric: str
    month: str
    column: str
    value: str
    currency: str = ""
    stated: str | None = None


@dataclass(frozen=True)
class CellSource:
    """What a format makes of its file. `query` is SQL over the file with the columns FIELDS, texts or NULL. One that
    may have rows of totals gives `name` and `sku` beside, and in `numbered` a number `record` of each row of the file;
    `cells_of` gives the cells of one record, and `facts_of` its facts. `names_currencies`: whether any heading over
    values does, which is `stated` in the query; `naming` is the heading over names of products, '' for none. A value
    that breaks one of the rules `skippable` may stand in a column that is better left out: its message says how."""

    file: CsvFile
    query: str
    cells_of: Callable[[list[str]], Iterator[Cell]]
    facts_of: Callable[[list[str]], Iterator[FactCell]]
    numbered: str = ""
    rows_per_record: int = 1
    unread: tuple[int, ...] = ()
    names_currencies: bool = False
    naming: str = ""
    skippable: frozenset[str] = frozenset()
    blank_rules: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(NEEDED, "is blank"))
