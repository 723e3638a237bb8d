"""What the formats of tables by product share: from a source of cells to what is staged, keys, signs and currencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from database.imports.cells import CellSource, Gathered, gather_cells
from database.imports.costs import settle_costs
from database.imports.currencies import Currencies, check_currencies, currencies_told
from database.imports.keys import settle_keys
from database.imports.names import currencies_of, remarks_of
from database.imports.staging import ImportOptions, Met, Skipped, Staged
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
    gathered = gather_cells(scratch, source, options)
    added = settle_keys(scratch, source, options, gathered)
    costs = settle_costs(scratch, source.file, turned=options.negative_costs)
    written = {**columns.metrics, **gathered.names.metrics}
    named = {
        *gathered.named_currencies, *currencies_of(written), *currencies_told(scratch, options),
    }
    style = gathered.style
    skipped = [*gathered.aside.skipped, *([Skipped(blank, gathered.blank)] if gathered.blank else [])]
    if added:
        skipped.append(Skipped("rows added to others of the same product, marketplace, metric and month (--sum)",
            added))
    return Staged(
        format=file_format, file_name=source.file.name, sha256=source.file.sha256,
        currencies=check_currencies(currencies, options, sorted(named), style.symbols), symbols=style.symbols,
        skipped_columns=columns.skipped, skipped=tuple(skipped), notes=tuple(_notes(written, gathered, columns,
            costs.notes)),
        read_as=("decimal comma" if style.decimal == "," else "decimal point",),
        warnings=(*columns.warnings, *_warnings(gathered), *costs.warnings), met=_met(columns, gathered),
        rows_read=gathered.rows, cells_read=gathered.filled + gathered.blank, rounded=style.rounded,
        products="staged_product",
    )


def _met(columns: Columns, gathered: Gathered) -> tuple[Met, ...]:
    of_headings = [Met("metric", text, name) for text, name in columns.metrics.items() if tidy(text) != name]
    return tuple(dict.fromkeys((*of_headings, *gathered.names.met())))


def _notes(
    written: dict[str, str], gathered: Gathered, columns: Columns, of_costs: Sequence[str]
) -> Iterator[str]:
    for separator, order in {**gathered.orders, **(columns.orders or {})}.items():
        yield f"dates with {separator}: the {'day' if order == 'dmy' else 'month'} stands first"
    for remark, metric in remarks_of(written):
        yield f"({remark}) behind {metric} is a remark, no part of the name"
    yield from of_costs


def _warnings(gathered: Gathered) -> Iterator[str]:
    if gathered.style.powers_of_ten:
        yield (
            f"{gathered.style.powers_of_ten} cells are written like 1.2E+05, as spreadsheets show what they have "
            "rounded; widen the columns and save the file again to have every digit"
        )
