"""What every page with figures shares: the generation, the reader's selection, formats, cache and ETag."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from flask import Response, abort, current_app, g, make_response, render_template, request, url_for

from database.engines.values import Generation, Reading
from database.journal.run_log import last_published
from database.queries.choices import read_selectable
from database.queries.pages import PAGES, Asked, PageSpec, choose_figures
from domain.columns import is_usual
from domain.errors import NameGone, NeverRefreshed, SelectionError
from domain.months import today_utc
from domain.periods import MOST_DRAWN
from domain.selection import AMOUNT, ORDERS, Selectable, Selection
from settings import Settings
from web.figures.formats import Formats, negotiate
from web.figures.not_modified import page_with_figures
from web.figures.nothing_yet import nothing_yet
from web.figures.paging import refuse_past_the_last
from web.figures.standing_notices import standing_notices
from web.http import current, identity
from web.http.compression import note_part
from web.http.request_log import note_generation
from web.serving.cache import cached, held
from web.serving.warm_up import note_languages

Answer = TypeVar("Answer")

LANGUAGES = 5
"""So many of a reader's languages are looked at."""
MOST_KEPT = 20
_WITH_PRODUCTS = frozenset(page.endpoint for page in PAGES if "columns" in page.words)
GONE_WAYS = {"brand": "All brands", "category": "All categories", "marketplace": "All marketplaces"}


@dataclass(frozen=True, kw_only=True)
class Page(Asked):
    """One reader's view of one page: what is asked of it, and how to write figures. `standing` is what is to be said on
    every page, `closed_notes` what the reader has closed (domain/people.py)."""

    endpoint: str
    selection: Selection
    formats: Formats
    settings: Settings
    standing: tuple[str, ...] = ()
    closed_notes: frozenset[tuple[str, str]] = frozenset()

    def address(self, **changes) -> str:
        """This page with another part of the selection."""
        return address_of(self.endpoint, self.selection.changed(**changes), **self.arguments)

    def elsewhere(self, endpoint: str, changes: Mapping[str, Any] | None = None, **arguments) -> str:
        """Another page with this selection, parts of it changed; its table starts in its own order."""
        return address_elsewhere(endpoint, self.selection, changes, **arguments)

    def explanation(self, **changes) -> str:
        """The page that explains the chosen figure of this page, or another one of it."""
        found = {"shared": self.selection.shared}
        if "brand_id" in self.arguments:
            found |= {"brands": (self.arguments["brand_id"],)}
        if "asin" in self.arguments:
            found |= {"asin": self.arguments["asin"], "brands": (), "categories": ()}
        return self.elsewhere("explain.show", {**found, **changes})

    def check_page_number(self, pages: int) -> None:
        """Answers 400 if the reader asks for a page past the last."""
        refuse_past_the_last(self.selection.page, pages, per_page=1)


def figures_page(
    spec: PageSpec, render: Callable[[Page, Any], str], *, title: Callable[[Page, Any], str] | None = None
) -> Response:
    """The page whose `<main>` is what `render` makes of a reader's page and of what was read for it, kept until
    anything it depends on changes. `title` may depend on them as well. Answers 404 if there is nothing to read. Before
    the first figures it says how they come. What an address names and has no figures any more is told as gone. Raises
    NeverRefreshed where there were figures and none are live any more."""
    live = current.store().live_generation()
    if live is None and last_published(current.store()) is not None:
        # They are to be built again, and not to be imported.
        raise NeverRefreshed("no figures are live any more; run: flask refresh-summaries")
    if live is None or (live.last_month is None and "period" in spec.words):
        return nothing_yet(spec, 503 if live is None else 200)
    note_generation(live.generation)
    note_languages(request.headers.get("Accept-Language", "")[:200])
    formats, standing = formats_of_reader(), standing_notices(live)
    asked = {"formats": formats, "most_months": MOST_DRAWN}

    def made(page: Page) -> list[str]:
        """The page's title and `<main>`, to be kept for everybody who may see the same."""
        found = spec.read(page)
        if found is None:
            abort(404)
        return [title(page, found) if title else spec.title, render(page, found)]

    def answer(reading: Reading) -> dict[str, str]:
        page = shortened(_page(reading.connection, reading.generation, selectable_of(reading), spec, **asked))
        return _parts(page, cached(_key(page), lambda: made(page)))

    def shortened(page: Page) -> Page:
        """Columns that would stand there anyway need not be in its addresses; a file is asked for what it names."""
        columns = page.selection.columns
        selection = replace(page.selection, columns=None if is_usual(columns) else columns)
        return replace(page, selection=selection, standing=standing)

    def answer_at_hand() -> dict[str, str] | None:
        """Without a question to the generation, which is most of what a kept page would cost."""
        selectable = None if "generation" in request.args else _kept_selectables().get(_selectable_key(live))
        if selectable is None:
            return None
        page = shortened(_page(None, live, selectable, spec, **asked))
        found = held(_key(page))
        return _parts(page, found) if found else None

    def whole_page() -> str:
        return render_template("page.html", **(answer_at_hand() or read_asked(answer)))

    try:
        return page_with_figures(live.generation, whole_page, live.run_id, str(formats.locale), standing)
    except NameGone as gone:
        return _gone(gone.word)


