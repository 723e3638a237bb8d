"""An .xlsx workbook without its cells: sheets, texts, number formats, the system of dates (ECMA-376, part 1, 18)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from database.imports.workbook.cell_texts import number_format_kind, quoted
from database.imports.workbook.container import Damaged, Parts
from database.imports.workbook.found import SheetName
from database.imports.workbook.limits import MOST_TEXT
from database.imports.workbook.xml_stream import local, parse

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_TRUE = ("1", "true", "on")


class Relation(NamedTuple):
    """One line of a part's relations: what kind of thing, and in which part it is."""

    kind: str
    part: str


@dataclass(frozen=True)
class XlsxSheet:
    """A sheet and the part it is in; blank for what is no table."""

    name: SheetName
    part: str


@dataclass(frozen=True)
class XlsxBook:
    """What the cells of all sheets refer to. `texts` are quoted for CSV; `kinds` are of the styles of cells.
    `is_uncalculated`: whoever wrote it left the formulas to Excel (fullCalcOnLoad)."""

    sheets: tuple[XlsxSheet, ...]
    kinds: list[int]
    is_1904: bool
    is_uncalculated: bool
    is_manual: bool
    texts_part: str


def read_book(parts: Parts) -> XlsxBook:
    """Reads everything but cells and texts. Raises Damaged where parts are missing."""
    main = next((found.part for found in _relations(parts, "").values() if found.kind == "officeDocument"), "")
    if not main:
        raise Damaged("nothing says where its sheets are")
    related = _relations(parts, main)
    sheets: list[XlsxSheet] = []
    told = {"date1904": False, "fullCalcOnLoad": False, "manual": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        if element == "sheet":
            sheets.append(_sheet(attributes, related))
        elif element == "workbookPr":
            told["date1904"] = attributes.get("date1904", "") in _TRUE
        elif element == "calcPr":
            told["fullCalcOnLoad"] = attributes.get("fullCalcOnLoad", "") in _TRUE
            told["manual"] = attributes.get("calcMode", "") == "manual"

    parse(parts.chunks(main), main, start)
    by_kind = {found.kind: found.part for found in related.values()}
    return XlsxBook(
        tuple(sheets), _kinds_of_styles(parts, by_kind.get("styles", "")), told["date1904"], told["fullCalcOnLoad"],
        told["manual"], by_kind.get("sharedStrings", ""),
    )


def read_texts(parts: Parts, book: XlsxBook) -> list[str]:
    """The table of texts that cells refer to by number, each quoted for CSV. What is written above letters to tell
    their sound (rPh) is no part of a text."""
    texts: list[str] = []
    gatherer = TextGatherer()

    def end(name: str) -> None:
        gatherer.end(name)
        if name.endswith(" si"):
            texts.append(quoted(unescaped(gatherer.take())))

    if book.texts_part in parts:
        parse(parts.chunks(book.texts_part, MOST_TEXT), book.texts_part, gatherer.start, end, gatherer.text)
    return texts


class TextGatherer:
    """Gathers what stands in `t` elements, but for those that tell how something sounds."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_inside = self._is_sound = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name.endswith(" t"):
            self._is_inside = not self._is_sound
        elif name.endswith(" rPh"):
            self._is_sound = True

    def end(self, name: str) -> None:
        """An element ends."""
        if name.endswith(" t"):
            self._is_inside = False
        elif name.endswith(" rPh"):
            self._is_sound = False

    def text(self, piece: str) -> None:
        """Text, of whichever element."""
        if self._is_inside:
            self._pieces.append(piece)

    def take(self) -> str:
        """What was gathered since the last time."""
        text, self._pieces = "".join(self._pieces), []
        return text


def unescaped(text: str) -> str:
    """_x000D_ is how a workbook writes a character that XML does not have."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _sheet(attributes: dict[str, str], related: dict[str, Relation]) -> XlsxSheet:
    found = next((related[value] for key, value in attributes.items() if local(key) == "id" and value in related), None)
    is_table = found is not None and found.kind == "worksheet"
    name = SheetName(attributes.get("name", ""), is_table, attributes.get("state", "visible") == "visible")
    return XlsxSheet(name, found.part if is_table else "")


def _relations(parts: Parts, of: str) -> dict[str, Relation]:
    """The relations of a part, or of the whole archive, by their ids."""
    folder, name = posixpath.split(of)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    return dict(_read_relations(parts, part, folder)) if part in parts else {}


def _read_relations(parts: Parts, part: str, folder: str) -> Iterator[tuple[str, Relation]]:
    found: list[tuple[str, Relation]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            found.append((attributes.get("Id", ""), Relation(kind, target)))

    parse(parts.chunks(part), part, start)
    yield from found


def _kinds_of_styles(parts: Parts, part: str) -> list[int]:
    """For each style of a cell, what its number format makes of a number."""
    codes: dict[int, str] = {}
    numbers: list[int] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        if element == "numFmt" and path[-1:] == ["numFmts"]:
            codes[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif element == "xf" and path[-1:] == ["cellXfs"]:
            numbers.append(_number(attributes.get("numFmtId", "0")))
        path.append(element)

    if part in parts:
        parse(parts.chunks(part), part, start, lambda name: path.pop())
    return [number_format_kind(number, codes.get(number)) for number in numbers]


def _number(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        raise Damaged(f"a number format has the number {text!r}") from None
