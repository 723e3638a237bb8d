"""Workbooks that tests write by hand, part by part, as no library would."""

from __future__ import annotations

import zipfile
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_ODS = "urn:oasis:names:tc:opendocument:xmlns:"


def xlsx(path: Path, rows: str, *, before: str = "", after: str = "", **more: str) -> Path:
    """A workbook of one sheet 'P&L' whose rows are this XML; `before` and `after` stand beside them. `more` are
    `styles` (formats of numbers), `texts` (the table of texts), `book` (what stands in the workbook beside sheets),
    `sheet` (the sheet's part as a whole), `main` (the namespace)."""
    main = more.get("main", MAIN)
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{main}" xmlns:r="{_RELATIONS}">{more.get("book", "")}<sheets>'
            '<sheet name="P&amp;L" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(
            ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "styles", "/xl/styles.xml"),
            ("rId3", "sharedStrings", "sharedStrings.xml"),
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{more.get("styles", "")}</styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{more.get("texts", "")}</sst>',
        "xl/worksheets/sheet1.xml": more.get("sheet", (
            f'<worksheet xmlns="{main}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
        )),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def ods(path: Path, tables: str, *, styles: str = "", mimetype: str = "application/vnd.oasis.opendocument.spreadsheet",
        manifest: str = "") -> Path:
    """A spreadsheet with these `table:table` elements."""
    spaces = " ".join(f'xmlns:{word}="{_ODS}{word}:1.0"' for word in ("office", "table", "text", "style"))
    content = (
        f'<office:document-content {spaces} xmlns:draw="{_ODS}drawing:1.0" '
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mimetype)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


def _relations(*relations: tuple[str, str, str]) -> str:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{_RELATIONS}/{kind}" Target="{target}"/>' for key, kind, target in relations
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{lines}</Relationships>'
