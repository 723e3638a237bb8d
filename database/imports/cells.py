"""Raw cells of a long or wide file -> the TEMP table `staged`, set-wise, all faults found.

1. one reading of the file gathers its words: each distinct product, each distinct marketplace, metric and
   month, each number text that is not plain;
2. the words are judged: few, however long the file;
3. a second reading makes `staged`, with enumerations for texts, so that ten million facts stay small;
4. keys that stand twice are looked for.
Lines and columns are looked up only when there is a fault to report.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import duckdb

from database.imports.csv_file import CsvFile
from database.imports.faults import LISTED, Fault
from database.imports.month_texts import read_months
from database.imports.numbers import (
    ERROR_WORD,
    PLAIN,
    SPREADSHEET_ERROR,
    WITHOUT_VALUE,
    NumberStyle,
    is_blank,
    means_no_value,
    read_odd_numbers,
    rule_of_mark,
)
from database.imports.slow_reading import FIELD_LIMIT
from database.imports.staging import ImportOptions
from database.imports.workbook.cell_texts import NOT_CALCULATED
from domain.errors import LegoError, OutOfSpace, Refused
from domain.metrics import canonical_metric
from domain.months import format_month

FIELDS = ("asin", "brand", "category", "status", "marketplace", "metric", "month", "currency", "value")
LONGEST = {"asin": 64, "brand": 255, "category": 255, "status": 50, "marketplace": 10, "metric": 100}
NEEDED = ("asin", "marketplace", "metric", "month")
MOST_TEXTS = 1_000_000
MOST_KEYS = 400_000_000
_BLANKS = " \t\u00a0"


@dataclass(frozen=True)
class Cell:
    """One cell of a record, for finding it again: which field it fills, the heading over it, what it came to
    in the source's query, its text where that is another, and its place in the record, from 0."""

    field: str
    column: str
    text: str
    written: str | None = None
    position: int | None = None


@dataclass(frozen=True)
class CellSource:
    """What a format makes of its file. `query` is SQL over the file with the columns FIELDS, texts or NULL;
    `cells_of` gives the cells of one record, and `facts_of` its (asin, marketplace, metric, month, column)."""

    file: CsvFile
    query: str
    cells_of: Callable[[list[str]], Iterator[Cell]]
    facts_of: Callable[[list[str]], Iterator[tuple[str, str, str, str, str]]]
    rows_per_record: int = 1
    unread: tuple[int, ...] = ()
    blank_rules: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(NEEDED, "is blank"))


@dataclass(frozen=True)
class Gathered:
    """What the cells of a file came to; the facts are in TEMP table `staged`, products in `staged_product`."""

    rows: int
    blank_lines: int
    filled: int
    blank: int
    style: NumberStyle
    named_currencies: tuple[str, ...]
    months: Mapping[str, datetime.date]


def gather_cells(scratch: duckdb.DuckDBPyConnection, source: CellSource, options: ImportOptions) -> Gathered:
    """Reads a file's cells into `staged` and `staged_product`; a key may stand there more than once. Raises
    Refused with every fault found."""
    _refuse_long_cells(scratch, source)
    with reading(source):
        scratch.execute(_WORDS.format(query=source.query, plain=PLAIN, blank=is_blank("value")))
    rows, filled, points = scratch.execute(
        "SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (kind <> 'blank'), 0)::BIGINT, "
        "coalesce(sum(n) FILTER (kind = 'point'), 0)::BIGINT FROM word WHERE g = 6"
    ).fetchone()
    blank_lines = source.file.check_count(rows // source.rows_per_record)
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE odd AS SELECT value AS text, n FROM word WHERE g = 6 AND kind = 'odd'"
    )
    style = read_odd_numbers(scratch, table="odd", points=points, decimal=options.decimal, rounding=options.round)
    months, month_rules = _read_months(scratch, options.date_order)
    bad = _bad_words(scratch, source, month_rules)
    if any(bad.values()) or (style.decimal == "," and points):
        raise _word_refusal(source, bad, style)
    _stage(scratch, source, months)
    codes = [row[0] for row in scratch.execute(
        "SELECT DISTINCT upper(currency) FROM word WHERE g = 5 AND currency IS NOT NULL AND kind <> 'blank'"
    ).fetchall()]
    return Gathered(
        rows=rows // source.rows_per_record, blank_lines=blank_lines, filled=filled, blank=rows - filled, style=style,
        named_currencies=tuple(sorted({*codes, *style.codes})), months=months,
    )


