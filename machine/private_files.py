"""Files and folders that are their owner's alone, and are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import BinaryIO


def make_folder(folder: Path) -> None:
    """Makes a folder, and what is missing above it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def create(path: Path) -> BinaryIO:
    """A new file to write to. Raises FileExistsError if there is one of that name, OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def overwrite(path: Path) -> BinaryIO:
    """A file to write to, empty whatever it held. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def replace_whole(path: Path, content: bytes) -> None:
    """Gives a file this content, at one instant: whoever reads it meets the old one or the new one. Raises OSError."""
    draft = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.new")
    try:
        with create(draft) as file:
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
