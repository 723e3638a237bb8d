"""What has to be on the disk before anything may depend on it."""

from __future__ import annotations

import os
from pathlib import Path


def make_durable(path: Path) -> None:
    """Waits until a file's content, or a folder's names, would survive a power cut. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
