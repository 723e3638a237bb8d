"""What /metrics tells of generation, runs, left-out facts and room: read when it is asked for."""

from __future__ import annotations

import calendar
import datetime
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from database.doctor.examination import last_examination
from database.doctor.intake import REFUSED_FOR, RESTATED_FOR
from database.doctor.statements import SERVED_FOR
from database.engines.ports import Store
from database.engines.values import Generation
from database.journal.node_states import read_nodes
from database.journal.run_log import RUNNING, SUCCESS
from database.journal.slow_statements import read_slowest
from database.notices.outbox import undelivered
from database.queries.imports import refused_since
from database.queries.operations import (
    NOT_A_REFRESH,
    Run,
    is_good,
    median_seconds,
    next_expected,
    read_runs,
    read_sizes,
)
from database.summaries.restatements import net_changes
from database.summaries.state import left_out_reasons
from domain.errors import LegoError
from domain.moments import utc_now

RUNS = 100


class StateCollector(Collector):
    """One look at a store. A database that does not answer is told, and does not take the other metrics away."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering it must not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield from _disk(self.store.settings.database.path)
        try:
            found = [*_generation(self.store), *_runs(self.store), *_sizes(self.store), *_doctor(self.store),
                     *_trouble(self.store), *_nodes(self.store)]
        except (LegoError, sa.exc.SQLAlchemyError):
            yield _gauge("lego_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("lego_database_up", "Whether the database answers.", 1)
        yield from found


def _disk(folder: Path) -> Iterator[Metric]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return
    yield _gauge("lego_disk_size_bytes", "Size of the file system that the instance folder is on.", usage.total)
    yield _gauge("lego_disk_free_bytes", "What is free there.", usage.free)


def _generation(store: Store) -> Iterator[Metric]:
    live = store.live_generation()
    yield _gauge("lego_generation", "Number of the live generation, 0 before the first refresh.",
                 live.generation if live else 0)
    if live is None:
        return
    yield from _of_generation(live)
    reasons = GaugeMetricFamily("lego_left_out_facts", "Facts that are left out, by reason.", labels=["reason"])
    for entry in store.read(left_out_reasons)[1]:
        reasons.add_metric([entry.reason], entry.facts)
    yield reasons
    changes = store.read(lambda reading: net_changes(reading, since=utc_now() - RESTATED_FOR))
    yield _gauge("lego_restated_months", "Past months whose published totals changed in the last day.",
                 len({change.month for change in changes}))


def _of_generation(live: Generation) -> Iterator[Metric]:
    yield _gauge("lego_generation_published_timestamp_seconds", "When it was published.", _timestamp(live.published_at))
    yield _gauge("lego_facts", "Facts that it was built from.", live.facts)


def _runs(store: Store) -> Iterator[Metric]:
    with store.application_reading.connect() as connection:
        expected = next_expected(connection, now=utc_now(), at=store.settings.refresh.expected_at)
        runs = [run for run in read_runs(connection, limit=RUNS) if run.refresh_type != NOT_A_REFRESH]
    ended = [run for run in runs if run.status != RUNNING]
    yield _gauge("lego_refresh_running", "Runs that are marked running.", len(runs) - len(ended))
    if expected is not None:
        yield _gauge("lego_refresh_expected_timestamp_seconds", "When a refresh is or was expected to begin.",
                     _timestamp(expected))
    good = next((run for run in ended if is_good(run)), None)
    if good is not None:
        age = (utc_now() - (good.ended_at or good.started_at)).total_seconds()
        yield _gauge("lego_data_age_seconds", "Time since a run last brought the figures up to date.", max(age, 0))
    if ended:
        yield _gauge("lego_refresh_failed", "Whether the newest run failed.", int(not is_good(ended[0])))
        yield _gauge("lego_refresh_last_started_timestamp_seconds", "When the newest run began.",
                     _timestamp(ended[0].started_at))
    yield from _durations(ended)


def _durations(ended: list[Run]) -> Iterator[Metric]:
    last: dict[str, Run] = {}
    for run in ended:
        if run.status == SUCCESS and run.seconds is not None:
            last.setdefault(run.refresh_type, run)
    took = GaugeMetricFamily("lego_refresh_last_seconds", "How long the last good run took.", labels=["kind"])
    usual = GaugeMetricFamily("lego_refresh_median_seconds", "How long good runs took, median.", labels=["kind"])
    read = GaugeMetricFamily("lego_refresh_last_rows_read", "Facts that the last good run read.", labels=["kind"])
    written = GaugeMetricFamily(
        "lego_refresh_last_rows_written", "Summary rows that the last good run wrote.", labels=["kind"]
    )
    for kind, run in last.items():
        took.add_metric([kind], run.seconds)
        usual.add_metric([kind], median_seconds(ended, kind))
        read.add_metric([kind], run.rows_read or 0)
        written.add_metric([kind], run.rows_written or 0)
    yield from (took, usual, read, written)


def _sizes(store: Store) -> Iterator[Metric]:
    with store.application_reading.connect() as connection:
        found = read_sizes(connection)
    whole = GaugeMetricFamily("lego_stored_bytes", "Bytes of facts and of summaries after the last run.", labels=["of"])
    totals: dict[str, int] = {}
    for size in found[1] if found else ():
        totals[size.kind] = totals.get(size.kind, 0) + (size.bytes or 0) + (size.index_bytes or 0)
    for kind, total in totals.items():
        whole.add_metric([kind], total)
    yield whole


def _doctor(store: Store) -> Iterator[Metric]:
    with store.application_reading.connect() as connection:
        looked, findings = last_examination(connection)
    if looked is None:
        return
    yield _gauge("lego_doctor_examined_timestamp_seconds", "When flask doctor looked last.", _timestamp(looked))
    told = GaugeMetricFamily("lego_doctor_findings", "What it found, by check.", labels=["check", "severity"])
    for (check, severity), count in Counter((row.check_id, row.severity) for row in findings).items():
        told.add_metric([check, severity], count)
    yield told


def _trouble(store: Store) -> Iterator[Metric]:
    now = utc_now()
    with store.application_reading.connect() as connection:
        refused = refused_since(connection, now - REFUSED_FOR)
        slow = read_slowest(connection, since=now - SERVED_FOR)
        late = undelivered(connection, now=now)
    yield _gauge("lego_imports_refused", "Files refused in the last week, with none of their name imported since.",
                 len(refused))
    yield _gauge("lego_slowest_statement_seconds", "The slowest statement of a page that was slow in the last day.",
                 max((found.milliseconds for found in slow), default=0) / 1000)
    yield _gauge("lego_notices_undelivered", "Notices of the last week that a channel did not deliver.", len(late))


def _nodes(store: Store) -> Iterator[Metric]:
    """Of a cluster, as a command saw it last; nothing of any other database."""
    with store.application_reading.connect() as connection:
        nodes = read_nodes(connection)
    if not nodes:
        return
    looked = GaugeMetricFamily("lego_node_looked_timestamp_seconds", "When a command looked last.", labels=["node"])
    up = GaugeMetricFamily("lego_node_up", "Whether the data node answered, and lacked no table.", labels=["node"])
    months = GaugeMetricFamily("lego_node_months", "Months that the data node holds.", labels=["node"])
    answer = GaugeMetricFamily("lego_node_answer_seconds", "How long it took to answer.", labels=["node"])
    facts = GaugeMetricFamily("lego_node_facts", "Facts that it holds, by its own estimate.", labels=["node"])
    size = GaugeMetricFamily("lego_node_bytes", "Bytes of its facts, with indexes.", labels=["node"])
    waiting = GaugeMetricFamily(
        "lego_node_open_transactions", "Transactions there that wait to be told how they end.", labels=["node"]
    )
    for node in nodes:
        looked.add_metric([node.name], _timestamp(node.looked_at))
        up.add_metric([node.name], int(not node.trouble and not node.lost_tables))
        months.add_metric([node.name], node.months)
        if not node.trouble:
            answer.add_metric([node.name], (node.milliseconds or 0) / 1000)
            facts.add_metric([node.name], node.rows or 0)
            size.add_metric([node.name], node.bytes or 0)
            waiting.add_metric([node.name], node.open_transactions or 0)
    yield from (looked, up, months, answer, facts, size, waiting)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _timestamp(moment: datetime.datetime) -> float:
    return calendar.timegm(moment.timetuple()) + moment.microsecond / 1e6
