"""Net figures, cost of goods and margins of what lines and unit costs tell, where no import gives them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from database import schema
from database.lines.codes import NO_CODE, standing_codes, text
from database.lines.costs import costs_of_products, is_valid, valid_cost
from database.lines.rounding import half_even
from database.lines.scope import Cell, within
from domain.derived import MARGINS, NET, PARTS, Formula
from domain.metrics import NET_COGS, NET_UNITS, is_money

fact, work, product = schema.financials, schema.derived_fact, schema.asin
_COLUMNS = ("asin", "asin_id", "marketplace", "month", "metric", "currency", "value")


def margins(connection: sa.Connection, cells: Collection[Cell], own: str) -> Iterator[sa.Insert]:
    """The statements that add what follows from the rows of `derived_fact` and from imported facts of the same
    products, each after what it rests on. Of parts in several currencies there is one row each: a refresh makes one
    figure of them. `own` is the dashboard's currency."""
    # Most sellers who import lines import nothing else there, and to plan for it takes longer than all the rest.
    if not connection.execute(sa.select(sa.literal(1)).where(_is_imported(fact), within(fact, cells)).limit(1)).first():
        cells = ()
    yield from (_insert(cells, formula, own) for formula in NET)
    if connection.execute(sa.select(sa.literal(1)).select_from(schema.unit_cost).limit(1)).first():
        yield _insert_costs(cells, own, standing_codes(connection, cells))
    yield from (_insert(cells, formula, own) for formula in MARGINS)


def _is_imported(facts: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.or_(facts.c.import_id.is_(None), facts.c.import_id != schema.DERIVED)


def _figures(cells: Collection[Cell], own: str) -> sa.Subquery:
    """What is known: the derived rows, and facts that were imported in these cells where lines or a unit cost tell of
    the same product."""
    derived = sa.select(
        work.c.asin, work.c.asin_id, work.c.marketplace, work.c.month, work.c.metric, work.c.currency, work.c.value
    )
    if not cells:
        return derived.subquery("figure")
    told = sa.exists().where(
        work.c.asin_id == fact.c.asin_id, work.c.marketplace == fact.c.marketplace, work.c.month == fact.c.month
    )
    costs = costs_of_products()
    # Only where it is valid: what is derived must not depend on which months an import happened to touch.
    costed = sa.exists().where(is_valid(costs, product.c.asin, fact))
    imported = (
        sa.select(
            product.c.asin, fact.c.asin_id, fact.c.marketplace, fact.c.month, fact.c.metric,
            sa.func.nullif(fact.c.currency, text(own)), fact.c.value,
        )
        .join_from(fact, product, product.c.id == fact.c.asin_id)
        .where(_is_imported(fact), within(fact, cells), fact.c.metric.in_(PARTS), sa.or_(told, costed))
    )
    return sa.union_all(derived, imported).subquery("figure")


def _is_given(cells: Collection[Cell], figure: sa.Subquery, metric: str) -> sa.ColumnElement[bool]:
    """Whether an import gives the metric there: its figure is taken as it is."""
    if not cells:
        return sa.false()
    given = fact.alias("given")
    return sa.exists().where(
        given.c.asin_id == figure.c.asin_id, given.c.marketplace == figure.c.marketplace,
        given.c.month == figure.c.month, given.c.metric == metric,
        _is_imported(given),
    )


def _insert(cells: Collection[Cell], formula: Formula, own: str) -> sa.Insert:
    figure = _figures(cells, own)
    grain = [figure.c.asin, figure.c.asin_id, figure.c.marketplace, figure.c.month]
    currency = figure.c.currency if is_money(formula.metric) else NO_CODE
    value = sa.func.sum(sa.case(
        (figure.c.metric.in_(formula.plus), figure.c.value), (figure.c.metric.in_(formula.minus), -figure.c.value),
        else_=sa.literal(0, schema.Money),
    ))
    needed = sa.func.sum(sa.case((figure.c.metric.in_(formula.needs), 1), else_=0)) > 0
    rows = (
        sa.select(
            *grain, sa.literal(formula.metric).label("metric"), currency.label("currency"),
            sa.cast(value, schema.Money).label("value"),
        )
        .where(sa.not_(_is_given(cells, figure, formula.metric)))
        .group_by(*grain, *([figure.c.currency] if is_money(formula.metric) else [])).having(needed)
    )
    return sa.insert(work).from_select(_COLUMNS, rows)


def _insert_costs(cells: Collection[Cell], own: str, standing: Mapping[Cell, str]) -> sa.Insert:
    """Net COGS = net units times the unit cost that is valid in the month, rounded half to even, in the cost's
    currency. One that names none is in that of the marketplace's amounts as they stand."""
    figure = _figures(cells, own)
    grain = (figure.c.asin, figure.c.asin_id, figure.c.marketplace, figure.c.month)
    units = (
        sa.select(*grain, sa.func.sum(figure.c.value).label("units"))
        .where(figure.c.metric == NET_UNITS, sa.not_(_is_given(cells, figure, NET_COGS)))
        .group_by(*grain).subquery("sold")
    )
    cost = valid_cost(units)
    standing_code = sa.case(*(
        (sa.and_(units.c.marketplace == marketplace, units.c.month == month), text(code))
        for (marketplace, month), code in sorted(standing.items())
    ), else_=NO_CODE) if standing else NO_CODE
    currency = sa.func.nullif(sa.func.coalesce(sa.func.nullif(cost.c.currency, ""), standing_code), text(own))
    rows = sa.select(
        units.c.asin, units.c.asin_id, units.c.marketplace, units.c.month, sa.literal(NET_COGS).label("metric"),
        currency.label("currency"),
        half_even(units.c.units * cost.c.cost).label("value"),
    ).join_from(units, cost, sa.and_(
        cost.c.asin == units.c.asin, cost.c.marketplace == units.c.marketplace, cost.c.month == units.c.month
    ))
    return sa.insert(work).from_select(_COLUMNS, rows)
