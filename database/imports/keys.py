"""The keys of staged facts: product, marketplace, metric and month stand once each, or are added up, or refused."""

from __future__ import annotations

import datetime

import duckdb

from database.imports.cells import CellSource, Gathered
from database.imports.faults import LISTED, Fault
from database.imports.numbers import LARGEST
from database.imports.staging import ImportOptions
from domain.months import format_month

MOST_KEYS = 400_000_000


def settle_keys(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, options: ImportOptions, gathered: Gathered
) -> int:
    """Leaves each product, marketplace, metric and month once in `staged`: rows of one key are added up where a
    person asked for it, and it is told how many were added to others; else raises Refused, with both lines."""
    if _keys_are_unique(scratch):
        return 0
    doubled = "FROM staged GROUP BY asin, marketplace, metric, month HAVING count(*) > 1"
    count = scratch.execute(f"SELECT sum(n - 1)::BIGINT FROM (SELECT count(*) AS n {doubled})").fetchone()[0]
    if not count:
        return 0
    if not options.sum_rows:
        raise source.file.refusal(_faults(scratch, source, gathered, doubled), count)
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE added AS SELECT asin, marketplace, metric, month, sum(value) AS value "
        "FROM staged GROUP BY ALL"
    )
    beyond = scratch.execute("SELECT count(*) FROM added WHERE abs(value) > 9999999999999.99").fetchone()[0]
    if beyond:
        raise source.file.refusal([Fault(f"{beyond} sums of rows of one key are beyond {LARGEST}")])
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged AS SELECT asin, marketplace, metric, month, value::DECIMAL(15,2) AS value "
        "FROM added"
    )
    return count


def _faults(scratch: duckdb.DuckDBPyConnection, source: CellSource, gathered: Gathered, doubled: str) -> list[Fault]:
    wanted: dict[tuple[str, str, str, datetime.date], int | None] = {tuple(row): None for row in scratch.execute(
        f"SELECT asin::VARCHAR, marketplace::VARCHAR, metric::VARCHAR, month {doubled} LIMIT 10000"
    ).fetchall()}
    faults: list[Fault] = []
    for line, record in source.file.records():
        for asin, marketplace, metric, month, column in source.facts_of(record):
            key = (*gathered.names.of(asin, marketplace, metric), gathered.months.get(month))
            if key not in wanted:
                continue
            if wanted[key] is None:
                wanted[key] = line
            elif len(faults) < LISTED:
                words = (
                    f"gives {' '.join(key[:3])} {format_month(key[3])} again; line {wanted[key]} gave it first; "
                    "--sum adds such rows up"
                )
                faults.append(Fault(words, line, column))
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
