"""An OpenDocument spreadsheet, streamed (OASIS OpenDocument 1.3, part 3, 9): all its sheets stand in one part."""

from __future__ import annotations

import re

from database.imports.workbook.cell_texts import (
    NOT_AVAILABLE,
    NOT_CALCULATED,
    column_name,
    iso_text,
    number_text,
    percent_text,
    quoted,
)
from database.imports.workbook.container import Damaged, Parts
from database.imports.workbook.found import Found, SheetName
from database.imports.workbook.merged import Merged, MergedTexts
from database.imports.workbook.sheet_csv import SheetCsv
from database.imports.workbook.xml_stream import feed, stream_parser

CONTENT = "content.xml"
MOST_COLUMNS = 16_384
_SPACES = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
_OFFICE, _TABLE, _TEXT, _STYLE = (_SPACES.format(word) + " " for word in ("office", "table", "text", "style"))
_DRAWING = _SPACES.format("drawing") + " "
_CALCEXT = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_CELLS = (_TABLE + "table-cell", _TABLE + "covered-table-cell")
_ASIDE = (_OFFICE + "annotation", _TABLE + "shapes", _TABLE + "detective")
"""What lies on cells and is no part of them."""
_BLANKS = (_TEXT + "s", _TEXT + "tab", _TEXT + "line-break")
_ERROR = re.compile(r"#[A-Z][A-Z0-9/]*[!?]|#N/A|Err:\d+")
_PREFIX = re.compile(rb"xmlns:([\w.-]+)\s*=\s*[\"']urn:oasis:names:tc:opendocument:xmlns:table:1\.0[\"']")
_ENDS = (b" ", b">", b"/", b"\n", b"\r", b"\t")


