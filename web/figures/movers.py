"""What moved the chosen metric, and which products lose money: two short lists that add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from charts.small import SmallBar, small_bars
from database.queries.losses import Losses
from database.queries.movers import Mover, Movers
from domain.metrics import rise_of
from domain.narrowing import LOSING
from domain.ratios import relative_change
from web.figures.asked import NOTHING, of_group, of_product
from web.figures.changes import Change, by_amount, relative
from web.figures.formats import MONEY, kind_of, kind_of_chosen, leaves_out_cents
from web.figures.narrowing import ORDERS
from web.figures.page import Page, address_of
from web.figures.sheets import TEXT, Column, Sheet


@dataclass(frozen=True)
class MoverView:
    """One line; `address` narrows the page to a brand or opens a product."""

    name: str
    asin: str
    address: str
    bar: SmallBar | None
    amount: Change
    about: str = ""


@dataclass(frozen=True)
class MoversView:
    """The list: named ones, what all others add, and the total change that these make up."""

    metric: str
    against: str
    sentence: str
    change: Change
    lines: tuple[MoverView, ...]
    others: MoverView | None
    total: MoverView


@dataclass(frozen=True)
class LossView:
    """One product that loses money."""

    name: str
    asin: str
    address: str
    amount: str
    about: str = NOTHING


@dataclass(frozen=True)
class LossesView:
    """The worst, what all others lose, and the sum; `all_of_them` is the list of all."""

    count: str
    lines: tuple[LossView, ...]
    others: LossView | None
    total: LossView
    all_of_them: str


def movers_view(found: Movers, page: Page, brands: tuple[int, ...] = ()) -> MoversView:
    """The movers as the reader writes figures; `brands` are those that the page is about."""
    metric, formats = page.selection.metric, page.formats
    kind = kind_of(metric)
    sizes = [mover.difference for mover in _shown(found)]
    write = formats.whole if kind == MONEY and leaves_out_cents([*sizes, found.total]) else formats.exact
    bars = small_bars([*sizes, found.others])

    def line(
        name: str, size: Decimal, bar: SmallBar | None = None, asin: str = "", address: str = "", about: str = "",
    ) -> MoverView:
        amount = by_amount(size, figure=write(abs(size), kind), rise=rise_of(metric))
        return MoverView(name, asin, address, bar, amount, about)

    return MoversView(
        metric=metric,
        against=page.selection.comparison.words(),
        sentence=f"{formats.short(found.before, kind)} became {formats.short(found.now, kind)}",
        change=relative(relative_change(found.now, found.before), formats=formats, rise=rise_of(metric)),
        lines=tuple(
            line(mover.name, mover.difference, bar, mover.asin, _mover_address(mover, found, page),
                 of_product(mover.asin) if found.are_products else of_group("brand", mover.key))
            for mover, bar in zip(_shown(found), bars[:-1], strict=True)
        ),
        others=(
            line(
                _others(found.others_count, _things(found)), found.others, bars[-1],
                address=_all_movers_address(found, page, brands), about=NOTHING,
            ) if found.others_count else None
        ),
        total=line("Total change", found.total),
    )


def losses_view(found: Losses, page: Page, brands: tuple[int, ...] = ()) -> LossesView:
    """The loss-makers as the reader writes figures; `brands` are those that the page is about."""
    write = page.formats.whole if leaves_out_cents([found.total]) else page.formats.exact
    everyone = _products_address(page, brands, *ORDERS[LOSING], only=(LOSING,))
    return LossesView(
        count=_products(found.count),
        lines=tuple(
            LossView(loss.name, loss.asin, _product_address(loss.asin, page), write(loss.cm3, MONEY),
                     of_product(loss.asin))
            for loss in found.worst
        ),
        others=(
            LossView(
                _others(found.others_count, "products"), "", everyone, write(found.others, MONEY),
            )
            if found.others_count else None
        ),
        total=LossView("Lost in all", "", "", write(found.total, MONEY)),
        all_of_them=everyone,
    )


def movers_sheet(found: Movers | None, page: Page) -> Sheet:
    """The same lines as raw values."""
    columns = (Column("Mover", TEXT), Column("ASIN", TEXT), Column("Change", kind_of_chosen(page.selection)))
    rows = []
    if found is not None:
        rows = [(mover.name, mover.asin or None, mover.difference) for mover in _shown(found)]
        if found.others_count:
            rows.append((_others(found.others_count, _things(found)), None, found.others))
        rows.append(("Total change", None, found.total))
    return Sheet("movers", "Movers", columns, rows)


def losses_sheet(found: Losses | None) -> Sheet:
    """The same lines as raw values."""
    columns = (Column("Product", TEXT), Column("ASIN", TEXT), Column("CM3", MONEY))
    rows = []
    if found is not None:
        rows = [(loss.name, loss.asin or None, loss.cm3) for loss in found.worst]
        if found.others_count:
            rows.append((_others(found.others_count, "products"), None, found.others))
        if rows:
            rows.append(("Lost in all", None, found.total))
    return Sheet("losses", "Loss-makers", columns, rows)


def _shown(found: Movers) -> tuple[Mover, ...]:
    """From the largest rise to the largest fall."""
    return (*found.up, *reversed(found.down))


def _things(found: Movers) -> str:
    return "products" if found.are_products else "brands"


def _others(count: int, things: str) -> str:
    return f"{count} other {things if count > 1 else things.removesuffix('s')}"


def _products(count: int) -> str:
    return f"{count} product{'' if count == 1 else 's'} below zero"


def _mover_address(mover: Mover, found: Movers, page: Page) -> str:
    if found.are_products:
        return _product_address(mover.asin, page)
    return page.address(brands=(mover.key,))


def _all_movers_address(found: Movers, page: Page, brands: tuple[int, ...]) -> str:
    if found.are_products:
        return _products_address(page, brands, "change", "desc")
    return page.address(sort="change") + "#table-brands"


def _products_address(
    page: Page, brands: tuple[int, ...], sort: str, order: str, only: tuple[str, ...] = ()
) -> str:
    """All products, or only these, in an order that begins with those that are told of."""
    selection = page.selection
    chosen = selection.changed(brands=brands or selection.brands, sort=sort, order=order, search="", only=only)
    return address_of("products.show", chosen)


def _product_address(asin: str, page: Page) -> str:
    """Whatever brand was chosen, a product's page is of one product."""
    return page.elsewhere("product.show", {"brands": ()}, asin=asin) if asin else ""
