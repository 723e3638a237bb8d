"""A table that was made by hand, with a column of its own and text that compares without case, is archived as it is."""

import pytest
import sqlalchemy as sa

from database import migrations
from database.archive.archiving import archive, unarchive
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from domain.months import parse_month
from tests.database.archive.test_archive import published
from tests.database.summaries.test_existing_schema import BY_HAND

OWN = (
    "ALTER TABLE financials ADD COLUMN comment TEXT, ADD COLUMN rate DOUBLE",
    "UPDATE financials SET comment = CONCAT('tab\t, quote\\' and line\n', id), rate = id / 7 WHERE id <> 3",
)


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_it_comes_back_with_its_own_columns_and_gives_the_same_tables_meanwhile(settings, mariadb):
    name = settings.database.database
    mariadb.run(f"ALTER DATABASE {name} COLLATE utf8mb4_general_ci")
    for statement in (*BY_HAND, *OWN):
        mariadb.run(statement, name)
    store = open_store(settings)
    migrations.upgrade(store)
    refresh(store)
    before, tables = rows(store), published(store)
    assert archive(store, before=parse_month("2024-03")).facts == 5
    assert len(rows(store)) == 1, "a fact without a month belongs to none"
    refresh(store, RefreshOptions(full=True))
    assert published(store) == tables
    unarchive(store)
    assert rows(store) == before
    refresh(store, RefreshOptions(full=True))
    assert published(store) == tables
    store.close()


def rows(store) -> list[tuple]:
    """Every column of every fact."""
    with store.facts() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM financials ORDER BY id"))]
