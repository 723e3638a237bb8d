"""Reads the generation before the live one, although its tables have other names by now.

After a RENAME the whole of it stands in `X_previous`; after a replacement of months `X_previous` holds
the replaced months and `X` the others. Queries name `X`; here that is exchanged just before a statement
is compiled, so that no query has to know.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import replacement_traverse

from database import schema
from database.engines.values import Generation
from domain.months import parse_month

OPTION = "lego_overlay"
PREVIOUS = "_previous"


def overlay_of(live: Generation) -> dict[sa.Table, sa.FromClause]:
    """Summary table -> what stands for it in the generation before `live`."""
    overlay = {}
    for table in schema.SUMMARIES:
        previous = schema.copy_of(table, name=table.name + PREVIOUS)
        if live.in_place:
            months = [parse_month(text) for text in live.months.split(",") if text]
            kept = sa.select(*table.c).where(table.c.month.not_in(months))
            overlay[table] = sa.union_all(kept, sa.select(*previous.c)).subquery(table.name + "_before")
        else:
            overlay[table] = previous
    return overlay


def listen(engine: sa.Engine) -> None:
    """Lets connections of `engine` that carry the option `OPTION` read through an overlay."""

    @sa.event.listens_for(engine, "before_execute", retval=True)
    def exchange(connection, statement, multiparams, params, execution_options) -> tuple[Any, Any, Any]:
        overlay = execution_options.get(OPTION)
        if overlay and isinstance(statement, sa.SelectBase):
            statement = exchanged(statement, overlay)
        return statement, multiparams, params


def exchanged(statement: sa.SelectBase, overlay: dict[sa.Table, sa.FromClause]) -> sa.SelectBase:
    """The statement with every summary table, and its columns, replaced."""

    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.Table):
            return overlay.get(element)
        if isinstance(element, sa.Column) and element.table in overlay:
            return overlay[element.table].c[element.key]
        return None

    return replacement_traverse(statement, {}, replace)
