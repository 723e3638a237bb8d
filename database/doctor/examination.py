"""The examination: every topic in its order, and the record of it that pages may show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from database.doctor.archive import judge_archive
from database.doctor.catalog import judge_catalog
from database.doctor.configuration import judge_readiness, judge_schema, judge_settings
from database.doctor.generations import judge_generations
from database.doctor.intake import judge_demo, judge_refused, judge_restated
from database.doctor.lines import judge_lines
from database.doctor.notices import judge_notices
from database.doctor.plausibility import judge_figures
from database.doctor.rates import judge_rates
from database.doctor.room import judge_disks, judge_share
from database.doctor.schedule import judge_leftovers, judge_schedule
from database.doctor.spellings import judge_spellings
from database.doctor.statements import judge_pages, judge_served
from database.engines.ports import Store
from database.engines.values import Reading
from database.journal.node_states import look_at_nodes
from database.schema import doctor_finding
from domain.errors import Damaged, LegoError
from domain.findings import SERIOUS, SEVERITIES, Finding, Limits, of_damage
from domain.moments import utc_now

USUAL = Limits()
NOTHING = "none"
"""Severity of the row that says that it was looked."""


@dataclass(frozen=True)
class Examination:
    """What was found, most serious first. `trouble` says why it could not be written down, if it could not."""

    examined_at: datetime
    findings: tuple[Finding, ...]
    trouble: str = ""

    @property
    def is_serious(self) -> bool:
        """Whether somebody has to act."""
        return any(found.severity == SERIOUS for found in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Names and plain values."""
        return {
            "examined_at": f"{self.examined_at.isoformat(timespec='seconds')}Z",
            "serious": self.is_serious,
            "findings": [
                {
                    "id": found.check, "subject": found.subject, "severity": found.severity, "finding": found.finding,
                    "evidence": found.evidence, "advice": found.advice, "fixable": found.is_fixable,
                }
                for found in self.findings
            ],
            "not_recorded": self.trouble or None,
        }


def examine(store: Store, limits: Limits = USUAL) -> Examination:
    """Looks at everything, changes nothing but the record. Raises DatabaseUnreachable."""
    now = utc_now()
    found = sorted(_look(store, limits, now), key=lambda finding: SEVERITIES.index(finding.severity))
    return Examination(now, tuple(found), _record(store, now, found))


def cure(store: Store, findings: Sequence[Finding]) -> list[str]:
    """Puts right what is safe to put right, while holding the lock; returns what was done, one line each. Raises
    LockBusy if an import or a refresh is at work."""
    curable = [found for found in findings if found.cure is not None]
    if not curable:
        return []
    with store.lock("doctor --fix"):
        return [f"{found.check}: {found.cure()}" for found in curable]


def _look(store: Store, limits: Limits, now: datetime) -> list[Finding]:
    found = [*judge_settings(store.settings), *judge_schema(store)]
    if any(finding.severity == SERIOUS for finding in found):
        # With another schema than ours every other look would end in an error.
        return found
    found += judge_generations(store)
    if any(finding.severity == SERIOUS for finding in found):
        # Nor can anything be said of figures that cannot be read.
        return found
    try:
        return [*found, *_look_closer(store, limits, now)]
    except Damaged as error:
        return [*found, of_damage(error)]


def _look_closer(store: Store, limits: Limits, now: datetime) -> list[Finding]:
    found = [*judge_readiness(store)]
    found += judge_schedule(store, now=now)
    found += judge_leftovers(store)
    found += judge_archive(store)
    found += judge_refused(store, now=now)
    found += judge_demo(store)
    found += judge_notices(store, now=now)
    # What the doctor saw is what pages show.
    nodes = look_at_nodes(store)[0] if store.traits.has_data_nodes else ()
    found += store.health.findings(limits, nodes)
    is_built = store.live_generation() is not None
    sizes = store.published.stored_sizes() if is_built else []
    found += judge_disks(store, sizes, limits)
    if is_built:
        found += judge_share(sizes, limits)
        found += store.read(lambda reading: _judge_published(reading, now))
        found += judge_rates(store, now=now)
        found += judge_pages(store, limits)
        found += judge_served(store, limits, now=now)
    return found


def _judge_published(reading: Reading, now: datetime) -> list[Finding]:
    return [
        *judge_figures(reading), *judge_spellings(reading), *judge_restated(reading, now=now),
        *judge_catalog(reading), *judge_lines(reading),
    ]


def _record(store: Store, now: datetime, found: Sequence[Finding]) -> str:
    """Replaces the record of the examination before; what was there already keeps its first time. Returns why it
    could not, '' if it could: a doctor who cannot write still tells."""
    table = doctor_finding
    try:
        with store.application.begin() as connection:
            since = {
                (row.check_id, row.subject): row.first_seen_at
                for row in connection.execute(sa.select(table.c.check_id, table.c.subject, table.c.first_seen_at))
            }
            connection.execute(sa.delete(table))
            connection.execute(sa.insert(table), [_looked(now, found), *(_row(now, each, since) for each in found)])
    except (sa.exc.SQLAlchemyError, LegoError) as error:
        return str(error).splitlines()[0]
    return ""


def _looked(now: datetime, found: Sequence[Finding]) -> dict[str, Any]:
    return {
        "examined_at": now, "check_id": "", "subject": "", "severity": found[0].severity if found else NOTHING,
        "finding": f"{len(found)} findings", "evidence": "", "advice": "", "is_fixable": False, "first_seen_at": now,
    }


def _row(now: datetime, found: Finding, since: dict[tuple[str, str], datetime]) -> dict[str, Any]:
    return {
        "examined_at": now, "check_id": found.check, "subject": found.subject[:255], "severity": found.severity,
        "finding": found.finding, "evidence": found.evidence, "advice": found.advice,
        "is_fixable": found.is_fixable, "first_seen_at": since.get((found.check, found.subject[:255]), now),
    }


def last_examination(connection: sa.Connection) -> tuple[datetime | None, list[sa.Row]]:
    """When it was looked last (None: never), and the rows of what was found then, most serious first."""
    rows = connection.execute(sa.select(doctor_finding).order_by(doctor_finding.c.id)).all()
    looked = next((row.examined_at for row in rows if not row.check_id), None)
    return looked, [row for row in rows if row.check_id]
