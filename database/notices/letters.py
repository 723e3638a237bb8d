"""The words of notices: what happened, what is not touched by it, what to do."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence

import sqlalchemy as sa

from database.engines.values import Generation
from database.journal.run_log import ABANDONED, RUNNING
from database.notices.rules import KeptRule, Names
from database.queries.settlements import KindSum
from database.summaries.restatements import Restatement, restatement_words
from domain import notices
from domain.months import add_months, format_month, month_name, runs_of_months
from domain.notices import Notice
from domain.rules import MONTHS_BACK, Standing, plain_words, rule_words

STOPPED = ("Terminated", "KeyboardInterrupt")
"""What a run says of itself that somebody ended."""
LISTED = 20
"""Lines of one notice."""


def failure_notice(run: sa.Row, live: Generation | None, *, now: datetime.datetime) -> Notice:
    """A run that failed or was cut off, by its row of `refresh_log`; `live` is what pages go on showing."""
    what = "rollback" if run.refresh_type == "rollback" else "refresh"
    is_cut_off = run.status in (ABANDONED, RUNNING)
    words = run.error_message or ("it was cut off" if is_cut_off else "no reason was written down")
    ended = "was cut off, as when a process is killed or a machine goes down" if is_cut_off else f"failed: {words}"
    subject = f"A {what} was cut off" if is_cut_off else f"The {what} failed: {words.splitlines()[0]}"
    if words in STOPPED:
        ended, subject = "was stopped", f"The {what} was stopped"
    shown = f"generation {live.generation}, published {_moment(live.published_at)}" if live else "nothing yet"
    began = _moment(run.started_at)
    return Notice(
        f"run:{run.run_id}", notices.FAILED, subject,
        f"The {what} that began {began} on {run.host or 'an unknown machine'} {ended}.\n\n"
        f"Pages go on showing what was live before: {shown}.\n\n"
        "Cure what it says, then run: flask refresh-summaries\n"
        "flask doctor tells what else is wrong; the page /operations has every stage of the run.",
        (("Run", run.run_id), ("Began", began), ("Host", run.host or ""), ("State", run.status), ("Reason", words),
         ("Live", shown)), now,
    )


def late_notice(
    good_until: datetime.datetime | None, late_by: datetime.timedelta, *, now: datetime.datetime
) -> Notice:
    """Figures that are late: when the last good refresh ended (None: there was none), and how long ago that, or the
    first try, is."""
    hours, since = int(late_by.total_seconds() // 3600), now - late_by
    good = f"The last refresh that went well ended {_moment(good_until)}." if good_until else "None has gone well yet."
    return Notice(
        f"late:{since.isoformat(timespec='seconds')}", notices.LATE,
        f"Figures are late: no good refresh for {hours} hours",
        f"{good} Newer imports are not in the figures that pages show.\n\n"
        "Look whether the schedule runs (systemctl list-timers, or the crontab), then run: flask refresh-summaries\n"
        "flask doctor tells what else is wrong.",
        (("Last good refresh", _moment(good_until) if good_until else "none"), ("Hours", str(hours))), now,
    )


def missed_notice(expected: datetime.datetime, at: Sequence[str], *, now: datetime.datetime) -> Notice:
    """A refresh that was expected and did not begin; `at` are the times that the settings name, if they name any."""
    by = f"[refresh] expected_at = {', '.join(at)}" if at else "the habit of the days before"
    # A habit is known to a few minutes only, and its middle moves.
    mark = f"{expected:%Y-%m-%dT%H:%M}" if at else f"{expected:%Y-%m-%d}"
    return Notice(
        f"missed:{mark}", notices.LATE,
        f"The refresh of {_moment(expected)} did not begin",
        f"A refresh was expected {_moment(expected)}, by {by}, and none has begun.\n\n"
        "Look whether the schedule runs (systemctl list-timers, or the crontab), then run: flask refresh-summaries",
        (("Expected", _moment(expected)), ("By", by)), now,
    )


def restatement_notice(generation: int, changes: Sequence[Restatement], *, now: datetime.datetime) -> Notice:
    """What a generation changed in months that had been published complete before."""
    published, months = changes[0].published_at, runs_of_months(change.month for change in changes)
    causes = "; ".join(sorted({change.cause for change in changes}))
    largest = sorted(changes, key=lambda change: -abs(change.new_value - change.old_value))
    count = f"{len(changes)} totals" if len(changes) > 1 else f"{changes[0].metric}"
    more = [f"and {len(changes) - LISTED} more"] if len(changes) > LISTED else []
    return Notice(
        f"restated:{generation}:{published.isoformat(timespec='seconds')}", notices.RESTATED,
        f"Restated: {count} of {months}",
        "\n".join([
            f"Generation {generation}, published {_moment(published)}, changed totals that had been published before.",
            "The largest changes first:", "",
            *(restatement_words(change) for change in largest[:LISTED]), *more, "",
            "flask summaries --changes lists them all; a correction that nobody expected can be undone with "
            "flask undo-import.",
        ]),
        (("Generation", str(generation)), ("Published", _moment(published)), ("Months", months),
         ("Totals", str(len(changes))), ("By", causes)), now,
    )


def crossing_notice(
    kept: KeptRule, standing: Standing, names: Names, generation: Generation, *, currency: str, now: datetime.datetime
) -> Notice:
    """A rule that is crossed, in a month of a generation."""
    rule, month = kept.rule, month_name(standing.month)

    def write(value, kind: str) -> str:
        return plain_words(value, kind, currency)

    whose, value = names.whose(rule), write(standing.value, rule.kind)
    line = rule_words(rule, whose, write)
    compared = ""
    facts = [("Figure", rule.figure), ("Of", whose), ("Month", month), ("Value", value), ("Rule", line)]
    if rule.is_change:
        earlier = month_name(add_months(standing.month, -MONTHS_BACK[rule.comparison]))
        compared = f", {write(standing.change, rule.line_kind)} from {write(standing.before, rule.kind)} in {earlier}"
        facts += [(earlier, write(standing.before, rule.kind)), ("Change", write(standing.change, rule.line_kind))]
    facts.append(("Generation", str(generation.generation)))
    return Notice(
        f"rule:{kept.id}.{kept.revision}:{format_month(standing.month)}", notices.RULE,
        f"{rule.figure} of {whose}: {value} in {month}{compared}",
        f"{rule.figure} of {whose} was {value} in {month}{compared}.\n\nThe rule: {line}, kept by {kept.changed_by}.\n"
        f"Generation {generation.generation}, published {_moment(generation.published_at)}, first showed it. Rules are "
        "changed on the page /operations/rules.",
        tuple(facts), now,
    )


def refusal_notice(row: sa.Row, *, now: datetime.datetime) -> Notice:
    """A file that was refused, by its row of `import_log`."""
    report = json.loads(row.report)
    error, faults = report.get("error", ""), [f"  {fault}" for fault in report.get("faults", ())[:LISTED]]
    return Notice(
        f"refused:{row.id}:{row.created_at.isoformat(timespec='seconds')}", notices.REFUSED,
        f"Import refused: {row.file_name}",
        "\n".join([
            f"{row.file_name} was refused {_moment(row.created_at)}; nothing of it was imported.", "",
            error, *faults, "", "Mend the file, then import it again.",
        ]),
        (("File", row.file_name), ("Reason", error), ("By", row.user_name or "a command")), now,
    )


def unsorted_notice(kinds: Sequence[KindSum], *, now: datetime.datetime) -> Notice:
    """Descriptions of Amazon's that no rule knows; one notice for the same ones."""
    names = list(dict.fromkeys(kind.words for kind in kinds))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    ids = sorted({kind.kind_id for kind in kinds})
    lines = [
        f"{kind.words} ({kind.transaction_type} / {kind.amount_type}): {kind.line_count:,} lines, {kind.amount:,.2f} "
        f"{kind.currency}".rstrip() for kind in kinds[:LISTED]
    ]
    return Notice(
        f"unsorted:{hashlib.sha256(repr(ids).encode()).hexdigest()[:32]}", notices.UNSORTED,
        f"Amazon booked what no rule knows: {names[0]}{more}",
        "\n".join([
            "Until somebody says what these amounts are they lower CM2, as unsorted Amazon amounts:", "", *lines, "",
            "An analyst says it on the page /settlements, or with: flask sort-amounts NUMBER PLACE",
        ]),
        tuple((kind.words, f"{kind.amount:,.2f} {kind.currency}".rstrip()) for kind in kinds[:LISTED]), now,
    )


def illness_notice(seen: datetime.datetime, found: Sequence[sa.Row], *, now: datetime.datetime) -> Notice:
    """What one examination found for the first time, by rows of `doctor_finding`."""
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    lines = [f"{row.severity}: {row.finding}\n  {row.evidence}\n  {row.advice}\n" for row in found[:LISTED]]
    facts = tuple(
        (f"{row.check_id} {row.subject}".strip(), row.finding) for row in found[:LISTED]
    )
    return Notice(
        f"doctor:{seen.isoformat()}", notices.DOCTOR, f"The doctor found: {found[0].finding}{more}",
        "\n".join([f"flask doctor found this {_moment(seen)}:", "", *lines]), facts, now,
    )


def _moment(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
