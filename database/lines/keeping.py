"""Lines imported and undone: which of several that tell of the same count.

Lines of one report and identity (an order, a settlement) replace each other: the import with the highest version
counts, of equal ones the later. All are kept, so that what was replaced counts again when an import is undone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.lines.costs import cells_of_costs
from database.lines.kinds import Rules, kinds_of
from database.lines.scope import Cell, cells_of
from database.lines.skus import cells_of_skus, is_staged, learn_skus
from database.lines.told_names import keep_names
from domain.errors import Refused
from domain.settlements import Amount

line, settlement, sku, book = (
    schema.amazon_line, schema.amazon_settlement, schema.sku_asin, schema.financials_import
)


@dataclass(frozen=True)
class StagedLines:
    """A report read and found valid, in TEMP tables of the scratch connection:

        staged_line(line INTEGER, part SMALLINT, identity VARCHAR, version BIGINT, marketplace VARCHAR, month DATE,
            day DATE, happened VARCHAR, order_id VARCHAR, sku VARCHAR, asin VARCHAR, transaction_type VARCHAR,
            amount_type VARCHAR, description VARCHAR, quantity BIGINT, amount DECIMAL(19,4), currency VARCHAR)
        staged_sku(sku VARCHAR, marketplace VARCHAR, asin VARCHAR)
        staged_name(asin VARCHAR, name VARCHAR), a row per product
        staged_settlement(the columns of amazon_settlement but import_id)

    `is_exclusive`: whether an identity is of one import at a time; of transactions, equal lines of two files are one.
    """

    report: str
    rules: Rules
    is_exclusive: bool = True


@dataclass(frozen=True)
class Kept:
    """What lines came to: the marketplaces and months concerned; how many lines of earlier imports do not count any
    more, and their amounts; how many of this file's do not, because a later state of theirs is known."""

    cells: frozenset[Cell]
    lines: int
    replaced_lines: int
    replaced_amount: Decimal
    older_lines: int
    new_skus: int


def keep_lines(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: StagedLines, import_id: int,
) -> Kept:
    """Writes the staged lines down as those of an import, in `connection`'s transaction."""
    lines = _insert_lines(store, connection, scratch, staged, import_id) if is_staged(scratch, "staged_line") else 0
    cells = cells_of(connection, line.c.import_id == import_id)
    replaced, older, touched = _settle_rivals(connection, staged.report, import_id)
    _insert_settlements(store, connection, scratch, import_id)
    learned = learn_skus(store, connection, scratch, import_id)
    if learned:
        touched |= cells_of_skus(connection, import_id)
    if is_staged(scratch, "staged_name"):
        keep_names(store, connection, scratch, report=staged.report, import_id=import_id)
    if is_staged(scratch, "staged_cost"):
        store.facts_room.bulk_insert(connection, schema.unit_cost, scratch=scratch, query=(
            f"SELECT {import_id} AS import_id, line, asin, sku, marketplace, valid_from, cost, currency "
            "FROM staged_cost"
        ))
        touched |= cells_of_costs(connection, import_id)
    return Kept(frozenset(cells | touched), lines, *replaced, older, learned)


def _insert_lines(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: StagedLines, import_id: int,
) -> int:
    amounts = [Amount(*row) for row in scratch.execute(
        "SELECT DISTINCT transaction_type, amount_type, description FROM staged_line"
    ).fetchall()]
    kinds = kinds_of(connection, staged.report, amounts, staged.rules)
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE line_kind AS SELECT unnest($types::VARCHAR[]) AS transaction_type, "
        "unnest($kinds::VARCHAR[]) AS amount_type, unnest($words::VARCHAR[]) AS description, "
        "unnest($ids::INTEGER[]) AS kind_id",
        {"types": [each.transaction_type for each in amounts], "kinds": [each.amount_type for each in amounts],
         "words": [each.description for each in amounts], "ids": [kinds[each] for each in amounts]},
    )
    return store.facts_room.bulk_insert(
        connection, line, scratch=scratch,
        query=f"SELECT {import_id} AS import_id, line, part, '{staged.report}' AS report, identity, version, "
        "1 AS counts, marketplace, month, day, happened, order_id, sku, asin, kind_id, quantity, amount, currency "
        "FROM staged_line JOIN line_kind USING (transaction_type, amount_type, description)",
    )


