"""A refresh gives exact tables, rebuilds only what changed, and refuses what cannot be true."""

import pytest
import sqlalchemy as sa

from database import schema
from database.journal.run_log import FULL, INCREMENTAL, MONTHS, NOTHING_TO_DO, SUCCESS
from database.schema import EXCLUDED
from database.summaries import fact_sums, rollups
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import NeverRefreshed, Refused
from domain.months import parse_month
from tests.facts import (
    add_facts,
    all_summary_rows,
    announce,
    kept_open,
    run_on_facts,
    summary_rows,
)

ASIN_ROWS = [
    (1, 1, 1, "DE", "2024-01-01", "Net revenue", "5.00"),
    (1, 1, 1, "US", "2024-01-01", "Net revenue", "10.03"),
    (1, 1, 1, "US", "2024-02-01", "Net revenue", "3.00"),
    (2, 1, 2, "US", "2024-01-01", "Net revenue", "-1.50"),
    (3, 2, 0, "DE", "2024-02-01", "Net units", "4.00"),
    (3, 2, 0, "US", "2024-01-01", "Net revenue", "7.00"),
    (4, 0, 0, "US", "2024-01-01", "CM3", "0.00"),
]
BRAND_ROWS = [
    (0, 0, "2024-01-01", "ALL", "CM3", "0.00", 1),
    (0, 0, "2024-01-01", "US", "CM3", "0.00", 1),
    (1, 1, "2024-01-01", "ALL", "Net revenue", "15.03", 1),
    (1, 1, "2024-01-01", "DE", "Net revenue", "5.00", 1),
    (1, 1, "2024-01-01", "US", "Net revenue", "10.03", 1),
    (1, 1, "2024-02-01", "ALL", "Net revenue", "3.00", 1),
    (1, 1, "2024-02-01", "US", "Net revenue", "3.00", 1),
    (1, 2, "2024-01-01", "ALL", "Net revenue", "-1.50", 1),
    (1, 2, "2024-01-01", "US", "Net revenue", "-1.50", 1),
    (2, 0, "2024-01-01", "ALL", "Net revenue", "7.00", 1),
    (2, 0, "2024-01-01", "US", "Net revenue", "7.00", 1),
    (2, 0, "2024-02-01", "ALL", "Net units", "4.00", 1),
    (2, 0, "2024-02-01", "DE", "Net units", "4.00", 1),
]
CATEGORY_ROWS = [
    (0, "2024-01-01", "CM3", "0.00", 1, 1),
    (0, "2024-01-01", "Net revenue", "7.00", 1, 1),
    (0, "2024-02-01", "Net units", "4.00", 1, 1),
    (1, "2024-01-01", "Net revenue", "15.03", 1, 1),
    (1, "2024-02-01", "Net revenue", "3.00", 1, 1),
    (2, "2024-01-01", "Net revenue", "-1.50", 1, 1),
]
MARKETPLACE_ROWS = [
    (0, "DE", "2024-02-01", "Net units", "4.00", 1, 1),
    (0, "US", "2024-01-01", "CM3", "0.00", 1, 1),
    (0, "US", "2024-01-01", "Net revenue", "7.00", 1, 1),
    (1, "DE", "2024-01-01", "Net revenue", "5.00", 1, 1),
    (1, "US", "2024-01-01", "Net revenue", "10.03", 1, 1),
    (1, "US", "2024-02-01", "Net revenue", "3.00", 1, 1),
    (2, "US", "2024-01-01", "Net revenue", "-1.50", 1, 1),
]


@pytest.fixture
def store(store):
    """The same, with the file of facts open all along: no other process is to use it here."""
    with kept_open(store):
        yield store


def test_the_first_refresh_gives_every_row_of_every_level(shop):
    result = refresh(shop)
    assert (result.status, result.refresh_type, result.facts) == (SUCCESS, FULL, 11)
    assert summary_rows(shop, schema.summary_asin) == ASIN_ROWS
    assert summary_rows(shop, schema.summary_brand) == BRAND_ROWS
    assert summary_rows(shop, schema.summary_category) == CATEGORY_ROWS
    assert summary_rows(shop, schema.summary_marketplace) == MARKETPLACE_ROWS


