"""What a list of products is narrowed to, and the columns it has, against figures worked out one by one, on both
engines."""

from __future__ import annotations

import datetime
import itertools
import random
from collections import defaultdict
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.engines.values import Reading
from database.queries.products import Products, count_products, read_all_products, read_products
from database.schema import summary_uncosted
from domain.months import add_months
from domain.narrowing import FALLING, LOSING, NARROWINGS, NEW, UNCOSTED
from domain.periods import calendar_at
from domain.selection import Selectable, Selection, parse_selection
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 11, 22)
FIRST = datetime.date(2024, 9, 1)
MONTHS = [add_months(FIRST, number) for number in range(15)]
METRICS = ("Net revenue", "Net COGS", "Marketing", "CM3", "Net units", "Storage")
CALENDAR = calendar_at(MONTHS[0], MONTHS[-1], TODAY)
CHOICES = Selectable(
    generation=1, first_month=MONTHS[0], last_month=MONTHS[-1], metrics=METRICS, brands={1: "Alder", 2: "Bergwind"},
    categories={5: "Toys", 6: "Games"}, marketplaces={"DE": "", "US": ""},
)
PRODUCTS = 40

Row = tuple[int, int, int, str, datetime.date, str, Decimal]


def made_up() -> list[Row]:
    """Products that begin, end, lose, fall and lack costs as it comes, some with a row of nothing."""
    dice, rows = random.Random(22), []
    for product in range(1, PRODUCTS + 1):
        begins, ends = sorted(dice.sample(range(16), 2))
        size = dice.choice((20, 90, 130, 2000))
        for place, market in itertools.product(range(begins, ends), ("DE", "US")):
            if dice.random() < 0.3:
                continue
            pieces = dice.choice((0, 1, 3, 8))
            values = {
                "Net revenue": Decimal(size * pieces) / 4, "Net units": Decimal(pieces),
                "Net COGS": Decimal(size * pieces) / 10 if product % 3 else None, "Marketing": Decimal(size) / 8,
                "CM3": Decimal(size * (pieces - 2)) / 12, "Storage": Decimal("0.10"),
            }
            rows += [
                (product, 1 + product % 2, 5 + product % 3 // 2, market, MONTHS[place], metric, value.quantize(
                    Decimal("0.01")
                ))
                for metric, value in values.items() if value is not None
            ]
    return rows


ROWS = made_up()
UNCOSTED_ROWS = [
    {"asin_id": row[0], "brand_id": row[1], "category_id": row[2], "marketplace": row[3], "month": row[4],
     "revenue": row[6]}
    for row in ROWS if row[5] == "Net revenue" and row[6] and row[0] % 4 == 0
]


@pytest.fixture
def published(store: Store) -> Store:
    publish(
        store, [(*row[:4], f"{row[4]:%Y-%m}", row[5], str(row[6])) for row in ROWS],
        products=[{"id": n, "asin": f"B{n:02d}", "name": f"Brick {n}"} for n in range(1, PRODUCTS + 1)],
        lines={summary_uncosted: UNCOSTED_ROWS},
    )
    return store


# --- worked out one by one


Sums = dict[int, dict[str, Decimal]]


def is_asked(selection: Selection, brand: int, category: int, market: str) -> bool:
    """Whether a row belongs to the selection. A scope of no brands is of nothing; what is not chosen is ()."""
    return (
        brand in (selection.brands or (1, 2)) and category in (selection.categories or (5, 6))
        and market in (selection.marketplaces or ("DE", "US"))
        and (selection.scope is None or brand in selection.scope)
    )


def rows_of(selection: Selection, first: datetime.date, last: datetime.date) -> list[Row]:
    return [row for row in ROWS if first <= row[4] <= last and is_asked(selection, *row[1:4])]


def sums_over(selection: Selection, first: datetime.date, last: datetime.date) -> Sums:
    """Product -> metric -> sum, of rows within the selection."""
    found: Sums = defaultdict(dict)
    for product, _, _, _, _, metric, value in rows_of(selection, first, last):
        found[product][metric] = found[product].get(metric, Decimal(0)) + value
    return found


def sold_rows(selection: Selection, first: datetime.date, last: datetime.date) -> set[int]:
    return {
        row[0] for row in rows_of(selection, first, last) if row[5] in ("Net revenue", "Net units") and row[6]
    }


