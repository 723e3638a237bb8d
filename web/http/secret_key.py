"""The key that signs cookies: the one from the settings, or one made once in the instance folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from domain.errors import SetupError
from settings import Settings

LENGTH = 32


def secret_key(settings: Settings) -> str:
    """The key, the same for every process. Raises SetupError if it can neither be read nor made."""
    if settings.web.secret_key:
        return settings.web.secret_key
    path = settings.database.path / "secret_key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path}: cannot be read or made ({error}); check [database] path and its owner") from None
    if len(key) < LENGTH:
        raise SetupError(f"{path}: shorter than {LENGTH} bytes; remove it, and a new one is made")
    return key


def _make(path: Path) -> None:
    """Several processes may come here at once. Each writes its own file whole, and the first to link it
    to its name wins: nobody can read half a key, or two different ones."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = path.with_name(f"secret_key.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            own.unlink()
