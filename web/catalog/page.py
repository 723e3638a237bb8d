"""/catalog: what is not sorted in yet, who stands where, and what was changed and waits for a refresh."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for

from database.engines.values import Reading
from database.journal.catalog_changes import CatalogChange, waiting_cells, waiting_changes, waiting_names
from database.queries.catalog import BrandPlace, ProductPlace, Rows, SkuPlace, read_catalog_page
from database.queries.pages import CATALOG
from domain.errors import SelectionError
from domain.listing import LISTS, OF_SOME_BRANDS, SKUS, UNASSIGNED, UNCATEGORISED, UNCOSTED, Listing, parse_listing
from domain.months import day_words, moment_words
from domain.people import ANALYST, Person
from web.figures.formats import COUNT, Formats
from web.figures.notices import Note, badge_of
from web.figures.page import formats_of_reader
from web.figures.paging import paging_of, refuse_past_the_last
from web.figures.sheets import ExportLink
from web.figures.standing_notices import trouble_notices
from web.http import current, identity

pages = Blueprint("catalog", __name__)

SHOWN_CHANGES = 10
TITLES = CATALOG.tables


@dataclass(frozen=True)
class Tab:
    """The way to one list."""

    words: str
    count: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Cell:
    """A text of the table. `is_waiting`: it was changed, and the figures do not follow it yet; `is_inherited`:
    it is not the product's own."""

    words: str
    is_waiting: bool = False
    is_inherited: bool = False


@dataclass(frozen=True)
class RowView:
    """A product (`code` is its ASIN, `name` its name) or a brand (`name`), and where it stands."""

    id: int
    code: str
    name: Cell
    cells: tuple[Cell, ...]
    number: str = ""


@dataclass(frozen=True)
class SkuView:
    """An SKU that leads to no product; `address` is that of the product that its figures stand under meanwhile."""

    sku: str
    marketplace: str
    lines: str
    last_day: str
    address: str


@dataclass(frozen=True)
class WaitingView:
    """One change that waits for the next refresh."""

    moment: str
    iso: str
    words: str
    called: str
    who: str


@pages.get("/catalog")
def show() -> Response:
    """One list of the catalogue, and what can be done with it."""
    return make_response(current.store().read(_render))


def permitted_lists(person: Person) -> tuple[str, ...]:
    """What belongs to no brand is nothing for somebody who is limited to some."""
    return LISTS if person.brands is None else OF_SOME_BRANDS


def asked_listing(pairs: Sequence[tuple[str, str]]) -> Listing:
    """The list that parameters of this reader name; answers 400 if there is none like that."""
    try:
        return parse_listing(pairs, permitted=permitted_lists(identity.person()))
    except SelectionError as error:
        abort(400, str(error))


def address_of(listing: Listing) -> str:
    """The address of a list."""
    return f"{url_for('catalog.show')}?{listing.query_string()}"


def shown_changes(changes: Sequence[CatalogChange], person: Person) -> list[CatalogChange]:
    """The changes that a reader may read about: somebody limited to some brands, their own."""
    return [found for found in changes if person.brands is None or found.user_name == person.name]


def _render(reading: Reading) -> str:
    person, formats = identity.person(), formats_of_reader()
    listing = asked_listing(list(request.args.items(multi=True)))
    asked = read_catalog_page(reading.connection, listing, per_page=CATALOG.per_page, scope=person.brands)
    found, choices = asked.listed, asked.choices
    refuse_past_the_last(listing.page, found.count, CATALOG.per_page)
    changes = waiting_changes(current.store(), reading.generation, scope=person.brands)
    own = shown_changes(changes, person)
    if person.brands is None:
        choices = _with_waiting(choices, waiting_names(current.store(), changes))
    return render_template(
        "catalog/show.html",
        title=TITLES[listing.show], listing=listing, badge=badge_of(reading),
        notices=[Note(words) for words in trouble_notices()],
        may_edit=person.may(ANALYST), is_limited=person.brands is not None,
        excluded=current.settings().refresh.exclude_groups,
        tabs=_tabs(asked.counts, listing, formats), summary=_summary(asked.counts, formats),
        headings=_headings(listing),
        rows=[] if listing.is_of_skus else _rows(found, listing, changes, known=choices["brand"]),
        paging=paging_of(
            listing.page, found.count, CATALOG.per_page, formats,
            lambda number: address_of(listing.changed(page=number)),
        ),
        skus=[_sku(row, formats) for row in found.rows] if listing.is_of_skus else [],
        count=found.count, fields=_fields(listing, choices), search_address=url_for("catalog.show"),
        clear=address_of(listing.changed(search="")), exports=_exports(listing),
        is_waiting=bool(changes), waiting=[_waiting(change, formats) for change in own[:SHOWN_CHANGES]],
        more_waiting=max(0, len(own) - SHOWN_CHANGES),
    )


