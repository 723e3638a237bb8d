"""MariaDB: settings, indexes, statistics and plans that do not suit what it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from database import schema
from database.doctor.configuration import judge_readiness
from database.doctor.examination import cure
from database.doctor.schedule import judge_leftovers
from database.doctor.statements import explain
from database.engines.mariadb.server import Server, judge_server, read_server
from database.engines.ports import Store
from domain.findings import GIB, MIB, SERIOUS, Finding, Limits
from tests.mariadb import MariadbServer

SUMMARY = schema.summary_asin.name
FILL = (
    f"INSERT INTO {SUMMARY} (asin_id, brand_id, category_id, marketplace, month, metric, value) "
    "SELECT 1000 + p.seq, 900, 1, 'US', DATE('2024-01-01') + INTERVAL m.seq - 1 MONTH, k.metric, 1 "
    "FROM seq_1_to_4000 p, seq_1_to_3 m, (SELECT 'CM3' AS metric UNION SELECT 'Net revenue') k"
)


@pytest.fixture
def database(healthy: Store, mariadb: MariadbServer):
    """Runs a statement in the schema of the healthy store, as a stranger."""
    return lambda statement: mariadb.run(statement, healthy.settings.database.database)


@pytest.fixture
def healthy(healthy_mysql: Store) -> Store:
    """Of this engine only."""
    return healthy_mysql


def found(store: Store, limits: Limits = Limits()) -> list[Finding]:  # noqa: B008
    return list(store.health.findings(limits))


def identified(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(each.check, each.subject) for each in findings]


@pytest.fixture
def server(healthy: Store) -> Server:
    with healthy.facts() as connection:
        return read_server(connection, is_local=True)


def test_a_default_server_suits_a_small_store(healthy: Store, server: Server) -> None:
    assert list(judge_server(server, healthy.settings)) == []


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("server-not-mariadb", {"version": "8.0.36"}),
        ("server-tmp-table-size", {"tmp_table_size": str(MIB)}),
        ("server-redo-log", {"innodb_log_file_size": str(48 * MIB)}),
        ("server-sql-mode", {"sql_mode": "NO_ENGINE_SUBSTITUTION"}),
        ("server-time-zone", {"time_zone": "SYSTEM", "system_time_zone": "CET"}),
        ("server-connections", {"max_connections": "30"}),
        ("server-buffer-pool", {"innodb_buffer_pool_size": "16384"}),
    ],
)
def test_a_setting_that_does_not_suit_is_told(healthy: Store, server: Server, check: str, changed: dict) -> None:
    other = dataclasses.replace(server, variables={**server.variables, **changed})

    assert [finding.check for finding in judge_server(other, healthy.settings)] == [check]


def test_large_summaries_need_more_than_defaults_and_a_clock_that_is_off_is_told(healthy: Store, server) -> None:
    large = dataclasses.replace(server, summary_bytes=2 * GIB, all_bytes=9 * GIB, machine=8 * GIB, clock_skew=-3600.0)

    findings = {each.check: each for each in judge_server(large, healthy.settings)}

    assert set(findings) == {"server-buffer-pool", "server-tmp-table-size", "server-redo-log", "server-clock"}
    # 60 % of the machine's 8 GiB, for there are 9 to hold.
    assert "4915M" in findings["server-buffer-pool"].advice
    assert findings["server-clock"].evidence == "the server is 3,600 s behind"


def test_connections_are_counted_by_the_settings(healthy: Store, server: Server) -> None:
    many = dataclasses.replace(
        healthy.settings, database=dataclasses.replace(healthy.settings.database, pool_size=200)
    )

    (finding,) = judge_server(server, many)

    assert (finding.check, finding.severity) == ("server-connections", SERIOUS)
    assert "may open 1,600 ([web] workers 2 × four times [database] pool_size 200)" in finding.evidence


def test_the_real_server_is_asked(healthy: Store, mariadb: MariadbServer) -> None:
    before = mariadb.run("SELECT @@GLOBAL.tmp_table_size")[0][0]
    mariadb.run("SET GLOBAL tmp_table_size = 1048576")
    try:
        assert identified(found(healthy)) == [("server-tmp-table-size", "")]
    finally:
        mariadb.run(f"SET GLOBAL tmp_table_size = {before}")
    assert found(healthy) == []


def test_missing_indexes_are_made_by_fix_while_others_read(healthy: Store, database) -> None:
    database("ALTER TABLE financials DROP INDEX ix_financials_rollup")
    database(f"ALTER TABLE {SUMMARY} DROP INDEX ix_asin_brand")

    findings = found(healthy)

    assert identified(findings) == [
        ("rollup-index-missing", "ix_financials_rollup"), ("summary-index-missing", "ix_asin_brand"),
    ]
    assert [line.split(" in ")[0] for line in cure(healthy, findings)] == [
        "rollup-index-missing: added index ix_financials_rollup to financials",
        f"summary-index-missing: added index ix_asin_brand to {SUMMARY}",
    ]
    assert found(healthy) == []


def test_an_index_that_another_one_begins_with_is_told_and_left_to_its_owner(healthy: Store, database) -> None:
    database("ALTER TABLE financials ADD INDEX by_month (month, metric), ADD UNIQUE INDEX once (id, month, metric)")
    try:
        (finding,) = found(healthy)
    finally:
        database("ALTER TABLE financials DROP INDEX by_month, DROP INDEX once")

    assert (finding.check, finding.subject, finding.is_fixable) == ("index-duplicate", "by_month", False)
    assert finding.advice.endswith("ALTER TABLE financials DROP INDEX by_month")


def test_indexes_that_nothing_uses_are_hinted_at_where_the_server_counts(healthy: Store, database) -> None:
    database("ALTER TABLE financials ADD INDEX by_product (asin_id)")
    database("SET GLOBAL userstat = 1")
    try:
        young, old = found(healthy), found(healthy, Limits(settled_seconds=0))
    finally:
        database("SET GLOBAL userstat = 0")
        database("ALTER TABLE financials DROP INDEX by_product")

    assert young == []
    assert {each.check for each in old} == {"index-unused"}
    advice = {each.subject: each.advice for each in old}
    assert advice.pop("by_product").endswith("ALTER TABLE financials DROP INDEX by_product")
    # Which of ours the doctor's own statements have used depends on the server's version.
    assert advice and all(words.startswith("keep it if it is one of ours") for words in advice.values())


def test_old_statistics_are_renewed_by_fix(healthy: Store, database) -> None:
    limits = Limits(small_rows=1000)
    database(f"ANALYZE TABLE {SUMMARY}")
    database(f"ALTER TABLE {SUMMARY} STATS_AUTO_RECALC = 0")
    database(FILL)
    try:
        findings = found(healthy, limits)
        cured = cure(healthy, findings)
        after = found(healthy, limits)
    finally:
        database(f"DELETE FROM {SUMMARY} WHERE brand_id = 900")
        database(f"ALTER TABLE {SUMMARY} STATS_AUTO_RECALC = DEFAULT")
        database(f"OPTIMIZE TABLE {SUMMARY}")

    assert identified(findings) == [("statistics-outdated", SUMMARY)]
    assert findings[0].evidence.endswith(" rows; there are 24,048")
    assert cured == [f"statistics-outdated: analysed {SUMMARY}"]
    assert after == []


@pytest.fixture
def filled(healthy: Store, database) -> Iterator[Store]:
    """The store with 24,000 rows more in its largest summary, of another brand."""
    database(FILL)
    yield healthy
    database(f"DELETE FROM {SUMMARY} WHERE brand_id = 900")
    database(f"OPTIMIZE TABLE {SUMMARY}")


def test_holes_in_a_table_are_hinted_at(filled: Store, database) -> None:
    assert found(filled) == []
    (finding,) = {
        each.subject: each for each in found(filled, Limits(small_bytes=0, fragmented_share=0.0))
        if each.check == "fragmentation" and each.subject == SUMMARY
    }.values()

    assert finding.advice.startswith(f"in a quiet hour run: OPTIMIZE TABLE {SUMMARY}")


def test_a_statement_without_its_index_looks_at_many_times_the_rows_it_needs(filled: Store, database) -> None:
    limits = Limits(many_rows=5000)
    database(f"ANALYZE TABLE {SUMMARY}")
    well = explain(filled, "products/B1", limits=limits)
    database(f"ALTER TABLE {SUMMARY} DROP INDEX ix_asin_product")
    try:
        poor = explain(filled, "products/B1", limits=limits)
    finally:
        database(
            f"ALTER TABLE {SUMMARY} ADD INDEX ix_asin_product "
            "(asin_id, metric, month, marketplace, value, brand_id, category_id)"
        )

    assert [each.is_well for each in well] == [True, True]
    assert [each.is_well for each in poor] == [True, False]
    assert poor[1].plan.examined >= 24_000 > 20 * poor[1].plan.needed
    assert poor[1].verdict.startswith("looks at 24,") and "flask doctor tells whether an index" in poor[1].verdict


def test_staged_tables_of_a_dead_refresh_are_taken_away_by_fix(healthy: Store, database) -> None:
    database(f"CREATE TABLE {SUMMARY}_staging LIKE {SUMMARY}")

    findings = list(judge_leftovers(healthy))

    assert [(each.check, each.evidence) for each in findings] == [("leftovers", f"{SUMMARY}_staging")]
    assert cure(healthy, findings) == [f"leftovers: took away {SUMMARY}_staging"]
    assert list(judge_leftovers(healthy)) == []


def test_a_summary_table_that_cannot_be_swapped_refuses_refreshes(healthy: Store, database) -> None:
    database("ALTER TABLE financials_summary_monthly_category ENGINE = MyISAM")
    try:
        (finding,) = judge_readiness(healthy)
    finally:
        database("ALTER TABLE financials_summary_monthly_category ENGINE = InnoDB")

    assert (finding.check, finding.severity) == ("refresh-refused", SERIOUS)
    assert finding.evidence == (
        "financials_summary_monthly_category is a MyISAM table, which cannot be replaced safely"
    )
    assert finding.advice.startswith("run: ALTER TABLE financials_summary_monthly_category ENGINE = InnoDB; until then")
    assert list(judge_readiness(healthy)) == []
