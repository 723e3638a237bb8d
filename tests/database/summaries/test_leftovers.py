"""What the demo made goes when nothing published names it, in one look at each table."""

import datetime

import pytest
import sqlalchemy as sa

from database import schema
from database.summaries.leftovers import NamedBy, forget_removed_names
from tests.facts import rows_read

COUNT = 300
"""Products, brands and categories that the demo made, each; a tenth of them is still named."""


@pytest.fixture
def leftovers(store):
    """The first tenth of the products stands in the summaries, with its brands and categories."""
    when = datetime.datetime(2026, 1, 1)
    with store.facts() as connection:
        connection.execute(sa.insert(schema.financials_import).values(
            id=1, source="demo", format="long", file_name="demo", sha256="0" * 64, mode="replace", status="removed",
            currencies="", facts=0, value=0, replaced_facts=0, created_at=when,
        ))
        numbers = range(1, COUNT + 1)
        for table, name in ((schema.category, "category"), (schema.brand, "brand"), (schema.asin, "asin")):
            rows = [{"id": number, name: f"{name} {number}", "import_id": 1} for number in numbers]
            connection.execute(sa.insert(table), rows)
        connection.commit()
    return store


def named(build_table, connection):
    rows = [
        {"asin_id": number, "brand_id": number, "category_id": number, "marketplace": "US",
         "month": datetime.date(2024, 1, 1), "metric": "CM3", "value": 1, "updated_at": datetime.datetime(2026, 1, 1)}
        for number in range(1, COUNT // 10 + 1)
    ]
    connection.execute(sa.insert(build_table), rows)


def test_what_no_generation_names_goes_and_the_rest_stays(leftovers, engine):
    table = schema.summary_asin
    with leftovers.facts() as connection:
        if engine == "embedded":
            table = sa.Table("named", sa.MetaData(), *(sa.Column(c.name, c.type) for c in table.columns))
            connection.execute(sa.schema.CreateTable(table))
        named(table, connection)
        before = rows_read(connection) if engine == "mysql" else 0
        assert forget_removed_names(connection, NamedBy(connection, [table])) == 3 * (COUNT - COUNT // 10)
        if engine == "mysql":
            assert rows_read(connection) - before < 20 * COUNT
        for dimension in (schema.asin, schema.brand, schema.category):
            left = connection.execute(sa.select(dimension.c.id).order_by(dimension.c.id)).scalars().all()
            assert left == list(range(1, COUNT // 10 + 1))
        connection.commit()