@contextlib.contextmanager
def reading(source: CellSource) -> Iterator[None]:
    """Turns what DuckDB says about a file into the fault's line, or into our own errors."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        words = f"not enough memory ({first_line(error)}); raise [database] memory"
        raise LegoError(f"{source.file.name}: {words}") from None
    except duckdb.InvalidInputException as error:
        raise source.file.structural_refusal(first_line(error)) from None
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise OutOfSpace(f"{source.file.name}: no space left to sort it ({first_line(error)})") from None
        raise Refused(f"{source.file.name}: cannot be read ({first_line(error)}); nothing was taken in") from None


def first_line(error: Exception) -> str:
    """The first line of an error's words."""
    return str(error).strip().splitlines()[0]


def clean(column: str) -> str:
    """SQL: a cell without the blanks around it; NULL if nothing is left."""
    return f"nullif(trim({column}, '{_BLANKS}'), '')"


_WORDS = """
CREATE OR REPLACE TEMP TABLE word AS
SELECT
    asin, brand, category, status, marketplace, metric, month, currency, odd AS value, kind,
    grouping_id(asin, marketplace, odd) AS g,
    count(*) AS n
FROM (
    SELECT *,
        CASE
            WHEN regexp_full_match(value, '{plain}') THEN CASE WHEN contains(value, '.') THEN 'point' ELSE 'whole' END
            WHEN {blank} THEN 'blank'
            ELSE 'odd'
        END AS shape,
        CASE WHEN shape = 'odd' THEN value END AS odd,
        shape AS kind
    FROM ({query})
)
GROUP BY GROUPING SETS (
    (asin, brand, category, status, kind), (marketplace, metric, month, currency, kind), (odd, kind)
)
"""
"""grouping_id counts the columns that are grouped away: 3 are products, 5 are words, 6 are numbers."""


def _refuse_long_cells(scratch: duckdb.DuckDBPyConnection, source: CellSource) -> None:
    """Columns that are not read would hide a cell that no spreadsheet can have made."""
    if not source.unread:
        return
    long = " OR ".join(f"length(c{number}) > {FIELD_LIMIT}" for number in source.unread)
    with reading(source):
        if scratch.execute(f"SELECT 1 FROM {source.file.reader()} WHERE {long} LIMIT 1").fetchone():
            raise source.file.structural_refusal("a cell is too long")


def _read_months(scratch: duckdb.DuckDBPyConnection, order: str | None) -> tuple[dict, dict[str, str]]:
    texts = scratch.execute(
        f"SELECT DISTINCT month FROM word WHERE g = 5 AND {clean('month')} IS NOT NULL ORDER BY 1 LIMIT {MOST_TEXTS}"
    ).fetchall()
    found = read_months((text for (text,) in texts), order=order)
    return found.months, found.rules


