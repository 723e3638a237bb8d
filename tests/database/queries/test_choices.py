"""What can be chosen is what has figures."""

from __future__ import annotations

import datetime

from database.engines.ports import Store
from database.queries.choices import read_selectable
from domain.selection import Selectable
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 11, 22)


def test_the_selectable_names_everything_with_figures_in_reading_order(store: Store) -> None:
    publish(
        store,
        [
            (1, 7, 3, "US", "2024-02", "Storage fees", "1.00"),
            (1, 7, 3, "US", "2024-02", "CM3", "1.00"),
            (2, 8, 0, "DE", "2025-10", "Net revenue", "1.00"),
            (3, 0, 3, "XX", "2025-01", "Net units", "1.00"),
            (4, 9, 3, "XX", "2025-01", "Net units", "1.00"),
        ],
        generation=4,
        brands={7: "élan", 8: "Bergwind", 99: "Never sold"},
        categories={3: "Toys", 98: "Empty"},
        marketplaces={"US": "United States", "DE": "Germany", "JP": "Japan"},
    )

    assert store.read(lambda reading: read_selectable(reading, today=TODAY)) == Selectable(
        generation=4,
        first_month=datetime.date(2024, 2, 1),
        last_month=datetime.date(2025, 10, 1),
        metrics=("Net revenue", "CM3", "Net units", "Storage fees"),
        brands={8: "Bergwind", 7: "élan", 9: "(brand 9)", 0: "(unassigned)"},
        categories={3: "Toys", 0: "(uncategorised)"},
        marketplaces={"DE": "Germany", "US": "United States", "XX": ""},
        is_restated=False,
    )


def test_brands_stand_by_name_with_the_unassigned_last(store: Store) -> None:
    publish(
        store, [(n, n, 0, "US", "2025-01", "CM3", "1.00") for n in (0, 1, 2)], brands={1: "zeta", 2: "Alpha"}
    )

    selectable = store.read(lambda reading: read_selectable(reading, today=TODAY))

    assert list(selectable.brands.items()) == [(2, "Alpha"), (1, "zeta"), (0, "(unassigned)")]


def test_a_generation_without_rows_has_an_empty_selectable_of_this_month(store: Store) -> None:
    publish(store, [])

    assert store.read(lambda reading: read_selectable(reading, today=TODAY)) == Selectable(
        generation=1, first_month=datetime.date(2025, 11, 1), last_month=datetime.date(2025, 11, 1),
        metrics=(), brands={}, categories={}, marketplaces={},
        is_restated=False,
    )


def test_a_reader_of_some_brands_is_not_told_what_only_others_have(store: Store) -> None:
    publish(
        store,
        [(1, 1, 5, "US", "2025-01", "Net revenue", "1.00"), (2, 2, 6, "DE", "2025-01", "Secret metric", "1.00")],
        brands={1: "Alder", 2: "Bergwind"}, categories={5: "Toys", 6: "Games"},
    )

    found = store.read(lambda reading: read_selectable(reading, today=TODAY, scope=(1,)))

    assert (found.metrics, found.brands, found.categories, found.marketplaces) == (
        ("Net revenue",), {1: "Alder"}, {5: "Toys"}, {"US": ""},
    )
