"""A connection that breaks takes no other one with it. MariaDB encrypts by itself from 11.4 on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from database.engines.mariadb.connections import mysql_engine
from domain.errors import DatabaseUnreachable
from tests.conftest import mysql_settings

WORK = sa.text("SELECT BENCHMARK(100000, MD5('x'))")
"""Long enough that the answer is waited for."""


def test_a_broken_connection_leaves_the_others_of_its_thread_whole(mariadb, tmp_path):
    database = mysql_settings(tmp_path, mariadb, "information_schema").database
    engine = mysql_engine(
        database, read_timeout=60, isolation="READ COMMITTED", init="SET SESSION lock_wait_timeout = 60",
        poolclass=sa.pool.NullPool,
    )
    with engine.connect() as kept, engine.connect() as lost:
        mariadb.run(f"KILL {lost.connection.driver_connection.thread_id()}")
        with pytest.raises(DatabaseUnreachable):
            lost.execute(WORK)
        assert [kept.execute(WORK).scalar() for _ in range(3)] == [0, 0, 0]
