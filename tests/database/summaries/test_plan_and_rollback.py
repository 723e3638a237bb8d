"""What a refresh would do, what it writes down, and the way back to the generation before."""

import pytest
import sqlalchemy as sa

from database import schema
from database.journal.run_log import ABANDONED, FULL, NOTHING_TO_DO, SUCCESS, RunLog, last_runs
from database.summaries.refresh import RefreshOptions, plan_only, refresh, roll_back
from domain.errors import Refused
from domain.months import parse_month
from settings import COLUMNAR
from tests.database.summaries.test_refresh import ASIN_ROWS, BRAND_ROWS, CATEGORY_ROWS, MARKETPLACE_ROWS
from tests.facts import (
    add_facts,
    all_summary_rows,
    run_on_facts,
    summary_rows,
)


def test_a_plan_names_months_and_causes_and_does_nothing(shop):
    refresh(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1.00")])
    plan = plan_only(shop)
    assert plan.causes == {parse_month("2024-02"): ("import",)}
    assert shop.live_generation().generation == 1


def test_rolling_back_publishes_the_earlier_generation_again(shop):
    refresh(shop)
    before = all_summary_rows(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1.00")])
    refresh(shop)
    assert all_summary_rows(shop) != before
    assert roll_back(shop).generation == 1
    assert all_summary_rows(shop) == before
    with pytest.raises(Refused, match="no earlier generation"):
        roll_back(shop)


def test_rolling_back_a_full_refresh_restores_the_tables_before(shop):
    refresh(shop)
    before = all_summary_rows(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "1.00")])
    refresh(shop, RefreshOptions(full=True))
    roll_back(shop)
    assert all_summary_rows(shop) == before
    result = refresh(shop)
    assert result.generation.generation == 3
    assert (1, 1, 1, "US", "2024-02-01", "CM3", "1.00") in summary_rows(shop, schema.summary_asin)


def test_rolling_back_without_an_earlier_generation_is_refused(shop):
    refresh(shop)
    with pytest.raises(Refused, match="no earlier generation"):
        roll_back(shop)


def test_the_log_tells_runs_and_stages(shop):
    result = refresh(shop)
    with shop.application_reading.connect() as connection:
        log = schema.refresh_log
        rows = connection.execute(sa.select(log).order_by(log.c.id)).all()
    copied = [("copy", SUCCESS)] if shop.settings.database.summaries == COLUMNAR else []
    assert [(row.stage, row.status) for row in rows] == [
        ("", SUCCESS), *copied, ("start", SUCCESS), ("asin", SUCCESS), ("brand", SUCCESS), ("category", SUCCESS),
        ("marketplace", SUCCESS), ("verify", SUCCESS), ("imports", SUCCESS), ("index", SUCCESS), ("record", SUCCESS),
        ("publish", SUCCESS),
    ]
    assert rows[0].generation == 1
    assert rows[0].rows_read == 11
    levels = (ASIN_ROWS, BRAND_ROWS, CATEGORY_ROWS, MARKETPLACE_ROWS)
    assert rows[0].rows_written == result.rows_written == sum(map(len, levels))


def test_a_run_that_died_is_abandoned_by_the_next(shop):
    RunLog(shop, FULL)
    refresh(shop)
    assert [run.status for run in last_runs(shop)] == [SUCCESS, ABANDONED]


def test_refused_runs_leave_no_staged_table_behind(shop):
    refresh(shop)
    run_on_facts(shop, sa.delete(schema.financials))
    with pytest.raises(Refused):
        refresh(shop, RefreshOptions(full=True))
    assert shop.published.clear_leftovers() == []


def test_a_name_that_changed_reaches_readers_although_it_moves_no_month(shop):
    refresh(shop)
    before = all_summary_rows(shop)
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "B1").values(name="Red brick"))
    refresh(shop)
    names = sa.select(schema.asin.c.name).where(schema.asin.c.asin == "B1")
    assert shop.read(lambda reading: reading.connection.execute(names).scalar()) == "Red brick"
    assert all_summary_rows(shop) == before
    assert refresh(shop).status == NOTHING_TO_DO
