"""A notice: what somebody should know of without looking. One event gives one notice, told by its key."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

FAILED = "failed"
LATE = "late"
RESTATED = "restated"
RULE = "rule"
REFUSED = "refused"
UNSORTED = "unsorted"
DOCTOR = "doctor"
TEST = "test"

KIND_WORDS = {
    FAILED: "refresh failed", LATE: "late", RESTATED: "restated", RULE: "rule crossed", REFUSED: "import refused",
    UNSORTED: "amounts to sort", DOCTOR: "doctor", TEST: "test",
}

MAIL = "mail"
WEBHOOK = "webhook"
CHANNELS = (MAIL, WEBHOOK)

LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Notice:
    """`key` stays the same for the same event. `subject` says the matter in a line, `body` all of it and what to do,
    `facts` the same as names and texts, for programs. `noted_at` is UTC."""

    key: str
    kind: str
    subject: str
    body: str
    facts: tuple[tuple[str, str], ...]
    noted_at: datetime.datetime


def in_a_line(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """The text without line ends, control characters and spare spaces, cut where it is too long."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
