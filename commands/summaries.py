"""flask summaries: what is live, how fresh it is, what was left out, the last runs."""

from __future__ import annotations

import csv
import datetime
import json
import sys
from decimal import Decimal
from pathlib import Path

import click

from commands import current_store, lego_command
from commands.refresh_summaries import Month
from database.facts.archived import archived_months
from database.queries.settlements import SetAside, read_set_aside
from database.summaries.fact_sums import REASONS
from database.summaries.left_out import LeftOutFact, left_out_facts
from database.summaries.restatements import Restatement, restatement_words, restatements
from database.summaries.state import SummariesState, summaries_state
from domain.months import format_month, runs_of_months
from domain.spreadsheets import harmless

SET_ASIDE = "set aside"
"""No reason of facts: what lines of Amazon's reports tell that another report gives there."""


HEADINGS = ("fact", "asin", "brand", "marketplace", "metric", "month", "value", "import", "file")


def _word(reason: str) -> str:
    return reason.lower().replace(" ", "-")


class Reason(click.Choice):
    """A reason to leave facts out, in one word: `excluded-group`."""

    def __init__(self) -> None:
        super().__init__([_word(reason) for reason in (*REASONS, SET_ASIDE)], case_sensitive=False)

    def convert(self, value, param, context) -> str:
        chosen = super().convert(_word(value), param, context)
        return next(reason for reason in (*REASONS, SET_ASIDE) if _word(reason) == chosen)


@lego_command("summaries")
@click.option("--changes", "show_changes", is_flag=True, help="Show which totals of past months were restated.")
@click.option("--left-out", "reason", type=Reason(), help="List the facts that are left out for this reason.")
@click.option("--month", type=Month(), help="With --left-out: of this month only.")
@click.option("--metric", help="With --left-out: of this metric only.")
@click.option("--csv", "as_csv", is_flag=True, help="With --left-out: print the facts as CSV.")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False),
              help="With --left-out: write the CSV into this file, and print how many facts and their sum.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(show_changes, reason, month, metric, as_csv, target, wait, as_json) -> None:
    """Show generation, freshness, rows, bytes, left-out facts and the last runs."""
    if not reason and (month or metric or as_csv or target):
        raise click.UsageError("--month, --metric, --csv and --to go with --left-out REASON")
    if target and reason != SET_ASIDE:
        _write_left_out(reason, month, metric, target, as_json, wait)
        return
    if reason and (as_json or show_changes or target):
        raise click.UsageError("--left-out lists facts, in lines or with --csv; ask for the other by itself")
    if reason == SET_ASIDE:
        _list_set_aside(month, metric, as_csv)
        return
    if reason:
        _list_left_out(reason, month, metric, as_csv)
        return
    if show_changes:
        _show_changes(current_store().read(restatements), as_json)
        return
    state = summaries_state(current_store())
    if as_json:
        click.echo(json.dumps(state.as_json(), indent=2))
    else:
        _print(state, _set_aside() if state.generation else [])


def _set_aside() -> list[SetAside]:
    return current_store().read(lambda reading: read_set_aside(reading.connection, reading.generation))


def _list_set_aside(month: datetime.date | None, metric: str | None, as_csv: bool) -> None:
    found = [
        each for each in _set_aside()
        if (month is None or each.month == month) and (metric is None or each.metric == metric)
    ]
    if as_csv:
        lines = csv.writer(sys.stdout, lineterminator="\n")
        lines.writerow(["month", "marketplace", "report", "metric", "currency", "lines", "value"])
    for each in found:
        if as_csv:
            lines.writerow([format_month(each.month), each.marketplace, each.report, each.metric, each.currency,
                            each.line_count, each.value])
        else:
            click.echo(
                f"{format_month(each.month)}  {each.marketplace:<6} {each.report:<20} {each.metric:<24} "
                f"{each.line_count:>9,} lines  {each.value:>18,} {each.currency}".rstrip()
            )
    if not as_csv:
        click.echo(f"{sum(each.line_count for each in found):,} lines are set aside: another report gives these there")


