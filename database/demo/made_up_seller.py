"""A made-up seller in the US, and what happens to them in three months: orders, refunds, charges; and the orders since,
which nothing is paid for yet.

The sums are counted from what happened; `amazon_reports` writes down what each of Amazon's reports would tell of it.
Money is in whole cents of a dollar.
"""

from __future__ import annotations

import datetime
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from domain.months import add_months, last_day, month_of

ACCOUNT = "ACCOUNT"
MONTHS = 3
ORDERS_A_DAY = 4
DAY = datetime.timedelta(days=1)
TAX, COMMISSION = Decimal("0.08"), Decimal("0.15")
SUBSCRIPTION = 3999
UNSORTED = "Premium Experience Services Adjustment"
"""A description in no list of ours: somebody says on `/settlements` what it is."""

PIECES = ("Gross units", "Net units", "Clicks", "Impressions")

Key = tuple[str, datetime.date, str]
"""ASIN or ACCOUNT, month, metric."""


@dataclass(frozen=True)
class Product:
    """What is sold: prices and fees in cents; `cost` in dollars, None where nobody told it."""

    asin: str
    sku: str
    name: str
    price: int
    fulfilment: int
    cost: Decimal | None


PRODUCTS = (
    Product("B0DEMO0001", "CF-GRINDER", "Coffee grinder, hand-cranked", 3499, 512, Decimal("8.40")),
    Product("B0DEMO0002", "CF-POUROVER", 'Pour-over stand, 6" walnut', 2799, 455, Decimal("6.125")),
    Product("B0DEMO0003", "CF-FILTERS", "Paper filters, 100 pieces", 899, 322, Decimal("1.9")),
    Product("B0DEMO0004", "CF-KETTLE", "Gooseneck kettle 1.0 l", 5499, 788, Decimal("17.35")),
    Product("B0DEMO0005", "CF-SCALE", "Scale with timer", 2499, 410, Decimal("7.77")),
    Product("B0DEMO0006", "CF-CUPS", "Espresso cups, set of 4", 1999, 530, Decimal("11.25")),
    Product("B0DEMO0007", "CF-TAMPER", "Tamper 58 mm", 1599, 365, None),
)


@dataclass(frozen=True)
class Line:
    """One line of a settlement; `product` is None for what belongs to no product."""

    moment: datetime.datetime
    transaction: str
    kind: str
    description: str
    cents: int
    product: Product | None = None
    order: str = ""
    units: int = 0


@dataclass(frozen=True)
class Order:
    """One item that was ordered, at a moment in UTC; a cancelled one is never paid."""

    number: str
    moment: datetime.datetime
    product: Product
    units: int
    promotion: int
    is_cancelled: bool

    @property
    def price(self) -> int:
        """What its units cost the buyer without tax."""
        return self.units * self.product.price


@dataclass
class Seller:
    """Everything that happened. `storage` holds the dollars of each product and month, to four places."""

    months: list[datetime.date]
    orders: list[Order] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    advertising: list[tuple[datetime.date, Product, int, int]] = field(default_factory=list)
    """Day, product, clicks, cents spent."""
    storage: dict[tuple[datetime.date, Product], Decimal] = field(default_factory=dict)
    sums: Counter[Key] = field(default_factory=Counter)
    """Cents, and pieces of PIECES."""


def happen(chance: random.Random, months: list[datetime.date], today: datetime.date) -> Seller:
    """Everything that happened in these months, which follow on each other, and was ordered since on the days before
    `today`, with its sums."""
    seller = Seller(months)
    first, end = months[0], add_months(months[-1], 1)
    for number in range((end - first).days):
        day = first + number * DAY
        _orders_of(seller, chance, day)
        for product in chance.sample(PRODUCTS, 3):
            clicks = chance.randint(1, 30)
            seller.advertising.append((day, product, clicks, sum(chance.randint(18, 95) for _ in range(clicks))))
    for month in months:
        _charges(seller, chance, month)
    for number in range((today - end).days):
        _orders_of(seller, chance, end + number * DAY)
    # What is posted later than the last settlement is not paid yet.
    seller.lines = sorted((line for line in seller.lines if line.moment.date() < end), key=lambda line: line.moment)
    _count(seller)
    return seller


