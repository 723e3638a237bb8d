"""Rounding half to even in SQL, the same on every engine: MariaDB's ROUND is half up, DuckDB's cast too."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from database import schema

_EXACT = sa.Numeric(30, 6)
_WHOLE = sa.Numeric(28, 0)


def half_even(
    amount: sa.ColumnElement, *, exact: sa.Numeric = _EXACT, rounded: sa.Numeric = schema.Money
) -> sa.ColumnElement:
    """The amount at two decimals, as a `rounded`. It may have as many decimals as `exact` has."""
    hundredfold = sa.cast(amount, exact) * sa.literal(100, sa.Integer)
    below = sa.cast(sa.func.floor(hundredfold), _WHOLE)
    rest = hundredfold - below
    up = sa.case(
        (rest > sa.literal(Decimal("0.5"), sa.Numeric(2, 1)), 1),
        (rest < sa.literal(Decimal("0.5"), sa.Numeric(2, 1)), 0),
        else_=sa.func.abs(sa.func.mod(below, 2)),
    )
    return sa.cast((below + up) * sa.literal(Decimal("0.01"), sa.Numeric(3, 2)), rounded)
