"""/operations/rates: exchange rates by month and currency, months that lack one, who told each and from which file.

Figures of all brands are converted at them, so nothing of this is for people who are limited to some. Viewers look,
analysts tell others (`rates_work.py`).
"""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, render_template, request, send_file, url_for

from database.engines.values import Reading
from database.queries.pages import RATES
from database.rates.files import template_of
from database.rates.needed import Pair, live_rates
from database.rates.told import ToldRate, read_told
from domain.currencies import CODES
from domain.errors import NeverRefreshed, SelectionError
from domain.months import today_utc
from domain.parameters import page_number, single_values
from domain.people import ADMIN, ANALYST
from domain.rates import LiveRate
from web.figures.formats import RATE
from web.figures.notices import Badge, badge_of
from web.figures.page import Page, formats_of_reader
from web.figures.paging import paging_of, refuse_past_the_last
from web.figures.sheets import MONTH, TEXT, Column, ExportLink, Offer, Row, Sheet
from web.http import current, identity
from web.http.access import needs_every_brand
from web.http.parameters import takes_no_parameters
from web.operations.rates_view import Kept, gap_words, months_of, row_view, source_views, waiting_words

pages = Blueprint("rates", __name__)

SHOW = "show"
ALL = "all"
UPLOAD_MIB = 32


@pages.get("/operations/rates")
@needs_every_brand
def show() -> str:
    """The matrix, what is missing, what waits for a refresh; for analysts the forms as well."""
    asked, formats, person = _asked(), formats_of_reader(), identity.person()
    number, shows_all = page_number(asked), asked.get(SHOW) == ALL
    badge, kept = _read()
    needed = sorted({code for _, code in kept.needed})
    columns = kept.currencies if shows_all or not needed else needed
    months = months_of(kept, columns)
    refuse_past_the_last(number, len(months), RATES.per_page)
    start = (number - 1) * RATES.per_page
    return render_template(
        "operations/rates.html",
        badge=badge, base=kept.base, columns=columns, needed=needed,
        others=len(kept.currencies) - len(columns), shows_all=shows_all and bool(needed),
        rows=[row_view(month, columns, kept, formats) for month in months[start : start + RATES.per_page]],
        paging=paging_of(number, len(months), RATES.per_page, formats, lambda page: _address(page, shows_all)),
        gaps=gap_words(kept), waiting=waiting_words(kept), sources=source_views(kept, formats),
        may_edit=person.may(ANALYST), may_refresh=person.may(ADMIN), month=f"{today_utc():%Y-%m}",
        codes=[*needed, *sorted(CODES - {*needed, kept.base})], upload_mib=UPLOAD_MIB,
        exports=[
            ExportLink("Excel (.xlsx)", url_for("rates.show.xlsx")),
            ExportLink("Exchange rates (.csv)", url_for("rates.show.csv")),
        ] if badge else [],
    )


@pages.get("/operations/rates/template")
@needs_every_brand
def as_template() -> Response:
    """A file of rates to fill in."""
    takes_no_parameters()
    file = io.BytesIO(template_of(current.settings().dashboard.currency).encode())
    return send_file(file, "text/csv", as_attachment=True, download_name="rates.csv")


def _read() -> tuple[Badge | None, Kept]:
    """The badge of the live figures, None without any, and what is known of rates."""
    base = current.settings().dashboard.currency
    try:
        badge, live = current.store().read(lambda reading: (badge_of(reading), live_rates(reading)))
    except NeverRefreshed:
        badge, live = None, ()
    with current.store().application_reading.connect() as connection:
        return badge, Kept(read_told(connection, base), live, base)


def _asked() -> dict[str, str]:
    try:
        asked = single_values(request.args.items(multi=True), ("page", SHOW))
        if asked.get(SHOW, ALL) != ALL:
            raise SelectionError(f"{SHOW} is {ALL}, or left out")
        page_number(asked)
    except SelectionError as error:
        abort(400, str(error))
    return asked


def _address(number: int, shows_all: bool) -> str:
    words = ({"page": number} if number > 1 else {}) | ({SHOW: ALL} if shows_all else {})
    return url_for("rates.show", **words)


def _sheets(page: Page) -> list[Sheet]:
    base = page.settings.dashboard.currency
    live = {(each.month, each.currency): each for each in live_rates(Reading(page.connection, page.generation))}
    with current.store().application_reading.connect() as connection:
        told = read_told(connection, base)
    pairs = sorted({*told, *(pair for pair in live if pair[1] != base)}, key=lambda pair: (pair[1], pair[0]))
    return [Sheet("rates", RATES.tables["rates"], (
        Column("Currency", TEXT), Column("Month", MONTH), Column("Rate", RATE), Column("Into", TEXT),
        Column("Rate of the figures", RATE, key="live_rate"), Column("Needed", TEXT), Column("So far", TEXT),
        Column("Source", TEXT), Column("Changed by", TEXT), Column("Changed at", TEXT),
    ), [_row(pair, told.get(pair), live.get(pair), base) for pair in pairs])]


def _row(pair: Pair, told: ToldRate | None, live: LiveRate | None, base: str) -> Row:
    month, code = pair
    known = (None, "", "", "", "") if told is None else (
        told.rate, "yes" if told.is_so_far else "", told.source, told.changed_by,
        f"{told.changed_at:%Y-%m-%dT%H:%M:%SZ}",
    )
    rate, *others = known
    return (code, month, rate, base, live.rate if live else None, "yes" if live else "", *others)


offer = Offer(RATES, _sheets, compared=lambda selection: None)
