"""The keys of staged facts: product, marketplace, metric and month stand once each, or are added up, or refused."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import duckdb

from database.imports.cell_source import CellSource
from database.imports.cells import Gathered
from database.imports.faults import LISTED, Fault
from database.imports.numbers import LARGEST
from database.imports.staging import ImportOptions
from database.imports.stated import Sayings, Stated
from domain.months import format_month

MOST_KEYS = 400_000_000


@dataclass(frozen=True)
class Keys:
    """How many rows were `added` to others of their key, and how many keys stand `in_several` currencies."""

    added: int = 0
    in_several: int = 0


def settle_keys(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, options: ImportOptions, gathered: Gathered, *,
    stated: Stated,
) -> Keys:
    """Leaves each product, marketplace, metric and month once in `staged`, in several currencies once in each: rows of
    one key are added up where a person asked for it; else raises Refused, with both lines."""
    if _keys_are_unique(scratch):
        return Keys()
    key = "asin, marketplace, metric, month" + (", currency" if stated.foreign else "")
    doubled = f"FROM staged GROUP BY {key} HAVING count(*) > 1"
    count = scratch.execute(f"SELECT sum(n - 1)::BIGINT FROM (SELECT count(*) AS n {doubled})").fetchone()[0]
    if not count:
        return Keys(in_several=_in_several(scratch) if stated.foreign else 0)
    if not options.sum_rows:
        raise source.file.refusal(_faults(scratch, source, gathered, stated, doubled), count)
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE added AS SELECT {key}, sum(value) AS value FROM staged GROUP BY ALL"
    )
    beyond = scratch.execute("SELECT count(*) FROM added WHERE abs(value) > 9999999999999.99").fetchone()[0]
    if beyond:
        raise source.file.refusal([Fault(f"{beyond} sums of rows of one key are beyond {LARGEST}")])
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {key}, value::DECIMAL(15,2) AS value FROM added"
    )
    return Keys(count, _in_several(scratch) if stated.foreign else 0)


def _in_several(scratch: duckdb.DuckDBPyConnection) -> int:
    return scratch.execute(
        "SELECT count(*) FROM (FROM staged SELECT 1 GROUP BY asin, marketplace, metric, month HAVING count(*) > 1)"
    ).fetchone()[0]


def _faults(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, gathered: Gathered, stated: Stated, doubled: str
) -> list[Fault]:
    code = "coalesce(currency, '')" if stated.foreign else "''"
    wanted: dict[tuple[str, str, str, datetime.date | None, str], int | None] = {
        tuple(row): None for row in scratch.execute(
            f"SELECT asin::VARCHAR, marketplace::VARCHAR, metric::VARCHAR, month, {code} {doubled} LIMIT 10000"
        ).fetchall()
    }
    sayings = Sayings(scratch, gathered, stated.everywhere, stated.told)
    faults: list[Fault] = []
    for line, record in source.file.records():
        for fact in source.facts_of(record):
            said = next(iter(sayings.of(fact).values()), "")
            key = (
                *gathered.names.of(fact.asin, fact.marketplace, fact.metric), gathered.months.get(fact.month),
                said if said in stated.foreign else "",
            )
            if key not in wanted:
                continue
            if wanted[key] is None:
                wanted[key] = line
            elif len(faults) < LISTED:
                words = (
                    f"gives {' '.join(key[:3])} {format_month(key[3])} again; line {wanted[key]} gave it first; "
                    "--sum adds such rows up"
                )
                faults.append(Fault(words, line, fact.column))
    return faults


def _keys_are_unique(scratch: duckdb.DuckDBPyConnection) -> bool:
    """One bit per possible key, as many bits set as there are facts: ten times quicker than grouping. False
    also means that there are too many possible keys to try it."""
    products, marketplaces, metrics = scratch.execute(
        "SELECT len(enum_range(NULL::asin_word)), len(enum_range(NULL::marketplace_word)), "
        "len(enum_range(NULL::metric_name))"
    ).fetchone()
    first, last = scratch.execute(
        "SELECT min(year(month) * 12 + month(month)), max(year(month) * 12 + month(month)) FROM staged"
    ).fetchone()
    if first is None:
        return True
    keys = products * marketplaces * metrics * (last - first + 1)
    if keys > MOST_KEYS:
        return False
    return scratch.execute(
        "SELECT bit_count(bitstring_agg("
        f"(((year(month) * 12 + month(month) - {first}) * {metrics}::BIGINT + enum_code(metric)) "
        f"* {marketplaces}::BIGINT + enum_code(marketplace)) * {products}::BIGINT + enum_code(asin), "
        f"0::BIGINT, {keys}::BIGINT)) = count(*) FROM staged"
    ).fetchone()[0]
