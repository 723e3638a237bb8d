"""After any sequence of operations: embedded = MariaDB = a plain-Decimal oracle, to the cent.

`tests/long.sh` makes the long run. The end of every run tells its seed; `LONG_SEED` makes it again.
"""

import contextlib
import itertools
import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies

from database import migrations
from database.store import open_store
from machine.crash_points import STEPS
from tests.conftest import LONG_SEED, embedded_settings, mysql_settings
from tests.counts import count
from tests.facts import kept_open
from tests.properties.oracle import ACCOUNT_OF, COUNTED, EXCLUDED, MONTHS, NOBODY, REPORTING, Fact, Oracle
from tests.properties.shop import ACCOUNTS, BRANDS, PRODUCTS, Shop

SEQUENCES = int(os.environ.get("LONG_SEQUENCES", "100"))
AT_ONCE = 25
"""So many sequences are one test: a process that is free takes the next."""
LONGEST = 9 if SEQUENCES > 100 else 5
"""Operations of a sequence, beside the two refreshes at its end."""

EVERY_PRODUCT = (*PRODUCTS, *ACCOUNTS)
asins = strategies.sampled_from([code for code, *_ in PRODUCTS])
marketplaces = strategies.sampled_from(["US", "DE", "Ōsaka"])
metrics = strategies.sampled_from(["Net revenue", "CM3", "Ñandú €"])
"""Of imports: what differs by case only would meet in one name there."""
any_metric = strategies.one_of(metrics, strategies.sampled_from(["net revenue", COUNTED, "Operating profit"]))
months = strategies.sampled_from(["2024-01", "2024-02", "2024-03"])
values = strategies.one_of(
    strategies.integers(-100_000, 100_000),
    strategies.sampled_from([0, 1, -1, 999_999_999_999_999, -999_999_999_999_999]),
).map(lambda cents: str(Decimal(cents).scaleb(-2)))
rows = strategies.lists(
    strategies.tuples(asins, marketplaces, metrics, months, values), min_size=1, max_size=8,
    unique_by=lambda row: row[:4],
)
stray = strategies.lists(
    strategies.tuples(
        strategies.one_of(asins, strategies.just("UNKNOWN")), strategies.sampled_from(["US", "ALL"]), any_metric,
        months, strategies.one_of(values, strategies.none()),
    ), min_size=1, max_size=4,
)
costs = strategies.tuples(months, values, values, values, strategies.sampled_from(["Net revenue", COUNTED])).map(
    lambda told: [(NOBODY, "US", "SEM costs", told[0], told[1]), ("B1", "US", told[4], told[0], told[2]),
                  ("B2", "US", told[4], told[0], told[3]), ("B2", "US", "CM3", told[0], told[3])]
)
"""Of nobody, where something is sold."""
overheads = strategies.lists(
    strategies.builds(
        lambda name, cents, first, length, *rest: (
            name, f"{Decimal(cents).scaleb(-2):.2f}", MONTHS[first], MONTHS[min(first + length, 3)], *rest,
        ),
        strategies.sampled_from(["Rent", "Staff"]), strategies.integers(0, 100_000), strategies.integers(0, 2),
        strategies.integers(0, 2), strategies.sampled_from([None, None, "EUR", "GBP"]),
        strategies.sampled_from([None, None, *ACCOUNT_OF]), strategies.sampled_from([None, None, "US", "DE"]),
    ), min_size=1, max_size=3, unique_by=lambda told: (told[0], told[2], *told[5:]),
)
"""One with an amount of 0 takes back what was told before."""
currencies = strategies.sampled_from([None, None, "EUR", "GBP", REPORTING])
rates = strategies.integers(1, 10**13).map(lambda number: Decimal(number).scaleb(-10))
archiving = [
    strategies.tuples(strategies.just("archive"), strategies.sampled_from(["2024-02", "2024-03", "2024-04"])),
    strategies.just(("unarchive",)),
] if SEQUENCES > AT_ONCE * 4 else []
"""Of the long run only: files are waited for. An import brings the months back that it touches; taking one back is
refused while its months are archived."""
operations = strategies.lists(
    strategies.one_of(
        *archiving,
        strategies.tuples(
            strategies.just("import"), strategies.sampled_from(["one", "two"]),
            strategies.sampled_from(["replace", "replace", "append", "whole-months"]), rows, currencies,
        ),
        strategies.tuples(strategies.just("undo"), strategies.integers(1, 6)),
        strategies.tuples(strategies.just("insert"), strategies.one_of(stray, costs), currencies),
        strategies.tuples(strategies.just("overheads"), overheads),
        strategies.sampled_from([
            ("spread", "none", "no"), ("spread", "revenue", "no"), ("spread", "revenue", "yes"),
            ("spread", "units", "yes"),
        ]),
        strategies.tuples(strategies.just("rate"), strategies.sampled_from(["EUR", "GBP"]), months, rates),
        strategies.tuples(
            strategies.just("assign"), strategies.integers(1, len(PRODUCTS) + len(ACCOUNTS)),
            strategies.sampled_from([None, 1, 2, 3]), strategies.sampled_from([None, 1, 2]),
        ),
        strategies.tuples(
            strategies.just("move"), strategies.integers(1, len(BRANDS)), strategies.sampled_from([None, 1, 2]),
            strategies.sampled_from([None, EXCLUDED, "own"]),
        ),
        strategies.just(("refresh",)),
        strategies.just(("refresh",)),
        strategies.just(("full",)),
        strategies.just(("rollback",)),
        strategies.tuples(strategies.just("crash"), strategies.sampled_from(STEPS), strategies.booleans()),
    ), min_size=2, max_size=LONGEST,
)