def _tabs(counts: Mapping[str, int], listing: Listing, formats: Formats) -> list[Tab]:
    return [
        Tab(TITLES[show], formats.exact(counts[show], COUNT), address_of(Listing(show)), show == listing.show)
        for show in permitted_lists(identity.person())
        # Who imports no reports of Amazon's has none of these.
        if show not in (SKUS, UNCOSTED) or counts[show] or show == listing.show
    ]


def _summary(counts: Mapping[str, int], formats: Formats) -> str:
    """What is left to do, of what this reader may list."""
    said = {
        UNASSIGNED: ("product has", "products have", "no brand"),
        UNCATEGORISED: ("brand has", "brands have", "no category"),
        SKUS: ("SKU leads", "SKUs lead", "to no product"),
        UNCOSTED: ("product has", "products have", "no unit cost"),
    }
    open_ends = [
        f"{formats.exact(counts[show], COUNT)} {one if counts[show] == 1 else many} {what}"
        for show, (one, many, what) in said.items()
        if show in permitted_lists(identity.person()) and counts[show]
    ]
    return ", ".join(open_ends) or "Everything is sorted in"


def _headings(listing: Listing) -> tuple[str, ...]:
    return ("Brand", "Category") if listing.is_of_products else ("Category", "Group", "Products")


def _fields(listing: Listing, choices: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, label and known names of what can be assigned."""
    names = ("brand", "category") if listing.is_of_products else ("category", "group")
    return [(name, name.capitalize(), choices[name]) for name in names]


def _exports(listing: Listing) -> list[ExportLink]:
    query = listing.changed().query_string()
    return [
        ExportLink("Excel (.xlsx)", f"{url_for('catalog_files.as_xlsx')}?{query}"),
        ExportLink(
            f"A file to fill in and {'import' if listing.is_of_skus else 'upload'} (.csv)",
            f"{url_for('catalog_files.as_csv')}?{query}",
        ),
    ]


def _with_waiting(
    choices: Mapping[str, tuple[str, ...]], waiting: Mapping[str, set[str]]
) -> dict[str, tuple[str, ...]]:
    return {
        word: tuple(sorted({*names, *waiting.get(word, ())}, key=str.casefold)) for word, names in choices.items()
    }


def _rows(
    found: Rows, listing: Listing, changes: Sequence[CatalogChange], *, known: Collection[str]
) -> list[RowView]:
    """The rows, with what waits for them. Of a product that was moved to a brand that is not among the `known`
    ones, nothing is told: that brand is not for this reader to know."""
    kind = "products" if listing.is_of_products else "brands"
    names = [row.asin if isinstance(row, ProductPlace) else row.brand for row in found.rows]
    waiting = {
        item: cells for item, cells in waiting_cells(current.store(), changes, kind=kind, items=names).items()
        if cells.get("brand") is None or cells["brand"] in known
    }
    return [
        _product(row, waiting.get(name, {})) if isinstance(row, ProductPlace) else _brand(row, waiting.get(name, {}))
        for name, row in zip(names, found.rows, strict=True)
    ]


def _product(row: ProductPlace, waiting: Mapping[str, str]) -> RowView:
    category = _cell("category", row.category, waiting)
    if row.category and not row.has_own_category and not category.is_waiting:
        category = Cell(row.category, is_inherited=True)
    return RowView(row.id, row.asin, _cell("name", row.name, waiting), (_cell("brand", row.brand, waiting), category))


def _brand(row: BrandPlace, waiting: Mapping[str, str]) -> RowView:
    cells = (_cell("category", row.category, waiting), _cell("group", row.group, waiting))
    return RowView(row.id, row.brand, Cell(row.brand), cells, formats_of_reader().exact(row.products, COUNT))


def _sku(row: SkuPlace, formats: Formats) -> SkuView:
    return SkuView(
        row.sku, row.marketplace or "several", formats.exact(row.lines, COUNT), day_words(row.last_day),
        url_for("product.show", asin=f"SKU-{row.sku}"),
    )


def _cell(field: str, words: str, waiting: Mapping[str, str]) -> Cell:
    return Cell(waiting[field], is_waiting=True) if field in waiting else Cell(words)


def _waiting(change: CatalogChange, formats: Formats) -> WaitingView:
    noun = change.kind if change.items != 1 else change.kind.removesuffix("s")
    return WaitingView(
        moment=moment_words(change.changed_at), iso=change.changed_at.replace(microsecond=0).isoformat() + "Z",
        words=f"{formats.exact(change.items, COUNT)} {noun}", called=change.file_name,
        who=change.user_name or "at the command line",
    )
