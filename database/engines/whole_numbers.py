"""Division without floating point numbers in between: DuckDB divides decimals as such, MariaDB to some places only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def cents_of(amount: sa.ColumnElement, pieces: sa.ColumnElement, divisor: sa.ColumnElement) -> sa.ColumnElement:
    """`amount` × `pieces` ÷ `divisor` as a whole number of cents, rounded half away from zero. All three have two
    places; `divisor` must be above zero."""
    return _CentsOf(amount, pieces, divisor)


class _CentsOf(FunctionElement):
    inherit_cache = True
    type = sa.Numeric(38, 0)


def _written(element: _CentsOf, compiler, whole: str, over: str, **options) -> str:
    amount, pieces, divisor = (whole.format(compiler.process(each, **options)) for each in element.clauses)
    product = f"({amount} * {pieces})"
    return f"(SIGN({product}) * ((2 * ABS({product}) + {divisor}) {over} (2 * {divisor})))"


@compiles(_CentsOf)
def _in_mariadb(element: _CentsOf, compiler, **options) -> str:
    return _written(element, compiler, "(100 * {})", "DIV", **options)


@compiles(_CentsOf, "duckdb")
def _in_duckdb(element: _CentsOf, compiler, **options) -> str:
    return _written(element, compiler, "CAST(100 * {} AS HUGEINT)", "//", **options)