def _settle_rivals(
    connection: sa.Connection, report: str, import_id: int
) -> tuple[tuple[int, Decimal], int, set[Cell]]:
    """Of identities that two imports tell of, lets one count. Returns the lines of others that do not any more, with
    their amounts; how many of this import do not; where that was."""
    ours = _states(line.c.import_id == import_id, "ours")
    beaten = sa.and_(
        line.c.report == report, line.c.import_id != import_id, line.c.counts == sa.true(),
        line.c.identity == ours.c.identity, line.c.version <= ours.c.version,
    )
    query = sa.select(
        line.c.marketplace, line.c.month, sa.func.count().label("lines"), sa.func.sum(line.c.amount).label("amount")
    ).select_from(line.join(ours, ours.c.identity == line.c.identity)).where(beaten)
    rows = connection.execute(query.group_by(line.c.marketplace, line.c.month)).all()
    if rows:
        connection.execute(sa.update(line).where(beaten).values(counts=sa.false()))
    theirs = _states(
        sa.and_(line.c.report == report, line.c.import_id != import_id, line.c.counts == sa.true()), "theirs"
    )
    older = connection.execute(
        sa.update(line)
        .where(line.c.import_id == import_id, line.c.identity == theirs.c.identity,
               theirs.c.identity.in_(sa.select(ours.c.identity)))
        .values(counts=sa.false())
    ).rowcount
    replaced = sum(row.lines for row in rows), sum((row.amount for row in rows), Decimal(0))
    return replaced, max(older, 0), {(row.marketplace, row.month) for row in rows}


def _states(condition: sa.ColumnElement[bool], name: str) -> sa.Subquery:
    """Identities with the highest version of each."""
    return (
        sa.select(line.c.identity, sa.func.max(line.c.version).label("version"))
        .where(condition).group_by(line.c.identity).subquery(name)
    )


def _insert_settlements(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, import_id: int
) -> None:
    if is_staged(scratch, "staged_settlement"):
        columns = ", ".join(column.name for column in settlement.c if column.name != "import_id")
        store.facts_room.bulk_insert(
            connection, settlement, scratch=scratch,
            query=f"SELECT {columns}, {import_id} AS import_id FROM staged_settlement",
        )


def take_back_lines(connection: sa.Connection, import_id: int) -> set[Cell]:
    """Removes the lines of an import; those that they had replaced count again. Returns where that was."""
    cells = cells_of(connection, line.c.import_id == import_id) | cells_of_skus(connection, import_id)
    cells |= cells_of_costs(connection, import_id)
    gone = sa.select(line.c.report, line.c.identity).where(line.c.import_id == import_id).distinct().subquery("gone")
    states = (
        sa.select(line.c.report, line.c.identity, line.c.import_id, sa.func.max(line.c.version).label("version"))
        .join_from(line, gone, sa.and_(gone.c.report == line.c.report, gone.c.identity == line.c.identity))
        .where(line.c.import_id != import_id)
        .group_by(line.c.report, line.c.identity, line.c.import_id)
        .subquery("states")
    )
    best = sa.func.row_number().over(
        partition_by=(states.c.report, states.c.identity),
        order_by=(states.c.version.desc(), states.c.import_id.desc()),
    )
    ranked = sa.select(states.c.report, states.c.identity, states.c.import_id, best.label("best")).subquery("ranked")
    winner = sa.and_(
        ranked.c.best == 1, ranked.c.report == line.c.report, ranked.c.identity == line.c.identity,
        ranked.c.import_id == line.c.import_id, line.c.counts == sa.false(),
    )
    cells |= cells_of(connection, sa.true(), (ranked, winner))
    connection.execute(sa.update(line).where(winner).values(counts=sa.true()))
    for table in (
        line, settlement, sku, schema.told_name, schema.unit_cost, schema.amazon_word, schema.amazon_one_to_one,
    ):
        connection.execute(sa.delete(table).where(table.c.import_id == import_id))
    return cells


def refuse_if_replaced(connection: sa.Connection, entry: sa.Row, *, not_of: Collection[str]) -> None:
    """Raises Refused, naming them, if later imports replaced lines of this one. `not_of` are the reports of which
    equal lines of two files are one, so that none replaces another."""
    own = line.alias("own")
    later = connection.execute(
        sa.select(line.c.import_id)
        .join_from(line, own, sa.and_(own.c.report == line.c.report, own.c.identity == line.c.identity))
        .where(own.c.import_id == entry.id, own.c.counts == sa.false(), line.c.import_id > entry.id,
               line.c.report.not_in(not_of))
        .distinct().order_by(line.c.import_id)
    ).scalars().all()
    if later:
        names = dict(connection.execute(sa.select(book.c.id, book.c.file_name).where(book.c.id.in_(later))).all())
        listed = ", ".join(f"{number} ({names.get(number, '')})" for number in later)
        raise Refused(
            f"import {entry.id} ({entry.file_name}) cannot be undone: later imports replaced lines of it: {listed}"
            "; undo those first, the latest one first"
        )