def _list_left_out(reason: str, month: datetime.date | None, metric: str | None, as_csv: bool) -> None:
    found = left_out_facts(current_store(), reason, month=month, metric=metric)
    if as_csv:
        lines = csv.writer(sys.stdout, lineterminator="\n")
        lines.writerow(HEADINGS)
        for fact in found:
            lines.writerow(harmless(cell) if isinstance(cell, str) else cell for cell in _cells(fact))
        return
    count, total = 0, Decimal("0.00")
    for fact in found:
        number, asin, brand, marketplace, name, when, value, import_id, file = _cells(fact)
        source = f"import {import_id} ({file})" if import_id else "another program"
        click.echo(
            f"{number:>12}  {when:<10}  {asin:<14} {marketplace:<6} {name:<24} {value:>20}  {source}"
            + (f"  {brand}" if brand else "")
        )
        count, total = count + 1, total + (fact.value or 0)
    click.echo(f"{count:,} facts, sum {total:,}, are left out as they stand now ({reason})")
    archived = archived_months(current_store())
    if archived:
        months = runs_of_months(each.month for each in archived)
        click.echo(f"Facts of archived months ({months}) are not listed; flask unarchive brings them back.", err=True)


def _write_left_out(
    reason: str, month: datetime.date | None, metric: str | None, target: Path, as_json: bool, wait: float
) -> None:
    count, total = 0, Decimal("0.00")
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(HEADINGS)
        for fact in left_out_facts(current_store(), reason, month=month, metric=metric, wait=wait):
            lines.writerow(harmless(cell) if isinstance(cell, str) else cell for cell in _cells(fact))
            count, total = count + 1, total + (fact.value or 0)
    if as_json:
        click.echo(json.dumps({"count": count, "sum": str(total)}, indent=2))
    else:
        click.echo(f"{count:,} facts, sum {total:,}, are left out as they stand now ({reason})")


def _cells(fact: LeftOutFact) -> list:
    """Texts, and numbers where they are some; a product that does not exist is told by its number."""
    asin = fact.asin or (f"#{fact.asin_id}" if fact.asin_id is not None else "")
    return [
        fact.id, asin, fact.brand or "", fact.marketplace or "", fact.metric or "",
        fact.month.isoformat() if fact.month else "", "" if fact.value is None else fact.value,
        "" if fact.import_id is None else fact.import_id, fact.file_name or "",
    ]


def _show_changes(changes: list[Restatement], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([
            {
                "generation": change.generation, "month": format_month(change.month), "metric": change.metric,
                "old_value": str(change.old_value), "new_value": str(change.new_value),
                "published_at": f"{change.published_at.isoformat()}Z", "cause": change.cause,
            }
            for change in changes
        ], indent=2))
    elif not changes:
        click.echo("No total of a past month was restated.")
    for change in () if as_json else changes:
        click.echo(restatement_words(change))


def _print(state: SummariesState, set_aside: list[SetAside]) -> None:
    if state.generation is None:
        click.echo("The summaries were never built; run: flask refresh-summaries")
    else:
        live = state.generation
        span = f"{format_month(live.first_month)} to {format_month(live.last_month)}" if live.last_month else "no month"
        click.echo(f"Generation {live.generation}, published {live.published_at:%Y-%m-%d %H:%M:%S} UTC, {span}")
        click.echo(
            f"Facts {live.facts:,}, left out {live.left_out_facts:,}, published {live.facts - live.left_out_facts:,}"
        )
        for entry in state.left_out:
            click.echo(
                f"  {entry.facts:>12,}  {entry.value:>20,}  {entry.reason} "
                f"(flask summaries --left-out {_word(entry.reason)})"
            )
        if set_aside:
            count = sum(each.line_count for each in set_aside)
            click.echo(
                f"  {count:,} lines of Amazon's reports are set aside, for another report gives the same "
                f"(flask summaries --left-out {_word(SET_ASIDE)})"
            )
        click.echo("Tables")
        for size in state.sizes:
            size_words = f"{size.bytes / 2**20:,.1f} MiB" if size.bytes is not None else ""
            click.echo(f"  {size.rows:>12,} rows  {size_words:>12}  {size.table}")
    if state.archived:
        months = runs_of_months(each.month for each in state.archived)
        folders = ", ".join(sorted({str(each.file.parent) for each in state.archived}))
        facts = sum(each.facts for each in state.archived)
        click.echo(f"Archived {months}: {facts:,} facts in files in {folders} (flask unarchive)")
    click.echo("Last runs")
    for run in state.runs:
        seconds = f"{run.duration_seconds:.1f} s" if run.duration_seconds is not None else ""
        click.echo(
            f"  {run.started_at:%Y-%m-%d %H:%M:%S}  {run.refresh_type:<12} {run.status:<14} {seconds:>9}  "
            f"{run.error_message or ''}".rstrip()
        )
