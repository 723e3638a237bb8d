"""Two names become one and two again: no sum changes, what undo keeps comes along, nobody sees more or less."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.engines.ports import Store
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Refused, SetupError
from domain.moments import utc_now
from tests.database.imports.conftest import HEADINGS, contents, ledger, stored_facts
from tests.databases import on_one_server
from tests.facts import add_brands, add_categories, add_facts, add_products, all_summary_rows, run_on_facts

OLD, NEW = "Storage  fee\u200b", "Storage fee"
"""Two spellings that look alike."""


@pytest.fixture
def shop(store: Store) -> Store:
    """Facts that no import brought in: a product under two keys, a marketplace and a metric under two names."""
    add_categories(store, "Toys", "toys", "Garden")
    add_brands(store, ("Acme", 1, None), ("ACME", 3, None), ("Stocked", None, "stock"))
    add_products(store, ("B1", 1, None), ("b1", 2, None), ("B3", 2, 2), ("B4", 2, None))
    add_facts(store, [
        ("B1", "US", NEW, "2024-01", "10.00"), ("B1", "us", OLD, "2024-01", "1.50"), ("b1", "US", OLD, "2024-02", "2"),
        ("B3", "US", "CM1", "2024-02", "4"), ("B4", "DE", "CM1", "2024-02", "8"),
    ])
    return store


def sums(store: Store, column: str = "metric") -> dict[str, Decimal]:
    """Name -> sum of its facts."""
    fact = schema.financials
    with store.facts() as connection:
        return dict(connection.execute(
            sa.select(fact.c[column], sa.func.sum(fact.c.value)).group_by(fact.c[column])
        ).all())


def names(store: Store, table: sa.Table) -> list[str]:
    with store.facts() as connection:
        return sorted(connection.execute(sa.select(table.c[table.name])).scalars())


def limit(store: Store, name: str, *brand_ids: int) -> None:
    """A viewer who sees these brands only."""
    with store.application.begin() as connection:
        number = connection.execute(sa.insert(schema.app_user).values(
            name=name, role="viewer", password_hash="-", active=True, is_limited=True, created_at=utc_now(),
            password_changed_at=utc_now(),
        )).inserted_primary_key[0]
        connection.execute(sa.insert(schema.app_user_brand), [
            {"user_id": number, "brand_id": brand} for brand in brand_ids
        ])


def test_metrics_are_joined_after_a_dry_run_that_shows_the_sums_and_parted_again(shop, join, undo):
    before, original = contents(shop), stored_facts(shop)
    told = join("metric", r"Storage  fee\u200b", NEW, dry_run=True)
    assert contents(shop) == before
    assert told.lines() == [
        r"metric: Storage  fee\u200b -> Storage fee: dry run, nothing was changed",
        "  renamed   2 facts, sum 3.50, 2024-01 to 2024-02",
        "    Storage fee: 2 facts, sum 3.50; with 1 facts, sum 10.00, that are there: 13.50",
        "  undo      keeps 0 facts of that name, sum 0.00: renamed as well",
    ]
    done = join("metric", OLD, NEW)
    assert (done.import_id, done.facts, done.value) == (1, 2, Decimal("3.50"))
    assert sums(shop) == {NEW: Decimal("13.50"), "CM1": Decimal(12)}
    assert ledger(shop)[-2:] == [("2024-01", "import", 1), ("2024-02", "import", 1)]
    undone = undo(1)
    assert (undone.renamed_facts, undone.file_name) == (2, r"metric: Storage  fee\u200b -> Storage fee")
    assert stored_facts(shop) == original
    assert contents(shop)["financials"] == before["financials"]
    assert contents(shop)["financials_replaced"] == []
    with pytest.raises(Refused, match="was undone already"):
        undo(1)


def test_the_next_refresh_shows_a_join_as_if_the_facts_had_come_under_that_name(shop, join, undo):
    refresh(shop)
    parted = all_summary_rows(shop)
    join("metric", OLD, NEW)
    join("marketplace", "us", "US")
    join("product", "b1", "B1")
    join("brand", "ACME", "Acme")
    join("category", "toys", "Toys")
    refresh(shop)
    joined = all_summary_rows(shop)
    refresh_again(shop)
    assert all_summary_rows(shop) == joined != parted
    level = [row for row in joined[schema.summary_asin.name] if row[5] == NEW]
    assert [(row[3], row[4][:7], row[6]) for row in level] == [("US", "2024-01", "11.50"), ("US", "2024-02", "2.00")]
    for number in (5, 4, 3, 2, 1):
        undo(number)
    refresh(shop)
    assert all_summary_rows(shop) == parted
    refresh_again(shop)
    assert all_summary_rows(shop) == parted


def refresh_again(store: Store) -> None:
    """All of it anew."""
    refresh(store, RefreshOptions(full=True))


def test_a_brand_goes_with_its_products_which_keep_their_category_and_all_of_it_comes_back(shop, join, undo):
    before = contents(shop)
    assert join("brand", "ACME", "Acme", dry_run=True).products == 3
    join("brand", "ACME", "Acme")
    assert names(shop, schema.brand) == ["ACME (joined, import 1)", "Acme", "Stocked"]
    refresh(shop)
    assert names(shop, schema.brand) == ["Acme", "Stocked"]
    with shop.facts() as connection:
        placed = connection.execute(
            sa.select(schema.asin.c.asin, schema.asin.c.brand_id, schema.asin.c.category_id).order_by(schema.asin.c.id)
        ).all()
    assert placed == [("B1", 1, None), ("b1", 1, 3), ("B3", 1, 2), ("B4", 1, 3)]
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "B4").values(brand_id=3))
    undo(1)
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "B4").values(brand_id=2, category_id=None))
    after = contents(shop)
    assert {name: after[name] for name in ("asin", "brand", "category")} == {
        name: before[name] for name in ("asin", "brand", "category")
    }


@pytest.mark.parametrize("is_dropped", [True, False])
def test_a_product_gives_what_the_other_lacks_and_takes_it_back(shop, join, undo, is_dropped):
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "b1").values(name="Brick", status="active"))
    before = contents(shop)
    join("product", "b1", "B1")
    with shop.facts() as connection:
        kept = connection.execute(sa.select(schema.asin).where(schema.asin.c.asin.in_(("B1", "b1")))).all()
    assert [(row.asin, row.name, row.brand_id, row.status) for row in kept] == [("B1", "Brick", 1, "active")]
    if is_dropped:
        refresh(shop)
        assert names(shop, schema.asin) == ["B1", "B3", "B4"]
    assert sums(shop, "asin_id") == {1: Decimal("13.50"), 3: Decimal(4), 4: Decimal(8)}
    undo(1)
    after = contents(shop)
    assert (after["asin"], after["financials"]) == (before["asin"], before["financials"])


def test_names_are_refused_with_the_nearest_and_nothing_changes(shop, join):
    before = contents(shop)
    for kind, old, new, words in (
        ("metric", "storage fees", NEW, "there is no metric 'storage fees'; the nearest are 'Storage fee'"),
        ("metric", OLD, "Storage cost", "there is no metric 'Storage cost'; the nearest are"),
        ("brand", "ACME", "Acmee", "there is no brand 'Acmee'; the nearest are 'Acme'"),
        ("product", "B9", "B1", "there is no product 'B9'; the nearest are"),
        ("marketplace", "uk", "UK", "there is no marketplace 'uk'"),
    ):
        with pytest.raises(Refused) as caught:
            join(kind, old, new)
        assert str(caught.value).startswith(words)
    for kind, old, new in (("brand", "Acme", "Acme"), ("metric", " ", "CM1"), ("marketplace", "ALL", "US"),
                           ("marketplace", "us", "United States")):
        with pytest.raises(SetupError):
            join(kind, old, new)
    assert contents(shop) == before


def test_a_known_name_need_not_be_there_and_strange_pairs_are_told(shop, join):
    run_on_facts(shop, sa.update(schema.financials).where(schema.financials.c.metric == "CM1").values(metric="PPC"))
    assert "SEM costs: 2 facts, sum 12.00; with 0 facts" in "\n".join(join("metric", "PPC", "SEM costs").lines())
    notes = "\n".join(join("metric", "SEM costs", OLD, dry_run=True).lines())
    assert "files that use these names do not mean one: they are joined because you say so" in notes


def test_nobody_sees_more_or_less_and_no_rule_watches_nothing(shop, join):
    limit(shop, "anna", 1)
    limit(shop, "bert", 1, 2)
    limit(shop, "carl", 3)
    with shop.application.begin() as connection:
        connection.execute(sa.insert(schema.notice_rule), [
            {"figure": "CM1", "brand_id": brand, "category_id": category, "comparison": "below", "threshold": "0",
             "revision": 1, "changed_at": utc_now(), "changed_by": "admin"}
            for brand, category in ((1, None), (2, None), (None, 2))
        ])
    before = contents(shop)
    told = join("brand", "ACME", "Acme", dry_run=True)
    people_words = (
        "anna: limited to one of the two brands only, so they would see more or less than now; give them both or none "
        "of them on /users"
    )
    rule_words = "a rule watches CM1 of ACME; let it watch Acme, or remove it, on /operations/rules"
    assert told.obstacles == (people_words, rule_words)
    assert told.notes == ("a rule watches CM1 of Acme: from then on of both together",)
    for kind, old, new, faults in (
        ("brand", "ACME", "Acme", (rule_words,)), ("product", "b1", "B1", ()), ("category", "toys", "Toys", ()),
    ):
        with pytest.raises(Refused) as caught:
            join(kind, old, new)
        assert caught.value.faults == faults
    assert contents(shop) == before
    with shop.application.begin() as connection:
        connection.execute(sa.delete(schema.notice_rule).where(schema.notice_rule.c.brand_id == 2))
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=1, brand_id=2))
    assert join("brand", "ACME", "Acme").import_id == 1
    with shop.application_reading.connect() as connection:
        assert connection.execute(
            sa.select(sa.func.count()).select_from(schema.app_user_brand)
        ).scalar() == 5


def test_a_brand_of_a_group_that_is_left_out_is_not_joined_with_one_that_counts(shop, join):
    with pytest.raises(Refused, match=r"Stocked of stock and Acme of none|Acme of none and Stocked of stock"):
        join("brand", "Stocked", "Acme")


def test_later_joins_of_the_same_names_are_taken_back_first(shop, join, undo):
    before = contents(shop)
    join("metric", OLD, NEW)
    join("metric", NEW, "CM1")
    join("brand", "ACME", "Acme")
    join("category", "Garden", "Toys")
    with pytest.raises(Refused, match=r"later joins touched the same names: 2 \(metric: Storage fee -> CM1\)"):
        undo(1)
    with pytest.raises(Refused, match=r"later joins touched the same names: 4 \(category: Garden -> Toys\)"):
        undo(3)
    for number in (4, 3, 2, 1):
        undo(number)
    after = contents(shop)
    for name in ("financials", "financials_replaced", "asin", "brand", "category"):
        assert after[name] == before[name]


def test_an_old_name_that_was_made_anew_is_joined_before_the_join_is_taken_back(shop, join, undo):
    join("brand", "ACME", "Acme")
    run_on_facts(shop, sa.insert(schema.brand).values(id=9, brand="ACME"))
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "B4").values(brand_id=9))
    with pytest.raises(Refused, match="there is a brand 'ACME' again, made since; join it first: flask join-names"):
        undo(1)
    join("brand", "ACME", "Acme")
    undo(1)
    assert names(shop, schema.brand) == ["ACME", "ACME (joined, import 2)", "Acme", "Stocked"]


def test_an_old_name_that_was_made_anew_and_is_empty_makes_room(shop, join, undo):
    join("brand", "ACME", "Acme")
    run_on_facts(shop, sa.insert(schema.brand).values(id=9, brand="ACME"))
    undo(1)
    assert names(shop, schema.brand) == ["ACME", "ACME (empty, import 1)", "Acme", "Stocked"]
    run_on_facts(shop, sa.insert(schema.brand).values(id=10, brand="Last"))
    refresh(shop)
    assert names(shop, schema.brand) == ["ACME", "Acme", "Last", "Stocked"]


def test_archived_facts_are_named_and_joined_once_they_are_back(shop, join, undo, take, tmp_path):
    for value in ("1", "2"):
        take(HEADINGS + f"B7,Acme,Toys,DE,{OLD},2024-01,{value}\nB7,Acme,Toys,DE,Kept,2024-01,1\n", name=value)
    with shop.facts() as connection:
        stored = set(connection.execute(sa.select(schema.financials.c.metric).distinct()).scalars())
    old = OLD if OLD in stored else NEW
    refresh(shop)
    archive(shop, before=datetime.date(2024, 2, 1), folder=tmp_path / "archive")
    told = join("metric", "Kept", "CM1", dry_run=True)
    words = "1 facts, sum 1.00, and 1 that undo keeps are archived; first run: flask unarchive 2024-01"
    assert told.obstacles == (words,)
    with pytest.raises(Refused, match="first run: flask unarchive 2024-01"):
        join("metric", old, "CM1")
    unarchive(shop, months=[datetime.date(2024, 1, 1)])
    number = join("metric", "Kept", "CM1").import_id
    archive(shop, before=datetime.date(2024, 2, 1), folder=tmp_path / "archive")
    with pytest.raises(Refused, match=r"renamed facts of 2024-01, which is archived"):
        undo(number)
    unarchive(shop)
    undo(number)
    assert sums(shop)["Kept"] == Decimal(1)


ORDERS = (
    "amazon-order-id\tpurchase-date\torder-status\titem-status\tsku\tasin\tsales-channel\tquantity\tcurrency\titem-price\n"
    "1\t2025-01-15T10:00:00+00:00\tShipped\tShipped\tMUG\tB0LINES001\tAmazon.com\t2\tUSD\t50.00\n"
)
COSTS = "asin,valid from,unit cost\nB0LINES001,2025-01,5\n"
TABLE = HEADINGS + "B0TABLE001,Acme,,US,Net units,2025-02,3\nB0TABLE001,Acme,,US,Net revenue,2025-02,90\n"


@on_one_server
def test_what_follows_from_lines_is_not_joined_away_and_follows_what_joins_it(store, take, join, undo):
    take(ORDERS, name="orders.txt")
    take(COSTS, name="costs.csv")
    take(TABLE)
    with pytest.raises(Refused, match="facts follow from lines of Amazon's reports or unit costs") as caught:
        join("product", "B0LINES001", "B0TABLE001")
    assert "let the SKU lead to B0TABLE001 with a file sku,asin" in str(caught.value)
    apart = sums(store)
    assert (apart["Net units"], apart["Net COGS"], apart["CM1"]) == (5, 10, 40)
    joined = join("product", "B0TABLE001", "B0LINES001")
    # What a piece costs counts for all of them.
    together = sums(store)
    assert (together["Net units"], together["Net COGS"], together["CM1"]) == (5, 25, 115)
    undo(joined.import_id)
    assert sums(store) == apart
    take(TABLE.replace("2025-02", "2025-01"), name="more.csv", mode="append")
    with pytest.raises(Refused, match="in 2025-01 files give figures of B0TABLE001, and of B0LINES001 they follow"):
        join("product", "B0TABLE001", "B0LINES001")
    assert {"B0LINES001", "B0TABLE001"} <= set(names(store, schema.asin))
