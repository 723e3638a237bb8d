"""How fast a settlement's lines go in, side by side with loading the same lines bare into the same table.

    python3 benchmarks/line_speed.py --lines 1000000 --engine embedded
    python3 benchmarks/line_speed.py --lines 1000000 --engine mysql

`flask import` of one settlement as a whole process: read, judged, held against its deposit, kept, and facts derived.
Beside it the lines alone, ready as they are kept, put into the same table with its keys and indexes: by an INSERT of
DuckDB, or by LOAD DATA LOCAL INFILE on a private MariaDB server. Both print the importing process's peak memory.
Nothing that exists is touched.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.import_speed import import_seconds, report, run  # noqa: E402
from database import schema  # noqa: E402
from database.engines.ddl import embedded_form  # noqa: E402
from database.store import open_store  # noqa: E402
from settings import DatabaseSettings, Settings  # noqa: E402
from tests.conftest import embedded_settings  # noqa: E402
from tests.mariadb import PASSWORD, USER, MariadbServer  # noqa: E402

HEADINGS = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "marketplace-name", "amount-type", "amount-description", "amount", "posted-date",
    "posted-date-time", "sku", "quantity-purchased",
)
WANTED = 0.5
"""Of the bare way's speed."""


def main() -> None:
    """Runs one engine's comparison and prints it."""
    run("lines", "settlement.txt", write_settlement, {"embedded": compare_embedded, "mysql": compare_mysql},
        about=__doc__)


def write_settlement(path: Path, lines: int) -> None:
    """One settlement of two weeks over a month's end: orders of 2,000 SKUs, four lines each, and its deposit."""
    with duckdb.connect() as connection:
        connection.execute(f"""
            CREATE TABLE line AS
            SELECT number, ['Principal', 'Tax', 'Commission', 'FBAPerUnitFulfillmentFee'][1 + number % 4] AS words,
                ['ItemPrice', 'ItemPrice', 'ItemFees', 'ItemFees'][1 + number % 4] AS kind,
                ([2499, 200, -375, -512][1 + number % 4] + (number // 4 % 97) * (CASE WHEN number % 4 < 2 THEN 1
                    ELSE -1 END)) / 100 AS amount,
                TIMESTAMP '2025-01-24 08:00:00' + to_seconds(number * 1209000 // {lines}) AS moment
            FROM range({lines}) numbers(number)
        """)
        total = connection.execute("SELECT sum(amount::DECIMAL(15,2)) FROM line").fetchone()[0]
        connection.execute(f"""
            COPY (
                SELECT unnest(row) FROM (
                    SELECT 0 AS place, {{{_cells(('9001', '2025-01-24 08:00:00 UTC', '2025-02-07 08:00:00 UTC',
                                                 '2025-02-09 08:00:00 UTC', str(total), 'USD'))}}} AS row
                    UNION ALL
                    SELECT 1 + number, {{
                        'c0': '9001', 'c1': '', 'c2': '', 'c3': '', 'c4': '', 'c5': '', 'c6': 'Order',
                        'c7': '111-' || lpad((number // 4)::VARCHAR, 7, '0') || '-0000001', 'c8': 'Amazon.com',
                        'c9': kind, 'c10': words, 'c11': amount::DECIMAL(15,2)::VARCHAR,
                        'c12': strftime(moment, '%Y-%m-%d'), 'c13': strftime(moment, '%Y-%m-%d %H:%M:%S UTC'),
                        'c14': 'SKU-' || (number // 4 % 2000), 'c15': '1'
                    }} FROM line
                ) ORDER BY place
            ) TO '{path}' (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '')
        """)
    body = path.with_suffix(".body")
    path.replace(body)
    with path.open("w", encoding="utf-8") as file, body.open(encoding="utf-8") as rest:
        file.write("\t".join(HEADINGS) + "\n")
        while chunk := rest.read(2**20):
            file.write(chunk)
    body.unlink()


def _cells(known: tuple[str, ...]) -> str:
    cells = (*known, *("" for _ in HEADINGS[len(known):]))
    return ", ".join(f"'c{number}': '{text}'" for number, text in enumerate(cells))


def compare_embedded(folder: Path, path: Path, lines: int) -> None:
    """flask import into an empty embedded store, and a bare INSERT of the lines as they are kept."""
    settings = embedded_settings(folder)
    settings = Settings(database=DatabaseSettings(engine="embedded", path=settings.database.path))
    seconds = import_seconds(settings, path, lines)
    rows = folder / "rows.tsv"
    store = open_store(settings)
    facts_path = store.settings.database.path / "facts.duckdb"
    form = embedded_form(schema.amazon_line)
    with store.facts() as connection:
        create = str(sa.schema.CreateTable(form).compile(connection))
    store.close()
    with duckdb.connect(str(facts_path), read_only=True) as kept:
        kept.execute(f"COPY amazon_line TO '{rows}' (FORMAT csv, HEADER false, DELIMITER '\t')")
        types = {name: kind for name, kind, *_ in kept.execute("DESCRIBE amazon_line").fetchall()}
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    with duckdb.connect(str(folder / "bare.duckdb"), config={"memory_limit": "704MiB"}) as bare:
        bare.execute(create)
        began = time.perf_counter()
        bare.execute(f"INSERT INTO amazon_line SELECT * FROM read_csv('{rows}', header = false, delim = '\t', "
                     f"auto_detect = false, columns = {{{columns}}})")
        bare.execute("CHECKPOINT")
        _judge(lines, seconds, time.perf_counter() - began, "bare DuckDB INSERT of the kept lines")


def compare_mysql(folder: Path, path: Path, lines: int) -> None:
    """flask import into an empty schema, and LOAD DATA LOCAL INFILE of the lines as they are kept."""
    server = MariadbServer.create("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G")
    try:
        server.run("CREATE DATABASE lego CHARACTER SET utf8mb4")
        database = DatabaseSettings(engine="mysql", host="127.0.0.1", port=server.port, user=USER, password=PASSWORD,
                                    database="lego", path=folder / "instance")
        seconds = import_seconds(Settings(database=database), path, lines)
        rows = folder / "rows.tsv"
        with server.connect(database="lego", local_infile=True) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT * FROM amazon_line ORDER BY import_id, line, part")
            with rows.open("w", encoding="utf-8") as file:
                for row in cursor:
                    file.write("\t".join("\\N" if cell is None else str(cell) for cell in row) + "\n")
            cursor.execute("TRUNCATE amazon_line")
            began = time.perf_counter()
            cursor.execute(f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE amazon_line")
            connection.commit()
            _judge(lines, seconds, time.perf_counter() - began, "bare LOAD DATA LOCAL INFILE")
    finally:
        server.destroy()


def _judge(lines: int, seconds: float, bare: float, words: str) -> None:
    report(words, lines, bare)
    share = bare / seconds
    print(f"flask import has {share:.2f} of the bare speed; wanted {WANTED}: {'yes' if share >= WANTED else 'no'}")


if __name__ == "__main__":
    main()
