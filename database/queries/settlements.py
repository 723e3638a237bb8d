"""Deposits: what each settlement paid out, and what it is made of; descriptions that nobody knows yet."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.values import Generation
from database.queries.coverage import read_covered
from database.schema import summary_amount, summary_kind, summary_report, summary_settlement
from domain.coverage import Break, breaks_of
from domain.metrics import UNSORTED
from domain.settlements import CASH, NOTHING, PLACES, TAX

deposit, amount, kind, told = summary_settlement, summary_amount, summary_kind, summary_report
ORDER = (*(place for place in PLACES if place not in (TAX, CASH)), UNSORTED, TAX, CASH, NOTHING)
"""Where amounts belong, in reading order: lines of the P&L, what is not sorted, tax, cash."""


@dataclass(frozen=True)
class Deposit:
    """A settlement: what it paid out, and the four sums that make it, with Amazon's sign."""

    settlement_id: str
    import_id: int
    marketplace: str
    currency: str
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    deposited_at: datetime.datetime
    total: Decimal
    pnl: Decimal
    tax: Decimal
    cash: Decimal
    unsorted: Decimal
    line_count: int

    @property
    def difference(self) -> Decimal:
        """What of the deposit is not explained: nothing, or the generation was not published."""
        return self.total - self.pnl - self.tax - self.cash - self.unsorted


@dataclass(frozen=True)
class KindSum:
    """Amounts of one description in one currency, and where they belong."""

    kind_id: int
    report: str
    transaction_type: str
    amount_type: str
    description: str
    place: str
    is_told: bool
    currency: str
    line_count: int
    amount: Decimal
    first_month: datetime.date
    last_month: datetime.date

    @property
    def words(self) -> str:
        """Amazon's own words, the most telling first."""
        return self.description or self.amount_type or self.transaction_type


@dataclass(frozen=True)
class Settlements:
    """One page of deposits, the newest first, and how many there are; `breaks` between settlements; descriptions that
    are not sorted, and those that a person sorted."""

    rows: tuple[Deposit, ...]
    count: int
    breaks: tuple[Break, ...]
    unsorted: tuple[KindSum, ...]
    told: tuple[KindSum, ...]


@dataclass(frozen=True)
class KindAmounts:
    """Amounts of one description in a settlement, month by month; None where there is none."""

    kind_id: int
    transaction_type: str
    amount_type: str
    description: str
    months: tuple[Decimal | None, ...]
    total: Decimal
    line_count: int


@dataclass(frozen=True)
class Place:
    """A line of the P&L, tax or cash in a settlement, and the descriptions that make it."""

    name: str
    months: tuple[Decimal | None, ...]
    total: Decimal
    line_count: int
    kinds: tuple[KindAmounts, ...]


@dataclass(frozen=True)
class Settlement:
    """One deposit, explained."""

    deposit: Deposit
    months: tuple[datetime.date, ...]
    places: tuple[Place, ...]
    totals: tuple[Decimal, ...]
    """The sum of each month."""


def read_settlements(
    connection: sa.Connection, generation: Generation, *, marketplaces: Collection[str] = (), start: int = 0,
    limit: int | None = None,
) -> Settlements:
    """Deposits of these marketplaces, or all of them."""
    of_these = [deposit.c.generation == generation.generation]
    if marketplaces:
        of_these.append(deposit.c.marketplace.in_(marketplaces))
    count = connection.execute(sa.select(sa.func.count()).select_from(deposit).where(*of_these)).scalar()
    query = (
        _deposits().where(*of_these).order_by(deposit.c.deposited_at.desc(), deposit.c.settlement_id.desc())
        .offset(start)
    )
    rows = connection.execute(query if limit is None else query.limit(limit)).all()
    covered = read_covered(connection, generation)
    kinds = read_kinds(connection, generation)
    return Settlements(
        tuple(Deposit(*row) for row in rows), count,
        tuple(each for each in breaks_of(covered) if not marketplaces or each.before.marketplace in marketplaces),
        tuple(each for each in kinds if each.place == UNSORTED), tuple(each for each in kinds if each.is_told),
    )


def read_kinds(connection: sa.Connection, generation: Generation, kind_id: int | None = None) -> list[KindSum]:
    """What is not sorted, or was sorted by a person; with a `kind_id` that one, whatever it is. The largest first."""
    which = sa.or_(kind.c.place == UNSORTED, kind.c.is_told == sa.true()) if kind_id is None else (
        kind.c.kind_id == kind_id
    )
    named = (kind.c.kind_id, kind.c.report, kind.c.transaction_type, kind.c.amount_type, kind.c.description,
             kind.c.place, kind.c.is_told, amount.c.currency)
    rows = connection.execute(
        sa.select(
            *named, sa.func.sum(amount.c.line_count).label("line_count"), sa.func.sum(amount.c.amount).label("amount"),
            sa.func.min(amount.c.month).label("first_month"), sa.func.max(amount.c.month).label("last_month"),
        )
        .join_from(kind, amount, sa.and_(
            amount.c.generation == kind.c.generation, amount.c.kind_id == kind.c.kind_id
        ))
        .where(kind.c.generation == generation.generation, which)
        .group_by(*named)
    )
    found = [
        KindSum(*row[:6], bool(row.is_told), row.currency, int(row.line_count), Decimal(row.amount), row.first_month,
                row.last_month)
        for row in rows
    ]
    return sorted(found, key=lambda each: (-abs(each.amount), each.words, each.kind_id, each.currency))


