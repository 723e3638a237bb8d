"""/settlements/<id>: one deposit, from the lines of the P&L, tax and cash to what was paid out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, abort, render_template, url_for

from database.queries.pages import SETTLEMENT
from database.queries.settlements import KindAmounts, Place, Settlement
from domain.metrics import UNSORTED
from domain.months import day_words, format_month, month_name
from web.figures.formats import COUNT, MONEY, Formats
from web.figures.notices import Note, badge_of
from web.figures.page import Page, figures_page
from web.figures.sheets import TEXT, Column, Offer, Sheet, export_links
from web.http.access import needs_every_brand
from web.pages.settlements import PLACE_NAMES, span_words

pages = Blueprint("settlement", __name__)


@dataclass(frozen=True)
class AmountCell:
    """An amount; `address` leads to its lines, '' where there are none."""

    text: str
    address: str
    is_negative: bool


@dataclass(frozen=True)
class AmountRow:
    """A line of the P&L, tax or cash (`is_place`), or a description that is part of it. `sorted_at` is where it is
    said what it is, '' where that is known."""

    name: str
    more: str
    total: AmountCell
    months: tuple[AmountCell, ...]
    lines: str
    is_place: bool
    sorted_at: str = ""


@dataclass(frozen=True)
class Sum:
    """One of the sums that make the deposit."""

    sign: str
    name: str
    figure: str


@pages.get("/settlements/<text:settlement_id>")
@needs_every_brand
def show(settlement_id: str) -> Response:
    """The deposit, explained; 404 if there is none of that id."""
    return figures_page(SETTLEMENT, _render, title=lambda page, found: f"Settlement {found.deposit.settlement_id}")


def _render(page: Page, found: Settlement) -> str:
    deposit = found.deposit
    own = dataclasses.replace(page.formats, currency=deposit.currency)
    rows = [row for place in found.places for row in _rows(place, found, own)]
    return render_template(
        "settlements/settlement.html",
        badge=badge_of(page), exports=export_links(page, offer), notices=[Note(words) for words in page.standing],
        number=deposit.settlement_id,
        marketplace=deposit.marketplace, currency=deposit.currency, span=span_words(deposit),
        deposited=day_words(deposit.deposited_at.date()), import_id=deposit.import_id,
        months=[month_name(month) for month in found.months], rows=rows,
        total=own.exact(deposit.total, MONEY), totals=[_cell(value, own, "") for value in found.totals],
        lines=own.exact(deposit.line_count, COUNT), sums=_sums(found, own), is_explained=not deposit.difference,
        difference=own.exact(deposit.difference, MONEY),
        all_lines=url_for("lines.ask", settlement=deposit.settlement_id),
    )


def _sums(found: Settlement, formats: Formats) -> list[Sum]:
    deposit = found.deposit
    parts = [("Profit and loss", deposit.pnl), ("tax", deposit.tax)]
    parts += [
        (f"cash carried {way}", value) for way, value in (("in", _carried(found, 1)), ("out", _carried(found, -1)))
        if value
    ]
    if deposit.unsorted:
        parts.append(("not sorted yet", deposit.unsorted))
    return [
        Sum("" if not number else "\u2212" if value < 0 else "+", name,
            formats.exact(abs(value) if number else value, MONEY))
        for number, (name, value) in enumerate(parts)
    ]


def _carried(found: Settlement, sign: int) -> Decimal:
    """What was carried in (1) from the settlement before, or out (-1): kinds of cash are one or the other."""
    totals = (kind.total for place in found.places if place.name in ("cash", "nothing") for kind in place.kinds)
    return sum((total for total in totals if total * sign > 0), Decimal(0))


def _rows(place: Place, found: Settlement, formats: Formats) -> list[AmountRow]:
    own = AmountRow(
        PLACE_NAMES.get(place.name, place.name), "", _cell(place.total, formats, ""),
        tuple(_cell(value, formats, "") for value in place.months), formats.exact(place.line_count, COUNT),
        is_place=True,
    )
    return [own, *(_kind_row(kind, place, found, formats) for kind in place.kinds)]


def _kind_row(kind: KindAmounts, place: Place, found: Settlement, formats: Formats) -> AmountRow:
    def address(month: str = "") -> str:
        more = {"month": month} if month else {}
        return url_for("lines.ask", settlement=found.deposit.settlement_id, kind=kind.kind_id, **more)

    name = kind.description or kind.amount_type or kind.transaction_type
    others = (kind.transaction_type, kind.amount_type)
    return AmountRow(
        name, " / ".join(word for word in others if word and word != name), _cell(kind.total, formats, address()),
        tuple(
            _cell(value, formats, address(format_month(month)) if value is not None else "")
            for month, value in zip(found.months, kind.months, strict=True)
        ),
        formats.exact(kind.line_count, COUNT), is_place=False,
        sorted_at=url_for("amounts.show", kind_id=kind.kind_id) if place.name == UNSORTED else "",
    )


def _cell(value: Decimal | None, formats: Formats, address: str) -> AmountCell:
    return AmountCell(formats.exact(value, MONEY), address, value is not None and value < 0)


def _sheets(page: Page, settlement_id: str) -> list[Sheet]:
    found: Settlement | None = SETTLEMENT.read(page)
    if found is None:
        abort(404)
    months = [Column(month_name(month), MONEY, key=format_month(month), month=month) for month in found.months]
    rows: list[Sequence] = [
        (kind.description or kind.amount_type or kind.transaction_type, place.name, kind.transaction_type,
         kind.amount_type, kind.total, *kind.months, kind.line_count)
        for place in found.places for kind in place.kinds
    ]
    rows.append((
        "Deposit", None, None, None, found.deposit.total, *found.totals, found.deposit.line_count
    ))
    return [Sheet("amounts", SETTLEMENT.tables["amounts"], (
        Column("Description", TEXT), Column("Belongs to", TEXT), Column("Transaction type", TEXT),
        Column("Amount type", TEXT), Column(f"Total ({found.deposit.currency})", MONEY, key="total"), *months,
        Column("Lines", COUNT),
    ), rows)]


offer = Offer(SETTLEMENT, _sheets, compared=lambda selection: None)
