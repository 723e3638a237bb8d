"""/api/v1: the rows of the pages as JSON, for programs. /api/v1/openapi.json says how to ask.

Figures are texts, not JSON numbers: most programs would read those as floats and lose cents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, Response, abort, request, url_for
from flask import json as flask_json

from database.engines.values import Reading
from database.queries.pages import PageSpec
from domain.months import format_month
from domain.periods import MOST_DRAWN
from web.exports import generation_file, openapi
from web.exports.about import About, about, selection_values
from web.exports.page_files import TABLE, chosen_table, read_sheets, rule_of, with_rules
from web.exports.plain_values import moment, plain
from web.figures.conversion import converted_from, unrated
from web.figures.narrowing import rules_of
from web.figures.page import Page, formats_of_reader, read_asked, read_page
from web.figures.paging import refuse_past_the_last
from web.figures.shared_costs import shared_costs_state
from web.figures.sheets import Column, Offer, Sheet
from web.http import current
from web.http.access import needs_same_as
from web.http.addresses import this_address

PREFIX = "/api/v1"
PER_PAGE = "per_page"
DEFAULT_ROWS = 100
MOST_ROWS = 1000
CHOICES = PageSpec("api.choices", "What a selection may name", "api/v1/choices", words=())


def register(app: Flask, offers: list[Offer]) -> None:
    """Adds the rows of every offer, and the document that describes them."""
    for offer, rule in with_rules(app, offers):
        mark = needs_same_as(app.view_functions[offer.endpoint])
        app.add_url_rule(PREFIX + rule.rule, offer.endpoint_of("api"), mark(_rows_view(offer)), methods=["GET"])
    operations = [(offer, rule_of(app, offer.endpoint_of("api"))) for offer in offers]

    def document() -> Response:
        if request.args:
            abort(400, "This address takes no parameters.")
        return _json(openapi.document(
            operations, title=current.settings().dashboard.title, root=request.script_root, most_rows=MOST_ROWS,
            default_rows=DEFAULT_ROWS,
        ))

    app.add_url_rule(f"{PREFIX}/choices", "api.choices", _choices, methods=["GET"])
    generation_file.register(app, PREFIX)
    app.add_url_rule(f"{PREFIX}/openapi.json", "api.openapi", document, methods=["GET"])


def keys_of(columns: Sequence[Column]) -> list[str]:
    """The names of a row's members: no two alike."""
    keys: list[str] = []
    for column in columns:
        key, again = column.key or "column", 2
        while key in keys:
            key, again = f"{column.key or 'column'}_{again}", again + 1
        keys.append(key)
    return keys


def _rows_view(offer: Offer) -> Callable[..., Response]:
    def show(**arguments) -> Response:
        table, per_page, formats = chosen_table(offer), _per_page(), formats_of_reader()

        def question(reading: Reading) -> dict[str, Any]:
            page = read_page(reading, offer.taking(TABLE, PER_PAGE), formats=formats)
            _refuse_many_months(page)
            sheet = read_sheets(page, offer)[table]
            return _envelope(page, offer, sheet, per_page)

        return _json(read_asked(question))

    return show


def _refuse_many_months(page: Page) -> None:
    """A page says that it shows the last ones only; a program would not read that."""
    span = page.selection.span
    if span.count > MOST_DRAWN:
        abort(400, f"{span.words()} are {span.count:,} months; permitted are {MOST_DRAWN}, and .csv holds any number")


def _choices() -> Response:
    """What a selection may name: for programs that look for the id of a brand."""
    formats = formats_of_reader()

    def question(reading: Reading) -> dict[str, Any]:
        page = read_page(reading, CHOICES, formats=formats)
        found = page.selectable
        return {
            "generation": page.generation.generation,
            "first_month": format_month(found.first_month),
            "last_month": format_month(found.last_month),
            "metrics": [*found.metrics, *found.balances],
            "ratios": list(found.ratios),
            "brands": [{"id": key, "name": name} for key, name in found.brands.items()],
            "categories": [{"id": key, "name": name} for key, name in found.categories.items()],
            "marketplaces": [{"code": code, "name": name} for code, name in found.marketplaces.items()],
            "columns": [{"word": word, "name": column.name} for word, column in found.columns.items()],
        }

    return _json(read_asked(question))


def _envelope(page: Page, offer: Offer, sheet: Sheet, per_page: int) -> dict[str, Any]:
    origin: About = about(page, offer, this_address())
    has_months = "period" in offer.taking().words
    keys, count = keys_of(sheet.columns), sheet.count()
    pages = max(-(-count // per_page), 1)
    number = page.selection.page
    refuse_past_the_last(number, count, per_page)
    return {
        "title": sheet.title,
        "table": sheet.name,
        "tables": list(offer.tables),
        "selection": selection_values(page.selection, offer),
        "generation": origin.generation,
        "published_at": moment(origin.published),
        "data_through": origin.last_month,
        "currency": origin.currency,
        "converted_from": list(converted_from(page)) if has_months else [],
        "without_rate": [
            {"currency": code, "month": format_month(month)}
            for code, months in (unrated(page) if has_months else {}).items() for month in months
        ],
        "shared_costs": (shared_costs_state(page) if has_months else "") or None,
        "only": [
            {"word": rule.word, "rule": rule.words, "obstacle": rule.obstacle or None} for rule in rules_of(page)
        ],
        "columns": [
            {"key": key, "name": column.name, "kind": column.kind}
            for key, column in zip(keys, sheet.columns, strict=True)
        ],
        "rows": [
            {
                key: plain(value, column.kind)
                for key, value, column in zip(keys, row, sheet.columns, strict=True)
            }
            for row in sheet.read((number - 1) * per_page, per_page)
        ],
        "paging": {
            "page": number, "pages": pages, "per_page": per_page, "rows": count,
            "next": _address(page, offer, sheet, per_page, number + 1) if number < pages else None,
        },
    }


def _address(page: Page, offer: Offer, sheet: Sheet, per_page: int, number: int) -> str:
    """Another page of the same rows: after a publication it is gone (410), and not silently shifted."""
    path = url_for(offer.endpoint_of("api"), **page.arguments)
    selection = page.selection.changed(page=number, generation=page.generation.generation)
    return f"{path}?{selection.query_string(offer.taking().words)}&{PER_PAGE}={per_page}&{TABLE}={sheet.name}"


def _per_page() -> int:
    text = request.args.get(PER_PAGE, "") or str(DEFAULT_ROWS)
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_ROWS):
        abort(400, f"{PER_PAGE} {text[:60]!r} is not a whole number from 1 to {MOST_ROWS}")
    return int(text)


def _json(body: dict[str, Any]) -> Response:
    # Members keep the order in which they are written: columns of a table have one.
    response = Response(
        flask_json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=False) + "\n",
        content_type="application/json",
    )
    response.headers["Cache-Control"] = "no-store"
    return response
