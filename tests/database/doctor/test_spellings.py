"""Names that should be one are told once per name, with a command that joins them and cures the finding."""

from __future__ import annotations

import shlex

import pytest

from database.doctor.plausibility import judge_figures
from database.doctor.spellings import judge_spellings
from database.engines.ports import Store
from database.names.joining import join_names
from database.summaries.refresh import refresh
from tests.facts import add_brands, add_categories, add_facts, add_products

CAFE = ("Café", "Cafe\u0301")
"""The same name in two Unicode forms."""


@pytest.fixture
def twins(store: Store) -> Store:
    add_categories(store, "Toys", "Toys\u200b", "Garden")
    add_brands(store, (CAFE[0], 1, None), (CAFE[1], 2, None), ("Other", 3, None))
    add_products(store, ("B1", 1, None), ("b1", 2, None), ("B2", 3, None))
    add_facts(store, [
        ("B1", "US", "Net COGS", "2024-01", "1"), ("b1", "us", "COGS", "2024-01", "2"),
        ("B2", "Germany", "Net sales", "2024-01", "4"), ("B2", "XX", "net  cogs", "2024-01", "8"),
    ])
    refresh(store)
    return store


def found(store: Store) -> list:
    return [each for each in store.read(lambda reading: [*judge_figures(reading), *judge_spellings(reading)])
            if each.check in ("names-alike", "metric-older-name", "metric-spellings")]


def test_each_is_told_with_a_command_that_works(twins):
    told = found(twins)
    assert [(each.check, each.subject, each.evidence) for each in told] == [
        ("metric-spellings", "Net COGS", "“COGS” / “Net COGS” / “net  cogs”"),
        ("names-alike", "brand Café", r"“Cafe\u0301” / “Café”"),
        ("names-alike", "category Toys", r"“Toys” / “Toys\u200b”"),
        ("names-alike", "product B1", "“B1” / “b1”"),
        ("names-alike", "marketplace DE", "“DE” / “Germany”"),
        ("names-alike", "marketplace US", "“US” / “us”"),
        ("metric-older-name", "Net sales", "“Net sales”; files that say so are imported as “Net revenue”"),
    ]
    commands = [
        shlex.split(command) for each in told
        for command in each.advice.removeprefix("look at the sums, then join them without --dry-run: ").split(", ")
    ]
    assert len(commands) == 8
    for flask, name, kind, old, new, option in commands:
        assert (flask, name, option) == ("flask", "join-names", "--dry-run")
        with twins.lock("a test"):
            join_names(twins, kind, old, new, dry_run=False)
    refresh(twins)
    assert found(twins) == []
