"""An installation per engine to measure on: loaded with the shop's facts, and able to do what a refresh
is compared with. Everything is below a temporary folder; the database server is a private one.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import sqlalchemy as sa

from benchmarks.measure import Figures, say, timed
from benchmarks.shop import shop_of
from database import migrations, schema
from database.demo.loading import load_demo
from database.store import open_store
from settings import DatabaseSettings, Settings
from tests.mariadb import PASSWORD, USER, MariadbServer

SUMMARIES = tuple(table.name for table in schema.SUMMARIES)
ROLLUP_INDEX = next(index.name for index in schema.financials.indexes)

_GROUPS = "month, metric, marketplace, asin_id"
_PLACES = """
    FROM financials f
    JOIN asin a ON a.id = f.asin_id
    LEFT JOIN brand b ON b.id = a.brand_id
"""
_BRAND, _CATEGORY = "COALESCE(b.id, 0)", "COALESCE(a.category_id, b.category_id, 0)"

USUAL = {
    "asin": f"""
        INSERT INTO usual_asin (asin_id, brand_id, category_id, marketplace, month, metric, value, updated_at)
        SELECT f.asin_id, {_BRAND}, {_CATEGORY}, f.marketplace, f.month, f.metric, SUM(f.value), NOW() {_PLACES}
        GROUP BY f.asin_id, {_BRAND}, {_CATEGORY}, f.marketplace, f.month, f.metric""",
    "brand": f"""
        INSERT INTO usual_brand (brand_id, category_id, month, marketplace, metric, total_value, asin_count, updated_at)
        SELECT {_BRAND}, {_CATEGORY}, f.month, f.marketplace, f.metric, SUM(f.value), COUNT(DISTINCT f.asin_id), NOW()
        {_PLACES} GROUP BY {_BRAND}, {_CATEGORY}, f.month, f.marketplace, f.metric""",
    "category": f"""
        INSERT INTO usual_category (category_id, month, metric, total_value, brand_count, asin_count, updated_at)
        SELECT {_CATEGORY}, f.month, f.metric, SUM(f.value), COUNT(DISTINCT {_BRAND}), COUNT(DISTINCT f.asin_id), NOW()
        {_PLACES} GROUP BY {_CATEGORY}, f.month, f.metric""",
}
"""The usual way: TRUNCATE, then one INSERT…SELECT with joins and GROUP BY per table."""

LIVE_PAGE = f"""
    SELECT f.month, f.metric, SUM(f.value) {_PLACES}
    WHERE f.month >= '2024-01-01' AND f.metric IN ('Net revenue', 'Net units', 'CM1', 'CM2', 'CM3')
    GROUP BY f.month, f.metric"""
"""What the dashboard shows, asked of the facts as they are."""

SUMMARY_PAGE = """
    SELECT month, metric, SUM(total_value) FROM financials_summary_monthly_category
    WHERE month >= '2024-01-01' AND metric IN ('Net revenue', 'Net units', 'CM1', 'CM2', 'CM3')
    GROUP BY month, metric"""
"""The same, asked of the summaries."""


class Stand:
    """An installation. `engine` is its name in the report."""

    engine: str
    settings: Settings

    def load(self, facts: int, figures: Figures) -> None:
        """Makes the schema and puts the shop's facts in."""
        say(f"{self.engine}: making {facts:,} facts")
        store = open_store(self.settings)
        try:
            migrations.upgrade(store)
            self.before_loading()
            figures.add(self.engine, "making the facts", timed(lambda: load_demo(store, shop_of(facts))))
            with store.facts() as connection:
                # The first real import would remove a demo.
                connection.execute(sa.update(schema.financials_import).values(source="shop"))
                connection.commit()
        finally:
            store.close()

    def before_loading(self) -> None:
        """What makes loading quick, if anything."""

    def floor(self, figures: Figures, runs: int) -> None:
        """The bare aggregation of the engine: what no refresh can be quicker than."""
        raise NotImplementedError


