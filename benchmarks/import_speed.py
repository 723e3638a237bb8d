"""How fast a long file goes in, side by side with the quickest bare way of the same engine.

    python3 benchmarks/import_speed.py --facts 10000000 --engine embedded
    python3 benchmarks/import_speed.py --facts 1000000 --engine mysql

embedded: `flask import` as a whole process, in facts per second, beside a bare DuckDB INSERT from the same CSV.
mysql:    a private MariaDB server on a temporary folder; `flask import` beside a bare LOAD DATA LOCAL INFILE of
          the same rows, ready as numbers, into the same table with its rollup index.
Both print the peak memory of the importing process. Nothing that exists is touched.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from database import migrations  # noqa: E402
from database.store import open_store  # noqa: E402
from settings import DatabaseSettings, Settings  # noqa: E402
from tests.conftest import embedded_settings, environment_of  # noqa: E402
from tests.mariadb import PASSWORD, USER, MariadbServer  # noqa: E402

COLUMNS = (
    "asin VARCHAR, brand VARCHAR, category VARCHAR, marketplace VARCHAR, metric VARCHAR, month VARCHAR, value VARCHAR"
)


def main() -> None:
    """Runs one engine's comparison and prints it."""
    run("facts", "facts.csv", write_facts, {"embedded": compare_embedded, "mysql": compare_mysql}, about=__doc__)


def run(
    what: str, file_name: str, write: Callable[[Path, int], None], ways: dict[str, Callable[[Path, Path, int], None]],
    *, about: str,
) -> None:
    """Asks the command line how many of `what` on which engine, writes the file and compares its ways in."""
    options = argparse.ArgumentParser(description=about.splitlines()[0])
    options.add_argument(f"--{what}", type=int, default=1_000_000, dest="count")
    options.add_argument("--engine", choices=tuple(ways), default="embedded")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="lego-benchmark-") as folder:
        path = Path(folder) / file_name
        write(path, chosen.count)
        print(f"{chosen.count:,} {what}, {path.stat().st_size / 2**20:,.0f} MiB, {os.cpu_count()} cores, "
              f"load average {os.getloadavg()[0]:.1f}")
        ways[chosen.engine](Path(folder), path, chosen.count)


def write_facts(path: Path, facts: int) -> None:
    """A long file of 10 metrics, 7 marketplaces, 36 months and as many products as it takes."""
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (
                SELECT 'B0' || lpad((product * 7919)::VARCHAR, 8, '0') AS asin, 'Brand ' || (product % 40) AS brand,
                    'Category ' || (product % 40 % 8) AS category,
                    ['US', 'UK', 'DE', 'FR', 'IT', 'ES', 'IN'][1 + place % 7] AS marketplace,
                    ['Net units', 'Net revenue', 'Net COGS', 'CM1', 'Referral fees', 'FBA fees', 'Other platform fees',
                     'CM2', 'Marketing', 'CM3'][1 + measure] AS metric,
                    strftime(DATE '2023-01-01' + to_months(moment::INTEGER), '%Y-%m') AS month,
                    ((hash(number) % 1000000) / 100)::DECIMAL(15,2) AS value
                FROM (SELECT number, number % 10 AS measure, number // 10 % 7 AS place, number // 70 % 36 AS moment,
                             number // 2520 AS product FROM range({facts}) numbers(number))
            ) TO '{path}' (HEADER)
        """)


def compare_embedded(folder: Path, path: Path, facts: int) -> None:
    """flask import into an empty embedded store, and a bare INSERT … SELECT read_csv into one table."""
    settings = embedded_settings(folder)
    settings = Settings(database=DatabaseSettings(engine="embedded", path=settings.database.path))
    seconds = import_seconds(settings, path, facts)
    with duckdb.connect(str(folder / "bare.duckdb"), config={"memory_limit": "704MiB"}) as bare:
        began = time.perf_counter()
        bare.execute(f"CREATE TABLE fact ({COLUMNS.replace('value VARCHAR', 'value DECIMAL(15,2)')})")
        bare.execute(f"INSERT INTO fact SELECT * FROM read_csv('{path}', header = true)")
        report("bare DuckDB INSERT of the CSV's text", facts, time.perf_counter() - began)
    print(f"flask import: {facts / seconds:,.0f} facts/s, the whole process")


def compare_mysql(folder: Path, path: Path, facts: int) -> None:
    """flask import into an empty schema, and LOAD DATA LOCAL INFILE of the same rows into the same table."""
    server = MariadbServer.create("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G")
    try:
        server.run("CREATE DATABASE lego CHARACTER SET utf8mb4")
        database = DatabaseSettings(engine="mysql", host="127.0.0.1", port=server.port, user=USER, password=PASSWORD,
                                    database="lego", path=folder / "instance")
        seconds = import_seconds(Settings(database=database), path, facts)
        rows = folder / "rows.tsv"
        with duckdb.connect() as scratch:
            scratch.execute(f"""
                COPY (
                    SELECT dense_rank() OVER (ORDER BY asin), marketplace, metric, month || '-01', value, 1,
                        '2024-01-01 00:00:00'
                    FROM read_csv('{path}', header = true, all_varchar = true)
                ) TO '{rows}' (FORMAT csv, HEADER false, DELIMITER '\t')
            """)
        server.run("TRUNCATE lego.financials")
        with server.connect(database="lego", local_infile=True) as connection, connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute(f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE financials "
                           "(asin_id, marketplace, metric, month, value, import_id, created_at)")
            bare = time.perf_counter() - began
        report("bare LOAD DATA LOCAL INFILE", facts, bare)
        print(f"flask import has {bare / seconds:.2f} of the speed of a bare LOAD DATA")
    finally:
        server.destroy()


def import_seconds(settings: Settings, path: Path, facts: int) -> float:
    """Seconds that `flask import` takes as a process of its own, into a new database."""
    store = open_store(settings)
    migrations.upgrade(store)
    store.close()
    began = time.perf_counter()
    command = [sys.executable, "-m", "flask", "import", str(path)]
    subprocess.run(command, cwd=ROOT, env=environment_of(settings), check=True,
                   stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report("flask import, the whole process", facts, seconds)
    print(f"  processor {used.ru_utime + used.ru_stime:.1f} s, peak memory {used.ru_maxrss // 1024} MiB")
    return seconds


def report(words: str, facts: int, seconds: float) -> None:
    """Prints one measured way."""
    print(f"{words:<40} {seconds:8.2f} s  {facts / seconds:>12,.0f} facts/s")


if __name__ == "__main__":
    main()