@pytest.fixture(scope="module")
def shops(mariadb, quick_folder):
    """One shop per engine, emptied for every sequence."""
    folder = quick_folder / "sequences"
    folder.mkdir()
    mariadb.run("CREATE DATABASE lego_sequences")
    # One thread: DuckDB takes longer to share these few rows out than to add them up.
    every = [embedded_settings(folder, workers=1), mysql_settings(folder, mariadb, "lego_sequences")]
    stores = [open_store(one) for one in every]
    for store in stores:
        migrations.upgrade(store)
    yield [Shop(store, folder) for store in stores]
    for store in stores:
        store.close()
    mariadb.run("DROP DATABASE lego_sequences")


@pytest.mark.parametrize("part", range(-(-SEQUENCES // AT_ONCE)))
def test_every_sequence_gives_the_same_tables_as_the_oracle(shops, part):
    @seed(int(os.environ[LONG_SEED]) + part)
    @settings(
        max_examples=min(AT_ONCE, SEQUENCES), deadline=None, print_blob=True, database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(sequence=operations)
    def hold(sequence):
        hold_against_the_oracle(shops, sequence)

    hold()


def test_costs_of_nobody_are_shared_out_in_every_turn_of_a_sequence(shops):
    hold_against_the_oracle(shops, [
        ("rate", "GBP", "2024-01", Decimal("1.2931")), ("spread", "revenue", "no"),
        ("insert", [(NOBODY, "US", "SEM costs", "2024-01", "10.01"), ("B1", "US", "Net revenue", "2024-01", "3.33"),
                    ("B2", "US", "Net revenue", "2024-01", "6.67"), ("B5", "US", "Net revenue", "2024-01", "5.00"),
                    ("B1", "US", "CM3", "2024-01", "1.00"), ("B3", "US", COUNTED, "2024-01", "2")], "GBP"),
        ("refresh",), ("insert", [("B3", "US", "Net revenue", "2024-01", "0.01")], None), ("refresh",), ("rollback",),
        ("import", "one", "replace", [("B4", "US", "Net revenue", "2024-01", "100.00")], "EUR"), ("refresh",),
        ("spread", "units", "no"), ("refresh",), ("undo", 1), ("move", 2, None, EXCLUDED), ("refresh",),
        ("rate", "GBP", "2024-01", Decimal("0.7")), ("spread", "revenue", "no"), ("crash", "verify", False),
    ])


def test_overheads_are_shared_out_in_every_turn_of_a_sequence(shops):
    hold_against_the_oracle(shops, [
        ("rate", "EUR", "2024-01", Decimal("1.0345")), ("spread", "revenue", "yes"),
        ("overheads", [
            ("Rent", "10.01", "2024-01", "2024-04", "EUR", None, None),
            ("Rent", "3.33", "2024-01", "2024-02", None, None, "US"),
            ("Staff", "7.77", "2024-01", "2024-03", None, 1, None),
            ("Staff", "0.05", "2024-02", "2024-02", None, 1, "DE"),
        ]),
        ("refresh",),
        ("insert", [("B1", "US", "Net revenue", "2024-01", "3.33"), ("B2", "DE", "Net revenue", "2024-01", "6.67"),
                    ("B3", "US", "Net revenue", "2024-01", "5.00"), ("B3", "US", "CM3", "2024-01", "1.00"),
                    ("B1", "US", "Operating profit", "2024-01", "1.00"), ("B2", "DE", COUNTED, "2024-01", "3"),
                    (NOBODY, "US", "SEM costs", "2024-01", "0.50")], None), ("refresh",),
        ("import", "one", "replace", [("B4", "US", "Net revenue", "2024-02", "100.00")], None), ("refresh",),
        ("rollback",),
        ("overheads", [
            ("Rent", "0.00", "2024-01", "2024-01", None, None, "US"),
            ("Staff", "8.00", "2024-01", "2024-01", None, 1, None),
        ]),
        ("refresh",), ("assign", 7, 2, None), ("refresh",), ("spread", "units", "yes"),
        ("undo", 3), ("crash", "verify", False), ("assign", 8, None, None), ("undo", 1), ("spread", "revenue", "no"),
    ])


def test_overheads_that_are_told_anew_leave_months_that_do_not_count_any_more(shops):
    hold_against_the_oracle(shops, [
        ("overheads", [("Rent", "11.66", "2024-01", "2024-03", None, None, None)]), ("refresh",),
        ("import", "one", "replace", [("B1", "US", "Net revenue", "2024-01", "-6.44")], None),
        ("overheads", [("Rent", "0.00", "2024-01", "2024-01", None, None, None)]), ("refresh",),
        ("overheads", [("Rent", "11.66", "2024-01", "2024-03", None, None, None)]), ("undo", 2), ("refresh",),
        ("import", "two", "replace", [("B1", "US", "Net revenue", "2024-02", "1.00")], None), ("undo", 4),
    ])


def test_overheads_count_as_far_when_months_are_archived(shops):
    hold_against_the_oracle(shops, [
        ("overheads", [("Rent", "38.61", "2024-03", "2024-04", "GBP", None, "DE"),
                       ("Rent", "17.46", "2024-01", "2024-01", "EUR", None, "US")]),
        ("archive", "2024-02"), ("refresh",), ("unarchive",),
        ("import", "one", "replace", [("B1", "US", "Net revenue", "2024-03", "1.00")], None), ("refresh",),
        ("archive", "2024-04"), ("refresh",),
    ])


def test_what_a_stranger_inserts_in_a_currency_keeps_it_where_it_is_archived_before_a_refresh(shops):
    hold_against_the_oracle(shops, [
        ("insert", [("B1", "US", "Net revenue", "2024-01", "7.00")], "EUR"), ("archive", "2024-02"), ("refresh",),
        ("rate", "EUR", "2024-01", Decimal("1.0345")), ("refresh",),
        ("insert", [("B1", "US", "Net revenue", "2024-02", "5.00")], "GBP"), ("archive", "2024-03"), ("refresh",),
    ])


def test_a_rollback_after_a_first_refresh_was_killed_may_publish_what_it_had_made(shops):
    hold_against_the_oracle(shops, [
        ("import", "one", "replace", [("B1", "US", "Net revenue", "2024-01", "0.00")], None), ("crash", "swap", False),
        ("rollback",), ("insert", [("B1", "US", "CM3", "2024-02", "1.00")], None),
    ])


def hold_against_the_oracle(shops, sequence):
    count("sequences")
    oracle = new_oracle()
    with kept_open(shops[0].store):
        for shop in shops:
            shop.clear()
    # What is killed is another process, which could not open the file of facts; archives are left to themselves.
    archives = not {first for first, *_ in sequence}.isdisjoint(("archive", "unarchive"))
    imports = itertools.count(1)
    for is_apart, part in itertools.groupby(
        [*sequence, ("refresh",), ("full",)], lambda operation: archives or operation[0] == "crash"
    ):
        with contextlib.nullcontext() if is_apart else kept_open(shops[0].store):
            run_through(shops, oracle, part, imports)
    for shop in shops:
        shop.assert_whole()


def run_through(shops, oracle, sequence, imports):
    for operation, *arguments in sequence:
        count("operations")
        if operation == "import":
            number = next(imports)
            for shop in shops:
                shop.take_in(number, *arguments)
            oracle.take_in(number, *arguments)
        elif operation == "overheads":
            number = next(imports)
            for shop in (*shops, oracle):
                shop.take_in_overheads(number, *arguments)
        elif operation == "undo":
            undo(shops, oracle, *arguments)
        elif operation == "insert":
            for shop in shops:
                shop.insert(*arguments)
            oracle.facts += [Fact(row, currency=arguments[1]) for row in arguments[0]]
        elif operation == "spread":
            for shop in shops:
                shop.spread(*arguments)
            oracle.spread, oracle.spread_overheads = arguments
        elif operation == "rate":
            for shop in shops:
                shop.rate(*arguments)
            oracle.rates[tuple(arguments[:2])] = arguments[2]
        elif operation in ("assign", "move"):
            for shop in shops:
                getattr(shop, operation)(*arguments)
            place(oracle, operation, *arguments)
        elif operation in ("archive", "unarchive"):
            for shop in shops:
                getattr(shop, operation)(*arguments)
        elif operation == "rollback":
            roll_back(shops)
        elif operation == "crash":
            crash(shops, oracle, *arguments)
        else:
            publish(shops, oracle, full=operation == "full")


def new_oracle() -> Oracle:
    """The oracle of an emptied shop."""
    return Oracle(
        products={code: (number, brand, category) for number, (code, brand, category) in enumerate(EVERY_PRODUCT, 1)},
        brands={number: (category, group) for number, (_, category, group) in enumerate(BRANDS, 1)},
    )


def undo(shops, oracle, number):
    if number not in oracle.replaced:
        return
    outcomes = {shop.undo(number) for shop in shops}
    assert len(outcomes) == 1
    if outcomes == {True}:
        oracle.undo(number)


def place(oracle, operation, number, *where):
    if operation == "move":
        oracle.brands[number] = where
    else:
        code = EVERY_PRODUCT[number - 1][0]
        oracle.products[code] = (number, *where)


def roll_back(shops):
    for shop in shops:
        rolled_back = shop.roll_back()
        if shop.before_is_sure:
            assert rolled_back == (shop.before is not None), shop.name
        if rolled_back:
            before = shop.made if shop.live is None else shop.before
            shop.live, shop.before, shop.before_is_sure = before, None, True
        compare(shop)


def publish(shops, oracle, *, full):
    """Engines may differ in whether a name alone is worth a generation, never in its tables."""
    tables = oracle.tables()
    for shop in shops:
        status = shop.refresh(full)
        count("refreshes")
        if status == "success":
            shop.published(tables)
        elif status == "nothing to do":
            # Of no facts at all there is nothing to publish the first time.
            assert shop.live == tables or (shop.live is None and not oracle.facts and not oracle.overheads()), shop.name
        if shop.live is not None:
            shop.assert_sources(oracle.rates.keys())
        compare(shop)


def crash(shops, oracle, step, full):
    """A refresh is killed at a step, if it comes that far."""
    tables = oracle.tables()
    for shop in shops:
        if shop.crash(step, full):
            count("crashes", f"at {step}")
        if shop.has_new_generation():
            assert step in STEPS[STEPS.index("swapped") :] or shop.ended, shop.name
            shop.published(tables)
        elif step in ("swap", "swapped", "finish", "release"):
            # The tables that hold the generation before may have been emptied for the one to come.
            shop.before_is_sure, shop.made = False, tables
        compare(shop)


def compare(shop):
    if shop.live is not None:
        assert shop.tables() == shop.live, shop.name