class EmbeddedStand(Stand):
    """DuckDB and SQLite in a folder."""

    engine = "embedded"

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(database=DatabaseSettings(engine="embedded", path=folder / "instance", memory=2048))

    def floor(self, figures: Figures, runs: int) -> None:
        with duckdb.connect(str(self.settings.database.path / "facts.duckdb"), read_only=True) as connection:
            query = f"SELECT count(*), sum(total) FROM (SELECT sum(value) AS total FROM financials GROUP BY {_GROUPS})"
            for _ in range(runs):
                figures.add(self.engine, FLOOR, timed(lambda: connection.execute(query).fetchall()))


class MysqlStand(Stand):
    """A private MariaDB server, its buffer pool a third of the machine's memory."""

    engine = "mysql"

    def __init__(self, folder: Path) -> None:
        gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        self.server = MariadbServer.create(
            f"--innodb-buffer-pool-size={max(1, int(gibibytes / 3))}G", "--innodb-log-file-size=2G",
            "--innodb-flush-log-at-trx-commit=1", "--tmp-table-size=256M", "--max-heap-table-size=256M", folder=folder,
        )
        self.server.run("CREATE DATABASE lego CHARACTER SET utf8mb4")
        database = DatabaseSettings(
            engine="mysql", host="127.0.0.1", port=self.server.port, user=USER, password=PASSWORD, database="lego",
            path=folder / "instance",
        )
        self.settings = Settings(database=database)

    def before_loading(self) -> None:
        """The table as people have it: without the rollup index. It also loads quicker so."""
        self.server.run(f"ALTER TABLE financials DROP INDEX {ROLLUP_INDEX}", "lego")

    def usual_refresh(self, figures: Figures, runs: int) -> None:
        """The usual way, into tables with the same indexes."""
        for level, live in zip(USUAL, SUMMARIES, strict=False):
            self.server.run(f"CREATE OR REPLACE TABLE usual_{level} LIKE {live}", "lego")
        for _ in range(runs):
            seconds = 0.0
            for level, statement in USUAL.items():
                self.server.run(f"TRUNCATE usual_{level}", "lego")
                seconds += timed(lambda statement=statement: self.server.run(statement, "lego"))
                say(f"mysql: the usual way, {level} level, {seconds:.0f} s so far")
            figures.add(self.engine, USUAL_REFRESH, seconds)
        for level in USUAL:
            self.server.run(f"DROP TABLE usual_{level}", "lego")

    def live_page(self, figures: Figures, runs: int) -> None:
        """A page's main query over the facts."""
        for _ in range(runs):
            figures.add(self.engine, LIVE_QUERY, timed(lambda: self.server.run(LIVE_PAGE, "lego")))

    def summary_page(self, figures: Figures, runs: int) -> None:
        """The same query over the summaries."""
        for _ in range(runs):
            figures.add(self.engine, SUMMARY_QUERY, timed(lambda: self.server.run(SUMMARY_PAGE, "lego")))

    def floor(self, figures: Figures, runs: int) -> None:
        months = [row[0] for row in self.server.run("SELECT DISTINCT month FROM financials ORDER BY month", "lego")]
        for _ in range(runs):
            figures.add(self.engine, FLOOR, timed(lambda: self._group_all(months)))

    def _group_all(self, months: list) -> None:
        """Index-ordered GROUP BY of every month, two at a time, results counted and thrown away."""
        waiting: queue.SimpleQueue = queue.SimpleQueue()
        for month in months:
            waiting.put(month)

        def work() -> None:
            with (
                self.server.connect(database="lego") as connection, connection.cursor() as cursor,
                contextlib.suppress(queue.Empty),
            ):
                while True:
                    cursor.execute(
                        "SELECT COUNT(*), SUM(total) FROM (SELECT SUM(value) AS total FROM financials "
                        "WHERE month = %s GROUP BY metric, marketplace, asin_id) one_month",
                        (waiting.get_nowait(),),
                    )

        workers = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


FLOOR = "the bare aggregation"
USUAL_REFRESH = "refresh the usual way"
LIVE_QUERY = "the dashboard's query over facts"
SUMMARY_QUERY = "the dashboard's query over the summaries"


@contextlib.contextmanager
def stand_of(engine: str, folder: Path) -> Iterator[Stand]:
    """A stand of that engine below `folder`; what it started ends with the block."""
    folder.mkdir()
    if engine == "embedded":
        yield EmbeddedStand(folder)
        return
    stand = MysqlStand(folder)
    try:
        yield stand
    finally:
        stand.server.destroy()