def test_what_is_left_out_is_counted_by_reason_with_its_sum(shop):
    found = {(entry.reason, entry.metric): (entry.facts, str(entry.value)) for entry in refresh(shop).left_out}
    assert found == {
        ("excluded group", "Net revenue"): (1, "100.00"),
        ("unknown product", "Net revenue"): (1, "1000.00"),
        ("marketplace ALL", "Net revenue"): (1, "8.00"),
    }


def test_facts_without_metric_marketplace_or_value_are_left_out_and_counted(shop):
    add_facts(shop, [
        ("B1", "US", None, "2024-03", "1.00"), ("B1", None, "CM3", "2024-03", "2.00"),
        ("B1", "US", "CM3", "2024-03", None), ("B1", "US", "", "2024-03", "4.00"), ("B1", "US", "CM3", "2024-03", "5"),
    ])
    result = refresh(shop)
    found = {(e.reason, e.metric): (e.facts, str(e.value)) for e in result.left_out}
    assert found["no metric", ""] == (2, "5.00")
    assert found["no marketplace", "CM3"] == (1, "2.00")
    assert found["no value", "CM3"] == (1, "0.00")
    assert (1, 1, 1, "US", "2024-03-01", "CM3", "5.00") in summary_rows(shop, schema.summary_asin)


def test_before_the_first_refresh_reading_names_the_command(store):
    with pytest.raises(NeverRefreshed, match="flask refresh-summaries"):
        store.read(lambda reading: None)


@pytest.mark.parametrize("options", [RefreshOptions(), RefreshOptions(full=True)])
def test_before_the_first_fact_a_refresh_has_nothing_to_do(store, options):
    result = refresh(store, options)
    assert (result.status, result.generation, result.months) == (NOTHING_TO_DO, None, ())
    assert store.live_generation() is None


def test_facts_that_are_gone_without_a_word_are_no_first_installation(shop):
    refresh(shop)
    with shop.facts() as connection:
        connection.execute(sa.delete(schema.financials))
        connection.commit()
    with pytest.raises(Refused, match="there are no facts"):
        refresh(shop, RefreshOptions(full=True))


def test_a_second_refresh_has_nothing_to_do_and_publishes_nothing(shop):
    first = refresh(shop)
    second = refresh(shop)
    assert second.status == NOTHING_TO_DO
    assert second.generation.generation == first.generation.generation == 1


def test_only_the_month_of_an_import_is_rebuilt(shop):
    refresh(shop)
    add_facts(shop, [("B3", "US", "Net revenue", "2024-02", "1.25")])
    result = refresh(shop)
    assert (result.refresh_type, result.months) == (INCREMENTAL, (parse_month("2024-02"),))
    assert result.generation.generation == 2
    assert (3, 2, 0, "US", "2024-02-01", "Net revenue", "1.25") in summary_rows(shop, schema.summary_asin)


def test_incremental_and_full_give_the_same_tables(shop):
    refresh(shop)
    add_facts(shop, [("B4", "UK", "Net revenue", "2024-03", "9.99"), ("B1", "US", "Net revenue", "2024-01", "-3.00")])
    refresh(shop)
    incremental = all_summary_rows(shop)
    assert refresh(shop, RefreshOptions(full=True)).refresh_type == FULL
    assert all_summary_rows(shop) == incremental


def test_facts_inserted_by_another_program_are_found(shop):
    refresh(shop)
    add_facts(shop, [("B1", "US", "Net revenue", "2024-02", "2.00")], announced=False)
    assert refresh(shop).months == (parse_month("2024-02"),)


def test_a_late_commit_below_the_high_water_mark_is_found(shop):
    run_on_facts(shop, sa.update(schema.financials).where(schema.financials.c.id == 11).values(id=500))
    refresh(shop)
    run_on_facts(shop, sa.insert(schema.financials).values(
        id=400, asin_id=1, marketplace="US", metric="CM3", month=parse_month("2024-01"), value=1))
    result = refresh(shop)
    assert parse_month("2024-01") in result.months
    assert (1, 1, 1, "US", "2024-01-01", "CM3", "1.00") in summary_rows(shop, schema.summary_asin)


