"""Facts of a month in several currencies, converted into the reporting currency.

Each product, marketplace, metric and currency of the month is summed, multiplied with the month's rate and rounded half
to even; then currencies are added up. Metrics that are no money are never converted. Margins that follow from lines are
made of what was converted, so that they follow from their parts to the cent here, too. An amount without a rate has no
value, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.lines.rounding import half_even
from domain.currencies import SEVERAL
from domain.derived import MARGINS, Formula
from domain.metrics import COUNTS

facts, archived = schema.financials, schema.archived_sum

Rate = sa.Numeric(20, 10)
Converted = sa.Numeric(38, 12)


@dataclass(frozen=True)
class Conversion:
    """How a month's amounts are converted into `base`: `rates` has what one unit of each other currency that its facts
    name is in it, None where nobody told. `derives`: whether any fact may follow from lines or unit costs."""

    base: str
    rates: tuple[tuple[str, Decimal | None], ...]
    derives: bool = False

    @property
    def known(self) -> tuple[tuple[str, Decimal], ...]:
        """The currencies that have a rate."""
        return tuple((code, rate) for code, rate in self.rates if rate is not None)

    def is_foreign(self, currency: sa.ColumnElement, metric: sa.ColumnElement) -> sa.ColumnElement[bool]:
        """Whether an amount is in another currency."""
        return sa.and_(currency != "", currency != self.base, metric.not_in(COUNTS))

    def lacks_rate(self, currency: sa.ColumnElement, metric: sa.ColumnElement) -> sa.ColumnElement[bool]:
        """Whether an amount is in another currency whose rate nobody told. One that came up since the month was looked
        at has none either."""
        return sa.and_(self.is_foreign(currency, metric), currency.not_in([code for code, _ in self.known]))


def is_derived_margin(found: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a fact is a margin that follows from lines."""
    return sa.and_(
        sa.func.coalesce(found.c.import_id, -1) == schema.DERIVED,
        sa.func.coalesce(found.c.metric, "").in_([formula.metric for formula in MARGINS]),
    )


def converted(local: sa.FromClause, conversion: Conversion) -> sa.Subquery:
    """Sums by asin_id, marketplace, metric and currency -> the same with `value` in the reporting currency, none where
    there is no rate, and `foreign`, the code of what was converted, '' for what was not."""
    is_foreign = conversion.is_foreign(local.c.currency, local.c.metric)
    amount = sa.case(
        (sa.not_(is_foreign), local.c.value),
        *(
            (local.c.currency == code,
             half_even(local.c.value * sa.literal(rate, Rate), exact=Converted, rounded=schema.Sum))
            for code, rate in conversion.known
        ),
    )
    return sa.select(
        local.c.asin_id, local.c.marketplace, local.c.metric, amount.label("value"),
        sa.case((is_foreign, local.c.currency), else_="").label("foreign"),
        sa.case((is_foreign, local.c.value)).label("local_value"),
    ).subquery("converted")


def local_columns(foreign: sa.ColumnElement, local_value: sa.ColumnElement) -> list[sa.Label]:
    """`currency` and `local_value` of a group of rows whose `foreign` is a code, or '' for the reporting currency."""
    low, high = sa.func.min(foreign), sa.func.max(foreign)
    is_one = sa.and_(low == high, high != "", high != SEVERAL)
    return [
        sa.case((high == "", sa.null()), (low == high, high), else_=SEVERAL).label("currency"),
        sa.case((is_one, sa.func.sum(local_value))).label("local_value"),
    ]


def margin_levels(
    in_month: sa.ColumnElement[bool], conversion: Conversion, *, month: sa.ColumnElement, level: sa.Table,
    moment: sa.Label, is_archived: bool,
) -> Iterator[sa.Select]:
    """The rows of margins that follow from lines, one statement each, from the rows of `level` that are there by
    then; a margin of which a part has no rate is left out."""
    for formula in MARGINS if conversion.derives else ():
        cells = _cells_of(in_month, conversion, formula.metric, month if is_archived else None)
        yield _margin(cells, formula, month=month, level=level, moment=moment)


def _cells_of(
    in_month: sa.ColumnElement[bool], conversion: Conversion, metric: str, archived_month: sa.ColumnElement | None
) -> sa.Subquery:
    """Products and marketplaces that have the margin by derivation, no amount of which lacks a rate."""

    def marks(table: sa.Table) -> tuple[sa.ColumnElement, ...]:
        lacks = conversion.lacks_rate(sa.func.coalesce(table.c.currency, ""), table.c.metric)
        return table.c.asin_id, table.c.marketplace, sa.case((lacks, 1), else_=0).label("lacks")

    found = sa.select(*marks(facts)).where(in_month, is_derived_margin(facts), facts.c.metric == metric)
    if archived_month is not None:
        kept = sa.select(*marks(archived)).where(
            archived.c.month == archived_month, archived.c.derived == 1, archived.c.metric == metric
        )
        found = sa.union_all(found, kept)
    each = found.subquery("derived_margins")
    return (
        sa.select(each.c.asin_id, each.c.marketplace).group_by(each.c.asin_id, each.c.marketplace)
        .having(sa.func.sum(each.c.lacks) == 0).subquery("cells")
    )


def _margin(
    cells: sa.Subquery, formula: Formula, *, month: sa.ColumnElement, level: sa.Table, moment: sa.Label
) -> sa.Select:
    part = level.alias("part")
    own = level.alias("own")
    sign = sa.case((part.c.metric.in_(formula.minus), -1), else_=1)
    grain = (part.c.asin_id, part.c.brand_id, part.c.category_id, part.c.marketplace)
    is_given = sa.exists().where(
        own.c.month == month, own.c.metric == formula.metric, own.c.marketplace == part.c.marketplace,
        own.c.asin_id == part.c.asin_id,
    )
    return (
        sa.select(
            *grain, month.label("month"), sa.literal(formula.metric).label("metric"),
            sa.cast(sa.func.sum(part.c.value * sign), schema.Sum).label("value"), moment,
            *local_columns(sa.func.coalesce(part.c.currency, ""), part.c.local_value * sign),
        )
        .join_from(part, cells, sa.and_(
            cells.c.asin_id == part.c.asin_id, cells.c.marketplace == part.c.marketplace
        ))
        .where(part.c.month == month, part.c.metric.in_((*formula.plus, *formula.minus)), sa.not_(is_given))
        .group_by(*grain)
    )
