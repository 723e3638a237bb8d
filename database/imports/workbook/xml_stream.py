"""XML as it comes, by expat, which holds nothing in memory. A document type is refused before anything of it is read:
a workbook has none, and entities that are made of entities fill any memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.parsers import expat

from database.imports.workbook.container import Damaged
from domain.errors import Refused

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def stream_parser(start: Start, end: End | None = None, text: Text | None = None) -> expat.XMLParserType:
    """A parser that calls these. Names of elements and attributes are `namespace name`; text comes in one piece
    where nothing stands between."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def feed(parser: expat.XMLParserType, chunk: bytes, part: str, *, is_last: bool = False) -> None:
    """Parses one more piece. Raises Damaged where it is no XML."""
    try:
        parser.Parse(chunk, is_last)
    except expat.ExpatError as error:
        raise Damaged(f"its part {part} is no XML: {expat.ErrorString(error.code)}, line {error.lineno}") from None


def parse(chunks: Iterable[bytes], part: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
    """Parses a whole part."""
    parser = stream_parser(start, end, text)
    for chunk in chunks:
        feed(parser, chunk, part)
    feed(parser, b"", part, is_last=True)


def local(name: str) -> str:
    """The name of an element without its namespace."""
    return name.rpartition(" ")[2]


def _refuse_document_type(*declared: object) -> None:
    raise Refused("holds a document type, which no workbook has; it was not read; save the sheet as CSV UTF-8")
