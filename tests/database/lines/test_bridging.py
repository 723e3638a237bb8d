"""The steps from ordered to paid add up to the last decimal, whatever the lines, and are what they are called."""

from __future__ import annotations

import datetime
import random
from collections import defaultdict
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.imports.amazon import orders as order_rules
from database.imports.amazon import settlement as settlement_rules
from database.lines.bridging import read_bridges, wrong_bridges
from database.lines.counting import CountingRules
from database.lines.kinds import kinds_of
from database.summaries.refresh import refresh
from domain.amazon import ORDERS, SETTLEMENT
from domain.bridge import STEPS, Bridge, together
from domain.settlements import Amount
from tests.database.lines.conftest import files, take_all
from tests.database.lines.test_publishing import rows_of

RULES = CountingRules("payments", "auto", "USD")
MONTHS = [datetime.date(2025, month, 1) for month in (1, 2, 3)]
PLACED = {
    "price": Amount("sold", "", "item-price"), "shipping": Amount("sold", "", "shipping-price"),
    "tax": Amount("sold", "", "item-tax"), "gone": Amount("cancelled", "", "item-price"),
    "promotion": Amount("sold", "", "item-promotion-discount"), "waiting": Amount("pending", "", "item-price"),
}
PAID = {
    "sale": Amount("Order", "ItemPrice", "Principal"), "refund": Amount("Refund", "ItemPrice", "Principal"),
    "promotion": Amount("Order", "Promotion", "Principal"), "tax": Amount("Order", "ItemPrice", "Tax"),
    "fee": Amount("Order", "ItemFees", "Commission"),
}
SIGN = {"refund": -1, "promotion": -1, "fee": -1}


def drawn_lines(seed: int) -> list[tuple]:
    """Report, marketplace, month, order, kind and amount: orders are placed in one month each, or in two by mistake."""
    draw = random.Random(seed)
    lines = []
    for _ in range(60):
        report, kinds = draw.choice(((ORDERS, PLACED), (SETTLEMENT, PAID)))
        order = draw.choice([f"order {number}" for number in range(12)] + ([None] if report == SETTLEMENT else []))
        word = draw.choice(sorted(kinds))
        amount = Decimal(draw.randint(1, 10**6)).scaleb(-draw.choice((2, 2, 4)))
        amount *= SIGN.get(word, 1) if report == SETTLEMENT else 1
        lines.append((report, draw.choice(("US", "DE")), draw.choice(MONTHS), order, word, amount))
    return lines


def insert(store, lines: list[tuple]) -> None:
    with store.facts() as connection:
        ids = {
            ORDERS: kinds_of(connection, ORDERS, PLACED.values(), order_rules.rules),
            SETTLEMENT: kinds_of(connection, SETTLEMENT, PAID.values(), settlement_rules.rules),
        }
        words = {ORDERS: PLACED, SETTLEMENT: PAID}
        connection.execute(sa.delete(schema.amazon_line))
        connection.execute(sa.insert(schema.amazon_line), [
            {"import_id": 1, "line": number, "part": 1, "report": report, "identity": str(number), "version": 1,
             "counts": True, "marketplace": marketplace, "month": month, "day": month, "happened": "",
             "order_id": order, "sku": None, "asin": None, "kind_id": ids[report][words[report][word]],
             "quantity": None, "amount": amount, "currency": None}
            for number, (report, marketplace, month, order, word, amount) in enumerate(lines, start=1)
        ])
        connection.commit()


def by_hand(lines: list[tuple]) -> dict[tuple, Bridge]:
    """The same bridges, order by order."""
    placed, sold, tax, gone, paid = {}, defaultdict(Decimal), defaultdict(Decimal), defaultdict(Decimal), {}
    sums: dict[tuple, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for report, marketplace, month, order, word, amount in lines:
        key = (marketplace, order)
        if report == ORDERS and word != "waiting":
            placed[key] = min(placed.get(key, month), month)
            sold[key] += amount if word in ("price", "shipping") else 0
            gone[key] += amount if word == "gone" else 0
            tax[key] += amount if word == "tax" and marketplace == "DE" else 0
        elif report == SETTLEMENT and word == "sale":
            paid.setdefault(key, defaultdict(Decimal))[month] += amount
        if report == SETTLEMENT and word in ("sale", "refund", "promotion"):
            sums[marketplace, month]["paid"] += amount
            if word != "sale":
                sums[marketplace, month][f"{word}s"] += amount
    for key, month in placed.items():
        found, of_order = sums[key[0], month], paid.get(key, {})
        found["ordered"] += sold[key] + gone[key]
        found["cancelled"] -= gone[key]
        later = sum((amount for each, amount in of_order.items() if each != month), Decimal(0))
        if month in of_order:
            found["not_yet_paid"] -= later
            found["tax"] -= tax[key]
            found["unexplained"] += of_order[month] + later - sold[key] + tax[key]
        else:
            found["not_yet_paid"] -= sold[key]
    for key, of_order in paid.items():
        for month, amount in of_order.items():
            if key not in placed:
                sums[key[0], month]["unknown"] += amount
            elif placed[key] != month:
                sums[key[0], month]["earlier"] += amount
    with_orders = {(marketplace, month) for (marketplace, _), month in placed.items()}
    return {
        cell: Bridge(**{name: sums[cell][name] for name in Bridge.__dataclass_fields__}) for cell in with_orders
    }


def test_the_steps_of_random_lines_add_up_and_are_those_that_are_counted_by_hand(store):
    for seed in range(6):
        lines = drawn_lines(seed)
        insert(store, lines)
        with store.facts() as connection:
            found = read_bridges(connection, RULES)
        assert found == by_hand(lines), seed
        assert len(found) > 2 and list(wrong_bridges(found)) == []


def test_a_seller_who_is_paid_late_sees_where_each_cent_is(store):
    take_all(store, files("orders_us_*.txt", "settlement_us_*.txt"))
    refresh(store)
    names = ("ordered", *STEPS, "paid")
    rows = rows_of(store, schema.summary_bridge, "marketplace", "month", *names)
    assert {row[0] for row in rows} == {"US"} and len(rows) > 2
    for row in rows:
        assert row[2] + sum(row[3:-1]) == row[-1]
    whole = together([Bridge(**dict(zip(names, row[2:], strict=True))) for row in rows])
    # What is unexplained in a shop whose reports agree is nothing at all.
    assert whole.unexplained == 0 and whole.not_yet_paid < 0 < whole.earlier


def test_orders_or_payments_alone_have_no_bridge(store):
    take_all(store, files("orders_us_1.txt", "settlement_de_1.txt"))
    refresh(store)
    assert rows_of(store, schema.summary_bridge, "month") == []
