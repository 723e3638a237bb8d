"""Which products stand on a page of them, and in which order: one statement, whatever they are sorted by."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from database.queries.narrowed import narrowed_to
from database.queries.product_level import ratio_totals, searched, totals
from database.schema import asin
from domain.columns import BEFORE, CHANGE, LOST, MARGIN, PIECES, PRICE, SHARE, VALUE
from domain.periods import Span
from domain.ratios import Balance, Measure, Ratio
from domain.selection import Selection

SORTS = (VALUE, "name", *(column.word for column in (SHARE, CHANGE, LOST, MARGIN, PIECES, PRICE)))
"""Orders of every list of products, whatever its columns."""
_SORTED_BY: Mapping[str, Measure] = {column.word: column.measure for column in (LOST, MARGIN, PIECES, PRICE)}
"""What an order goes by, if it is not the chosen metric, the name, the change or a column of its own."""


def ranking_statement(selection: Selection, *, start: int, limit: int | None) -> sa.Select:
    """Products in the selection's order, with the chosen metric's sum; how many there are on all pages, and
    their sum, stand in every row, and for each word that they are narrowed to the sum of what it speaks of
    (`narrowed_0` …). By a ratio they are ordered as the database divides; it is divided anew where it is
    shown, from the sums of `figures_statement`."""
    found = _chosen(selection, selection.span, "found")
    narrowed = list(narrowed_to(selection).values())
    # What is asked for stands there also where the chosen metric has no figure of it.
    first, *others = [*narrowed, found] if narrowed else [found]
    place, parts = _place(selection, found)
    summed = (found.c.part, found.c.base) if selection.ratio else (found.c.value,)
    tables = first
    for other in others:
        tables = tables.join(other, other.c.asin_id == first.c.asin_id, isouter=other is found)
    for part in parts:
        tables = tables.outerjoin(part, part.c.asin_id == first.c.asin_id)
    return (
        sa.select(
            first.c.asin_id.label("key"),
            found.c.value,
            asin.c.asin,
            asin.c.name,
            sa.func.count().over().label("products"),
            *(sa.func.sum(column).over().label(name)
              for column, name in zip(summed, ("found_value", "found_base"), strict=False)),
            *(sa.func.sum(each.c.value).over().label(f"narrowed_{number}") for number, each in enumerate(narrowed)),
        )
        .select_from(tables.outerjoin(asin, asin.c.id == first.c.asin_id))
        .where(*searched(selection.search))
        .order_by(*_ordered(place, selection.order), asin.c.asin.is_(None), asin.c.asin, first.c.asin_id)
        .limit(limit)
        .offset(start)
    )


def _chosen(selection: Selection, span: Span, name: str) -> sa.Subquery:
    """The chosen metric by product; of a ratio its two sums beside it. What has no base has no ratio and comes last,
    and counts in that of all."""
    if selection.ratio is None:
        return totals(selection, selection.balance or selection.metric, span, name)
    return ratio_totals(selection, selection.ratio, span, name)


def _ordered(place: sa.ColumnElement | None, order: str) -> list[sa.ColumnElement]:
    """What has no value to sort by comes last, whichever way the order goes."""
    return [] if place is None else [place.is_(None), place.desc() if order == "desc" else place]


Place = tuple[sa.ColumnElement | None, list[sa.Subquery]]


def _place(selection: Selection, found: sa.Subquery) -> Place:
    """What products are sorted by (None: by ASIN), and the sums it needs beside those that were `found`."""
    if selection.sort == "name":
        return sa.func.lower(sa.func.nullif(asin.c.name, "")), []
    if selection.sort == CHANGE.word:
        return _change(selection, found)
    if selection.sort == BEFORE.word:
        return _before(selection)
    asked = _asked(selection)
    if asked == selection.measure:
        return found.c.value, []
    if not isinstance(asked, Ratio):
        part = _part(selection, asked, found, "part")
        return part.c.value, [part] if part is not found else []
    if len(asked.parts) > 1 or asked.minus:
        ratio = ratio_totals(selection, asked, selection.span, "sorted_by")
        return ratio.c.value, [ratio]
    part, base = _part(selection, asked.parts[0], found, "part"), _part(selection, asked.base, found, "base")
    return part.c.value / sa.func.nullif(base.c.value, 0), [used for used in (part, base) if used is not found]


def _asked(selection: Selection) -> Measure:
    column = selection.sorted_by
    if column and column.word == selection.sort and column.measure:
        return column.measure
    return _SORTED_BY.get(selection.sort, selection.measure)


def _part(selection: Selection, metric: str | Balance, found: sa.Subquery, name: str) -> sa.Subquery:
    """The sums of a metric over the chosen months."""
    if metric == selection.measure:
        return found
    return totals(selection, metric, selection.span, name)


def _before(selection: Selection) -> Place:
    if selection.comparison is None:
        return None, []
    before = _chosen(selection, selection.comparison, "before")
    return before.c.value, [before]


def _change(selection: Selection, found: sa.Subquery) -> Place:
    """As `relative_change` has it; what sells nothing any more has fallen to nothing."""
    if selection.comparison is None:
        return None, []
    before, complete = _chosen(selection, selection.comparison, "before"), found
    if selection.complete != selection.span:
        complete = _chosen(selection, selection.complete, "complete")
    if selection.ratio:
        return complete.c.value - before.c.value, [part for part in (before, complete) if part is not found]
    rise = sa.func.coalesce(complete.c.value, 0) - before.c.value
    parts = [part for part in (before, complete) if part is not found]
    return rise / sa.func.nullif(sa.func.abs(before.c.value), 0), parts