def expected(selection: Selection, word: str) -> set[int]:
    """The products that are so."""
    span, now = selection.span, sums_over(selection, selection.span.first, selection.span.last)
    if word == LOSING:
        return {product for product, sums in now.items() if sums.get("CM3", 0) < 0}
    if word == NEW:
        if span.first <= MONTHS[0]:
            return set()
        return sold_rows(selection, span.first, span.last) - sold_rows(
            selection, MONTHS[0], add_months(span.first, -1)
        )
    if word == UNCOSTED and selection.costs_of is None:
        return {p for p in sold_rows(selection, span.first, span.last) if "Net COGS" not in now[p]}
    if word == UNCOSTED:
        return {
            row["asin_id"] for row in UNCOSTED_ROWS
            if span.first <= row["month"] <= span.last
            and is_asked(selection, row["brand_id"], row["category_id"], row["marketplace"])
        }
    if selection.comparison is None or selection.complete is None:
        return set()
    before, complete = (
        sums_over(selection, months.first, months.last) for months in (selection.comparison, selection.complete)
    )
    return {
        product for product, sums in before.items()
        if sums.get("Net revenue", 0) >= 100 * selection.comparison.count
        and complete.get(product, {}).get("Net revenue", Decimal(0)) < sums["Net revenue"] * Decimal("0.8")
    }


def ask(query: str, **parts) -> Selection:
    pairs = [tuple(pair.split("=")) for pair in query.split("&") if pair]
    words = ("period", "from", "to", "metric", "brand", "category", "marketplace", "compare", "search", "sort", "order",
             "columns", "only", "page")
    found = parse_selection(pairs, CHOICES, today=TODAY, words=words, sorts=("value", "change"))
    return found.changed(**parts)


SELECTIONS = [
    ask(query, **parts) for query in (
        "period=3m", "period=6m&compare=year", "period=1m", "period=ytd&marketplace=DE", "from=2025-06&to=2025-11",
        "period=3m&brand=2", "period=3m&category=6&compare=none", "from=2024-09&to=2025-02", "period=mtd",
    ) for parts in ({}, {"costs_of": 1})
] + [ask("period=3m", scope=(1,)), ask("period=3m", scope=())]


def products_of(reading: Reading, selection: Selection) -> Products:
    return read_products(reading.connection, selection, CHOICES.brands, start=0, limit=PRODUCTS)


def test_a_list_is_narrowed_to_the_products_of_which_the_rule_is_true(published: Store) -> None:
    asked = [selection.changed(only=(word,)) for selection in SELECTIONS for word in NARROWINGS]
    asked += [selection.changed(only=(LOSING, FALLING)) for selection in SELECTIONS[:4]]
    asked += [selection.changed(only=(NEW, UNCOSTED), metric="Storage") for selection in SELECTIONS[:4]]

    found = published.read(lambda reading: [products_of(reading, selection) for selection in asked])

    sizes: dict[str, int] = defaultdict(int)
    for selection, products in zip(asked, found, strict=True):
        keys = set.intersection(*(expected(selection, word) for word in selection.only))
        assert {row.key for row in products.rows} == keys, selection
        now = sums_over(selection, selection.span.first, selection.span.last)
        values = [now[key][selection.metric] for key in keys if selection.metric in now[key]]
        assert (products.count, products.value) == (len(keys), sum(values, Decimal(0)) if values else None)
        assert all(row.brand_id == 1 + row.key % 2 for row in products.rows)
        for word in selection.only:
            sizes[word] += len(keys)
        if selection.only == (LOSING,):
            assert products.narrowed[LOSING] == (sum(now[key]["CM3"] for key in keys) if keys else None)
    # The rules would be proved by nothing if nobody were so, or everybody.
    assert all(20 < sizes[word] < PRODUCTS * len(SELECTIONS) / 2 for word in NARROWINGS), sizes


def test_what_ended_is_among_what_falls_and_stands_there_without_a_figure(published: Store) -> None:
    selection = ask("from=2025-07&to=2025-10&only=falling&sort=change&order=asc")
    found = published.read(lambda reading: products_of(reading, selection))

    ended = [row for row in found.rows if row.value is None]
    assert ended and {row.change for row in ended} == {Decimal(-1)}
    assert [row.change for row in found.rows] == sorted(row.change for row in found.rows)