def test_a_product_that_moved_to_another_brand_takes_all_its_months_along(shop):
    refresh(shop)
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.id == 3).values(brand_id=1))
    result = refresh(shop)
    assert result.months == (parse_month("2024-01"), parse_month("2024-02"))
    assert {row[:3] for row in summary_rows(shop, schema.summary_asin) if row[0] == 3} == {(3, 1, 1)}


def test_a_brand_that_got_a_category_takes_its_products_along(shop):
    refresh(shop)
    run_on_facts(shop, sa.update(schema.brand).where(schema.brand.c.id == 2).values(category_id=2))
    refresh(shop)
    assert {row[:3] for row in summary_rows(shop, schema.summary_asin) if row[0] == 3} == {(3, 2, 2)}


def test_a_group_that_is_no_longer_excluded_comes_in(shop):
    refresh(shop)
    run_on_facts(shop, sa.update(schema.brand).where(schema.brand.c.id == 3).values(group=None))
    result = refresh(shop)
    assert (5, 3, 2, "US", "2024-01-01", "Net revenue", "100.00") in summary_rows(shop, schema.summary_asin)
    assert "excluded group" not in {entry.reason for entry in result.left_out}


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_a_row_that_is_as_it_should_be_is_not_written_again(shop):
    refresh(shop)
    before = moments(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-02", "2.00")])
    refresh(shop)
    written = {key for key, moment in moments(shop).items() if before.get(key) != moment}
    assert {key for key in before if key[0].strftime("%Y-%m") == "2024-02"} - written
    assert written == {(parse_month("2024-02"), "CM3", "US", 1)}


def moments(store) -> dict[tuple, object]:
    """When each row of the ASIN level was written."""
    table = schema.summary_asin
    with store.facts() as connection:
        return {tuple(key): moment for *key, moment in connection.execute(
            sa.select(*table.primary_key.columns, table.c.updated_at)
        )}


def test_a_new_product_takes_no_month_along_that_left_out_facts_of_others(shop):
    run_on_facts(shop, sa.delete(schema.financials).where(schema.financials.c.asin_id == 999999))
    refresh(shop)
    run_on_facts(shop, sa.insert(schema.asin).values(id=70, asin="B70"))
    add_facts(shop, [("B70", "US", "CM3", "2024-02", "2.00")])
    result = refresh(shop)
    assert "excluded group" in {entry.reason for entry in refresh(shop, RefreshOptions(full=True)).left_out}
    assert result.months == (parse_month("2024-02"),)


def test_a_new_product_of_an_excluded_group_comes_in_with_its_group(shop):
    refresh(shop)
    run_on_facts(shop, sa.insert(schema.asin).values(id=70, asin="B70", brand_id=3))
    add_facts(shop, [("B70", "US", "CM3", "2024-02", "2.00")])
    refresh(shop)
    run_on_facts(shop, sa.update(schema.brand).where(schema.brand.c.id == 3).values(group=None))
    refresh(shop)
    assert (70, 3, 2, "US", "2024-02-01", "CM3", "2.00") in summary_rows(shop, schema.summary_asin)


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_a_placement_set_that_knows_no_excluded_product_takes_every_month_for_one_that_left_it_out(shop):
    """As a program before this one wrote it."""
    refresh(shop)
    run_on_facts(shop, sa.delete(schema.summary_placement).where(schema.summary_placement.c.brand_id == EXCLUDED))
    run_on_facts(shop, sa.update(schema.brand).where(schema.brand.c.id == 3).values(group=None))
    refresh(shop)
    assert (5, 3, 2, "US", "2024-01-01", "Net revenue", "100.00") in summary_rows(shop, schema.summary_asin)


def test_a_product_that_becomes_known_comes_in(shop):
    refresh(shop)
    run_on_facts(shop, sa.insert(schema.asin).values(id=999999, asin="B9"))
    refresh(shop)
    assert (999999, 0, 0, "US", "2024-01-01", "Net revenue", "1000.00") in summary_rows(shop, schema.summary_asin)


def test_one_month_can_be_rebuilt_by_name_and_settles_nothing_else(shop):
    refresh(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "1.00"), ("B1", "US", "CM3", "2024-02", "2.00")])
    result = refresh(shop, RefreshOptions(months=(parse_month("2024-02"),)))
    assert (result.refresh_type, result.months) == (MONTHS, (parse_month("2024-02"),))
    cm3 = [row for row in summary_rows(shop, schema.summary_asin) if row[5] == "CM3" and row[0] == 1]
    assert cm3 == [(1, 1, 1, "US", "2024-02-01", "CM3", "2.00")]
    assert parse_month("2024-01") in refresh(shop).months


