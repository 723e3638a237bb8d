"""Whether a number lies within one of many ranges, found out by halving: no database knows the ranges as a table.

MariaDB has INTERVAL for that. Where its column comes from a derived table, 10.11 pushes the condition down without the
column, and then no row passes (`SELECT n FROM (SELECT 5 n UNION ALL SELECT 6) t WHERE INTERVAL(n, 5, 6) = 1`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

Range = tuple[int, int]
"""The first and the last number of it."""


def lies_within(column: sa.ColumnElement, ranges: Sequence[Range]) -> sa.ColumnElement[bool]:
    """Whether `column` lies within one of `ranges`, which are in order and have gaps between them; not, where it is
    NULL."""
    return _Within(column, ranges) == 1


class _Within(FunctionElement):
    """1 for a number that has passed an odd number of the edges, at which ranges begin and have ended; else 0."""

    type = sa.Integer()
    # The ranges are no part of what statements are remembered by.
    inherit_cache = False

    def __init__(self, column: sa.ColumnElement, ranges: Sequence[Range]) -> None:
        super().__init__(column)
        self.edges = list(itertools.chain.from_iterable((first, last + 1) for first, last in ranges))


@compiles(_Within)
def _halved(element: _Within, compiler, **options) -> str:
    column, edges = compiler.process(element.clauses, **options), element.edges

    def tree(passed: int, most: int) -> str:
        if passed == most:
            return str(passed % 2)
        middle = (passed + most) // 2
        # Of NULL nothing is true: it ends where all edges are passed, which are even in number.
        return f"CASE WHEN {column} < {edges[middle]:d} THEN {tree(passed, middle)} ELSE {tree(middle + 1, most)} END"

    return tree(0, len(edges))
