"""/settlements: what Amazon paid out, and whether it is explained to the cent."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, url_for

from database.queries.pages import SETTLEMENTS
from database.queries.settlements import Deposit, KindSum, Settlements, read_settlements
from domain.coverage import GAP, Break, Unsettled
from domain.metrics import UNSORTED
from domain.months import day_words, moment_words, month_name
from domain.settlements import CASH, TAX
from web.figures.formats import COUNT, MONEY, Formats
from web.figures.notices import Note, badge_of
from web.figures.page import Page, figures_page
from web.figures.paging import paging_of, refuse_past_the_last
from web.figures.sheets import MONTH, TEXT, Column, Offer, Sheet, export_links
from web.http.access import needs_every_brand

pages = Blueprint("settlements", __name__)

SHOWN_BREAKS = 3
REPORTS = {"amazon-settlement": "settlements", "amazon-transactions": "transactions"}
PLACE_NAMES = {TAX: "Tax", CASH: "Cash, no profit or loss", UNSORTED: "Not sorted yet"}


@dataclass(frozen=True)
class DepositView:
    """A row of the list."""

    number: str
    address: str
    marketplace: str
    starts: str
    ends: str
    deposited: str
    lines: str
    pnl: str
    tax: str
    cash: str
    unsorted: str
    total: str
    is_explained: bool
    has_unsorted: bool


@dataclass(frozen=True)
class KindView:
    """A description with its sum; `address` leads to where it is sorted."""

    words: str
    more: str
    place: str
    report: str
    months: str
    lines: str
    amount: str
    address: str


@dataclass(frozen=True)
class Option:
    """A choice of marketplaces."""

    words: str
    address: str
    is_chosen: bool


@pages.get("/settlements")
@needs_every_brand
def show() -> Response:
    """All deposits, gaps between them, and what is not sorted."""
    return figures_page(SETTLEMENTS, _render)


def _render(page: Page, found: Settlements) -> str:
    formats, number = page.formats, page.selection.page
    refuse_past_the_last(number, found.count, SETTLEMENTS.per_page)
    return render_template(
        "settlements/show.html",
        badge=badge_of(page), exports=export_links(page, offer), notices=[Note(words) for words in page.standing],
        rows=[deposit_view(each, formats) for each in found.rows],
        paging=paging_of(
            number, found.count, SETTLEMENTS.per_page, formats, lambda number: page.address(page=number)
        ),
        options=_options(page), shown_breaks=SHOWN_BREAKS,
        breaks=[break_words(each) for each in reversed(found.breaks)],
        unsettled=[unsettled_words(each) for each in page.selectable.unsettled],
        unsorted=[kind_view(each, formats) for each in found.unsorted],
        told=[kind_view(each, formats) for each in found.told],
        is_empty=not found.count and not page.selection.marketplaces,
    )


def deposit_view(found: Deposit, formats: Formats) -> DepositView:
    """A deposit in words, its sums in its own currency."""
    own = dataclasses.replace(formats, currency=found.currency)
    return DepositView(
        number=found.settlement_id, address=url_for("settlement.show", settlement_id=found.settlement_id),
        marketplace=found.marketplace, starts=day_words(found.starts_at.date()), ends=day_words(found.ends_at.date()),
        deposited=day_words(found.deposited_at.date()),
        lines=formats.exact(found.line_count, COUNT), pnl=own.exact(found.pnl, MONEY), tax=own.exact(found.tax, MONEY),
        cash=own.exact(found.cash, MONEY), unsorted=own.exact(found.unsorted, MONEY),
        total=own.exact(found.total, MONEY), is_explained=not found.difference, has_unsorted=bool(found.unsorted),
    )


def span_words(found: Deposit) -> str:
    """`1 Jan 2025 to 15 Jan 2025`"""
    return f"{day_words(found.starts_at.date())} to {day_words(found.ends_at.date())}"


def kind_view(found: KindSum, formats: Formats) -> KindView:
    """A description in words, its sum in its currency."""
    own = dataclasses.replace(formats, currency=found.currency) if found.currency else formats
    first, last = month_name(found.first_month), month_name(found.last_month)
    others = (found.transaction_type, found.amount_type)
    return KindView(
        words=found.words, more=" / ".join(word for word in others if word and word != found.words),
        place=PLACE_NAMES.get(found.place, found.place), report=REPORTS.get(found.report, found.report),
        months=first if first == last else f"{first} to {last}", lines=formats.exact(found.line_count, COUNT),
        amount=own.exact(found.amount, MONEY) if found.currency else formats.exact(found.amount, COUNT),
        address=url_for("amounts.show", kind_id=found.kind_id),
    )


def break_words(found: Break) -> str:
    """What is missing between two settlements, or told twice."""
    before, after = found.before, found.after
    if found.kind == GAP:
        return (
            f"{before.marketplace}: nothing is known from {moment_words(found.starts_at)} to "
            f"{moment_words(found.ends_at)}, between settlements {before.settlement_id} and {after.settlement_id}. "
            "A settlement of that time was not imported."
        )
    return (
        f"{before.marketplace}: settlements {before.settlement_id} and {after.settlement_id} overlap from "
        f"{moment_words(found.starts_at)} to {moment_words(found.ends_at)}. Both count: look whether they tell of the "
        "same."
    )


def unsettled_words(found: Unsettled) -> str:
    """That a month's last settlement is still to come."""
    return (
        f"{found.marketplace}: {month_name(found.month)} is not settled to its end, only through "
        f"{day_words(found.through)}."
    )


