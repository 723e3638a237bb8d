"""Whether a month lies within a span, in the words that each engine answers soonest.

MariaDB's keys begin with month and metric: a list of months reads the rows of one metric and nothing between them,
a range reads all metrics of all months. DuckDB makes a join of a list, but leaves whole blocks of rows unread whose
months lie outside a range.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def is_one_of(column: sa.ColumnElement, months: Sequence[datetime.date]) -> sa.ColumnElement[bool]:
    """Whether `column` is one of `months`, which follow each other; never, if there is none."""
    return _IsOneOf(column, *(sa.literal(month, sa.Date) for month in months)) if months else sa.false()


class _IsOneOf(FunctionElement):
    # No type: a boolean would be written as `… = 1` for MariaDB, which then uses no index.
    inherit_cache = True


@compiles(_IsOneOf)
def _as_list(element: _IsOneOf, compiler, **options) -> str:
    column, *months = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN ({', '.join(months)})"


@compiles(_IsOneOf, "duckdb")
def _as_range(element: _IsOneOf, compiler, **options) -> str:
    column, *months = element.clauses
    column, first, last = (compiler.process(clause, **options) for clause in (column, months[0], months[-1]))
    return f"{column} BETWEEN {first} AND {last}"
