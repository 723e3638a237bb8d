"""Raw cells of a long or wide file -> the TEMP table `staged`, set-wise, all faults found.

1. one reading of the file gathers its words: each distinct product, each distinct marketplace, metric and
   month, each number text that is not plain;
2. rows that are no facts of a product are found among them; only a file that has such is read once more without;
3. the words are judged: few, however long the file;
4. another reading makes `staged`, with enumerations for texts, so that ten million facts stay small.
Lines and columns are looked up only when there is a fault to report.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import duckdb

from database.imports.cell_source import FIELDS, NEEDED, Cell, CellSource
from database.imports.faults import LISTED, Fault
from database.imports.identifiers import DAMAGED_ASIN, damage_of
from database.imports.month_texts import ReadMonths, read_months
from database.imports.names import Names, read_names
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
from database.imports.rows_aside import RowsAside, find_rows_aside
from database.imports.slow_reading import FIELD_LIMIT
from database.imports.staging import ImportOptions
from database.imports.workbook.cell_texts import NOT_CALCULATED
from domain.errors import LegoError, OutOfSpace, Refused
from domain.remarks import fault_of_remarks
from domain.totals import is_total_of_marketplaces

LONGEST = {"asin": 64, "brand": 255, "category": 255, "status": 50, "marketplace": 10, "metric": 100}
MOST_TEXTS = 1_000_000
_OF_PRODUCTS = ("asin", "brand", "category", "status")
_BLANKS = " \t\u00a0"


@dataclass(frozen=True)
class Gathered:
    """What the cells of a file came to; the facts are in TEMP table `staged`, products in `staged_product`. `said`:
    those of SAID that `staged` has beside. `nameless`: columns that have no heading and were not read, from 0 -> how
    many of their cells hold something."""

    rows: int
    blank_lines: int
    filled: int
    blank: int
    style: NumberStyle
    said: tuple[str, ...]
    months: Mapping[str, datetime.date]
    names: Names
    orders: Mapping[str, str]
    aside: RowsAside
    nameless: Mapping[int, int]


def gather_cells(scratch: duckdb.DuckDBPyConnection, source: CellSource, options: ImportOptions) -> Gathered:
    """Reads a file's cells into `staged` and `staged_product`; a key may stand there more than once. Raises
    Refused with every fault found."""
    nameless = _look_at_unread(scratch, source)
    counted = _read_words(scratch, source)
    rows = counted.rows // source.rows_per_record
    blank_lines = source.file.check_count(rows)
    style = _read_numbers(scratch, counted, options)
    aside = find_rows_aside(scratch, source.query, source.numbered) if source.numbered else RowsAside()
    if aside.condition:
        source = replace(source, query=f"SELECT * FROM ({source.query}) WHERE NOT ({aside.condition})")
        counted = _read_words(scratch, source)
        style = _read_numbers(scratch, counted, options)
    names = read_names(scratch)
    months = _read_months(scratch, options.date_order)
    bad = _bad_words(scratch, source, months.rules, names)
    if any(bad.values()) or (style.decimal == "," and counted.points):
        raise _word_refusal(source, bad, style, aside)
    said = _stage(scratch, source, months.months)
    return Gathered(
        rows=rows, blank_lines=blank_lines, filled=counted.filled, blank=counted.rows - counted.filled, style=style,
        said=said, months=months.months, names=names, orders=months.orders, aside=aside, nameless=nameless,
    )


@dataclass(frozen=True)
class _Counted:
    """Rows of the source's query, those with a value, and those whose value has a plain decimal point."""

    rows: int
    filled: int
    points: int


def _read_words(scratch: duckdb.DuckDBPyConnection, source: CellSource) -> _Counted:
    with reading(source):
        name, also = ("name", ", name") if source.naming else ("NULL::VARCHAR AS name", "")
        scratch.execute(_WORDS.format(
            query=source.query, plain=PLAIN, blank=is_blank("value"), name=name, also=also
        ))
    return _Counted(*scratch.execute(
        "SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n) FILTER (kind <> 'blank'), 0)::BIGINT, "
        "coalesce(sum(n) FILTER (kind = 'point'), 0)::BIGINT FROM word WHERE g = 6"
    ).fetchone())


