"""Bulk loading on a cluster: each month into its own table, the nodes side by side."""

from __future__ import annotations

import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database.engines.cluster.nodes import Node
from database.engines.cluster.tables import table_name
from database.engines.cluster.transaction import SpiderTransaction
from database.engines.mariadb.loading import load_rows, write_rows


def load_months(
    transaction: SpiderTransaction, table: sa.Table, scratch: duckdb.DuckDBPyConnection, query: str
) -> int:
    """Loads the rows of a query of facts into what stands for `table` in their months; returns how many. One thread
    loads per node, while the rows of the next month are written."""
    months = [row[0] for row in scratch.execute(
        f"SELECT DISTINCT date_trunc('month', month)::DATE AS first FROM ({query}) ORDER BY first"
    ).fetchall()]
    pools: dict[Node, ThreadPoolExecutor] = {}
    loads: list[Future[int]] = []
    with tempfile.TemporaryDirectory(prefix="lego-load-") as folder:
        try:
            for month in months:
                node = transaction.node_of(month)
                connection = transaction.connection(node)
                path = f"{folder}/{month:%Y%m}.tsv"
                columns = write_rows(
                    scratch, f"SELECT * FROM ({query}) WHERE date_trunc('month', month) = DATE '{month}'", path
                )
                pool = pools.setdefault(node, ThreadPoolExecutor(1, thread_name_prefix="load"))
                loads.append(pool.submit(_load, connection, table_name(table, month), path, columns))
            return sum(load.result() for load in loads)
        finally:
            for pool in pools.values():
                pool.shutdown(cancel_futures=True)


def _load(connection, table: str, path: str, columns: list[str]) -> int:
    loaded = load_rows(connection, table, path, columns)
    Path(path).unlink()
    return loaded
