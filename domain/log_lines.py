"""One line of a log, as text or as JSON: how requests, commands and what else happens are written down."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

JSON = "json"
_TEXT = "%(asctime)sZ %(levelname)s [%(request_id)s] %(message)s"


def formatter(form: str) -> logging.Formatter:
    """The formatter of `[log] format`."""
    return JsonLines() if form == JSON else TextLines()


class TextLines(logging.Formatter):
    """`2026-11-22T03:00:04Z INFO [5f3c…] …`; the id is `-` outside a request."""

    converter = time.gmtime

    def __init__(self) -> None:
        super().__init__(_TEXT, datefmt="%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = getattr(record, "request_id", "") or "-"
        return super().format(record)


class JsonLines(logging.Formatter):
    """One object a line. A record's `fields` (given as `extra`) stand beside time, level and id, in place of its
    message."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname, "request_id": getattr(record, "request_id", "") or None,
        }
        fields = getattr(record, "fields", None)
        line |= fields if fields is not None else {"message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
