"""flask summaries: what is live, how fresh it is, what was left out, the last runs."""

from __future__ import annotations

import json

import click

from commands import current_store, lego_command
from database.summaries.restatements import Restatement, restatement_words, restatements
from database.summaries.state import SummariesState, summaries_state
from domain.months import format_month


@lego_command("summaries")
@click.option("--changes", "show_changes", is_flag=True, help="Show which totals of past months were restated.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(show_changes: bool, as_json: bool) -> None:
    """Show generation, freshness, rows, bytes, left-out facts and the last runs."""
    if show_changes:
        _show_changes(current_store().read(restatements), as_json)
        return
    state = summaries_state(current_store())
    if as_json:
        click.echo(json.dumps(state.as_json(), indent=2))
    else:
        _print(state)


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


def _print(state: SummariesState) -> None:
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
            click.echo(f"  {entry.facts:>12,}  {entry.value:>20,}  {entry.reason}")
        click.echo("Tables")
        for size in state.sizes:
            size_words = f"{size.bytes / 2**20:,.1f} MiB" if size.bytes is not None else ""
            click.echo(f"  {size.rows:>12,} rows  {size_words:>12}  {size.table}")
    click.echo("Last runs")
    for run in state.runs:
        seconds = f"{run.duration_seconds:.1f} s" if run.duration_seconds is not None else ""
        click.echo(
            f"  {run.started_at:%Y-%m-%d %H:%M:%S}  {run.refresh_type:<12} {run.status:<14} {seconds:>9}  "
            f"{run.error_message or ''}".rstrip()
        )
