"""In which currency each fact of a table is: what its cell, its row, its column, a line above the table or --currency
says. They must say the same. What nothing is said of is in the dashboard's currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import duckdb

from database.imports.cell_source import CellSource, FactCell
from database.imports.cells import SAID, Gathered
from database.imports.currencies import Currencies, marked, one_to_one, told_currency
from database.imports.faults import Fault
from database.imports.staging import ImportOptions
from domain.metrics import is_money
from domain.remarks import currency_above

_CELL, _ROW, _COLUMN, _ABOVE, _TOLD = "its cell", "its row", "its column", "a line above the table", "--currency"
_WHERE = dict(zip(SAID, (_CELL, _ROW, _COLUMN), strict=True))


@dataclass(frozen=True)
class Stated:
    """The currencies of a table's facts. `foreign`: the codes in which facts are recorded, in the column `currency` of
    `staged`, which is there only if there are any. `taken_as`: every code that amounts were taken as; `marks`: those
    that are counted one to one; `unsaid`: how many amounts nothing was said of. `everywhere` is what was said of the
    whole file, `told` what --currency said of each marketplace."""

    foreign: tuple[str, ...] = ()
    taken_as: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    unsaid: int = 0
    everywhere: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Group:
    """Facts of one metric and marketplace of which the same is said."""

    metric: str
    marketplace: str
    said: Mapping[str, str]
    count: int

    @property
    def code(self) -> str | None:
        """What is said, if anything is; of metrics that are no money nothing matters."""
        return next(iter(self.said.values()), None) if is_money(self.metric) else None

    @property
    def is_contradicted(self) -> bool:
        """Whether two places say different things."""
        return is_money(self.metric) and len(set(self.said.values())) > 1


def settle_currencies(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, options: ImportOptions, currencies: Currencies,
    gathered: Gathered,
) -> Stated:
    """Gives `staged` the column `currency`, if any fact is in another than the dashboard's. Raises Refused for a file
    that contradicts itself, SetupError for a --currency that is none."""
    everywhere = dict(_said_above(source))
    places = _places(scratch) if options.currency is not None else []
    told = told_currency(options, places)
    if not gathered.said and not everywhere and not told:
        return Stated(
            taken_as=(currencies.own,), marks=marked(currencies, options, (), gathered.style.symbols)
        )
    groups = _groups(scratch, gathered.said, everywhere, told)
    if any(group.is_contradicted for group in groups):
        raise source.file.refusal([_fault(source, Sayings(scratch, gathered, everywhere, told))])
    named = {group.code for group in groups if group.code is not None}
    foreign = tuple(sorted(named - one_to_one(currencies, options)))
    _rewrite(scratch, gathered.said, groups, foreign, everywhere=next(iter(everywhere.values()), None), told=told)
    unsaid = sum(group.count for group in groups if is_money(group.metric) and not group.said)
    return Stated(
        foreign, tuple(sorted({*named, *((currencies.own,) if unsaid or not named else ())})),
        marked(currencies, options, named, gathered.style.symbols), unsaid, everywhere, told,
    )


def _said_above(source: CellSource) -> Iterator[tuple[str, str]]:
    """What lines above the table say. Raises Refused if two of them say different things."""
    found: dict[str, tuple[int, str]] = {}
    for record in source.file.above:
        for cell in record.cells:
            code = currency_above(cell)
            if code is None:
                continue
            found.setdefault(code, (record.first_line, cell))
            if len(found) > 1:
                (first, (line, _)) = next(iter(found.items()))
                words = f"says {code}, and line {line} above the table says {first}; take out the one that is wrong"
                raise source.file.refusal([Fault(words, record.first_line, None, cell)])
            yield _ABOVE, code


def _places(scratch: duckdb.DuckDBPyConnection) -> list[str]:
    return [place for (place,) in scratch.execute(
        "SELECT DISTINCT marketplace::VARCHAR FROM staged ORDER BY 1").fetchall()]


def _groups(
    scratch: duckdb.DuckDBPyConnection, said: tuple[str, ...], everywhere: Mapping[str, str], told: Mapping[str, str]
) -> list[_Group]:
    keys = ", ".join(("metric", "marketplace", *said))
    rows = scratch.execute(
        f"SELECT metric::VARCHAR, marketplace::VARCHAR, n{''.join(f', {name}' for name in said)} "
        f"FROM (SELECT {keys}, count(*) AS n FROM staged GROUP BY ALL) ORDER BY ALL"
    ).fetchall()
    return [
        _Group(metric, place, {
            **{_WHERE[name]: code for name, code in zip(said, codes, strict=True) if code}, **everywhere,
            **({_TOLD: told[place]} if place in told else {}),
        }, count)
        for metric, place, count, *codes in rows
    ]


def _rewrite(
    scratch: duckdb.DuckDBPyConnection, said: tuple[str, ...], groups: list[_Group], foreign: tuple[str, ...], *,
    everywhere: str | None, told: Mapping[str, str],
) -> None:
    """Leaves `staged` without what was said and, if something is foreign, with the column `currency`."""
    kept = "asin, marketplace, metric, month, value"
    if foreign:
        scratch.execute(
            "CREATE OR REPLACE TEMP TABLE told_place AS SELECT unnest($places::VARCHAR[]) AS place, "
            "unnest($codes::VARCHAR[]) AS code", {"places": list(told), "codes": list(told.values())},
        )
        scratch.execute(
            "CREATE OR REPLACE TEMP TABLE foreign_code AS SELECT unnest($codes::VARCHAR[]) AS code",
            {"codes": list(foreign)},
        )
        scratch.execute(
            "CREATE OR REPLACE TEMP TABLE money AS SELECT unnest($names::VARCHAR[]) AS name",
            {"names": sorted({group.metric for group in groups if is_money(group.metric)})},
        )
        above = "NULL::VARCHAR" if everywhere is None else f"'{everywhere}'"
        code = f"coalesce({', '.join((*said, above, 't.code'))})"
        kept = ", ".join(f"s.{name}" for name in kept.split(", "))
        scratch.execute(
            f"CREATE OR REPLACE TEMP TABLE staged_stated AS SELECT {kept}, f.code AS currency FROM staged s "
            "LEFT JOIN told_place t ON t.place = s.marketplace::VARCHAR "
            "LEFT JOIN money m ON m.name = s.metric::VARCHAR "
            f"LEFT JOIN foreign_code f ON m.name IS NOT NULL AND f.code = {code} ORDER BY s.rowid"
        )
    elif said:
        scratch.execute(f"CREATE OR REPLACE TEMP TABLE staged_stated AS SELECT {kept} FROM staged ORDER BY rowid")
    else:
        return
    scratch.execute("DROP TABLE staged")
    scratch.execute("ALTER TABLE staged_stated RENAME TO staged")


class Sayings:
    """What is said of single facts of a file, for finding their lines again."""

    def __init__(
        self, scratch: duckdb.DuckDBPyConnection, gathered: Gathered, everywhere: Mapping[str, str],
        told: Mapping[str, str],
    ) -> None:
        self._names, self._everywhere, self._told = gathered.names, everywhere, told
        self._codes = dict(scratch.execute("SELECT text, code FROM odd_read WHERE code IS NOT NULL").fetchall())

    def of(self, fact: FactCell) -> dict[str, str]:
        """Where something is said of it, and what, in the order in which it counts; nothing of what is no money."""
        _, place, metric = self._names.of(fact.asin, fact.marketplace, fact.metric)
        found = {
            _CELL: self._codes.get(fact.value), _ROW: fact.currency.upper(), _COLUMN: fact.stated, **self._everywhere,
            _TOLD: self._told.get(place),
        }
        return {where: code for where, code in found.items() if code} if is_money(metric) else {}


def _fault(source: CellSource, sayings: Sayings) -> Fault:
    """The first fact of which different things are said."""
    for line, record in source.file.records():
        for fact in source.facts_of(record):
            said = sayings.of(fact)
            if len(set(said.values())) > 1:
                (first, code), *others = said.items()
                where, other = next((where, word) for where, word in others if word != code)
                words = f"{first} says {code}, {where} {other}; one of them is wrong"
                return Fault(words, line, fact.column, fact.value)
    return Fault("what it says of its currency contradicts itself")