def _options(page: Page) -> list[Option]:
    chosen, names = page.selection.marketplaces, page.selectable.marketplace_names
    if len(names) < 2:
        return []
    return [
        Option("All marketplaces", page.address(marketplaces=()), not chosen),
        *(Option(code, page.address(marketplaces=(code,)), chosen == (code,)) for code in names),
    ]


def _sheets(page: Page) -> list[Sheet]:
    found = read_settlements(page.connection, page.generation, marketplaces=page.selection.marketplaces)
    return [
        Sheet("settlements", "Deposits", (
            Column("Settlement", TEXT), Column("Deposit", MONEY, key="total"), Column("Currency", TEXT),
            Column("Marketplace", TEXT), Column("From", TEXT), Column("To", TEXT), Column("Deposit date", TEXT),
            Column("Lines", COUNT), Column("Profit and loss", MONEY, key="pnl"), Column("Tax", MONEY),
            Column("Cash", MONEY), Column("Unsorted", MONEY), Column("Difference", MONEY),
        ), [
            (each.settlement_id, each.total, each.currency, each.marketplace, f"{each.starts_at:%Y-%m-%dT%H:%M:%SZ}",
             f"{each.ends_at:%Y-%m-%dT%H:%M:%SZ}", f"{each.deposited_at:%Y-%m-%dT%H:%M:%SZ}", each.line_count, each.pnl,
             each.tax, each.cash, each.unsorted, each.difference)
            for each in found.rows
        ]),
        _kinds("unsorted", found.unsorted), _kinds("told", found.told),
    ]


def _kinds(name: str, kinds: Sequence[KindSum]) -> Sheet:
    return Sheet(name, SETTLEMENTS.tables[name], (
        Column("Description", TEXT), Column("Transaction type", TEXT), Column("Amount type", TEXT),
        Column("Report", TEXT), Column("Belongs to", TEXT), Column("Currency", TEXT), Column("First month", MONTH),
        Column("Last month", MONTH), Column("Amount", MONEY), Column("Lines", COUNT),
    ), [
        (each.words, each.transaction_type, each.amount_type, each.report, each.place, each.currency,
         each.first_month, each.last_month, each.amount, each.line_count)
        for each in kinds
    ])


offer = Offer(SETTLEMENTS, _sheets, compared=lambda selection: None)
