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
    if not months:
        return sa.false()
    first, last = (sa.literal(month, sa.Date) for month in (months[0], months[-1]))
    # Both ways stand in the element: a statement is compiled once, however many months it asks for.
    return _IsOneOf(column.in_(months), column.between(first, last))


class _IsOneOf(FunctionElement):
    # No type: a boolean would be written as `… = 1` for MariaDB, which then uses no index.
    inherit_cache = True


@compiles(_IsOneOf)
def _as_list(element: _IsOneOf, compiler, **options) -> str:
    listed, _ = element.clauses
    return compiler.process(listed, **options)


@compiles(_IsOneOf, "duckdb")
def _as_range(element: _IsOneOf, compiler, **options) -> str:
    _, between = element.clauses
    return compiler.process(between, **options)
