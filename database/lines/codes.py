"""In which currency amounts of lines count: the one that they name, nothing for the dashboard's, and for one that was
allowed with their file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from database import schema
from database.lines.scope import Cell, within
from domain.marketplaces import currency_of
from domain.metrics import COUNTS, is_money
from domain.months import month_of

line, fact, work, allowed = (
    schema.amazon_line, schema.financials, schema.derived_fact, schema.amazon_one_to_one
)
NO_CODE = sa.cast(sa.null(), sa.String(3))


def text(word: str) -> sa.ColumnElement[str]:
    """A word that stands in the statement itself: what is grouped by must be the same wherever it stands."""
    return sa.literal_column("'" + word.replace("'", "''") + "'", sa.String)


def allowed_codes(connection: sa.Connection, own: str) -> dict[str, list[int]]:
    """Another currency than the dashboard's -> the imports whose lines in it count one to one."""
    found: dict[str, list[int]] = {}
    query = sa.select(allowed).where(allowed.c.currency != own).order_by(allowed.c.currency, allowed.c.import_id)
    for row in connection.execute(query):
        found.setdefault(row.currency, []).append(row.import_id)
    return found


def code_of_lines(own: str, one_to_one: Mapping[str, Collection[int]]) -> sa.ColumnElement[str]:
    """The currency of a line's amounts: none for the dashboard's."""
    is_own = [line.c.currency == text(own), *(
        sa.and_(line.c.currency == text(code), line.c.import_id.in_([sa.literal_column(str(n)) for n in numbers]))
        for code, numbers in one_to_one.items()
    )]
    return sa.case((sa.or_(*is_own), NO_CODE), else_=line.c.currency)


def money_code(metric: sa.ColumnElement[str], code: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The currency of an amount of this metric: none where it is no money."""
    return sa.case((metric.in_([text(name) for name in COUNTS]), NO_CODE), else_=code)


def standing_codes(connection: sa.Connection, cells: Collection[Cell]) -> dict[Cell, str]:
    """The other currency that amounts of a marketplace and month are in, derived or imported, where they are: the one
    of all of them; the marketplace's own where they are in several and it is one of these."""
    found: dict[Cell, set[str]] = {}
    _gather(found, connection.execute(
        sa.select(work.c.marketplace, work.c.month, work.c.metric, work.c.currency).distinct()
    ))
    if not any(code for codes in found.values() for code in codes) and not _named_months(connection, cells):
        return {}
    imported = sa.and_(
        sa.or_(fact.c.import_id.is_(None), fact.c.import_id != schema.DERIVED), within(fact, cells),
    )
    _gather(found, connection.execute(
        sa.select(fact.c.marketplace, fact.c.month, fact.c.metric, fact.c.currency).where(imported).distinct()
    ))
    standing = {cell: _one_of(cell[0], codes) for cell, codes in found.items()}
    return {cell: code for cell, code in standing.items() if code}


def _gather(found: dict[Cell, set[str]], rows: Iterable[sa.Row]) -> None:
    for marketplace, month, metric, code in rows:
        if is_money(metric or ""):
            found.setdefault((marketplace, month_of(month)), set()).add(code or "")


def _named_months(connection: sa.Connection, cells: Collection[Cell]) -> bool:
    named = schema.financials_currency
    months = sorted({month for _, month in cells})
    return connection.execute(sa.select(named).where(named.c.month.in_(months)).limit(1)).first() is not None


def _one_of(marketplace: str, codes: set[str]) -> str:
    if len(codes) == 1:
        return next(iter(codes))
    own = currency_of(marketplace)
    return own if own in codes else ""