def test_a_month_without_facts_is_refused_by_name(shop):
    refresh(shop)
    with pytest.raises(Refused, match="2023-05: there are no facts of that month; facts reach from 2024-01 to 2024-02"):
        refresh(shop, RefreshOptions(months=(parse_month("2023-05"),)))


def test_a_month_whose_facts_were_taken_back_is_emptied(shop):
    refresh(shop)
    run_on_facts(shop, sa.delete(schema.financials).where(schema.financials.c.month >= parse_month("2024-02")))
    announce(shop, [parse_month("2024-02")], cause="undo")
    refresh(shop)
    assert {row[4] for row in summary_rows(shop, schema.summary_asin)} == {"2024-01-01"}
    assert shop.live_generation().last_month == parse_month("2024-01")


def test_a_month_that_shrank_without_a_reason_is_refused_unless_forced(shop):
    refresh(shop)
    before = all_summary_rows(shop)
    run_on_facts(shop, sa.delete(schema.financials).where(
        schema.financials.c.month == parse_month("2024-01"), schema.financials.c.id > 2))
    with pytest.raises(Refused, match="2024-01 had 8 facts and has 2 now"):
        refresh(shop, RefreshOptions(full=True))
    assert all_summary_rows(shop) == before
    assert shop.live_generation().generation == 1
    refresh(shop, RefreshOptions(full=True, force=True))
    assert shop.live_generation().generation == 2


def test_a_full_refresh_names_months_that_another_program_changed(shop):
    refresh(shop)
    run_on_facts(shop, sa.update(schema.financials).where(schema.financials.c.id == 1).values(value=11))
    assert refresh(shop).status == NOTHING_TO_DO
    result = refresh(shop, RefreshOptions(full=True))
    assert result.restated == ("2024-01: 8 -> 8 facts, changed by another program",)


def test_a_write_during_the_build_is_built_again(shop, monkeypatch):
    ask, written = fact_sums.ask_facts, []

    def write_first(connection, month, exclude_groups, **named):
        if not written:
            written.append(month)
            # Through the build's own connection: embedded, no other one could write at this moment.
            connection.execute(sa.update(schema.financials).where(schema.financials.c.id == 1).values(value=50))
        return ask(connection, month, exclude_groups, **named)

    monkeypatch.setattr(fact_sums, "ask_facts", write_first)
    refresh(shop)
    assert (1, 1, 1, "US", "2024-01-01", "Net revenue", "50.02") in summary_rows(shop, schema.summary_asin)


def test_tables_that_stay_wrong_are_refused_with_month_metric_and_both_figures(shop, monkeypatch):
    refresh(shop)
    before = all_summary_rows(shop)
    build = rollups.brand_level

    def lose_a_cent(months, *, levels, now):
        spoil = sa.update(levels.asin).where(levels.asin.c.month.in_(months), levels.asin.c.asin_id == 1).values(
            value=levels.asin.c.value - 1)
        return [*build(months, levels=levels, now=now), spoil]

    monkeypatch.setattr(rollups, "brand_level", lose_a_cent)
    with pytest.raises(Refused) as caught:
        refresh(shop, RefreshOptions(full=True))
    assert "2024-02 Net revenue: the facts give 3.00, ASIN level has 2.00" in caught.value.faults
    assert all_summary_rows(shop) == before
