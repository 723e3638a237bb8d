"""Where an explained figure comes from: its imports by what they gave, and what no import gave, as page and files."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from flask import url_for

from charts.small import SmallBar, small_bars
from database.queries.pages import EXPLAIN
from database.queries.sources import (
    CONVERSION,
    SHARED_COSTS,
    UNKNOWN,
    NamedImport,
    NoImport,
    Source,
    Sources,
    name_imports,
)
from database.schema import ARCHIVED_IMPORT, DERIVED, NO_IMPORT
from domain.months import format_month, moment_words, months_words
from web.exports.plain_values import moment
from web.figures.formats import COUNT, MONEY, PERCENT
from web.figures.page import Page
from web.figures.sheets import TEXT, Cell, Column, Sheet
from web.http import current

MOST = 8
"""So many are named; what all others gave is one more."""
NO_FILE = {
    DERIVED: ("Lines of reports", "follows from the lines that count, and from unit costs"),
    NO_IMPORT: ("Other programs", "written to the database without an import"),
    ARCHIVED_IMPORT: ("Archived facts", "which import gave them is not known any more"),
}
"""Stands for an import -> its name, and what to know of it."""
WITHOUT = {
    SHARED_COSTS: ("Shared costs", "costs of no product, shared out"),
    CONVERSION: ("Conversion", "margins made of converted amounts, and what rounding moves"),
}


@dataclass(frozen=True)
class SourceView:
    """One import, or something else. `stated` is what was converted, in its own currency."""

    name: str
    address: str
    about: str
    moment: str
    stated: str
    value: str
    share: str
    bar: SmallBar | None
    is_negative: bool
    is_rest: bool = False


@dataclass(frozen=True)
class SourcesView:
    """The largest imports first; what is not one of them last. `has_stated`: anything was converted."""

    rows: tuple[SourceView, ...]
    has_stated: bool


@dataclass(frozen=True)
class _Line:
    """What page and files say alike."""

    name: str
    about: str
    value: Decimal
    number: int | None = None
    created_at: datetime.datetime | None = None
    currency: str = ""
    local_value: Decimal | None = None
    facts: int | None = None


def sources_view(found: Sources | None, whole: Decimal | None, kind: str, page: Page) -> SourcesView | None:
    """`found` are the Sources of a figure, `whole` the figure, of a `kind` of values; None where nothing is known."""
    if found is None or not (found.rows or found.others):
        return None
    names = _names(found.rows)
    lines = [_line(row, names) for row in found.rows]
    shown = lines if len(lines) <= MOST + 1 else lines[:MOST]
    left = lines[len(shown):]
    if left:
        words = page.formats.counted(len(left), "other import")
        shown = [*shown, _Line(words, "", sum((line.value for line in left), Decimal(0)))]
    count = len(shown)
    shown = [*shown, *(_without(each) for each in found.others)]
    bars = small_bars([line.value for line in shown])
    return SourcesView(
        tuple(
            _view(line, bar, whole, kind, page, is_rest=place >= count or (bool(left) and place == count - 1))
            for place, (line, bar) in enumerate(zip(shown, bars, strict=True))
        ),
        any(line.currency for line in shown),
    )


def sources_sheet(found: Sources | None, whole: Decimal | None, kind: str) -> Sheet:
    """All of them, for files and the API."""
    columns = (
        Column("Name", TEXT), Column("Import", TEXT), Column("Imported", TEXT), Column("About", TEXT),
        Column("Currency", TEXT), Column("Stated", MONEY), Column("Rows", COUNT), Column("Gives", kind, key="value"),
        Column("Share", PERCENT),
    )
    lines = []
    if found is not None:
        names = _names(found.rows)
        lines = [*(_line(row, names) for row in found.rows), *(_without(each) for each in found.others)]
    return Sheet("sources", EXPLAIN.tables["sources"], columns, [
        (line.name, None if line.number is None else str(line.number),
         None if line.created_at is None else moment(line.created_at), line.about or None, line.currency or None,
         Cell(line.local_value if line.currency else None, MONEY), line.facts, line.value, _share(line.value, whole))
        for line in lines
    ])


def _names(rows: tuple[Source, ...]) -> Mapping[int, NamedImport]:
    numbers = {row.import_id for row in rows if row.import_id > 0}
    if not numbers:
        return {}
    with current.store().application_reading.connect() as connection:
        return name_imports(connection, numbers)


def _line(row: Source, names: Mapping[int, NamedImport]) -> _Line:
    told = {"value": row.value, "currency": row.currency, "local_value": row.local_value, "facts": row.facts}
    if row.import_id in NO_FILE:
        return _Line(*NO_FILE[row.import_id], **told)
    named = names.get(row.import_id)
    if named is None:
        return _Line(f"Import {row.import_id}", "", number=row.import_id, **told)
    return _Line(named.file_name, named.source, number=row.import_id, created_at=named.created_at, **told)


def _without(found: NoImport) -> _Line:
    if found.kind != UNKNOWN:
        return _Line(*WITHOUT[found.kind], found.value)
    months = months_words([format_month(month) for month in found.months])
    return _Line("Not known yet", f"{months}: a refresh of all months finds out", found.value)


def _share(value: Decimal, whole: Decimal | None) -> Decimal | None:
    return value / whole if whole and whole > 0 else None


def _view(
    line: _Line, bar: SmallBar | None, whole: Decimal | None, kind: str, page: Page, *, is_rest: bool
) -> SourceView:
    formats = page.formats
    value = formats.exact(line.value, kind)
    if kind == PERCENT:
        value = ("\N{MINUS SIGN}" if line.value < 0 else "") + formats.points(line.value)
    return SourceView(
        name=line.name,
        address="" if line.number is None else url_for("imports.report", import_id=line.number),
        about=line.about, moment=moment_words(line.created_at) if line.created_at else "",
        stated=replace(formats, currency=line.currency).exact(line.local_value, MONEY) if line.currency else "",
        value=value, share=formats.exact(_share(line.value, whole), PERCENT), bar=bar, is_negative=line.value < 0,
        is_rest=is_rest,
    )