def test_a_search_and_pages_go_together_with_what_a_list_is_narrowed_to(published: Store) -> None:
    selection = ask("period=6m&only=loss-making&search=1")

    def question(reading: Reading) -> tuple:
        one_by_one = read_all_products(reading.connection, selection, CHOICES.brands, start=1, limit=2)
        return (
            products_of(reading, selection), count_products(reading.connection, selection), list(one_by_one),
            read_products(reading.connection, selection, CHOICES.brands, start=900, limit=2),
        )

    whole, count, part, beyond = published.read(question)
    keys = {key for key in expected(selection, LOSING) if "1" in f"Brick {key}"}
    assert {row.key for row in whole.rows} == keys and count == whole.count == beyond.count == len(keys) > 3
    assert tuple(part) == whole.rows[1:3] and beyond.narrowed == whole.narrowed


# --- columns


def test_every_column_has_its_figures_and_sorts_by_them_missing_ones_last(published: Store) -> None:
    columns = CHOICES.columns
    asked = [
        ask(f"period=3m&columns={','.join(columns)}&sort={word}&order={order}")
        for word in columns if word != "trend" for order in ("asc", "desc")
    ]
    found = published.read(lambda reading: [products_of(reading, selection).rows for selection in asked])

    now = sums_over(asked[0], asked[0].span.first, asked[0].span.last)
    assert {"net_cogs_percent_of_revenue", "marketing_per_unit", "tacos", "roi", "storage"} <= columns.keys()
    for selection, rows in zip(asked, found, strict=True):
        for row in rows:
            assert row.figures == {
                word: worked_out(word, now[row.key]) for word, column in columns.items() if column.measure
            }
        word = selection.sort
        values = [row.figures[word] if word in row.figures else getattr(row, _FIELD.get(word, word)) for row in rows]
        known = [value for value in values if value is not None]
        assert values == known + [None] * (len(values) - len(known)), word
        assert known == sorted(known, reverse=selection.order == "desc"), word
    assert all(len(rows) == len(found[0]) > 10 for rows in found)


_FIELD = {"share": "share", "before": "before", "change": "change"}
_NAMES = {"net_revenue": "Net revenue", "net_cogs": "Net COGS", "marketing": "Marketing", "cm3": "CM3",
          "units": "Net units", "storage": "Storage"}


def worked_out(word: str, sums: dict[str, Decimal]) -> Decimal | None:
    """A column's figure of these sums, by its word."""
    known = {"margin": ("CM3", "Net revenue"), "price": ("Net revenue", "Net units"), "roi": ("CM3", "Net COGS"),
             "tacos": ("Marketing", "Net revenue")}
    if word in _NAMES:
        return sums.get(_NAMES[word])
    if word in known:
        part, base = known[word]
    elif word.endswith("_per_unit"):
        part, base = _NAMES[word.removesuffix("_per_unit")], "Net units"
    else:
        part, base = _NAMES[word.removesuffix("_percent_of_revenue")], "Net revenue"
    return sums[part] / sums[base] if part in sums and sums.get(base) else None


def test_months_of_each_product_end_with_the_last_that_is_over_and_reach_a_year_back(published: Store) -> None:
    asked = [ask(query) for query in ("from=2025-09&to=2025-11", "period=mtd", "from=2024-11&to=2024-11")]
    asked.append(ask("period=1m&metric=CM3 %"))
    found = published.read(lambda reading: [products_of(reading, selection).rows for selection in asked])

    assert [len(rows[0].months) for rows in found] == [13, 13, 3, 13]
    for rows, last in zip(found, ("2025-10", "2025-10", "2024-11", "2025-10"), strict=True):
        count, end = len(rows[0].months), datetime.date.fromisoformat(f"{last}-01")
        months = [add_months(end, place + 1 - count) for place in range(count)]
        by_month = [sums_over(asked[0], month, month) for month in months]
        is_margin = rows is found[-1]
        for row in rows:
            sums = [each.get(row.key, {}) for each in by_month]
            assert row.months == tuple(
                worked_out("margin", each) if is_margin else each.get("Net revenue") for each in sums
            )
    assert published.read(lambda reading: products_of(reading, ask("period=3m&columns=cm3")).rows)[0].months == ()
