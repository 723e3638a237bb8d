"""What an answer tells, without what differs between any two answers: ids, tokens, times."""

from __future__ import annotations

import io
import re
import zipfile

from werkzeug.test import TestResponse

TELLING = ("Content-Type", "Content-Disposition", "Location", "Retry-After", "Allow", "WWW-Authenticate")

_PASSING = re.compile(
    r"[0-9a-f]{16}(?=</code>)|(?<=\"request_id\":\")[0-9a-f]{16}|(?<=\"request_id\": \")[0-9a-f]{16}"
    r"|(?<=name=\"csrf_token\" value=\")[^\"]+|(?<=name=\"csrf-token\" content=\")[^\"]+"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\b)|\d\d:\d\d UTC"
)


def told(answer: TestResponse) -> tuple[int, dict[str, str], str]:
    """Status, telling headers and text of an answer; of a workbook the text of all its parts."""
    headers = {name: answer.headers[name] for name in TELLING if name in answer.headers}
    return answer.status_code, headers, _PASSING.sub("…", text_of(answer))


def text_of(answer: TestResponse) -> str:
    """All that can be read in the body."""
    if answer.data.startswith(b"PK\x03\x04"):
        book = zipfile.ZipFile(io.BytesIO(answer.data))
        return "\n".join(f"{name}\n{book.read(name).decode()}" for name in sorted(book.namelist()))
    return answer.data.decode()
