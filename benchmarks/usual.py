"""What a refresh is compared with: the usual way on a server, a live join, and the bare aggregation of the engine."""

from __future__ import annotations

import contextlib
import os
import queue
import threading

from benchmarks.measure import Figures, Process
from benchmarks.stands import MYSQL, Stand
from database import schema

FLOOR = "the bare aggregation (s)"
USUAL_REFRESH = "refresh the usual way, by hand-made summaries (s)"
LIVE_QUERY = "the dashboard's query over facts, a live join (s)"
SUMMARY_QUERY = "the dashboard's query over the summaries (s)"

_PLACES = """
    FROM financials f
    JOIN asin a ON a.id = f.asin_id
    LEFT JOIN brand b ON b.id = a.brand_id
"""
_BRAND, _CATEGORY = "COALESCE(b.id, 0)", "COALESCE(a.category_id, b.category_id, 0)"

_USUAL = {
    schema.summary_asin.name: f"""
        (asin_id, brand_id, category_id, marketplace, month, metric, value, updated_at)
        SELECT f.asin_id, {_BRAND}, {_CATEGORY}, f.marketplace, f.month, f.metric, SUM(f.value), NOW() {_PLACES}
        GROUP BY f.asin_id, {_BRAND}, {_CATEGORY}, f.marketplace, f.month, f.metric""",
    schema.summary_brand.name: f"""
        (brand_id, category_id, month, marketplace, metric, total_value, asin_count, updated_at)
        SELECT {_BRAND}, {_CATEGORY}, f.month, f.marketplace, f.metric, SUM(f.value), COUNT(DISTINCT f.asin_id), NOW()
        {_PLACES} GROUP BY {_BRAND}, {_CATEGORY}, f.month, f.marketplace, f.metric""",
    schema.summary_category.name: f"""
        (category_id, month, metric, total_value, brand_count, asin_count, updated_at)
        SELECT {_CATEGORY}, f.month, f.metric, SUM(f.value), COUNT(DISTINCT {_BRAND}), COUNT(DISTINCT f.asin_id), NOW()
        {_PLACES} GROUP BY {_CATEGORY}, f.month, f.metric""",
}
"""Per table with the same indexes: TRUNCATE, then one INSERT…SELECT with joins and GROUP BY."""

_WHERE = "month >= '2024-01-01' AND {0}metric IN ('Net revenue', 'Net units', 'CM1', 'CM2', 'CM3')"
_LIVE = f"SELECT f.month, f.metric, SUM(f.value) {_PLACES} WHERE f.{_WHERE.format('f.')} GROUP BY f.month, f.metric"
_SUMMARY = (
    f"SELECT month, metric, SUM(total_value) FROM {schema.summary_category.name} WHERE {_WHERE.format('')} "
    "GROUP BY month, metric"
)


def measure_usual(stand: Stand, figures: Figures, *, runs: int) -> None:
    """Hand-made summaries and a live join, over the facts of a server."""
    for live in _USUAL:
        stand.ask(f"CREATE OR REPLACE TABLE usual_{live} LIKE {live}")
    for _ in range(runs):
        figures.add_process(MYSQL, LIVE_QUERY, stand.timed(lambda: stand.ask(_LIVE)))
        whole = Process(0.0, 0.0)
        for live, statement in _USUAL.items():
            stand.ask(f"TRUNCATE usual_{live}")
            insert = f"INSERT INTO usual_{live} {statement}"
            part = stand.timed(lambda insert=insert: stand.ask(insert))
            whole = Process(whole.seconds + part.seconds, whole.processor + part.processor)
        figures.add_process(MYSQL, USUAL_REFRESH, whole)
    for live in _USUAL:
        stand.ask(f"DROP TABLE usual_{live}")


def measure_summary_query(stand: Stand, figures: Figures) -> None:
    """The same question, asked of the summaries."""
    figures.add_process(stand.engine, SUMMARY_QUERY, stand.timed(lambda: stand.ask(_SUMMARY)))


def measure_floor(stand: Stand, figures: Figures) -> None:
    """All groups of all facts, thrown away: what no refresh can be quicker than."""
    work = _by_month if stand.server else _at_once
    figures.add_process(stand.engine, FLOOR, stand.timed(lambda: work(stand)))


def _at_once(stand: Stand) -> None:
    stand.ask("SELECT count(*), sum(total) FROM (SELECT sum(value) AS total FROM financials "
              "GROUP BY month, metric, marketplace, asin_id)")


def _by_month(stand: Stand) -> None:
    """Month by month over the rollup index, a connection per core."""
    waiting: queue.Queue = queue.Queue()
    for (month,) in stand.ask("SELECT DISTINCT month FROM financials ORDER BY month"):
        waiting.put(month)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                stand.ask("SELECT COUNT(*), SUM(total) FROM (SELECT SUM(value) AS total FROM financials "
                          f"WHERE month = '{waiting.get_nowait()}' GROUP BY metric, marketplace, asin_id) one_month")

    workers = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
