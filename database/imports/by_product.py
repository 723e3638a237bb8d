"""What the formats of tables by product share: from a source of cells to what is staged, keys, signs and currencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from database.imports.cell_source import CellSource
from database.imports.cells import Gathered, gather_cells
from database.imports.costs import settle_costs
from database.imports.currencies import Currencies, signs_of_others
from database.imports.faults import LISTED, Fault, shown
from database.imports.keys import settle_keys
from database.imports.names import remarks_of
from database.imports.rows_aside import VALID
from database.imports.staging import ImportOptions, Met, Skipped, Staged
from database.imports.stated import Stated, settle_currencies
from database.imports.told_names import read_told_names
from database.imports.workbook.cell_texts import column_name
from domain.currencies import CODES
from domain.metrics import is_money
from domain.remarks import scale_above
from domain.spelling import tidy


@dataclass(frozen=True)
class Columns:
    """What a table's headings gave: metrics as they are written -> their names, the columns that are left out, the
    orders of day and month in them, and warnings."""

    metrics: dict[str, str]
    skipped: tuple[str, ...] = ()
    orders: dict[str, str] | None = None
    warnings: tuple[str, ...] = ()


def stage_table(
    scratch: duckdb.DuckDBPyConnection, source: CellSource, options: ImportOptions, currencies: Currencies, *,
    file_format: str, columns: Columns, blank: str,
) -> Staged:
    """Reads a source's cells into TEMP table `staged`. `blank` names cells or rows without a value. Raises Refused."""
    _refuse_scale_above(source)
    gathered = gather_cells(scratch, source, options)
    names = read_told_names(scratch, source.naming)
    stated = settle_currencies(scratch, source, options, currencies, gathered)
    keys = settle_keys(scratch, source, options, gathered, stated=stated)
    costs = settle_costs(scratch, source.file, turned=options.negative_costs, is_stated=bool(stated.foreign))
    written = {**columns.metrics, **gathered.names.metrics}
    style = gathered.style
    skipped = [
        *gathered.aside.skipped, *([Skipped(blank, gathered.blank)] if gathered.blank else []), *names.skipped,
    ]
    if keys.added:
        skipped.append(Skipped("rows added to others of the same product, marketplace, metric and month (--sum)",
            keys.added))
    return Staged(
        format=file_format, file_name=source.file.name, sha256=source.file.sha256,
        currencies=stated.marks, foreign=stated.foreign, symbols=style.symbols,
        skipped_columns=(*columns.skipped, *_nameless(source, gathered)), skipped=tuple(skipped),
        notes=tuple(_notes(written, gathered, columns, (*costs.notes, *names.notes))),
        read_as=("decimal comma" if style.decimal == "," else "decimal point",),
        warnings=(
            *columns.warnings, *_currency_warnings(gathered, written, stated, currencies.own, keys.in_several),
            *_warnings(scratch, gathered), *costs.warnings,
        ),
        met=_met(columns, gathered), rows_read=gathered.rows, cells_read=gathered.filled + gathered.blank,
        rounded=style.rounded, products="staged_product",
        names="staged_name" if names.are_told else None,
    )


def _met(columns: Columns, gathered: Gathered) -> tuple[Met, ...]:
    of_headings = [Met("metric", text, name) for text, name in columns.metrics.items() if tidy(text) != name]
    return tuple(dict.fromkeys((*of_headings, *gathered.names.met())))


def _notes(
    written: dict[str, str], gathered: Gathered, columns: Columns, more: Sequence[str]
) -> Iterator[str]:
    for separator, order in {**gathered.orders, **(columns.orders or {})}.items():
        yield f"dates with {separator}: the {'day' if order == 'dmy' else 'month'} stands first"
    for remark, metric in remarks_of(written):
        yield f"({remark}) behind {metric} is a remark, no part of the name"
    yield from more


def _nameless(source: CellSource, gathered: Gathered) -> Iterator[str]:
    for position, count in gathered.nameless.items():
        place = column_name(position) if source.file.text.sheet else position + 1
        yield f"column {place}, which has no heading ({count:,} {'value' if count == 1 else 'values'})"


def _refuse_scale_above(source: CellSource) -> None:
    for record in source.file.above:
        told = next(filter(scale_above, record.cells), None)
        if told is not None:
            words = "says that the figures are not written out in full; write them so, and take this line out"
            raise source.file.refusal([Fault(words, record.first_line, None, told)])


def _currency_warnings(
    gathered: Gathered, written: dict[str, str], stated: Stated, own: str, in_several: int
) -> Iterator[str]:
    if signs := " and ".join(signs_of_others(gathered.style.symbols, stated.taken_as)):
        one_to_one = "" if stated.foreign else ", one to one"
        yield f"cells show {signs}, and were counted as {' and '.join(stated.taken_as)}{one_to_one}"
    if stated.foreign and stated.unsaid:
        yield (
            f"{stated.unsaid:,} amounts name no currency beside others that do, and were counted as {own}; "
            "--currency CODE says what they are in"
        )
    if in_several:
        yield (
            f"{in_several:,} figures of one product, marketplace, metric and month stand in several currencies, and "
            "add up once they are converted"
        )
    for text, name in written.items():
        if (last := name.rpartition(" ")[2]) in CODES and last != own and is_money(name) and not stated.foreign:
            bare = name.removesuffix(last).strip()
            yield f"{text!r} may be in {last}, and was counted as {own}; write {bare} [{last}] if it is"


def _warnings(scratch: duckdb.DuckDBPyConnection, gathered: Gathered) -> Iterator[str]:
    yield from _no_asins(scratch)
    if gathered.style.powers_of_ten:
        yield (
            f"{gathered.style.powers_of_ten} cells are written like 1.2E+05, as spreadsheets show what they have "
            "rounded; widen the columns and save the file again to have every digit"
        )


def _no_asins(scratch: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Where most products are ASINs, the few that are none may be groups or totals, or misspelt."""
    rows = scratch.execute(
        f"SELECT asin, regexp_full_match(asin, '{VALID}') FROM (SELECT DISTINCT asin FROM staged_product) ORDER BY asin"
    ).fetchall()
    odd = [asin for asin, is_valid in rows if not is_valid]
    if odd and len(odd) * 2 < len(rows):
        names = ", ".join(map(shown, odd[:LISTED])) + (" …" if len(odd) > LISTED else "")
        yield (
            f"{len(odd):,} of {len(rows):,} products are no ASINs: {names}; if one is a group or a total, it counts "
            "twice"
        )