def _bad_words(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, month_rules: dict[str, str]
) -> dict[str, dict[str, str]]:
    """Per field the texts that break a rule ('' for a blank one)."""
    bad: dict[str, dict[str, str]] = {name: {} for name in FIELDS}
    bad["month"].update(month_rules)
    for name, longest in LONGEST.items():
        g = 3 if name in ("asin", "brand", "category", "status") else 5
        reserved = "upper(text) = 'ALL'" if name == "marketplace" else "false"
        error = f"regexp_full_match(text, '{ERROR_WORD}')"
        rows = scratch.execute(
            f"SELECT DISTINCT {name}, CASE WHEN length(text) > {longest} THEN 'is longer than {longest} characters' "
            f"WHEN text = '{NOT_CALCULATED}' THEN '{WITHOUT_VALUE}' "
            f"WHEN {error} THEN '{SPREADSHEET_ERROR}' "
            f"ELSE 'is reserved for the sum of all marketplaces' END "
            f"FROM (SELECT {name}, {clean(name)} AS text FROM word WHERE g = {g}) "
            f"WHERE length(text) > {longest} OR {error} OR {reserved} LIMIT {MOST_TEXTS}"
        ).fetchall()
        bad[name].update(rows)
    for name in NEEDED:
        g = 3 if name == "asin" else 5
        rows = scratch.execute(
            f"SELECT DISTINCT coalesce({name}, '') FROM word "
            f"WHERE g = {g} AND kind <> 'blank' AND {clean(name)} IS NULL"
        ).fetchall()
        bad[name].update((text, source.blank_rules[name]) for (text,) in rows)
    bad["currency"].update(
        (text, "is not a currency code like USD") for (text,) in scratch.execute(
            f"SELECT DISTINCT currency FROM word WHERE g = 5 AND {clean('currency')} IS NOT NULL "
            f"AND NOT regexp_full_match({clean('currency')}, '[A-Za-z]{{3}}') LIMIT {MOST_TEXTS}"
        ).fetchall()
    )
    bad["value"].update(scratch.execute(
        f"SELECT text, rule FROM odd_read WHERE rule IS NOT NULL LIMIT {MOST_TEXTS}"
    ).fetchall())
    return bad


def _word_refusal(source: CellSource, bad: dict[str, dict[str, str]], style: NumberStyle) -> Refused:
    faults, count = [], 0
    for line, record in source.file.records():
        for fault in _faults_of(line, source, list(source.cells_of(record)), bad, style):
            count += 1
            if len(faults) < LISTED:
                faults.append(fault)
    if not faults:
        faults = [Fault(rule, None, name, text) for name, rules in bad.items() for text, rule in rules.items()]
    return source.file.refusal(faults, count)


def _faults_of(
    line: int, source: CellSource, cells: list[Cell], bad: dict[str, dict[str, str]], style: NumberStyle
) -> Iterator[Fault]:
    filled = any(cell.field == "value" and not means_no_value(cell.text) for cell in cells)
    for cell in cells:
        rule = bad[cell.field].get(cell.text)
        if rule is None and cell.field == "value" and style.decimal == "," and _is_plain_point(cell.text):
            rule = rule_of_mark(",")
        if rule is not None and (filled or rule not in source.blank_rules.values()):
            written = cell.text if cell.written is None else cell.written
            yield Fault(rule, line, cell.column, written, cell.position)


def _is_plain_point(text: str) -> bool:
    whole, point, decimals = text.removeprefix("-").partition(".")
    return bool(point) and text.isascii() and whole.isdigit() and decimals.isdigit() and len(decimals) <= 2


def _stage(scratch: duckdb.DuckDBPyConnection, source: CellSource, months: dict) -> None:
    _map_words(scratch, months)
    odd, blank = scratch.execute(
        "SELECT (SELECT count(*) FROM odd), (SELECT count(*) FROM word WHERE g = 6 AND kind = 'blank')"
    ).fetchone()
    # What is neither plain nor odd is blank: a cast that fails tells it more quickly than trimming does.
    plain = "TRY_CAST(w.value AS DECIMAL(15,2))"
    value = f"CASE WHEN o.text IS NULL THEN {plain} ELSE o.value END" if odd else plain
    joins = "LEFT JOIN odd_read o ON o.text = w.value" if odd else ""
    month = "(w.month || '-01')::DATE" if all(_is_iso(text) for text in months) else "m.month"
    if month == "m.month":
        joins += " JOIN month_word m ON m.text = w.month"
    metric = "w.metric"
    if scratch.execute("SELECT count(*) FROM metric_word WHERE text <> metric").fetchone()[0]:
        joins += " JOIN metric_word x ON x.text = w.metric"
        metric = "x.metric"
    query = (
        f"SELECT {_trimmed(scratch, 'asin')}::asin_word AS asin, "
        f"{_trimmed(scratch, 'marketplace')}::marketplace_word AS marketplace, {metric}::metric_name AS metric, "
        f"{month} AS month, {value} AS value FROM ({source.query}) w {joins}"
    )
    if blank:
        query = f"SELECT * FROM ({query}) WHERE value IS NOT NULL"
    with reading(source):
        scratch.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {query}")


