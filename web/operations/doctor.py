"""What `flask doctor` found when it was last run, as the page of operations shows it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from domain.findings import SERIOUS, WARNING
from domain.moments import utc_now
from domain.months import moment_words
from web.http import current
from web.operations.runs import ago_words

_STATES = {SERIOUS: "refused", WARNING: "warning"}
TOLD_ANEW = ("never-refreshed", "refresh-failed", "refresh-late", "refresh-missed")
"""Checks that the page makes itself, for this very moment."""


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor found: what, how that is known, what to do."""

    check: str
    subject: str
    severity: str
    state: str
    words: str
    evidence: str
    advice: str
    since: str
    is_fixable: bool


@dataclass(frozen=True)
class Examination:
    """When the doctor looked last, and what was found, most serious first."""

    examined: str
    findings: list[Finding]

    def of(self, severity: str) -> list[Finding]:
        """The findings of a severity."""
        return [found for found in self.findings if found.severity == severity]


def findings_view() -> Examination | None:
    """None if the doctor never looked."""
    table = schema.doctor_finding
    with current.store().application_reading.connect() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
    if not rows:
        return None
    examined, now = max(row.examined_at for row in rows), utc_now()
    return Examination(
        f"{moment_words(examined)} ({ago_words(now - examined)})",
        [
            Finding(
                row.check_id, row.subject, row.severity, _STATES.get(row.severity, "hint"), row.finding, row.evidence,
                row.advice, moment_words(row.first_seen_at), bool(row.is_fixable),
            )
            for row in rows if row.check_id
        ],
    )


def doctor_words(doctor: Examination | None) -> str:
    """How much was found, for the line of state."""
    if doctor is None:
        return "its checks never ran"
    counts = [(len(doctor.of(SERIOUS)), "serious finding"), (len(doctor.of(WARNING)), "warning")]
    words = " and ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count)
    return f"the doctor has {words}" if words else "the doctor found nothing that presses"


def serious_words(doctor: Examination | None) -> list[str]:
    """What is serious, with what to do."""
    return [
        f"{found.words} ({found.evidence}). What to do: {found.advice}. As the doctor saw it {doctor.examined}."
        for found in (doctor.of(SERIOUS) if doctor else ()) if found.check not in TOLD_ANEW
    ]