def _read_numbers(scratch: duckdb.DuckDBPyConnection, counted: _Counted, options: ImportOptions) -> NumberStyle:
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE odd AS SELECT value AS text, n FROM word WHERE g = 6 AND kind = 'odd'"
    )
    return read_odd_numbers(
        scratch, table="odd", points=counted.points, decimal=options.decimal, rounding=options.round
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
        raise Refused(f"{source.file.name}: cannot be read ({first_line(error)}); nothing was imported") from None


def first_line(error: Exception) -> str:
    """The first line of an error's words."""
    return str(error).strip().splitlines()[0]


def clean(column: str) -> str:
    """SQL: a cell without the blanks around it; NULL if nothing is left."""
    return f"nullif(trim({column}, '{_BLANKS}'), '')"


_WORDS = """
CREATE OR REPLACE TEMP TABLE word AS
SELECT
    asin, brand, category, status, {name}, marketplace, metric, month, currency, odd AS value, kind,
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
    (asin, brand, category, status{also}, kind), (marketplace, metric, month, currency, kind), (odd, kind)
)
"""
"""grouping_id counts the columns that are grouped away: 3 are products, 5 are words, 6 are numbers. Names of products,
which are long, are grouped only where the file has a column of them."""


def _look_at_unread(scratch: duckdb.DuckDBPyConnection, source: CellSource) -> dict[int, int]:
    """Columns that are not read would hide a cell that no spreadsheet can have made; and of one without a heading
    nobody would hear that it holds something."""
    if not source.unread:
        return {}
    headings = source.file.headings[-1].cells
    nameless = [number for number in source.unread if not headings[number]]
    longest = ", ".join(f"max(length(c{number}))" for number in source.unread)
    counts = "".join(f", count(*) FILTER (trim(c{number}, '{_BLANKS}') <> '')" for number in nameless)
    with reading(source):
        longest, *filled = scratch.execute(f"SELECT greatest({longest}){counts} FROM {source.file.reader()}").fetchone()
    if (longest or 0) > FIELD_LIMIT:
        raise source.file.structural_refusal("a cell is too long")
    return {number: count for number, count in zip(nameless, filled, strict=True) if count}


def _read_months(scratch: duckdb.DuckDBPyConnection, order: str | None) -> ReadMonths:
    texts = scratch.execute(
        f"SELECT DISTINCT month FROM word WHERE g = 5 AND {clean('month')} IS NOT NULL ORDER BY 1 LIMIT {MOST_TEXTS}"
    ).fetchall()
    return read_months((text for (text,) in texts), order=order)


def _bad_words(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, month_rules: dict[str, str], names: Names
) -> dict[str, dict[str, str]]:
    """Per field the texts that break a rule ('' for a blank one)."""
    bad: dict[str, dict[str, str]] = {name: {} for name in FIELDS}
    bad["month"].update(month_rules)
    too_long = {name: f"is longer than {longest} characters" for name, longest in LONGEST.items()}
    breaking = _texts_that_break(scratch)
    for name in (*_OF_PRODUCTS, "marketplace", "metric"):
        bad[name].update((text, too_long[name]) for text in breaking.get(("long", name), ()))
        bad[name].update((text, _error_rule(text)) for text in breaking.get(("error", name), ()))
    bad["asin"].update((text, damage_of(text)) for text in breaking.get(("damaged", "asin"), ()))
    for kind, found in (("marketplace", names.marketplaces), ("metric", names.metrics)):
        bad[kind].update((text, too_long[kind]) for text, name in found.items() if len(name) > LONGEST[kind])
    bad["marketplace"].update(
        (text, "is reserved for the sum of all marketplaces")
        for text, name in names.marketplaces.items() if name.upper() == "ALL"
    )
    bad["marketplace"].update(
        (text, "is a sum of marketplaces and none of them; take its rows out of the file")
        for text, name in names.marketplaces.items() if name.upper() != "ALL" and is_total_of_marketplaces(text)
    )
    bad["metric"].update((text, fault) for text in names.metrics if (fault := fault_of_remarks(text)))
    for name in NEEDED:
        bad[name].update((text or "", source.blank_rules[name]) for text in breaking.get(("blank", name), ()))
    bad["currency"].update(
        (text, "is not a currency code like USD") for text in breaking.get(("code", "currency"), ())
    )
    bad["value"].update(scratch.execute(
        f"SELECT text, rule FROM odd_read WHERE rule IS NOT NULL LIMIT {MOST_TEXTS}"
    ).fetchall())
    return bad


def _texts_that_break(scratch: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[str | None]]:
    """(rule, field) -> the texts that break it; only of rules that some text breaks. Whether any does, the rules of
    products, and those of words, are asked at once: of most files it is none."""
    found: dict[tuple[str, str], list[str | None]] = {}
    for g, rules in ((3, _rules_of_products()), (5, _rules_of_words())):
        asked = ", ".join(f"bool_or({rule})" for rule in rules.values())
        broken = scratch.execute(f"SELECT {asked} FROM word WHERE g = {g}").fetchone()
        for ((what, name), rule), is_broken in zip(rules.items(), broken, strict=True):
            if is_broken:
                texts = scratch.execute(
                    f"SELECT DISTINCT {name} FROM word WHERE g = {g} AND {rule} LIMIT {MOST_TEXTS}"
                ).fetchall()
                found[what, name] = [text for (text,) in texts]
    return found


def _rules_of_products() -> dict[tuple[str, str], str]:
    rules = {("long", name): f"length({clean(name)}) > {LONGEST[name]}" for name in _OF_PRODUCTS}
    rules |= {("error", name): f"regexp_full_match({clean(name)}, '{ERROR_WORD}')" for name in _OF_PRODUCTS}
    rules["damaged", "asin"] = f"kind <> 'blank' AND regexp_full_match(asin, '{DAMAGED_ASIN}')"
    return rules | {("blank", "asin"): f"kind <> 'blank' AND {clean('asin')} IS NULL"}


def _rules_of_words() -> dict[tuple[str, str], str]:
    rules = {
        ("error", name): f"regexp_full_match({clean(name)}, '{ERROR_WORD}')" for name in ("marketplace", "metric")
    }
    rules |= {("blank", name): f"kind <> 'blank' AND {clean(name)} IS NULL" for name in NEEDED if name != "asin"}
    code = clean("currency")
    return rules | {
        ("code", "currency"): f"{code} IS NOT NULL AND NOT regexp_full_match({code}, '[A-Za-z]{{3}}')"
    }


def _error_rule(text: str) -> str:
    return WITHOUT_VALUE if text.strip(_BLANKS) == NOT_CALCULATED else SPREADSHEET_ERROR


def _word_refusal(
    source: CellSource, bad: dict[str, dict[str, str]], style: NumberStyle, aside: RowsAside
) -> Refused:
    faults, alike, count = [], [], 0
    told: set[tuple[str | None, str]] = set()
    # What is wrong in the same way in each line must not hide what else there is.
    for line, record in source.file.records():
        cells = list(source.cells_of(record))
        if any(cell.text in aside.texts for cell in cells if cell.field != "value"):
            continue
        for fault in _faults_of(line, source, cells, bad, style):
            count += 1
            listed = alike if (fault.column, fault.rule) in told else faults
            told.add((fault.column, fault.rule))
            if len(listed) < LISTED:
                listed.append(fault)
    faults = sorted((*faults, *alike[: LISTED - len(faults)]), key=lambda fault: (fault.line or 0, fault.position or 0))
    if not faults:
        faults = [Fault(rule, None, name, text) for name, rules in bad.items() for text, rule in rules.items()]
    return source.file.refusal(faults, count)


def _faults_of(
    line: int, source: CellSource, cells: list[Cell], bad: dict[str, dict[str, str]], style: NumberStyle
) -> Iterator[Fault]:
    filled = any(cell.field == "value" and not means_no_value(cell.text) for cell in cells)
    for cell in cells:
        rule = bad.get(cell.field, {}).get(cell.text)
        if rule is None and cell.field == "value" and style.decimal == "," and _is_plain_point(cell.text):
            rule = rule_of_mark(",")
        if rule is not None and (filled or rule not in source.blank_rules.values()):
            written = cell.text if cell.written is None else cell.written
            if cell.field == "value" and rule in source.skippable:
                rule = f"{rule}; --skip-column {cell.column!r} leaves its column out"
            yield Fault(rule, line, cell.column, written, cell.position)


def _is_plain_point(text: str) -> bool:
    whole, point, decimals = text.removeprefix("-").partition(".")
    return bool(point) and text.isascii() and whole.isdigit() and decimals.isdigit() and len(decimals) <= 2


def _stage(scratch: duckdb.DuckDBPyConnection, source: CellSource, months: dict) -> tuple[str, ...]:
    _make_types(scratch, months)
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
    named = {}
    for kind in ("asin", "marketplace", "metric"):
        # Joining costs a second per ten million rows, so it is done only where a text is not its own name.
        named[kind] = f"w.{kind}"
        if scratch.execute(f"SELECT 1 FROM {kind}_map WHERE text IS DISTINCT FROM name LIMIT 1").fetchone():
            joins += f" LEFT JOIN {kind}_map {kind}_name ON {kind}_name.text = w.{kind}"
            named[kind] = f"coalesce({kind}_name.name, w.{kind})"
    said = _said(scratch, source)
    query = (
        f"SELECT {named['asin']}::asin_word AS asin, {named['marketplace']}::marketplace_word AS marketplace, "
        f"{named['metric']}::metric_name AS metric, {month} AS month, {value} AS value"
        f"{''.join(f', {code} AS {name}' for name, code in said.items())} FROM ({source.query}) w {joins}"
    )
    if blank:
        query = f"SELECT * FROM ({query}) WHERE value IS NOT NULL"
    with reading(source):
        scratch.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {query}")
    return tuple(said)


SAID = ("said_cell", "said_row", "said_column")
"""Columns of `staged`: the code of the currency that a fact's cell, its row or its column names."""


def _said(scratch: duckdb.DuckDBPyConnection, source: CellSource) -> dict[str, str]:
    """SQL of those of SAID of which the file says anything; most files say nothing."""
    in_cells, in_rows, in_metrics = scratch.execute(
        "SELECT EXISTS (FROM odd_read WHERE code IS NOT NULL), "
        f"EXISTS (FROM word WHERE g = 5 AND kind <> 'blank' AND {clean('currency')} IS NOT NULL), "
        "EXISTS (FROM metric_map WHERE currency IS NOT NULL)"
    ).fetchone()
    cell, row, column = SAID
    said = {cell: "o.code"} if in_cells else {}
    if in_rows:
        said[row] = f"upper({clean('w.currency')})"
    if in_metrics or source.names_currencies:
        of_metric = "(SELECT any_value(currency) FROM metric_map c WHERE c.text = w.metric)"
        said[column] = f"coalesce(w.stated, {of_metric})" if in_metrics else "w.stated"
    return said


def _make_types(scratch: duckdb.DuckDBPyConnection, months: dict) -> None:
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE month_word AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($months::DATE[]) AS month",
        {"texts": list(months), "months": list(months.values())},
    )
    asin = "coalesce(m.name, w.asin)"
    products = f"word w LEFT JOIN asin_map m ON m.text = w.asin WHERE w.g = 3 AND w.kind <> 'blank' AND {asin} <> ''"
    for name, query in (
        ("asin_word", f"SELECT DISTINCT {asin} AS text FROM {products}"),
        ("marketplace_word", "SELECT DISTINCT name AS text FROM marketplace_map WHERE name IS NOT NULL"),
        ("metric_name", "SELECT DISTINCT name AS text FROM metric_map WHERE name IS NOT NULL"),
    ):
        scratch.execute(f"CREATE OR REPLACE TEMP TYPE {name} AS ENUM (SELECT text FROM ({query}) ORDER BY text)")
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE staged_product AS SELECT {asin} AS asin, {clean('w.brand')} AS brand, "
        f"{clean('w.category')} AS category, {clean('w.status')} AS status, sum(w.n) AS n FROM {products} GROUP BY ALL"
    )


def _is_iso(text: str) -> bool:
    return len(text) == 7 and text[4] == "-"
