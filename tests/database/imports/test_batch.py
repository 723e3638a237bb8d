"""Imports replace, append, keep, overlap, undo: the facts afterwards are exactly those that were meant."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.imports import facts
from database.imports.batch import take_in
from database.imports.report import Difference, MetricSum
from database.imports.staging import ImportOptions, Staged
from database.imports.undo import undo_import
from database.journal.import_log import reconcile_import_log, tell_done
from database.summaries.refresh import refresh
from domain import months
from domain.errors import Refused
from tests.database.imports.conftest import HEADINGS, contents, ledger, stored_facts
from tests.facts import rows_read


def line(
    asin="A1", value="1.00", *, metric="CM1", month="2024-01", marketplace="US", brand="Acme", category="Toys"
) -> str:
    return f"{asin},{brand},{category},{marketplace},{metric},{month},{value}\n"


def values(store) -> list[tuple]:
    return [(row[0], row[4], row[5], row[6]) for row in stored_facts(store)]


def test_a_file_becomes_facts_products_brands_and_categories(store, take):
    report = take(HEADINGS + line("A1", "10.50") + line("A2", "-3", metric="Net Revenue", brand="", category=""))
    assert stored_facts(store) == [
        ("A1", "Acme", "Toys", "US", "CM1", "2024-01", "10.50"),
        ("A2", None, None, "US", "Net revenue", "2024-01", "-3.00"),
    ]
    assert (report.import_id, report.facts, report.value) == (1, 2, Decimal("7.50"))
    assert report.metrics == (MetricSum("CM1", 1, Decimal("10.50")), MetricSum("Net revenue", 1, Decimal("-3.00")))
    assert (report.new.products, report.new.brands, report.new.categories) == (2, 1, 1)
    assert ledger(store) == [("2024-01", "import", 1)]
    assert report.lines()[0] == "file.csv: import 1; format long, source long, replace"
    assert report.as_dict()["months"] == ["2024-01"]


def test_importing_again_replaces_all_metrics_of_the_same_product_marketplace_and_month(store, take):
    take(HEADINGS + line("A1", "1") + line("A1", "2", metric="CM2") + line("A1", "3", marketplace="DE")
         + line("A2", "4")
         + line("A1", "5", month="2024-02"))
    report = take(HEADINGS + line("A1", "10"))
    assert values(store) == [
        ("A1", "CM1", "2024-01", "3.00"), ("A1", "CM1", "2024-01", "10.00"), ("A1", "CM1", "2024-02", "5.00"),
        ("A2", "CM1", "2024-01", "4.00"),
    ]
    assert report.replaced == (MetricSum("CM1", 1, Decimal("1.00")), MetricSum("CM2", 1, Decimal("2.00")))
    assert [(kept.asin, kept.facts, kept.value) for kept in report.kept] == [
        ("A1", 1, Decimal("3.00")), ("A2", 1, Decimal("4.00")),
    ]


def test_whole_months_removes_what_the_file_does_not_mention(store, take):
    take(HEADINGS + line("A1", "1") + line("A2", "2") + line("A2", "3", month="2024-02"))
    report = take(HEADINGS + line("A1", "10"), mode="whole-months")
    assert values(store) == [("A1", "CM1", "2024-01", "10.00"), ("A2", "CM1", "2024-02", "3.00")]
    assert (report.replaced_facts, report.kept_products) == (2, 0)


def test_append_adds_without_replacing(store, take):
    take(HEADINGS + line("A1", "1"))
    report = take(HEADINGS + line("A1", "10"), mode="append")
    assert values(store) == [("A1", "CM1", "2024-01", "1.00"), ("A1", "CM1", "2024-01", "10.00")]
    assert (report.replaced, report.overlaps) == ((), ())


def test_two_sources_add_up_and_the_overlap_is_told_with_both_sums(store, take):
    take(HEADINGS + line("A1", "1") + line("A2", "2"), source="one")
    report = take(HEADINGS + line("A1", "10") + line("A1", "20", metric="CM2"), source="two")
    assert len(stored_facts(store)) == 4
    (overlap,) = report.overlaps
    assert (overlap.source, overlap.facts, overlap.value, overlap.other_value) == ("one", 1, Decimal(10), Decimal(1))
    assert [f"{month:%Y-%m}" for month in overlap.months] == ["2024-01"]


def test_facts_that_were_never_imported_are_an_overlap_too_and_stay(store, take):
    take(HEADINGS + line("A1", "1"))
    with store.facts() as connection:
        connection.execute(sa.insert(schema.financials), [
            {"id": 100 + number, "asin_id": 1, "marketplace": "US", "metric": "CM1",
             "month": months.parse_month("2024-01"),
             "value": Decimal(5)} for number in (1, 2)
        ])
        connection.commit()
    report = take(HEADINGS + line("A1", "10"))
    assert [value for *_, value in values(store)] == ["5.00", "5.00", "10.00"]
    assert [(o.source, o.facts, o.value, o.other_value) for o in report.overlaps] == [
        ("(not imported)", 1, Decimal(10), Decimal(10))
    ]


def test_the_same_bytes_are_refused_naming_the_first_import_until_it_is_undone(store, take):
    take(HEADINGS + line(), name="first.csv")
    words = r"^again.csv: the same bytes were imported already, as import 1 \(first.csv, .* flask undo-import 1$"
    with pytest.raises(Refused, match=words):
        take(HEADINGS + line(), name="again.csv", source="other")
    undo_import(store, 1)
    assert take(HEADINGS + line(), name="again.csv").import_id == 2
    assert len(stored_facts(store)) == 1


def test_undo_takes_facts_out_and_returns_what_they_replaced_with_their_ids(store, take):
    take(HEADINGS + line("A1", "1") + line("A2", "2"))
    before = contents(store)
    take(HEADINGS + line("A1", "10") + line("A3", "11"))
    undone = undo_import(store, 2)
    after = contents(store)
    assert after["financials"] == before["financials"]
    assert after["financials_replaced"] == []
    assert (undone.facts, undone.value, undone.returned_facts) == (2, Decimal("21.00"), 1)
    assert ledger(store) == [("2024-01", "import", 1), ("2024-01", "import", 2), ("2024-01", "undo", 2)]


def test_undo_is_refused_naming_later_imports_that_touched_the_same_facts(store, take):
    take(HEADINGS + line("A1", "1"), name="one.csv")
    take(HEADINGS + line("A1", "2"), name="two.csv")
    take(HEADINGS + line("A1", "3"), name="three.csv", source="other")
    with pytest.raises(Refused, match=r"import 1 \(one.csv\) cannot be undone: .* same facts: 2 \(two.csv\); undo"):
        undo_import(store, 1)
    undo_import(store, 3)
    undo_import(store, 2)
    undo_import(store, 1)
    assert stored_facts(store) == []
    with pytest.raises(Refused, match="undone already"):
        undo_import(store, 1)
    with pytest.raises(Refused, match="there is no import 9"):
        undo_import(store, 9)


def test_undo_is_refused_if_a_later_import_gave_anew_what_it_had_removed(store, take):
    take(HEADINGS + line("A1", "1") + line("A2", "2"), name="one.csv")
    take(HEADINGS + line("A1", "3"), name="two.csv", mode="whole-months")
    take(HEADINGS + line("A2", "4"), name="three.csv")
    with pytest.raises(Refused, match=r"same facts: 3 \(three.csv\)"):
        undo_import(store, 2)
    undo_import(store, 3)
    undo_import(store, 2)
    assert values(store) == [("A1", "CM1", "2024-01", "1.00"), ("A2", "CM1", "2024-01", "2.00")]


def test_ids_of_facts_are_never_used_twice(store, take):
    take(HEADINGS + line("A1") + line("A2"))
    first = {row[0] for row in contents(store)["financials"]}
    undo_import(store, 1)
    take(HEADINGS + line("A1") + line("A2") + line("A3"))
    second = {row[0] for row in contents(store)["financials"]}
    assert len(second) == 3
    assert min(second) > max(first)


def test_a_demo_product_that_a_real_file_names_becomes_that_files_own(store, take):
    take(HEADINGS + line("D1", "9") + line("D2", "8"), source="demo")
    report = take(HEADINGS + line("D1", "1"))
    with store.facts() as connection:
        made_by = dict(connection.execute(sa.select(schema.asin.c.asin, schema.asin.c.import_id)).all())
    assert made_by == {"D1": report.import_id, "D2": 1}


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_a_file_after_the_demo_is_not_read_once_per_demo_product(store, take):
    count = 400
    take(HEADINGS + "".join(line(f"D{number}", "9") for number in range(count)), source="demo")
    new = take(HEADINGS + "".join(line(f"D{number}", "1") for number in range(count)))
    with store.facts() as connection:
        part = connection.execute(
            sa.select(sa.func.min(schema.financials.c.id), sa.func.max(schema.financials.c.id))
            .where(schema.financials.c.import_id == new.import_id)
        ).one()
        connection.execute(sa.update(schema.asin).values(import_id=1))
        before = rows_read(connection)
        facts.adopt_demo_products(store, connection, facts.FactRange(new.import_id, *part), new.months)
        assert rows_read(connection) - before < 20 * count
        adopted = sa.select(sa.func.count()).where(schema.asin.c.import_id == new.import_id)
        assert connection.execute(adopted).scalar() == count


def test_the_first_real_import_removes_the_demo_and_says_so(store, take):
    take(HEADINGS + line("D1", "9", month="2023-05"), source="demo")
    report = take(HEADINGS + line("A1", "1"))
    assert values(store) == [("A1", "CM1", "2024-01", "1.00")]
    assert (report.demo_facts, report.demo_value) == (1, Decimal("9.00"))
    assert "  removed   the demo data: 1 facts, sum 9.00" in report.lines()
    assert ledger(store) == [("2023-05", "import", 1), ("2024-01", "import", 2), ("2023-05", "demo", 2)]
    with store.facts() as connection:
        assert connection.execute(sa.select(schema.financials_import.c.status).order_by(schema.financials_import.c.id)
                                  ).scalars().all() == ["removed", "done"]
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.asin)).scalar() == 2


def test_what_is_stored_of_a_product_wins_unless_updating_is_asked_for(store, take):
    take(HEADINGS + line("A1") + line("A2", brand="", category=""))
    report = take(HEADINGS + line("A1", "2", brand="Other", category="Games") + line("A2", "2"))
    assert report.differences == (
        Difference("A1", "brand", "Acme", "Other", False), Difference("A1", "category", "Toys", "Games", False),
    )
    assert [row[:3] for row in stored_facts(store)] == [("A1", "Acme", "Toys"), ("A2", "Acme", "Toys")]
    assert (report.new.brands, report.new.filled) == (0, 1)
    report = take(HEADINGS + line("A1", "3", brand="Other", category="Games"), update_products=True)
    assert [row[:3] for row in stored_facts(store)] == [("A1", "Other", "Games"), ("A2", "Acme", "Toys")]
    assert (report.new.brands, report.new.categories, [d.taken for d in report.differences]) == (1, 1, [True, True])


def test_a_product_does_not_repeat_the_category_of_its_brand(store, take):
    take(HEADINGS + line("A1", category=""))
    with store.facts() as connection:
        connection.execute(sa.insert(schema.category).values(id=1, category="Toys"))
        connection.execute(sa.update(schema.brand).values(category_id=1))
        connection.commit()
    report = take(HEADINGS + line("A1", "2") + line("A2", "3"))
    assert [row[:3] for row in stored_facts(store)] == [("A1", "Acme", None), ("A2", "Acme", None)]
    assert report.differences == ()


def test_two_brands_of_one_product_in_a_file_are_told_and_the_most_frequent_counts(store, take):
    report = take(HEADINGS + line("A1", brand="Rare") + line("A1", marketplace="DE") + line("A1", marketplace="UK"))
    assert {row[1] for row in stored_facts(store)} == {"Acme"}
    assert report.warnings == (
        "1 products have more than one brand in the file; the most frequent counts: A1 (Acme)",
    )


def test_a_dry_run_changes_nothing_and_gives_the_same_report(store, take):
    take(HEADINGS + line("A1", "1") + line("A2", "2"))
    before = contents(store)
    dry = take(HEADINGS + line("A1", "10") + line("A9", "11", brand="New"), dry_run=True)
    assert contents(store) == before
    real = take(HEADINGS + line("A1", "10") + line("A9", "11", brand="New"))
    assert dry.lines()[2:] == real.lines()[2:]
    assert dry.lines()[0] == "file.csv: dry run, nothing was changed; format long, source long, replace"


def test_a_month_that_no_file_can_mean_is_refused_whatever_way_it_was_read(store, take, monkeypatch):
    before = contents(store)
    monkeypatch.setattr("database.imports.month_texts.today_utc", lambda: months.parse_month("9000-01"))
    monkeypatch.setattr("database.imports.batch.today_utc", lambda: months.parse_month("2024-06"))
    words = "^file.csv: the month 2026-07 is more than 24 months ahead of 2024-06; nothing was imported$"
    with pytest.raises(Refused, match=words):
        take(HEADINGS + line(month="2026-06") + line(month="2026-07"))
    assert contents(store) == before


def test_a_formula_as_a_name_is_kept_as_it_is(store, take):
    take(HEADINGS + 'A1,"=HYPERLINK(""x"")",@Toys,US,CM1,2024-01,1\n')
    assert stored_facts(store)[0][:3] == ("A1", '=HYPERLINK("x")', "@Toys")


def test_names_with_backslashes_tabs_line_ends_and_emoji_are_kept_but_for_spaces(store, take):
    name = 'a\\b\tc\nd "e" 💡 \\N'
    quoted = '"' + name.replace('"', '""') + '"'
    take(HEADINGS + line("A1", brand=quoted))
    assert [row[1] for row in stored_facts(store)] == ['a\\b c d "e" 💡 \\N']


def test_names_meet_in_the_one_that_is_stored_else_in_the_most_frequent(store, take):
    first = take(HEADINGS + "A1,Café Acme,Toys,Walmart,Storage cost,2024-01,1\n"
                 "A2,CAFÉ ACME,toys,Walmart,Storage cost,2024-01,2\nA3,Café Acme,Toys,Walmart,Storage cost,2024-01,4\n")
    if store.traits.has_data_nodes:
        # Names of months on other nodes are known once they are published.
        refresh(store)
    second = take(HEADINGS + "a1,cafe\u0301\u00a0 acme,TOYS,WALMART,STORAGE  COST,2024-02,8\n"
                  "A4,Other,Ga\u200bmes,walmart,storage cost (net),2024-02,16\n", name="second.csv")
    same = ("Café Acme", "Toys", "Walmart", "Storage cost")
    assert stored_facts(store) == sorted([
        ("A1", *same, "2024-01", "1.00"), ("A2", *same, "2024-01", "2.00"), ("A3", *same, "2024-01", "4.00"),
        ("A1", *same, "2024-02", "8.00"),
        ("A4", "Other", "Games", "Walmart", "Storage cost", "2024-02", "16.00"),
    ])
    assert {(met.what, met.name) for met in first.met} == {("brand", "Café Acme"), ("category", "Toys")}
    assert {(met.what, met.name) for met in second.met} == {
        ("product", "A1"), ("brand", "Café Acme"), ("category", "Toys"), ("marketplace", "Walmart"),
        ("metric", "Storage cost"),
    }
    assert any(line.startswith("  met       1 product: a1 -> A1") for line in second.lines())


def test_facts_of_an_older_name_are_named_with_what_joins_them(store, take):
    with store.facts() as connection, store.facts_room.scratch(connection) as scratch:
        scratch.execute(
            "CREATE TEMP TABLE staged AS SELECT 1 AS line, 'A1' AS asin, 'Acme' AS brand, NULL AS category, "
            "NULL AS status, 'US' AS marketplace, 'Fba Fees' AS metric, DATE '2024-01-01' AS month, "
            "1.00::DECIMAL(15,2) AS value"
        )
        take_in(store, connection, scratch, Staged("mine", "mine", "0" * 64), ImportOptions())
    report = take(HEADINGS + line("A2", metric="Fulfillment fee"))
    assert report.warnings == (
        "facts of the metric “Fba Fees” are there, which files now call “FBA fees”; look at the sums, then join "
        "them without --dry-run: flask join-names metric 'Fba Fees' 'FBA fees' --dry-run",
    )


def test_rounding_reports_what_it_moved(store, take):
    report = take(HEADINGS + line("A1", "1.005") + line("A2", "1.5"), round=True)
    assert [row[-1] for row in stored_facts(store)] == ["1.00", "1.50"]
    assert report.rounded == Decimal("-0.005")
    assert "  rounded   to two decimals, half to even; that moved the total by -0.005" in report.lines()


def test_rows_staged_by_hand_are_taken_in_like_a_file(store):
    with store.facts() as connection, store.facts_room.scratch(connection) as scratch:
        scratch.execute(
            "CREATE TEMP TABLE staged AS SELECT 2::BIGINT AS line, 'A1' AS asin, 'Acme' AS brand, "
            "NULL::VARCHAR AS category, "
            "'Active' AS status, 'US' AS marketplace, 'CM1' AS metric, DATE '2024-01-01' AS month, "
            "5::DECIMAL(15,2) AS value"
        )
        take_in(store, connection, scratch, Staged("long", "made.csv", "0" * 64), ImportOptions(source="demo"))
    assert stored_facts(store) == [("A1", "Acme", None, "US", "CM1", "2024-01", "5.00")]


def test_the_log_is_made_good_where_a_process_died_before_telling_it(store, take):
    told = take(HEADINGS + line("A1"), name="told.csv")
    tell_done(store, told)
    take(HEADINGS + line("A2"), name="untold.csv")
    undo_import(store, 1)
    assert reconcile_import_log(store) == 2
    assert reconcile_import_log(store) == 0
    log = schema.import_log
    with store.application_reading.connect() as connection:
        rows = connection.execute(
            sa.select(log.c.import_id, log.c.file_name, log.c.status, log.c.facts, log.c.months)
            .order_by(log.c.import_id)
        ).all()
    assert rows == [(1, "told.csv", "undone", 1, "2024-01"), (2, "untold.csv", "done", 1, "2024-01")]


def test_keys_that_stand_twice_are_found_however_many_there_could_be(take, monkeypatch):
    monkeypatch.setattr("database.imports.keys.MOST_KEYS", 1)
    with pytest.raises(Refused, match="line 3, column value: gives A1 US CM1 2024-01 again; line 2 gave it first"):
        take(HEADINGS + line() + line(value="2"))
    assert take(HEADINGS + line()).facts == 1


def test_ids_of_facts_stay_small(store, take):
    """They are whole numbers of 64 bits, and imports come every day."""
    take(HEADINGS + line("A1", "1") + line("A2", "2"))
    take(HEADINGS + line("A3", "3"))
    with store.facts() as connection:
        ids = connection.execute(sa.select(schema.financials.c.id).order_by(schema.financials.c.id)).scalars().all()
    assert (len(ids), max(ids) < 100) == (3, True)
