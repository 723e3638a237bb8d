"""The lines of a report as texts, in the TEMP table `raw_line`: the columns that are read, each line with its number.

Each format says which columns it needs and judges the texts; faults name line, column and cell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import duckdb

from database.imports.csv_file import CsvFile
from database.imports.faults import LISTED, Fault
from database.imports.head import Record
from database.imports.identifiers import damage_of
from database.imports.moment_texts import MomentStyle, plain_day, plain_moment, read_moments
from database.imports.numbers import PLAIN, NumberStyle, is_blank, read_odd_numbers
from domain.errors import LegoError, OutOfSpace, Refused
from domain.months import fault_of_month, today_utc
from domain.spelling import product_key

_BLANKS = " \t\u00a0"


def read_lines(scratch: duckdb.DuckDBPyConnection, file: CsvFile, columns: Mapping[str, int]) -> int:
    """Reads `columns` (field -> position) of all lines into TEMP table `raw_line` (line INTEGER, a VARCHAR per field;
    a blank cell is NULL); returns how many lines there are. Raises Refused unless a second count says the same."""
    may_hold_tabs = not (file.is_unquoted and file.delimiter == "\t")
    trimmed = ", ".join(
        f"nullif({_trimmed(f'c{position}', may_hold_tabs)}, '') AS {field}" for field, position in columns.items()
    )
    scratch.execute("SET preserve_insertion_order = true")
    with _reading(file):
        scratch.execute(
            f"CREATE OR REPLACE TEMP TABLE raw_line AS SELECT {file.last_heading_line} + row_number() OVER () AS line, "
            f"{trimmed} FROM {file.reader()}"
        )
    rows = scratch.execute("SELECT count(*) FROM raw_line").fetchone()[0]
    if file.check_count(rows) or file.last_line - file.last_heading_line != rows:
        _number_slowly(scratch, file)
    return rows


def _trimmed(cell: str, may_hold_tabs: bool) -> str:
    """SQL: a cell without spaces and tabs around it. Only spaces are looked for where there is no tab: it is five times
    quicker."""
    if not may_hold_tabs:
        return f"trim({cell})"
    return f"CASE WHEN contains({cell}, '\t') THEN trim({cell}, '{_BLANKS}') ELSE trim({cell}) END"


def read_asins(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str) -> None:
    """Gives the column `asin` of files of a seller's own the keys that products have. Raises Refused for those that a
    spreadsheet has damaged."""
    rows = scratch.execute("SELECT DISTINCT asin FROM raw_line WHERE asin IS NOT NULL").fetchall()
    texts = [text for (text,) in rows]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE asin_read AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($keys::VARCHAR[]) AS key, unnest($rules::VARCHAR[]) AS rule",
        {"texts": texts, "keys": [product_key(text) for text in texts], "rules": [damage_of(text) for text in texts]},
    )
    refuse_texts(
        scratch, file, heading,
        "SELECT line, asin AS text, rule FROM raw_line JOIN asin_read ON text = asin WHERE rule <> ''",
    )
    scratch.execute("UPDATE raw_line SET asin = key FROM asin_read WHERE text = asin")


def _number_slowly(scratch: duckdb.DuckDBPyConnection, file: CsvFile) -> None:
    """Some records stand on several lines, or blank lines between them: each gets the line it begins on."""
    lines = [line for line, _ in file.records()]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE begins AS SELECT unnest($lines::INTEGER[]) AS begin, "
        "generate_subscripts($lines, 1) AS number", {"lines": lines},
    )
    scratch.execute(
        f"UPDATE raw_line SET line = begin FROM begins WHERE number = line - {file.last_heading_line}"
    )


@contextlib.contextmanager
def _reading(file: CsvFile) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise LegoError(f"{file.name}: not enough memory to read it; raise [database] memory") from None
    except duckdb.InvalidInputException as error:
        raise file.structural_refusal(_first(error)) from None
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise OutOfSpace(f"{file.name}: no space left to sort it ({_first(error)})") from None
        raise Refused(f"{file.name}: cannot be read ({_first(error)}); nothing was imported") from None


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def read_amounts(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, fields: Mapping[str, str], *, decimal: str | None
) -> NumberStyle:
    """Makes a number of each of these columns of `raw_line` (field -> its heading), in one style for the whole file:
    TEMP table `amount_read` (text, value DECIMAL(15,2)). Raises Refused with the cells that are none."""
    texts = " UNION ALL ".join(f"SELECT {field} AS text FROM raw_line WHERE {field} IS NOT NULL" for field in fields)
    points = scratch.execute(
        f"SELECT count(*) FROM ({texts}) WHERE regexp_full_match(text, '{PLAIN}') AND contains(text, '.')"
    ).fetchone()[0]
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE amount AS SELECT text, count(*) AS n FROM ({texts}) "
        f"WHERE NOT regexp_full_match(text, '{PLAIN}') AND NOT {is_blank('text')} GROUP BY text"
    )
    style = read_odd_numbers(scratch, table="amount", points=points, decimal=decimal, rounding=False)
    for field, heading in fields.items():
        refuse_texts(scratch, file, heading, f"SELECT line, {field} AS text, rule FROM raw_line "
                     f"JOIN amount_read ON text = {field} WHERE rule IS NOT NULL")
    if style.decimal == "," and points:
        field, heading = next(iter(fields.items()))
        refuse_texts(scratch, file, heading, f"SELECT line, {field} AS text, 'has a decimal point, and the decimal "
                     f"mark of this file is a comma' AS rule FROM raw_line "
                     f"WHERE regexp_full_match({field}, '{PLAIN}') AND contains({field}, '.')")
    return style


def amount_of(field: str) -> str:
    """SQL: the number that a column of `raw_line` holds, NULL for none; see `amount_join`."""
    return f"coalesce(try_cast({field} AS DECIMAL(15,2)), {field}_read.value)"


def amount_join(field: str) -> str:
    """SQL: the join that `amount_of` needs."""
    return f"LEFT JOIN amount_read {field}_read ON {field}_read.text = {field}"


def read_days(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, moments: Mapping[str, tuple[str, str, str]], *, order: str | None
) -> MomentStyle:
    """Makes a day of each moment: adds to `raw_line`, for each field of `moments`, `{field}_utc` TIMESTAMP and
    `{field}_day` DATE, by the clock of a marketplace. `moments` is field -> (heading, text, marketplace), the last two
    SQL over `raw_line`. Raises Refused with the cells that are none, or could be two."""
    for field, (_, text, marketplace) in moments.items():
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field}_utc TIMESTAMP")
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field}_day DATE")
        scratch.execute(f"UPDATE raw_line SET {field}_utc = {plain_moment(text)} WHERE {text} IS NOT NULL")
        day = plain_day(text, f"{field}_utc", marketplace)
        scratch.execute(f"UPDATE raw_line SET {field}_day = {day} WHERE {field}_utc IS NOT NULL")
    odd = " UNION ".join(
        f"SELECT {text} AS text, {marketplace} AS marketplace FROM raw_line WHERE {text} IS NOT NULL "
        f"AND {field}_utc IS NULL" for field, (_, text, marketplace) in moments.items()
    )
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE moment AS {odd}")
    style = MomentStyle(order or "")
    if scratch.execute("SELECT EXISTS (FROM moment)").fetchone()[0]:
        style = read_moments(scratch, table="moment", order=order)
        _refuse_odd_moments(scratch, file, moments)
    _refuse_months(scratch, file, moments)
    return style


def _refuse_odd_moments(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, moments: Mapping[str, tuple[str, str, str]]
) -> None:
    """Takes over what was read of moments that are not written in full."""
    for field, (heading, text, marketplace) in moments.items():
        read = (
            f"FROM (SELECT rowid AS place, line, {text} AS text, {marketplace} AS marketplace FROM raw_line "
            f"WHERE {field}_utc IS NULL) JOIN moment_read USING (text, marketplace)"
        )
        refuse_texts(scratch, file, heading, f"SELECT line, text, rule {read} WHERE rule IS NOT NULL")
        scratch.execute(
            f"UPDATE raw_line SET {field}_utc = found.moment, {field}_day = found.day FROM (SELECT * {read}) found "
            "WHERE raw_line.rowid = found.place"
        )


def _refuse_months(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, moments: Mapping[str, tuple[str, str, str]]
) -> None:
    """A month that no file can mean breaks a rule, whatever its form."""
    for field, (heading, text, _) in moments.items():
        months = scratch.execute(
            f"SELECT DISTINCT date_trunc('month', {field}_day)::DATE FROM raw_line WHERE {field}_day IS NOT NULL"
        ).fetchall()
        for (month,) in sorted(months):
            rule = fault_of_month(month, today_utc())
            if rule:
                refuse_texts(
                    scratch, file, heading, f"SELECT line, {text} AS text, '{rule}' AS rule FROM raw_line "
                    f"WHERE date_trunc('month', {field}_day) = DATE '{month}'",
                )


def refuse_blank(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, fields: Mapping[str, str], *, where: str = "true"
) -> None:
    """Raises Refused if a column (field, or SQL -> its heading) is blank in a line of `raw_line` that `where` picks."""
    for field, heading in fields.items():
        refuse_texts(
            scratch, file, heading,
            f"SELECT line, '' AS text, 'is blank' AS rule FROM raw_line WHERE ({where}) AND {field} IS NULL",
        )


def refuse_texts(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str, faults: str) -> None:
    """Raises Refused if the query `faults` (line, text, rule) finds any: the first few, and how many."""
    count = scratch.execute(f"SELECT count(*) FROM ({faults})").fetchone()[0]
    if count:
        first = scratch.execute(f"SELECT line, text, rule FROM ({faults}) ORDER BY line LIMIT {LISTED}").fetchall()
        raise file.refusal([Fault(rule, line, heading, text) for line, text, rule in first], count)


def lacking_of(record: Record, names: Mapping[str, str], needed: Iterable[str]) -> list[str]:
    """The headings that a record lacks to be that of a format: `names` is heading -> field."""
    found = {names.get(key) for key in record.keys}
    headings = {field: heading for heading, field in reversed(names.items())}
    return [headings[field] for field in needed if field not in found]


def positions_of(
    file: CsvFile, names: Mapping[str, str], needed: Iterable[str]
) -> dict[str, int]:
    """Where the columns stand: `names` is heading (as compared) -> field. Raises Refused for one that is needed and
    missing, or stands there twice."""
    record = file.headings[-1]
    faults, found = [], {}
    for number, (key, written) in enumerate(zip(record.keys, record.cells, strict=True)):
        field = names.get(key)
        if field in found:
            faults.append(Fault("this heading stands there twice", record.first_line, written))
        elif field is not None:
            found[field] = number
    headings = {field: heading for heading, field in reversed(names.items())}
    faults += [
        Fault(f"the column {headings[field]} is missing", record.first_line) for field in needed if field not in found
    ]
    if faults:
        raise file.refusal(faults)
    return found
