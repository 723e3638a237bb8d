"""Counts that the processes of a server share: each writes its own into files, and whoever is asked adds them up.

The files are prometheus_client's, which maps them into memory without having claimed their room: on a full disk the
first count would then end its process by SIGBUS, and that of every worker after it. Here room is claimed before it is
mapped. Without room a count stays in its process until there is some; nothing is lost, and no page notices.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, values
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder; gunicorn.conf.py sets it, one per master."""
ROOM = 1 << 16
"""Bytes of a new file."""

log = logging.getLogger("lego.web")


def are_shared() -> bool:
    """Whether this process is one of a server's, which has a folder for counts."""
    return FOLDER in os.environ


def share() -> None:
    """From now on metrics of such a process are made of shared counts."""
    if are_shared():
        values.ValueClass = CountFiles(Path(os.environ[FOLDER])).count


def of_all_processes() -> CollectorRegistry:
    """What all processes have written down: nothing, where there was no room for the folder."""
    registry = CollectorRegistry()
    if Path(os.environ[FOLDER]).is_dir():
        MultiProcessCollector(registry)
    return registry


class CountFiles:
    """The files of one process, one for each kind of metric. What cannot be written waits; nothing is raised."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self._files: dict[str, ClaimedDict] = {}
        self._waiting: dict[SharedCount, None] = {}
        self._is_told = False

    def count(
        self, kind: str, metric: str, name: str, label_names: Sequence[str], labels: Sequence[str], words: str,
        multiprocess_mode: str = "", **ignored: Any,
    ) -> SharedCount:
        """A new count; prometheus_client calls it in the place of a class of values, with these arguments."""
        prefix = f"{kind}_{multiprocess_mode}" if multiprocess_mode else kind
        return SharedCount(self, prefix, mmap_key(metric, name, label_names, labels, words))

    def write(self, count: SharedCount) -> None:
        """Writes a count down, and those that had to wait. The caller holds the lock."""
        others = list(self._waiting)
        self._waiting[count] = None
        try:
            for each in (count, *others):
                each.write(self._file(each.prefix))
                self._waiting.pop(each, None)
        except OSError as error:
            if not self._is_told:
                log.warning("%s: counts wait to be written, /metrics lacks them (%s)", self.folder, error.strerror)
            self._is_told = True
            return
        self._is_told = False

    def _file(self, prefix: str) -> ClaimedDict:
        if prefix not in self._files:
            path = self.folder / f"{prefix}_{os.getpid()}.db"
            if not path.exists():
                _make(path)
            self._files[prefix] = ClaimedDict(str(path))
        return self._files[prefix]


class SharedCount:
    """One number, as prometheus_client uses its values."""

    _multiprocess = True

    def __init__(self, files: CountFiles, prefix: str, key: str) -> None:
        self.prefix = prefix
        self._files, self._key = files, key
        self._value = self._timestamp = 0.0
        self._goes_on = True
        with files.lock:
            files.write(self)

    def inc(self, amount: float) -> None:
        """Adds to it."""
        with self._files.lock:
            self._value += amount
            self._files.write(self)

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replaces it."""
        with self._files.lock:
            self._value, self._timestamp, self._goes_on = value, timestamp or 0.0, False
            self._files.write(self)

    def get(self) -> float:
        """What this process has counted."""
        return self._value

    def set_exemplar(self, exemplar: Any) -> None:
        """Nothing: files hold none."""

    def get_exemplar(self) -> None:
        """None: files hold none."""

    def write(self, file: ClaimedDict) -> None:
        """Writes it into its file. Raises OSError if there is no room."""
        if self._goes_on:
            # Of a worker that had the same number as a process.
            self._value += file.read_value(self._key)[0]
            self._goes_on = False
        file.write_value(self._key, self._value, self._timestamp)


class ClaimedDict(MmapedDict):
    """prometheus_client's file of numbers, which grows only into room that it has."""

    def _init_value(self, key: str) -> None:
        # The number's name, filled up to a multiple of eight, with its length, the number and its time.
        if self._used + len(key.encode()) + 32 > self._capacity:
            _claim(self._f.fileno(), 2 * self._capacity, had=self._capacity)
        super()._init_value(key)


def _make(path: Path) -> None:
    """A file whose room is claimed. Under its own name it is never shorter: whoever adds up could not read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    with aside.open("wb") as file:
        _claim(file.fileno(), ROOM, had=0)
    aside.replace(path)


def _claim(file: int, size: int, *, had: int) -> None:
    try:
        os.posix_fallocate(file, 0, size)
    except OSError:
        # It may have got a part.
        os.ftruncate(file, had)
        raise
