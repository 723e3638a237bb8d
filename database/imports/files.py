"""A path -> an import: look it over, recognise its format, stage it, take it in, tell the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import duckdb
import sqlalchemy as sa

from database.engines.base import Store
from database.imports import amazon_orders, long, wide
from database.imports.batch import refuse_same_bytes, take_in
from database.imports.csv_file import CsvFile, open_csv
from database.imports.currencies import Currencies
from database.imports.report import ImportReport
from database.imports.staging import ImportOptions, Staged
from domain.errors import LegoError, Refused

FORMATS: dict[str, ModuleType] = {module.FORMAT: module for module in (amazon_orders, wide, long)}
AUTO = "auto"
MEMORY = 704
"""MiB that DuckDB may use for an import before it spills to disk: the process stays below 1 GiB with it."""


def import_file(
    store: Store, path: Path, options: ImportOptions, *, file_format: str = AUTO, called: str = "",
    progress: Callable[[str], None] = lambda stage: None,
) -> ImportReport:
    """Takes one file in, all or nothing; the caller holds `store.lock()`. `progress` is told what begins;
    `called` is the file's name for people, where it lies under another one. Raises Refused with every fault."""
    try:
        with store.facts() as connection, store.scratch(connection) as scratch:
            scratch.execute(f"SET memory_limit = '{min(store.settings.database.memory, MEMORY)}MiB'")
            progress("looking it over")
            with open_csv(path, called) as file:
                refuse_same_bytes(connection, file.sha256, file.name)
                progress("reading its cells")
                staged = stage(
                    scratch, file, options, file_format=file_format, currency=store.settings.dashboard.currency
                )
            progress("writing its facts")
            return take_in(store, connection, scratch, staged, options)
    except sa.exc.DBAPIError as error:
        name, words = called or path.name, " ".join(str(error.orig).split())[:200]
        raise LegoError(f"{name}: the database refused it ({words}); nothing was taken in; try again") from error


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, *, file_format: str, currency: str
) -> Staged:
    """Reads the file's cells by its format, found by its headings if `file_format` is auto."""
    if file_format == AUTO:
        file_format = _recognised(file)
    return FORMATS[file_format].stage(scratch, file, options, Currencies(currency, file.name))


def _recognised(file: CsvFile) -> str:
    for name, module in FORMATS.items():
        if module.recognises(file.head):
            return name
    raise Refused(
        f"{file.name}: line 1: the headings are those of no known format ({', '.join(FORMATS)}); "
        "compare them with the README, or give --format"
    )
