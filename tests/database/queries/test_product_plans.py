"""How MariaDB answers the pages of products: by ranges of an index, and in proportion to what is shown."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.queries import product, products, ranking
from domain.narrowing import FALLING, LOSING, NARROWINGS
from domain.periods import calendar_at
from domain.selection import Selection
from tests.summaries_fixture import publish

PRODUCTS, MONTHS, METRICS, MARKETPLACES = 300, 24, 4, 2
LAST = datetime.date(2025, 10, 1)
CALENDAR = calendar_at(datetime.date(2023, 11, 1), LAST, datetime.date(2025, 11, 22))
SUMMARY = schema.summary_asin.name

FILL = f"""
INSERT INTO {SUMMARY} (asin_id, brand_id, category_id, marketplace, month, metric, value)
SELECT p.seq, p.seq % 30, p.seq % 5, IF(c.seq = 1, 'US', 'DE'), DATE('2023-11-01') + INTERVAL m.seq - 1 MONTH,
       ELT(k.seq, 'Net revenue', 'CM3', 'Net units', 'Marketing'), p.seq
FROM seq_1_to_{PRODUCTS} p, seq_1_to_{MARKETPLACES} c, seq_1_to_{MONTHS} m, seq_1_to_{METRICS} k
"""
NAME = "INSERT INTO asin (id, asin, name) SELECT seq, CONCAT('B', seq), CONCAT('Brick ', seq) FROM seq_1_to_3000"


@pytest.fixture(params=["mysql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Only MariaDB has indexes to choose from."""
    return request.param


@pytest.fixture
def connection(store: Store) -> Iterator[sa.Connection]:
    """A published generation large enough for the server to prefer its indexes."""
    publish(store, [])
    with store.facts() as connection:
        connection.exec_driver_sql(FILL.replace("%", "%%"))
        connection.exec_driver_sql(NAME)
        connection.commit()
        connection.exec_driver_sql(f"ANALYZE TABLE {SUMMARY}, asin")
        yield connection


def selection(**parts) -> Selection:
    return Selection(calendar=CALENDAR, **parts)


RANKINGS = {
    **{f"sort={sort}": {"sort": sort} for sort in ranking.SORTS},
    "a search": {"search": "brick 1"},
    "a brand": {"brands": (3,)},
    "some brands in a marketplace": {"brands": (3, 4), "marketplaces": ("US",)},
    "a category": {"categories": (2,)},
    "marketplaces": {"marketplaces": ("DE", "US"), "sort": "change"},
    "a reader of some brands": {"scope": (1, 2, 3)},
    "another metric": {"metric": "CM3", "sort": "price"},
    "three months and the year before": {"period": "3m", "compare": "year", "sort": "change"},
    **{f"only={word}": {"only": (word,)} for word in NARROWINGS},
    "several narrowings of a brand": {"only": (LOSING, FALLING), "brands": (3,)},
}


def explained(connection: sa.Connection, statement: sa.Select) -> list[tuple[str, str]]:
    """How each mention of the summary table is read: access and index."""
    text = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    rows = connection.exec_driver_sql(f"EXPLAIN {text}").mappings()
    return [(row["type"], row["key"]) for row in rows if row["table"] == SUMMARY]


def rows_read(connection: sa.Connection, statement: sa.Select) -> int:
    """Rows that the server took from indexes while it answered."""

    def count() -> int:
        found = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read_next'").one()
        return int(found[1])

    before = count()
    connection.execute(statement).all()
    return count() - before


@pytest.fixture
def figures(connection: sa.Connection) -> sa.Select:
    """The statement of the first page's figures."""
    found = connection.execute(ranking.ranking_statement(selection(), start=0, limit=50)).all()
    return products.figures_statement(selection(), [row.key for row in found])


def test_no_order_filter_or_search_reads_the_whole_summary_table(connection: sa.Connection) -> None:
    plans = {
        name: explained(connection, ranking.ranking_statement(selection(**parts), start=0, limit=50))
        for name, parts in RANKINGS.items()
    }

    assert {name for name, plan in plans.items() if not plan} == set()
    assert {name: plan for name, plan in plans.items() if {access for access, _ in plan} - {"range", "ref"}} == {}


def test_a_page_by_the_chosen_metric_reads_that_metric_in_those_months(connection: sa.Connection) -> None:
    of_one = PRODUCTS * MARKETPLACES * 12

    assert explained(connection, ranking.ranking_statement(selection(), start=0, limit=50)) == [("range", "PRIMARY")]
    assert rows_read(connection, ranking.ranking_statement(selection(), start=0, limit=50)) <= of_one * 1.1
    by_margin = ranking.ranking_statement(selection(sort="margin"), start=0, limit=50)
    assert rows_read(connection, by_margin) <= 2 * of_one * 1.1


def test_the_figures_of_a_page_come_from_the_index_by_product_alone(
    connection: sa.Connection, figures: sa.Select
) -> None:
    text = str(figures.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    (row,) = connection.exec_driver_sql(f"EXPLAIN {text}").mappings()

    assert (row["type"], row["key"]) == ("range", "ix_asin_product")
    assert "Using index" in row["Extra"] and "temporary" not in row["Extra"]
    # 50 products, three metrics, a year, two marketplaces.
    assert rows_read(connection, figures) <= 50 * 3 * 12 * 2 * 1.1


def test_the_course_of_a_page_reads_the_chosen_metric_of_its_products_alone(connection: sa.Connection) -> None:
    found = connection.execute(ranking.ranking_statement(selection(), start=0, limit=50)).all()
    course = products.course_statement(selection(), [row.key for row in found])

    assert explained(connection, course) == [("range", "ix_asin_product")]
    # 50 products, one metric, two years, two marketplaces; and once more what is grouped by drawn months.
    assert rows_read(connection, course) <= 50 * 24 * 2 * 1.1


def test_one_product_is_read_from_the_index_by_product(connection: sa.Connection) -> None:
    asked = product.sums_statement(selection(scope=(7, 8)), 7)

    assert [key for _, key in explained(connection, asked)] == ["ix_asin_product"]
    assert rows_read(connection, asked) <= MONTHS * METRICS * MARKETPLACES * 1.1
    last = product.last_month_statement(selection(), 7)
    assert [key for _, key in explained(connection, last)] == ["ix_asin_product"]
    plan = explained(connection, product.published_statement(7, (1, 2)))
    assert {access for access, _ in plan} <= {"const", "eq_ref", "ref", "range"}
    assert "ix_asin_product" in {key for _, key in plan}