def _gone(word: str) -> Response:
    """What is said of an address that names what has no figures any more. Nothing is shown in its stead: whatever else
    the address asks for would be a wider figure than it meant."""
    pairs = [(name, text) for name, text in request.args.items(multi=True) if name not in (word, "page")]
    query = urlencode(pairs, safe=",")
    page = render_template(
        "errors/error.html", status=404, heading=f"This {word} is not here any more",
        words=f"This address asks for a {word} that has no figures, or none that you may see: it may have been joined "
        "with another, or its import was undone. So nothing is shown for it.",
        way=f"{quote(request.root_path + request.path)}?{query}".rstrip("?"), way_words=GONE_WAYS[word],
        request_id=current.request_id(),
    )
    return make_response(page, 404)


def read_asked(question: Callable[[Reading], Answer]) -> Answer:
    """Answers from the generation that the address names, or from the live one. Raises GenerationGone."""
    named = request.args.getlist("generation")
    # What is no number, or stands there twice, is refused with the other parameters.
    asked = int(named[0]) if len(named) == 1 and re.fullmatch(r"[1-9]\d{0,8}", named[0], re.ASCII) else None

    def noted(reading: Reading) -> Answer:
        note_generation(reading.generation.generation)
        return question(reading)

    return current.store().read(noted, generation=asked)


def read_page(reading: Reading, spec: PageSpec, *, formats: Formats, most_months: int | None = None) -> Page:
    """The reader's view of a page with figures, from the parameters of the request at hand: answers 400
    if one of them is not permitted. Of more than `most_months` only the last ones count. Raises GenerationGone."""
    selectable = selectable_of(reading)
    try:
        return _page(reading.connection, reading.generation, selectable, spec, formats=formats, most_months=most_months)
    except NameGone as gone:
        abort(400, str(gone))


def _page(
    connection: sa.Connection | None, generation: Generation, selectable: Selectable, spec: PageSpec, *,
    formats: Formats, most_months: int | None,
) -> Page:
    try:
        selection = choose_figures(spec, request.args.items(multi=True), selectable)
    except NameGone:
        raise
    except SelectionError as error:
        abort(400, str(error))
    selection = replace(selection, scope=scope_of_reader(), most_months=most_months)
    return Page(
        endpoint=spec.endpoint, connection=connection, generation=generation, selectable=selectable,
        selection=selection, formats=formats, settings=current.settings(), arguments=dict(request.view_args or {}),
        closed_notes=_closed_notes(),
    )


def formats_of_reader() -> Formats:
    """How this reader's browser wants figures written."""
    languages = tuple(language for language, _ in request.accept_languages)[:LANGUAGES]
    return Formats(negotiate(languages), current.settings().dashboard.currency)


def address_of(endpoint: str, selection: Selection, **arguments) -> str:
    """The address of a page with a selection; `arguments` stand in its path."""
    query, path = selection.query_string(), _path(endpoint, arguments)
    return f"{path}?{query}" if query else path


def address_elsewhere(
    endpoint: str, selection: Selection, changes: Mapping[str, Any] | None = None, **arguments
) -> str:
    """The address of another page with a selection, parts of it changed: its table starts in its own order, and what
    only some pages take is left behind."""
    own_order = {
        "sort": "value", "order": ORDERS[0], "search": "", "shared": False, "show": AMOUNT, "asin": "", "only": (),
    }
    if endpoint not in _WITH_PRODUCTS:
        own_order["columns"] = None
    return address_of(endpoint, selection.changed(**{**own_order, **(changes or {})}), **arguments)


def _path(endpoint: str, arguments: Mapping[str, Any]) -> str:
    """Flask spells each out anew, and a page has a hundred links to the same page."""
    paths: dict[tuple, str] = g.setdefault("paths", {})
    key = (endpoint, *arguments.items())
    if key not in paths:
        paths[key] = url_for(endpoint, **arguments)
    return paths[key]


def _key(page: Page) -> tuple:
    """Everything that the page's title and `<main>` depend on."""
    # A page that names its generation says whether that is the live one.
    live = current.store().live_generation() if page.selection.generation is not None else None
    return (
        live.generation if live else None,
        page.endpoint, page.arguments, page.generation.generation, page.generation.run_id,
        page.selection.query_string(), page.selection.calendar.today.isoformat(), str(page.formats.locale),
        repr(page.settings.dashboard), page.standing, sorted(page.closed_notes),
    )


def _parts(page: Page, made: list[str]) -> dict[str, str]:
    """What the page's template shows."""
    title, main = made
    note_part(main)
    # The address is as short as it can be said.
    return {
        "title": title, "address": page.address(page=page.selection.page), "content": main,
        "explains": page.explanation(),
    }


def scope_of_reader() -> tuple[int, ...] | None:
    person = identity.person()
    return None if person is None or person.brands is None else tuple(sorted(person.brands))


def _closed_notes() -> frozenset[tuple[str, str]]:
    person = identity.person()
    return person.closed_notes if person else frozenset()


def only_brand() -> int | None:
    """The brand of somebody who is limited to that one, if it has figures; else None."""
    scope = scope_of_reader()
    if scope is None or len(scope) != 1 or current.store().live_generation() is None:
        return None
    known = current.store().read(lambda reading: selectable_of(reading).brands)
    return scope[0] if scope[0] in known else None


def selectable_of(reading: Reading) -> Selectable:
    """What this reader may choose: read once per generation, process and set of brands."""
    kept, key = _kept_selectables(), _selectable_key(reading.generation)
    found = kept.get(key)
    if found is None:
        found = read_selectable(reading, today=today_utc(), scope=scope_of_reader())
        # A burst of threads may read it twice; the last one stays, and they are equal.
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = found
    return found


def _kept_selectables() -> dict[tuple, Selectable]:
    return current_app.extensions.setdefault("lego_selectables", {})


def _selectable_key(generation: Generation) -> tuple:
    return generation.run_id, generation.generation, scope_of_reader(), today_utc()
