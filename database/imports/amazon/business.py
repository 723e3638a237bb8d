"""Amazon's business report (sales and traffic by child ASIN): sessions, page views, ordered units and sales of a month.

There is no month and no marketplace inside: both are told. A child may stand under two parents; its rows add up.
"""

from __future__ import annotations

import duckdb

from database.imports.amazon.measures import PRODUCT, measure_lines, stage_measures
from database.imports.amazon.raw_lines import read_amounts, read_lines, refuse_texts
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions
from database.imports.told_names import name_column, take_names
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed, Posting
from domain.amazon import BUSINESS
from domain.errors import Refused
from domain.settlements import Amount

FORMAT = BUSINESS
_COLUMNS = {
    "(child) asin": "asin", "child asin": "asin", "sku": "sku", "sessions - total": "sessions", "sessions": "sessions",
    "page views - total": "views", "page views": "views", "units ordered": "units", "ordered product sales": "sales",
}
_MEASURES = {"sessions": "Sessions", "views": "Page views", "units": "Ordered units", "sales": "Ordered sales"}
_NEEDED = ("asin", "units", "sales")


def _fields(record: Record) -> list[str | None]:
    """The field of each heading; dashes of any length are one."""
    return [_COLUMNS.get(key.replace("\u2013", "-").replace("\u2014", "-")) for key in record.keys]


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a business report stand, if this is one."""
    for number, record in enumerate(head.records):
        if set(_NEEDED) <= set(_fields(record)):
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a business report needs."""
    return Headings(max(range(len(head.records)), key=lambda number: len(set(_fields(head.records[number])))))


def lacking(record: Record) -> list[str]:
    """The columns of a business report that are not among a record's cells."""
    found = _fields(record)
    headings = {field: heading for heading, field in reversed(_COLUMNS.items())}
    return [headings[field] for field in _NEEDED if field not in found]


def rules(amount: Amount) -> Placed:
    """A measure is a metric, and stands beside the P&L."""
    metric = _MEASURES[amount.description]
    return Placed(metric, (Posting(metric, 1),))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads a business report into the TEMP tables of `StagedLines`. Raises Refused with every fault found."""
    if options.month is None or options.marketplace is None:
        raise Refused(
            f"{file.name}: a business report names neither its month nor its marketplace; give --month YYYY-MM and "
            "--marketplace CODE"
        )
    columns = _positions(file)
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    rows = read_lines(scratch, file, columns | name_column(file.headings[-1]))
    nameless = take_names(scratch, PRODUCT)
    if "sku" not in columns:
        scratch.execute("ALTER TABLE raw_line ADD COLUMN sku VARCHAR")
    refuse_texts(
        scratch, file, headings["asin"], "SELECT line, coalesce(asin, '') AS text, 'is no ASIN' AS rule FROM raw_line "
        "WHERE NOT regexp_full_match(coalesce(upper(asin), ''), '[A-Z0-9]{10}')",
    )
    measures = [field for field in _MEASURES if field in columns]
    read_amounts(scratch, file, {field: headings[field] for field in measures}, decimal=options.decimal)
    scratch.execute("ALTER TABLE raw_line ADD COLUMN marketplace VARCHAR")
    scratch.execute("ALTER TABLE raw_line ADD COLUMN currency VARCHAR")
    scratch.execute("UPDATE raw_line SET marketplace = ?", [options.marketplace])
    measure_lines(scratch, measures)
    stage_measures(
        scratch, {field: f"{field}_number" for field in measures}, day=f"DATE '{options.month:%Y-%m-%d}'",
        happened=f"'{options.month:%Y-%m}'", identity=f"m.marketplace || '|{options.month:%Y-%m}|' || m.asin",
    )
    return LineFile(FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules), rows_read=rows, skipped=nameless)


def _positions(file: CsvFile) -> dict[str, int]:
    record, faults, found = file.headings[-1], [], {}
    for number, (field, written) in enumerate(zip(_fields(record), record.cells, strict=True)):
        if field in found:
            faults.append(Fault("this heading stands there twice", record.first_line, written))
        elif field is not None:
            found[field] = number
    missing = (field for field in _NEEDED if field not in found)
    faults += [Fault(f"the column for {field} is missing", record.first_line) for field in missing]
    if faults:
        raise file.refusal(faults)
    return found
