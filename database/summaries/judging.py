"""Judges whether a build may be published: nothing empty, no month that shrank for no known reason."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from database.engines.build import Build
from database.summaries.changes import Plan
from database.summaries.recording import stored_fingerprints
from database.summaries.verification import NO_MONTH, MonthFindings
from domain.errors import Refused
from domain.months import format_month


def refuse_empty_source(plan: Plan) -> None:
    """Raises Refused if the facts of what is live are gone, unless the ledger says that they were taken out."""
    if not plan.present and not plan.announced:
        raise Refused(
            "there are no facts, so there is nothing to show; import some (flask import FILE), or load demo data "
            "(flask demo-data)"
        )


def unannounced_changes(
    build: Build, plan: Plan, findings: Mapping[datetime.date, MonthFindings], *, force: bool
) -> list[str]:
    """Compares each built month with its stored fingerprint and returns, one line each, those that changed
    for no known reason. Raises Refused, unless `force`, if one of these shrank by more than half."""
    if plan.live is None:
        return []
    stored = stored_fingerprints(build, plan.live)
    lines = []
    for month in sorted(stored.keys() | set(plan.months)):
        if month in plan.announced or month == NO_MONTH or not (plan.whole or month in plan.months):
            continue
        before, now = stored.get(month, {}), _fingerprints_of(findings.get(month))
        if before == now:
            continue
        was, found = sum(facts for facts, _ in before.values()), sum(facts for facts, _ in now.values())
        if found * 2 < was and not force:
            raise Refused(
                f"{format_month(month)} had {was:,} facts and has {found:,} now, and no import, undo or archive "
                "explains it; nothing was published. Look into it, or run again with --force"
            )
        lines.append(f"{format_month(month)}: {was:,} -> {found:,} facts, changed by another program")
    return lines


def _fingerprints_of(findings: MonthFindings | None) -> dict[str, tuple]:
    if findings is None:
        return {}
    return {mark.metric: (mark.facts, mark.value) for mark in findings.fingerprints}