def _orders_of(seller: Seller, chance: random.Random, day: datetime.date) -> None:
    for _ in range(chance.randint(1, 2 * ORDERS_A_DAY - 1)):
        _order(seller, chance, day)


def _at(day: datetime.date, chance: random.Random) -> datetime.datetime:
    """A moment by daylight of the West Coast, in UTC: the month is the same by either clock."""
    return datetime.datetime.combine(day, datetime.time(chance.randint(17, 23), chance.randint(0, 59)))


def _order(seller: Seller, chance: random.Random, day: datetime.date) -> None:
    product = chance.choice(PRODUCTS)
    units = chance.choice((1, 1, 1, 2, 3))
    order = Order(
        number=f"113-{chance.randint(0, 9_999_999):07}-{chance.randint(0, 9_999_999):07}",
        moment=_at(day, chance), product=product, units=units,
        promotion=units * product.price // 10 if chance.random() < 0.15 else 0, is_cancelled=chance.random() < 0.03,
    )
    seller.orders.append(order)
    if order.is_cancelled:
        return
    posted = _at(day + chance.randint(1, 2) * DAY, chance)
    tax, commission = part_of(order.price, TAX), part_of(order.price, COMMISSION)
    amounts = [
        ("ItemPrice", "Principal", order.price), ("ItemPrice", "Tax", tax),
        ("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", -tax), ("Promotion", "Principal", -order.promotion),
        ("ItemFees", "Commission", -commission), ("ItemFees", "FBAPerUnitFulfillmentFee", -units * product.fulfilment),
    ]
    _post(seller, posted, "Order", order, amounts)
    if chance.random() < 0.05:
        kept = min(500, commission // 5)
        amounts = [
            ("ItemPrice", "Principal", -order.price), ("ItemPrice", "Tax", -tax),
            ("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", tax),
            ("Promotion", "Principal", order.promotion), ("ItemFees", "Commission", commission),
            ("ItemFees", "RefundCommission", -kept),
        ]
        _post(seller, _at(posted.date() + chance.randint(4, 15) * DAY, chance), "Refund", order, amounts)


def _post(
    seller: Seller, moment: datetime.datetime, transaction: str, order: Order, amounts: Iterable[tuple[str, str, int]]
) -> None:
    seller.lines.extend(
        Line(moment, transaction, kind, description, cents, order.product, order.number, order.units)
        for kind, description, cents in amounts if cents
    )


def _charges(seller: Seller, chance: random.Random, month: datetime.date) -> None:
    """What a month brings beside its orders."""
    other, last = "other-transaction", add_months(month, 1) - DAY
    spent = sum(cents for day, _, _, cents in seller.advertising if month_of(day) == month)
    product = chance.choice(PRODUCTS)
    seller.lines += [
        Line(_at(month + DAY, chance), other, other, "Subscription Fee", -SUBSCRIPTION),
        # Sponsored brands are in the invoice and not in the report by product.
        Line(_at(last, chance), "ServiceFee", "Cost of Advertising", "TransactionTotalAmount", -spent - spent // 9),
        Line(_at(month + 11 * DAY, chance), other, "FBA Inventory Reimbursement", "WAREHOUSE_DAMAGE",
             product.price // 2, product),
        Line(_at(month + 17 * DAY, chance), other, other, UNSORTED, -chance.randint(300, 900)),
    ]
    if month != seller.months[0]:
        before = add_months(month, -1)
        for each in PRODUCTS:
            seller.storage[before, each] = Decimal(chance.randint(9_000, 90_000)).scaleb(-4)
        charged = sum(_cents(fee) for (charge, _), fee in seller.storage.items() if charge == before)
        seller.lines.append(Line(_at(month + 6 * DAY, chance), other, other, "Storage Fee", -charged))


def impressions(clicks: int) -> int:
    """How often an advertisement was shown that was clicked so often."""
    return clicks * 40


def ad_sales(product: Product, clicks: int) -> int:
    """What was sold after so many clicks, in cents."""
    return clicks // 9 * product.price


def part_of(cents: int, share: Decimal) -> int:
    """Such a share of an amount, in whole cents."""
    return int((cents * share).to_integral_value(ROUND_HALF_EVEN))


def _cents(dollars: Decimal) -> int:
    return int((dollars * 100).to_integral_value(ROUND_HALF_EVEN))


# --- what it adds up to


def _count(seller: Seller) -> None:
    sums = seller.sums
    for line in seller.lines:
        name, month = line.product.asin if line.product else ACCOUNT, month_of(line.moment.date())
        metric, cents = _metric_of(line)
        if metric:
            sums[name, month, metric] += cents
        if metric == "Gross sales":
            sums[name, month, "Gross units"] += line.units
    for order in seller.orders:
        # What no payment tells of counts as it was ordered.
        if order.moment.date() > last_day(seller.months[-1]) and not order.is_cancelled:
            key = order.product.asin, month_of(order.moment.date())
            told = {"Gross sales": order.price, "Gross units": order.units, "Promo fees": order.promotion}
            sums.update({(*key, metric): value for metric, value in told.items()})
    for day, product, clicks, cents in seller.advertising:
        told = {"Clicks": clicks, "Impressions": impressions(clicks), "Ad sales": ad_sales(product, clicks)}
        sums.update({(product.asin, month_of(day), metric): value for metric, value in told.items()})
        sums[product.asin, month_of(day), "SEM costs"] += cents
        sums[ACCOUNT, month_of(day), "SEM costs"] -= cents
    for (month, product), fee in seller.storage.items():
        sums[product.asin, month, "Other platform fees"] += _cents(fee)
        sums[ACCOUNT, add_months(month, 1), "Other platform fees"] -= _cents(fee)
    for name, month in {(name, month) for name, month, _ in sums}:
        _derive(seller, name, month)


def _metric_of(line: Line) -> tuple[str, int]:
    """The metric of a line, and the cents that it adds: costs are positive. '' for taxes, which are no part of it."""
    refunded = line.transaction == "Refund"
    if line.kind == "ItemPrice" and line.description == "Principal":
        return ("Returns", -line.cents) if refunded else ("Gross sales", line.cents)
    if line.kind in ("ItemPrice", "ItemWithheldTax"):
        return "", 0
    found = {
        "Principal": "Promo fees", "Commission": "Referral fees", "RefundCommission": "Referral fees",
        "FBAPerUnitFulfillmentFee": "FBA fees", "TransactionTotalAmount": "SEM costs",
        "Subscription Fee": "Other platform fees", "Storage Fee": "Other platform fees",
        "WAREHOUSE_DAMAGE": "Reimbursements", UNSORTED: "Unsorted Amazon amounts",
    }[line.description]
    return found, line.cents if found == "Reimbursements" else -line.cents


def _derive(seller: Seller, name: str, month: datetime.date) -> None:
    def of(metric: str) -> int:
        return seller.sums[name, month, metric]

    net = of("Gross sales") - of("Returns")
    units, cost = of("Gross units"), cost_of(seller, name, month)
    goods = _cents(units * cost) if cost is not None else 0
    costs = of("Referral fees") + of("FBA fees") + of("Other platform fees") + of("Unsorted Amazon amounts")
    contribution = net - goods - costs + of("Reimbursements")
    derived = {
        "Net revenue": net, "Net units": units, "Net COGS": goods, "CM1": net - goods,
        "CM2": contribution, "CM3": contribution - of("SEM costs") - of("Promo fees"),
    }
    seller.sums.update({(name, month, metric): value for metric, value in derived.items()})


def cost_of(seller: Seller, name: str, month: datetime.date) -> Decimal | None:
    """The unit cost of a product in a month; from the last month on, the first one costs a tenth more."""
    product = next((each for each in PRODUCTS if each.asin == name), None)
    if product is None or product.cost is None:
        return None
    is_dearer = product is PRODUCTS[0] and month >= seller.months[-1]
    return product.cost * Decimal("1.1") if is_dearer else product.cost
