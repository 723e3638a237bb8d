"""The file as a container: which kind of workbook it is, and its parts, whose sizes are looked at first of all.

Words of a refusal begin after the file's name, which is put before them where the file is known by it.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from database.imports.workbook.limits import (
    ALWAYS_PERMITTED,
    MOST_PACKED_TIGHTER,
    MOST_PARTS,
    MOST_UNPACKED,
)
from domain.errors import Refused

XLSX, ODS, XLS = "xlsx", "ods", "xls"
ZIP_START = b"PK\x03\x04"
OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CHUNK = 1 << 20

DAMAGED = "is a damaged workbook"
PROTECTED = "is a workbook with a password; take the password off (Excel: File, Info, Protect Workbook) and save it"
_OLD = "is no workbook but another old Office file; save its table as CSV UTF-8"
_SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
_TYPES = (
    (b"spreadsheetml.sheet.main+xml", ""),
    (b"spreadsheetml.template.main+xml", ""),
    (b"ms-excel.sheet.macroEnabled.main+xml", ""),
    (b"ms-excel.template.macroEnabled.main+xml", ""),
    (b"ms-excel.sheet.binary", "is a binary workbook (.xlsb); save it as .xlsx"),
    (b"wordprocessingml", "is a Word document; save its table as a workbook or as CSV UTF-8"),
    (b"presentationml", "is a PowerPoint file; save its table as a workbook or as CSV UTF-8"),
)


class Damaged(Refused):
    """A workbook that is cut off or contradicts itself."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{DAMAGED} ({what}); save or send it once more")


def starts_like_a_workbook(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a zip archive or of an old Office file."""
    return start.startswith((ZIP_START, b"PK\x05\x06", OLE_START))


def kind_of(path: Path) -> str:
    """XLSX, ODS or XLS. Raises Refused, in words that say what it is instead, for everything else."""
    with path.open("rb") as file:
        start = file.read(8)
    if start == OLE_START:
        return _kind_of_old(path)
    with Parts(path) as parts:
        if "[content_types].xml" in parts:
            return _kind_by_types(parts)
        if "mimetype" in parts:
            return _kind_of_open_document(parts)
        if any(name.startswith("index/") and name.endswith(".iwa") for name in parts):
            raise Refused("is a Numbers document; export it from Numbers as Excel or CSV")
        names = ", ".join(parts.first_names(3)) or "nothing in it"
    raise Refused(f"is a zip archive ({names}) and no workbook; unpack it first")


class Parts:
    """The parts of a zip archive, by their names in small letters."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)  # noqa: SIM115 closed by __exit__
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
            raise Damaged("its end is missing, as of a file that was cut off on its way") from None
        found = self._archive.infolist()
        if len(found) > MOST_PARTS:
            self._archive.close()
            raise Refused(f"has {len(found):,} parts, more than any workbook; it was not unpacked")
        self._parts = {part.filename.replace("\\", "/").lstrip("/").lower(): part for part in found}

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *error: object) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def first_names(self, most: int) -> list[str]:
        """Names as the archive writes them."""
        return [part.filename[:60] for part in list(self._parts.values())[:most]]

    def chunks(self, name: str, most: int = MOST_UNPACKED) -> Iterator[bytes]:
        """The part, piece by piece; never more than `most` bytes. Raises Refused if it says that it is larger or is
        packed tighter than a workbook is, Damaged if it is not there, is cut off or not what its checksum says."""
        with self._open(name, most) as file:
            try:
                while chunk := file.read(CHUNK):
                    yield chunk
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile) and error.errno:
                    raise
                raise Damaged(f"its part {name} cannot be unpacked") from None

    def whole(self, name: str, most: int = 64 << 20) -> bytes:
        """A small part at once."""
        return b"".join(self.chunks(name, most))

    def _open(self, name: str, most: int) -> BinaryIO:
        part = self._parts.get(name.lower())
        if part is None:
            raise Damaged(f"its part {name} is missing")
        if part.flag_bits & 1:
            raise Refused(PROTECTED)
        tightness = part.file_size // max(1, part.compress_size)
        if part.file_size > most or (part.file_size > ALWAYS_PERMITTED and tightness > MOST_PACKED_TIGHTER):
            raise Refused(
                f"would unpack to {part.file_size >> 20:,} MiB ({name}, {tightness:,} times its size), more than a "
                "table of figures needs; it was not unpacked; save the sheet as CSV UTF-8"
            )
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Damaged(f"its part {name} is packed as in no workbook")
        try:
            return self._archive.open(part)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError):
            raise Damaged(f"its part {name} cannot be unpacked") from None


def _kind_by_types(parts: Parts) -> str:
    types = parts.whole("[Content_Types].xml")
    for written, words in _TYPES:
        if written in types:
            if words:
                raise Refused(words)
            return XLSX
    raise Refused("is an Office file without a workbook in it; save its table as CSV UTF-8")


def _kind_of_open_document(parts: Parts) -> str:
    kind = parts.whole("mimetype", 1 << 10).decode("ascii", "replace").strip()
    if not kind.startswith(_SPREADSHEET):
        raise Refused(f"is no workbook ({kind[:60]}); save its table as .ods or as CSV UTF-8")
    if "meta-inf/manifest.xml" in parts and b"encryption-data" in parts.whole("META-INF/manifest.xml"):
        raise Refused(PROTECTED)
    return ODS


def _kind_of_old(path: Path) -> str:
    def named(name: str) -> bytes:
        return name.encode("utf-16-le") + b"\0\0"

    found = {name: False for name in ("EncryptedPackage", "Workbook", "Book", "WordDocument")}
    held = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            for name in found:
                found[name] = found[name] or named(name) in held + chunk
            held = chunk[-64:]
    if found["EncryptedPackage"]:
        raise Refused(PROTECTED)
    if found["WordDocument"] or not (found["Workbook"] or found["Book"]):
        raise Refused(_OLD)
    return XLS