class OdsBook:
    """The sheets of an .ods workbook."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        listing = _Reader(-1, None)
        self._run(listing, None)
        self.sheets = tuple(
            SheetName(name, is_shown=style not in listing.hidden_styles) for name, style in listing.names
        )
        self._check(listing)

    def read(self, number: int, target: SheetCsv, most_rows: int | None = None) -> Found:
        """Writes the rows, or the first `most_rows` of them, of sheet `number`, counted from 0."""
        reader = _Reader(number, target)
        self._run(reader, most_rows)
        reader.found.filled_merged = reader.merged.filled
        reader.found.percent_columns = sorted(reader.percent - reader.plain)
        return reader.found

    def _run(self, reader: _Reader, most_rows: int | None) -> None:
        parser = stream_parser(reader.start, reader.end, reader.text)
        for chunk in self._parts.chunks(CONTENT):
            feed(parser, chunk, CONTENT)
            if most_rows is not None and reader.row_number > most_rows:
                return
        feed(parser, b"", CONTENT, is_last=True)

    def _check(self, listing: _Reader) -> None:
        """Rows and cells of all sheets are counted a second time, by their tags alone."""
        rows = cells = 0
        prefix, held = b"", b""
        for chunk in self._parts.chunks(CONTENT):
            piece = held + chunk
            found = None if prefix else _PREFIX.search(piece)
            prefix = found[1] if found else prefix
            cut = piece.rfind(b"<") if piece.rfind(b">") < piece.rfind(b"<") else len(piece)
            piece, held = piece[:cut], piece[cut:]
            for end in _ENDS:
                rows += piece.count(b"<" + prefix + b":table-row" + end)
                cells += piece.count(b"<" + prefix + b":table-cell" + end)
                cells += piece.count(b"<" + prefix + b":covered-table-cell" + end)
        if (rows, cells) != (listing.rows, listing.cells):
            raise Damaged(
                f"counted in two ways, it has {listing.rows:,} and {rows:,} rows, {listing.cells:,} and {cells:,} cells"
            )


class _Reader:
    """What expat calls; only the rows of sheet `wanted` are kept."""

    def __init__(self, wanted: int, target: SheetCsv | None) -> None:
        self.found = Found()
        self.names: list[tuple[str, str]] = []
        self.hidden_styles: set[str] = set()
        self.rows = self.cells = self.row_number = 0
        self.merged = MergedTexts()
        self.percent: set[int] = set()
        self.plain: set[int] = set()
        self._wanted, self._target = wanted, target
        self._style = ""
        self._depth = self._aside = self._paragraphs = 0
        self._row: list[str] = []
        self._texts: set[int] = set()
        self._column = self._columns_told = 0
        self._repeated = 1
        self._attributes: dict[str, str] | None = None
        self._pieces: list[str] = []
        self._is_paragraph = False

    @property
    def _is_wanted(self) -> bool:
        return self._depth == 1 and len(self.names) - 1 == self._wanted

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._aside or name in _ASIDE or name.startswith(_DRAWING):
            self._aside += 1
        if name == _TABLE + "table":
            self._start_table(attributes)
        elif name == _TABLE + "table-row":
            self.rows += 1
            if self._is_wanted:
                self._start_row(attributes)
        elif name in _CELLS:
            self.cells += 1
            if self._is_wanted:
                self._attributes, self._pieces, self._paragraphs = attributes, [], 0
        elif name == _TABLE + "table-column":
            if self._is_wanted:
                self._start_column(attributes)
        elif name == _STYLE + "style":
            self._style = attributes.get(_STYLE + "name", "")
        elif name == _STYLE + "table-properties" and attributes.get(_TABLE + "display") == "false":
            self.hidden_styles.add(self._style)
        elif self._attributes is not None and not self._aside:
            self._start_text(name, attributes)

    def end(self, name: str) -> None:
        if name == _TABLE + "table":
            self._depth -= 1
        elif self._is_wanted and name in _CELLS:
            self._end_cell()
        elif self._is_wanted and name == _TABLE + "table-row":
            self._end_row()
        elif name == _TEXT + "p" and not self._aside:
            self._is_paragraph = False
        if self._aside:
            self._aside -= 1

    def text(self, piece: str) -> None:
        if self._is_paragraph and not self._aside:
            self._pieces.append(piece)

    def _start_table(self, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.names.append((attributes.get(_TABLE + "name", ""), attributes.get(_TABLE + "style-name", "")))

    def _start_column(self, attributes: dict[str, str]) -> None:
        count = min(_count(attributes, "number-columns-repeated"), MOST_COLUMNS)
        if attributes.get(_TABLE + "visibility", "visible") != "visible":
            self.found.hidden_columns.extend(range(self._columns_told, self._columns_told + count))
        self._columns_told += count

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._repeated = _count(attributes, "number-rows-repeated")
        self._row, self._column = [], 0
        self._texts.clear()
        if attributes.get(_TABLE + "visibility", "visible") != "visible":
            first = self.row_number + 1
            self.found.hidden_rows.extend(range(first, first + min(self._repeated, 1 << 20)))

    def _start_text(self, name: str, attributes: dict[str, str]) -> None:
        if name == _TEXT + "p":
            self._is_paragraph = True
            if self._paragraphs:
                self._pieces.append(" ")
            self._paragraphs += 1
        elif name in _BLANKS:
            self._pieces.append(" ")

    def _end_cell(self) -> None:
        attributes, self._attributes = self._attributes or {}, None
        count = min(_count(attributes, "number-columns-repeated"), MOST_COLUMNS)
        column, shown = self._column, "".join(self._pieces)
        text = self._text(attributes, shown, column)
        self._column += count
        if not text:
            return
        self._row.extend([""] * (column - len(self._row)))
        self._row.extend([text] * count)
        right = _count(attributes, "number-columns-spanned") - 1
        down = _count(attributes, "number-rows-spanned") - 1
        if right or down:
            top = self.row_number + 1
            self.merged.add(Merged(column, top, column + min(right, MOST_COLUMNS), top + down))

    def _text(self, attributes: dict[str, str], shown: str, column: int) -> str:
        kind = attributes.get(_OFFICE + "value-type", "")
        value = attributes.get(_OFFICE + "value", "")
        has_formula = _TABLE + "formula" in attributes
        if attributes.get(_CALCEXT + "value-type") == "error" or (has_formula and _ERROR.fullmatch(shown)):
            if shown == NOT_AVAILABLE:
                return ""
            self.found.errors.append(self._cell_name(column))
            return quoted(shown or "#VALUE!")
        if kind in ("float", "currency", "percentage"):
            if not value and has_formula:
                return self._without_value(column)
            return self._number(kind, value, column)
        if kind == "" and has_formula:
            return self._without_value(column)
        if kind == "boolean":
            return attributes.get(_OFFICE + "boolean-value", shown).upper()
        self._texts.add(column)
        if kind == "date":
            return quoted(iso_text(attributes.get(_OFFICE + "date-value", shown)))
        return quoted(attributes.get(_OFFICE + "string-value") or shown)

    def _number(self, kind: str, value: str, column: int) -> str:
        try:
            if kind == "percentage":
                self.percent.add(column)
                return percent_text(value)
            self.plain.add(column)
            return number_text(value)
        except ValueError:
            raise Damaged(f"cell {self._cell_name(column)} holds {value[:40]!r} as a number") from None

    def _without_value(self, column: int) -> str:
        self.found.without_value.append(self._cell_name(column))
        return NOT_CALCULATED

    def _cell_name(self, column: int) -> str:
        return f"{column_name(column)}{self.row_number + 1}"

    def _end_row(self) -> None:
        if self._row:
            self._target.expect(self.row_number + self._repeated, len(self._row))
        for _ in range(self._repeated if self._row else 1):
            self.row_number += 1
            row = list(self._row)
            self.merged.fill(self.row_number, row, self._texts)
            self._target.row(self.row_number, row)
        if not self._row:
            self.row_number += self._repeated - 1


def _count(attributes: dict[str, str], name: str) -> int:
    """How often something is repeated, or how far it reaches."""
    try:
        return max(1, int(attributes.get(_TABLE + name, "1")))
    except ValueError:
        raise Damaged(f"{name} is {attributes[_TABLE + name][:20]!r}") from None
