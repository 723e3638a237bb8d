"""Files into empty installations, each beside the quickest bare way of the same engine: the same rows, ready as they
are kept, into the same table with its keys and indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import sqlalchemy as sa

from benchmarks.files import write_long_file, write_settlement, write_workbook
from benchmarks.measure import PEAK, PROCESSOR, Figures, say, timed
from benchmarks.stands import EMBEDDED, Stand, owners_of
from database import schema
from database.engines.ddl import embedded_form
from database.store import open_store

RATE, BARE_RATE = "import of {what} (1/s)", "bare load of the same {what} (1/s)"
SHARE = "import of {what}, share of the bare load"
FACTS, LINES = "facts", "lines"
PER_MILLION = "import of {what}, s per million"
MOST = {FACTS: 10_000_000, LINES: 1_000_000}
WORKBOOK, WORKBOOK_ROWS = "workbook of 200,000 rows and 60 columns (s)", 200_000

_BARE_MEMORY = "704MiB"
_KINDS: dict[str, tuple[sa.Table, str, Callable[[Path, int], None]]] = {
    FACTS: (schema.financials, "facts.csv", write_long_file),
    LINES: (schema.amazon_line, "settlement.txt", write_settlement),
}


def measure_imports(
    stands: Sequence[Stand], folder: Path, figures: Figures, *, counts: dict[str, int], runs: int
) -> None:
    """A long file of so many facts and a settlement of so many lines, `runs` times, the engines in turns."""
    for what, count in counts.items():
        table, name, write = _KINDS[what]
        write(folder / name, count)
        for turn in range(runs):
            for owner in owners_of(stands):
                stand = owner.named(f"{what}_{turn}")
                stand.flask("init-db")
                _measure_import(stand, what, folder / name, count, table, figures)


def _measure_import(stand: Stand, what: str, path: Path, count: int, table: sa.Table, figures: Figures) -> None:
    process = stand.flask("import", str(path))
    rate = RATE.format(what=what)
    figures.add(stand.engine, rate, count / process.seconds)
    figures.add(stand.engine, PER_MILLION.format(what=what), 1e6 * process.seconds / count)
    figures.add(stand.engine, PER_MILLION.format(what=what) + PROCESSOR, 1e6 * process.processor / count)
    figures.add(stand.engine, rate + PEAK, process.peak_mib)
    rows = path.with_name("rows.tsv")
    bare = (_load_into_server if stand.server else _load_into_file)(stand, table, rows)
    rows.unlink()
    figures.add(stand.engine, BARE_RATE.format(what=what), count / bare)
    figures.add(stand.engine, SHARE.format(what=what), bare / process.seconds)


def measure_workbook(stands: Sequence[Stand], folder: Path, figures: Figures) -> None:
    """A large workbook into files."""
    for stand in (stand for stand in stands if stand.engine == EMBEDDED):
        say("writing a workbook")
        write_workbook(folder / "figures.xlsx", WORKBOOK_ROWS)
        empty = stand.named("workbook")
        empty.flask("init-db")
        figures.add_process(stand.engine, WORKBOOK, empty.flask("import", str(folder / "figures.xlsx")))


def _load_into_server(stand: Stand, table: sa.Table, rows: Path) -> float:
    stand.ask(f"SELECT * FROM {table.name} INTO OUTFILE '{rows}'")
    stand.ask(f"TRUNCATE {table.name}")
    database = stand.settings.database.database
    with stand.server.connect(database=database, local_infile=True) as connection, connection.cursor() as cursor:
        return timed(lambda: cursor.execute(f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE {table.name}"))


def _load_into_file(stand: Stand, table: sa.Table, rows: Path) -> float:
    store = open_store(stand.settings)
    try:
        with store.facts() as connection:
            create = str(sa.schema.CreateTable(embedded_form(table)).compile(connection))
    finally:
        store.close()
    with duckdb.connect(str(stand.folder / "facts.duckdb"), read_only=True) as kept:
        kept.execute(f"COPY {table.name} TO '{rows}' (FORMAT csv, HEADER false, DELIMITER '\t')")
        types = {name: kind for name, kind, *_ in kept.execute(f"DESCRIBE {table.name}").fetchall()}
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    with duckdb.connect(str(stand.folder / "bare.duckdb"), config={"memory_limit": _BARE_MEMORY}) as bare:
        bare.execute(create)

        def load() -> None:
            bare.execute(f"INSERT INTO {table.name} SELECT * FROM read_csv('{rows}', header = false, delim = '\t', "
                         f"auto_detect = false, columns = {{{columns}}})")
            bare.execute("CHECKPOINT")

        return timed(load)
