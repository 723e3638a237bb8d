"""Imports, joins and their undoing in every order: what is in is what a reader of the commands would expect.

The model is plain Python. An import gives a fact per key and replaces what its source gave for the same product,
marketplace and month. A join renames the facts that bear the name, in force or kept by undo. Taking something back
undoes just that, whatever came in between.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from database import schema
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.names.joining import join_names
from database.names.undoing import take_back
from domain.errors import Refused
from tests.database.imports.conftest import HEADINGS

METRICS, PLACES, PRODUCTS = ("Fee A", "Fee B", "Fee C"), ("XA", "XB"), ("P1", "P2")
MONTHS = ("2024-01", "2024-02")
KINDS = {"metric": METRICS, "marketplace": PLACES, "product": PRODUCTS}


@dataclass
class Fact:
    """One fact: its names by kind, its month, value and import; `renamed` are joins -> the name before."""

    names: dict[str, str]
    month: str
    value: Decimal
    source: str
    given_by: int
    out_by: int | None = None
    renamed: dict[int, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        return self.names["product"], self.names["marketplace"], self.month


@dataclass
class Model:
    """What should be in."""

    facts: list[Fact] = field(default_factory=list)
    imports: dict[int, str] = field(default_factory=dict)
    joins: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    def live(self) -> list[Fact]:
        return [fact for fact in self.facts if fact.out_by is None]

    def counted(self) -> Counter:
        return Counter((*fact.key, fact.names["metric"], fact.value) for fact in self.live())

    def take(self, number: int, source: str, rows: list[tuple]) -> None:
        keys = {(product, place, month) for product, place, _, month, _ in rows}
        for fact in self.live():
            if fact.source == source and fact.key in keys:
                fact.out_by = number
        self.facts += [
            Fact({"metric": metric, "marketplace": place, "product": product}, month, value, source, number)
            for product, place, metric, month, value in rows
        ]
        self.imports[number] = source

    def join(self, number: int, kind: str, old: str, new: str) -> None:
        for fact in self.facts:
            if fact.names[kind] == old:
                fact.renamed[number], fact.names[kind] = old, new
        self.joins[number] = kind, old, new

    def take_back(self, number: int) -> None:
        if number in self.imports:
            self.facts = [fact for fact in self.facts if fact.given_by != number]
            for fact in self.facts:
                fact.out_by = None if fact.out_by == number else fact.out_by
            del self.imports[number]
            return
        kind, _, _ = self.joins.pop(number)
        for fact in self.facts:
            if number in fact.renamed:
                fact.names[kind] = fact.renamed.pop(number)


row = st.tuples(
    st.sampled_from(PRODUCTS), st.sampled_from(PLACES), st.sampled_from(METRICS), st.sampled_from(MONTHS),
    st.integers(1, 999).map(lambda cents: Decimal(cents).scaleb(-2)),
)
imports = st.tuples(
    st.just("import"), st.sampled_from(("shop", "other")),
    st.lists(row, min_size=1, max_size=4, unique_by=lambda each: each[:4]),
)
joins = st.sampled_from(tuple(KINDS)).flatmap(
    lambda kind: st.tuples(st.just("join"), st.just(kind), st.permutations(KINDS[kind]).map(lambda names: names[:2]))
)
undos = st.tuples(st.just("undo"), st.integers(0, 9), st.none())
steps = st.lists(imports | joins | undos, min_size=2, max_size=7)


@pytest.fixture
def world(store: Store, tmp_path):
    """The store, emptied by whoever begins anew."""
    numbers = itertools.count(1)

    def do(model: Model, step: tuple) -> None:
        what, which, rest = step
        if what == "import":
            path = tmp_path / f"{next(numbers)}.csv"
            path.write_text(HEADINGS + "".join(
                f"{product},Acme,Toys,{place},{metric},{month},{value}\n"
                for product, place, metric, month, value in rest
            ), encoding="utf-8")
            model.take(import_file(store, path, ImportOptions(source=which)).import_id, which, rest)
        elif what == "join":
            report = join_names(store, which, *rest, dry_run=False)
            model.join(report.import_id, which, *rest)
        elif known := sorted({**model.imports, **model.joins}):
            number = known[which % len(known)]
            take_back(store, number)
            model.take_back(number)

    return do


def stored(store: Store) -> Counter:
    """What is in, by the names it bears."""
    fact, asin = schema.financials, schema.asin
    with store.facts() as connection:
        return Counter(
            (row.asin, row.marketplace, f"{row.month:%Y-%m}", row.metric, row.value) for row in connection.execute(
                sa.select(asin.c.asin, fact.c.marketplace, fact.c.month, fact.c.metric, fact.c.value)
                .join_from(fact, asin, asin.c.id == fact.c.asin_id)
            )
        )


def emptied(store: Store) -> None:
    with store.facts() as connection:
        for table in (schema.financials, schema.financials_replaced, schema.financials_import, schema.name_join,
                      schema.changed_month, schema.asin, schema.brand, schema.category):
            connection.execute(sa.delete(table))
        connection.commit()


A1 = ("P1", "XA", "Fee A", "2024-01", Decimal("1.00"))
A2 = ("P1", "XA", "Fee A", "2024-01", Decimal("2.00"))
B3 = ("P1", "XA", "Fee B", "2024-01", Decimal("3.00"))
FIRST, SECOND, THIRD = ("import", "shop", [A1]), ("import", "shop", [A2]), ("import", "shop", [B3])
JOINED, BACK = ("join", "metric", ["Fee A", "Fee B"]), lambda place: ("undo", place, None)


PHASES = (Phase.explicit, Phase.generate)
"""Shrinking would take minutes: a sequence is short as it is."""


@example(steps=[FIRST, JOINED, BACK(0), SECOND, BACK(0)])
@example(steps=[FIRST, SECOND, JOINED, BACK(1), BACK(1)])
@example(steps=[FIRST, JOINED, THIRD, BACK(1), BACK(1)])
@example(steps=[FIRST, JOINED, THIRD, ("join", "product", ["P1", "P2"]), BACK(2), BACK(1)])
@settings(
    max_examples=int(os.environ.get("LONG_SEQUENCES", "6")), deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], phases=PHASES,
)
@given(steps=steps)
def test_names_change_and_nothing_else_in_any_order(store, world, steps):
    emptied(store)
    model = Model()
    with store.lock("a test"):
        for step in steps:
            # Of what is refused nothing happened: the comparison would notice.
            with contextlib.suppress(Refused):
                world(model, step)
            assert stored(store) == model.counted()
        for number in sorted({**model.imports, **model.joins}, reverse=True):
            try:
                take_back(store, number)
            except Refused as error:
                # A product that was joined away came in anew: its facts would be told apart by nothing.
                assert "again, made since" in str(error)
                return
            model.take_back(number)
            assert stored(store) == model.counted()
    assert not stored(store)
    with store.facts() as connection:
        kept = sa.select(sa.func.count()).select_from(schema.financials_replaced)
        assert connection.execute(kept).scalar() == 0
