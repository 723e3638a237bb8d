"""What the dialect knows without asking a database is what a database says."""

from __future__ import annotations

import duckdb
import sqlalchemy as sa

from database.engines.duckdb_dialect import DRIVER


def test_every_word_that_duckdb_reserves_is_quoted():
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
        reserved = {word for (word,) in rows.fetchall()}
    assert "select" in reserved and "qualify" in reserved
    preparer = sa.create_engine(f"{DRIVER}://").dialect.identifier_preparer
    assert {word for word in reserved if preparer.quote(word) != f'"{word}"'} == set()


def test_settings_of_an_engine_are_those_of_its_connections(tmp_path):
    engine = sa.create_engine(
        sa.URL.create(DRIVER, database=str(tmp_path / "x.duckdb")), connect_args={"config": {"threads": 3}}
    )
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT current_setting('threads')")).scalar() == 3
    engine.dispose()