def _map_words(scratch: duckdb.DuckDBPyConnection, months: dict) -> None:
    metrics = [row[0] for row in scratch.execute(
        "SELECT DISTINCT metric FROM word WHERE g = 5 AND kind <> 'blank'").fetchall()]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE metric_word AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($metrics::VARCHAR[]) AS metric",
        {"texts": metrics, "metrics": [canonical_metric(text.strip(_BLANKS)) for text in metrics]},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE month_word AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($months::DATE[]) AS month",
        {"texts": list(months), "months": list(months.values())},
    )
    for name, query in (
        ("asin_word", f"SELECT DISTINCT {clean('asin')} AS text FROM word WHERE g = 3 AND kind <> 'blank'"),
        ("marketplace_word",
         f"SELECT DISTINCT {clean('marketplace')} AS text FROM word WHERE g = 5 AND kind <> 'blank'"),
        ("metric_name", "SELECT DISTINCT metric AS text FROM metric_word"),
    ):
        scratch.execute(f"CREATE OR REPLACE TEMP TYPE {name} AS ENUM (SELECT text FROM ({query}) ORDER BY text)")
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged_product AS "
        f"SELECT {clean('asin')} AS asin, {clean('brand')} AS brand, {clean('category')} AS category, "
        f"{clean('status')} AS status, sum(n) AS n FROM word WHERE g = 3 AND kind <> 'blank' GROUP BY ALL"
    )


def _trimmed(scratch: duckdb.DuckDBPyConnection, field: str) -> str:
    """Trimming costs a second per ten million rows, so it is done only where a word needs it."""
    g = 3 if field == "asin" else 5
    needed = scratch.execute(
        f"SELECT count(*) FROM word WHERE g = {g} AND {field} <> {clean(field)} AND kind <> 'blank'").fetchone()[0]
    return clean(f"w.{field}") if needed else f"w.{field}"


def _is_iso(text: str) -> bool:
    return len(text) == 7 and text[4] == "-"


def refuse_twice(scratch: duckdb.DuckDBPyConnection, source: CellSource, months: Mapping[str, datetime.date]) -> None:
    """Raises Refused, with both lines, if a product, marketplace, metric and month stand in `staged` twice."""
    if _keys_are_unique(scratch):
        return
    doubled = "FROM staged GROUP BY asin, marketplace, metric, month HAVING count(*) > 1"
    twice = scratch.execute(
        f"SELECT asin::VARCHAR, marketplace::VARCHAR, metric::VARCHAR, month, count(*) {doubled} LIMIT 10000"
    ).fetchall()
    if not twice:
        return
    count = scratch.execute(f"SELECT sum(n - 1)::BIGINT FROM (SELECT count(*) AS n {doubled})").fetchone()[0]
    wanted: dict[tuple, int | None] = {tuple(row[:4]): None for row in twice}
    faults = []
    for line, record in source.file.records():
        for asin, marketplace, metric, month, column in source.facts_of(record):
            words = (asin.strip(_BLANKS), marketplace.strip(_BLANKS), canonical_metric(metric.strip(_BLANKS)))
            key = (*words, months.get(month))
            if key not in wanted:
                continue
            if wanted[key] is None:
                wanted[key] = line
            elif len(faults) < LISTED:
                words = f"gives {' '.join(key[:3])} {format_month(key[3])} again; line {wanted[key]} gave it first"
                faults.append(Fault(words, line, column))
    raise source.file.refusal(faults, count)


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
