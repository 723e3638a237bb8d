"""Files: memory, permissions, holes and what a dead refresh left."""

from __future__ import annotations

import os

import pytest

from database.doctor.configuration import judge_readiness
from database.doctor.examination import cure
from database.doctor.schedule import judge_leftovers
from database.engines.embedded.health import judge_memory
from database.engines.ports import Store
from domain.findings import GIB, SERIOUS, Limits


@pytest.fixture
def healthy(healthy_embedded: Store) -> Store:
    """Of this engine only."""
    return healthy_embedded


def test_files_in_a_folder_that_everybody_may_enter_are_told_with_their_modes(healthy: Store) -> None:
    folder = healthy.settings.database.path
    (folder / "facts.duckdb").chmod(0o644)
    (folder / "application.sqlite").chmod(0o600)
    folder.chmod(0o755)
    try:
        (finding,) = healthy.health.findings(Limits())
    finally:
        folder.chmod(0o700)

    assert (finding.check, finding.evidence) == ("files-readable", "facts.duckdb has mode 644")
    assert finding.advice == f"run: chmod -R go= {folder}"
    assert list(healthy.health.findings(Limits())) == []


def test_memory_beyond_the_machine_is_told() -> None:
    (finding,) = judge_memory(8 * GIB, 8 * GIB)

    assert (finding.check, finding.advice.partition(";")[0]) == (
        "memory-setting", "set [database] memory to at most 4915",
    )
    assert list(judge_memory(1 * GIB, 8 * GIB)) == []


def test_holes_in_the_files_are_hinted_at(healthy: Store) -> None:
    with healthy.facts() as connection:
        connection.exec_driver_sql("CREATE TABLE filler AS SELECT i, md5(i::VARCHAR) AS text FROM range(200000) r(i)")
        connection.commit()
        connection.exec_driver_sql("CHECKPOINT")
        connection.exec_driver_sql("DROP TABLE filler")
        connection.commit()
        connection.exec_driver_sql("CHECKPOINT")
        connection.commit()

    found = list(healthy.health.findings(Limits(small_bytes=0)))

    assert [(each.check, each.subject) for each in found] == [("fragmentation", "facts.duckdb")]
    assert list(healthy.health.findings(Limits())) == []


def test_unfinished_files_are_taken_away_by_fix(healthy: Store) -> None:
    left = healthy.settings.database.path / "generations" / "000099.duckdb.building"
    left.write_bytes(b"half")

    findings = list(judge_leftovers(healthy))

    assert [(each.check, each.evidence) for each in findings] == [("leftovers", left.name)]
    assert cure(healthy, findings) == [f"leftovers: took away {left.name}"]
    assert not left.exists()
    assert list(judge_leftovers(healthy)) == []


def test_a_disk_without_room_for_a_generation_is_serious(healthy: Store) -> None:
    live = healthy.settings.database.path / "generations" / "000001.duckdb"
    size = live.stat().st_size
    os.truncate(live, 8 * 2**40)
    try:
        (finding,) = judge_readiness(healthy)
    finally:
        os.truncate(live, size)

    assert (finding.check, finding.severity) == ("refresh-has-no-room", SERIOUS)
    assert finding.advice.endswith("until then every refresh ends with exit code 5")
    assert list(judge_readiness(healthy)) == []