def read_settlement(connection: sa.Connection, generation: Generation, settlement_id: str) -> Settlement | None:
    """A deposit with everything that makes it; None if there is none of that id."""
    of_it = (deposit.c.generation == generation.generation, deposit.c.settlement_id == settlement_id)
    found = connection.execute(_deposits().where(*of_it)).first()
    if found is None:
        return None
    rows = connection.execute(
        sa.select(
            kind.c.place, kind.c.kind_id, kind.c.transaction_type, kind.c.amount_type, kind.c.description,
            amount.c.month, sa.func.sum(amount.c.line_count).label("line_count"),
            sa.func.sum(amount.c.amount).label("amount"),
        )
        .join_from(amount, kind, sa.and_(
            kind.c.generation == amount.c.generation, kind.c.kind_id == amount.c.kind_id
        ))
        .where(amount.c.generation == generation.generation, amount.c.settlement_id == settlement_id)
        .group_by(kind.c.place, kind.c.kind_id, kind.c.transaction_type, kind.c.amount_type, kind.c.description,
                  amount.c.month)
        .order_by(kind.c.transaction_type, kind.c.amount_type, kind.c.description, kind.c.kind_id, amount.c.month)
    ).all()
    months = tuple(sorted({row.month for row in rows}))
    places = [_place(name, [row for row in rows if row.place == name], months) for name in _order({
        row.place for row in rows
    })]
    totals = tuple(
        sum((Decimal(row.amount) for row in rows if row.month == month), Decimal(0)) for month in months
    )
    return Settlement(Deposit(*found), months, tuple(places), totals)


@dataclass(frozen=True)
class SetAside:
    """What a report tells of a marketplace, month and metric that another report gives there."""

    marketplace: str
    month: datetime.date
    report: str
    metric: str
    currency: str
    line_count: int
    value: Decimal


def read_set_aside(connection: sa.Connection, generation: Generation) -> list[SetAside]:
    """Sums that do not count, the newest months first."""
    rows = connection.execute(
        sa.select(told.c.marketplace, told.c.month, told.c.report, told.c.metric, told.c.currency, told.c.line_count,
                  told.c.value)
        .where(told.c.generation == generation.generation, told.c.counts == sa.false())
        .order_by(told.c.month.desc(), told.c.marketplace, told.c.report, told.c.metric, told.c.currency)
    )
    return [SetAside(*row) for row in rows]


def read_newest(connection: sa.Connection, generation: Generation) -> str | None:
    """The settlement that was paid out last."""
    return connection.execute(
        sa.select(deposit.c.settlement_id).where(deposit.c.generation == generation.generation)
        .order_by(deposit.c.deposited_at.desc(), deposit.c.settlement_id.desc()).limit(1)
    ).scalar()


def _deposits() -> sa.Select:
    return sa.select(
        deposit.c.settlement_id, deposit.c.import_id, deposit.c.marketplace, deposit.c.currency, deposit.c.starts_at,
        deposit.c.ends_at, deposit.c.deposited_at, deposit.c.total, deposit.c.pnl, deposit.c.tax, deposit.c.cash,
        deposit.c.unsorted, deposit.c.line_count,
    )


def _order(places: set[str]) -> list[str]:
    return sorted(places, key=lambda place: (ORDER.index(place) if place in ORDER else len(PLACES) - 3, place))


def _place(name: str, rows: list[sa.Row], months: tuple[datetime.date, ...]) -> Place:
    kinds = []
    for kind_id in dict.fromkeys(row.kind_id for row in rows):
        own = [row for row in rows if row.kind_id == kind_id]
        by_month = {row.month: Decimal(row.amount) for row in own}
        kinds.append(KindAmounts(
            kind_id, own[0].transaction_type, own[0].amount_type, own[0].description,
            tuple(by_month.get(month) for month in months), sum(by_month.values(), Decimal(0)),
            int(sum(row.line_count for row in own)),
        ))
    return Place(
        name, tuple(_sum(each.months[n] for each in kinds) for n in range(len(months))),
        sum((each.total for each in kinds), Decimal(0)), sum(each.line_count for each in kinds), tuple(kinds),
    )


def _sum(values) -> Decimal | None:
    found = [value for value in values if value is not None]
    return sum(found, Decimal(0)) if found else None
