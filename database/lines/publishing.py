"""What a generation tells of lines, so that pages need not read them: settlements and their amounts by what they are
called, what each report gives, SKUs that lead to no ASIN.

It is read from the lines that count and held against them, by other statements, before it is published: the amounts of
each settlement are its deposit, and nothing that counts is missing. Where there are no lines nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.lines.bridging import read_bridges, wrong_bridges
from database.lines.counting import CountingRules, choices_of, counted, taxed
from database.lines.rounding import half_even
from database.lines.scope import Cell, cells_of
from database.lines.skus import known_skus
from domain.amazon import PAYMENTS, SETTLEMENT, Choice
from domain.bridge import Bridge, to_cents
from domain.errors import Refused
from domain.metrics import UNSORTED
from domain.settlements import CASH, NOTHING, TAX

line, posting, kind, deposit = (
    schema.amazon_line, schema.amazon_posting, schema.amazon_kind, schema.amazon_settlement
)
LISTED = 20
"""So many differences are named."""


@dataclass(frozen=True)
class Target:
    """The generation that is made, and what its tables are called meanwhile."""

    generation: int
    staged: Callable[[sa.Table], sa.Table]

    @property
    def label(self) -> sa.Label:
        """Its number, as a column."""
        return sa.literal(self.generation, sa.Integer).label("generation")


def has_lines(connection: sa.Connection) -> bool:
    """Whether there is anything to tell."""
    return connection.execute(sa.select(line.c.import_id).limit(1)).first() is not None


def publish_lines(connection: sa.Connection, target: Target, rules: CountingRules) -> None:
    """Fills the tables of the generation, and verifies them. Raises Refused if they are not what the lines give."""
    connection.execute(_amounts(target))
    connection.execute(_kinds(target))
    connection.execute(_settlements(target))
    for statement in _reports(connection, target, rules):
        connection.execute(statement)
    connection.execute(_unknown_skus(target))
    bridges = read_bridges(connection, rules)
    _insert_bridges(connection, target, bridges)
    wrong = [
        *_wrong_settlements(connection, target), *_wrong_amounts(connection, target), *wrong_bridges(bridges)
    ]
    if wrong:
        raise Refused(
            "verification: what was made of Amazon's lines is not what they give; nothing was published",
            tuple(wrong[:LISTED]),
        )


def forget(connection: sa.Connection, target: Target) -> None:
    """Takes away what a run that died wrote under the same number."""
    for table in map(target.staged, schema.LINE_SUMMARIES):
        connection.execute(sa.delete(table).where(table.c.generation == target.generation))


def _into(table: sa.Table, rows: sa.Select) -> sa.Insert:
    return sa.insert(table).from_select([column.name for column in rows.selected_columns], rows)


def _settlement_of(lines: sa.FromClause) -> sa.ColumnElement[str]:
    return sa.case((lines.c.report == SETTLEMENT, lines.c.identity), else_=sa.literal(""))


def _amounts(target: Target) -> sa.Insert:
    currency = sa.func.coalesce(line.c.currency, "")
    grain = (_settlement_of(line), line.c.report, line.c.marketplace, line.c.month, line.c.kind_id, currency)
    return _into(target.staged(schema.summary_amount), (
        sa.select(
            target.label, line.c.report, grain[0].label("settlement_id"), line.c.marketplace, line.c.month,
            line.c.kind_id, currency.label("currency"), sa.func.count().label("line_count"),
            sa.cast(sa.func.sum(line.c.amount), schema.Sum).label("amount"),
        )
        .where(line.c.counts == sa.true(), line.c.report.in_(PAYMENTS)).group_by(*grain)
    ))


def _kinds(target: Target) -> sa.Insert:
    amount, told = target.staged(schema.summary_amount), schema.amazon_told
    used = sa.select(amount.c.kind_id).where(amount.c.generation == target.generation)
    is_told = sa.exists().where(told.c.kind_id == kind.c.id).label("is_told")
    return _into(target.staged(schema.summary_kind), sa.select(
        target.label, kind.c.id.label("kind_id"), kind.c.report, kind.c.transaction_type, kind.c.amount_type,
        kind.c.description, kind.c.place, is_told,
    ).where(kind.c.id.in_(used)))


def _settlements(target: Target) -> sa.Insert:
    """Each deposit as its latest import tells it, with the sums of what it is made of."""
    amount, named = target.staged(schema.summary_amount), target.staged(schema.summary_kind)

    def sum_of(condition: sa.ColumnElement[bool], name: str) -> sa.Label:
        nothing = sa.literal(0, schema.Sum)
        return sa.cast(sa.func.sum(sa.case((condition, amount.c.amount), else_=nothing)), schema.Sum).label(name)

    sums = (
        sa.select(
            amount.c.settlement_id, sum_of(named.c.place.not_in((TAX, CASH, UNSORTED, NOTHING)), "pnl"),
            sum_of(named.c.place == TAX, "tax"), sum_of(named.c.place.in_((CASH, NOTHING)), "cash"),
            sum_of(named.c.place == UNSORTED, "unsorted"),
            sa.cast(sa.func.sum(amount.c.line_count), sa.BigInteger).label("line_count"),
        )
        .join_from(amount, named, sa.and_(
            named.c.generation == amount.c.generation, named.c.kind_id == amount.c.kind_id
        ))
        .where(amount.c.generation == target.generation, amount.c.report == SETTLEMENT)
        .group_by(amount.c.settlement_id).subquery("sums")
    )
    latest = (
        sa.select(deposit.c.settlement_id, sa.func.max(deposit.c.import_id).label("import_id"))
        .group_by(deposit.c.settlement_id).subquery("latest")
    )
    return _into(target.staged(schema.summary_settlement), sa.select(
        target.label, deposit.c.settlement_id, deposit.c.import_id, deposit.c.marketplace, deposit.c.currency,
        deposit.c.starts_at, deposit.c.ends_at, deposit.c.deposited_at, deposit.c.total,
        *(sa.func.coalesce(sums.c[name], 0).label(name) for name in ("pnl", "tax", "cash", "unsorted", "line_count")),
    ).select_from(
        deposit.join(latest, sa.and_(
            latest.c.settlement_id == deposit.c.settlement_id, latest.c.import_id == deposit.c.import_id
        )).outerjoin(sums, sums.c.settlement_id == deposit.c.settlement_id)
    ))


def _reports(connection: sa.Connection, target: Target, rules: CountingRules) -> Iterator[sa.Insert]:
    """What each report tells by metric, and whether it is the one that counts: a statement for all months of a
    marketplace in which the same reports count."""
    cells = cells_of(connection, line.c.counts == sa.true())
    together: dict[tuple[str, Choice], list] = {}
    for (marketplace, month), choice in sorted(choices_of(connection, cells, rules.sales_from).items()):
        together.setdefault((marketplace, choice), []).append(month)
    amount = sa.case((posting.c.of_quantity == sa.true(), line.c.quantity), else_=line.c.amount) * posting.c.sign
    for (marketplace, choice), months in together.items():
        is_counted = sa.case((counted(choice), 1), else_=0)
        currency = sa.func.coalesce(line.c.currency, "")
        grain = (line.c.marketplace, line.c.month, line.c.report, posting.c.metric, currency, is_counted)
        yield _into(target.staged(schema.summary_report), (
            sa.select(
                target.label, line.c.marketplace, line.c.month, line.c.report, posting.c.metric,
                currency.label("currency"), is_counted.label("counts"), sa.func.count().label("line_count"),
                sa.cast(half_even(sa.func.coalesce(sa.func.sum(amount), 0)), schema.Sum).label("value"),
            )
            .join_from(line, posting, posting.c.kind_id == line.c.kind_id)
            .where(line.c.counts == sa.true(), line.c.marketplace == marketplace, line.c.month.in_(months),
                   taxed(marketplace, rules.prices_include_tax))
            .group_by(*grain)
        ))


def _unknown_skus(target: Target) -> sa.Insert:
    own, general = known_skus("own"), known_skus("general")
    return _into(target.staged(schema.summary_unknown_sku), (
        sa.select(
            target.label, line.c.sku, line.c.marketplace, sa.func.count().label("line_count"),
            sa.func.min(line.c.day).label("first_day"), sa.func.max(line.c.day).label("last_day"),
        )
        .select_from(
            line.outerjoin(own, sa.and_(own.c.sku == line.c.sku, own.c.marketplace == line.c.marketplace))
            .outerjoin(general, sa.and_(general.c.sku == line.c.sku, general.c.marketplace == ""))
        )
        .where(line.c.counts == sa.true(), line.c.asin.is_(None), line.c.sku.is_not(None),
               own.c.asin.is_(None), general.c.asin.is_(None))
        .group_by(line.c.sku, line.c.marketplace)
    ))


def _insert_bridges(connection: sa.Connection, target: Target, bridges: dict[Cell, Bridge]) -> None:
    if bridges:
        connection.execute(sa.insert(target.staged(schema.summary_bridge)), [
            {"generation": target.generation, "marketplace": marketplace, "month": month, **vars(to_cents(bridge))}
            for (marketplace, month), bridge in bridges.items()
        ])


def _wrong_settlements(connection: sa.Connection, target: Target) -> Iterator[str]:
    """Deposits that are not the sum of what they are made of."""
    table = target.staged(schema.summary_settlement)
    explained = table.c.pnl + table.c.tax + table.c.cash + table.c.unsorted
    rows = connection.execute(
        sa.select(table.c.settlement_id, table.c.total, explained.label("explained"))
        .where(table.c.generation == target.generation, explained != table.c.total).order_by(table.c.settlement_id)
    )
    for row in rows:
        yield (
            f"settlement {row.settlement_id}: its amounts make {row.explained:,}, its deposit is {row.total:,}, the "
            f"difference {row.explained - row.total:,}"
        )


def _wrong_amounts(connection: sa.Connection, target: Target) -> Iterator[str]:
    """Settlements, and other payments by marketplace, whose lines give something else than what was written down."""
    table = target.staged(schema.summary_amount)
    given = _counted_again(connection, line, _settlement_of(line), sa.func.count(), sa.and_(
        line.c.counts == sa.true(), line.c.report.in_(PAYMENTS)
    ))
    written = _counted_again(
        connection, table, table.c.settlement_id, sa.func.sum(table.c.line_count),
        table.c.generation == target.generation,
    )
    for key in sorted(given.keys() | written.keys()):
        ours, theirs = written.get(key, (0, Decimal(0))), given.get(key, (0, Decimal(0)))
        if ours != theirs:
            name = f"settlement {key[1]}" if key[1] else key[0]
            yield (
                f"{name}, {key[2]}: {theirs[0]:,} lines give {theirs[1]:,.2f}, {ours[0]:,} and {ours[1]:,.2f} were "
                "written"
            )


def _counted_again(
    connection: sa.Connection, table: sa.Table, settlement: sa.ColumnElement[str], count: sa.ColumnElement[int],
    condition: sa.ColumnElement[bool],
) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    """Report, settlement and marketplace -> lines, and their sum."""
    grain = (table.c.report, settlement, table.c.marketplace)
    rows = connection.execute(
        sa.select(*grain, count, sa.func.sum(table.c.amount)).where(condition).group_by(*grain)
    )
    return {
        (report, number, marketplace): (int(lines), Decimal(amount))
        for report, number, marketplace, lines, amount in rows
    }
