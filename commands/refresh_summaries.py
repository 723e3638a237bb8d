"""flask refresh-summaries: rebuilds what changed; the daily cron line."""

from __future__ import annotations

import datetime
import json
import time

import click

from commands import current_store, is_terminal, lego_command, note_generation, tell_trail
from database.engines.ports import Store
from database.journal.run_log import NOTHING_TO_DO
from database.store import with_workers
from database.summaries.changes import Plan
from database.summaries.estimate import predicted_seconds
from database.summaries.refresh import RefreshOptions, Result, Step, plan_only, refresh
from database.summaries.script import refresh_script
from delivery.aftermath import aftermath
from domain.months import format_month, parse_month

NO_FACTS_YET = (
    "Nothing to do: there are no facts yet; flask import FILE imports yours, flask demo-data makes some to try."
)


class Month(click.ParamType):
    """A month, written 2024-03."""

    name = "YYYY-MM"

    def convert(self, value, param, context) -> datetime.date:
        try:
            return parse_month(value)
        except ValueError as error:
            self.fail(str(error), param, context)


@lego_command("refresh-summaries")
@click.option("--full", is_flag=True, help="Rebuild every month and compare each with its fingerprint.")
@click.option("--month", "months", type=Month(), multiple=True, help="Rebuild this month only; may be repeated.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be done and how long it should take.")
@click.option("--sql", "only_sql", is_flag=True, help="Print the statements for a bare mariadb client.")
@click.option("--workers", type=click.IntRange(1, 256), help="How many months to build at once.")
@click.option("--force", is_flag=True, help="Publish although a month shrank or the source is empty.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--quiet", is_flag=True, help="Print nothing if all went well: for cron, which mails what is printed.")
def command(full, months, only_plan, only_sql, workers, force, wait, as_json, quiet) -> None:
    """Rebuild the summary tables of what changed, verify them and publish them at one instant."""
    store = current_store()
    if only_sql:
        click.echo(refresh_script(store.settings.refresh.exclude_groups), nl=False)
        return
    if full and months:
        raise click.UsageError("--full rebuilds every month; leave out --month")
    if workers:
        store = with_workers(store, workers)
    options = RefreshOptions(full=full, months=tuple(months), force=force, wait=wait)
    if only_plan:
        plan = plan_only(store, options)
        _print_plan(plan, predicted_seconds(store, plan), as_json)
        return
    with aftermath(store, say=lambda words: click.echo(f"warning: {words}", err=True)):
        result = refresh(store, options) if quiet else _shown(store, options)
        if result.status != NOTHING_TO_DO:
            words = f"{result.refresh_type}, {len(result.months)} months{', forced' if force else ''}"
            tell_trail("summaries refreshed", f"generation {result.generation.generation}: {words}")
    note_generation(result.generation.generation if result.generation else None)
    if as_json:
        click.echo(json.dumps(result_json(result), indent=2))
        return
    for note in result.notes:
        click.echo(note, err=True)
    if not quiet:
        _print_result(result)


def refresh_afterwards(context: click.Context) -> None:
    """What other commands end with that were asked to refresh."""
    context.invoke(command.callback, full=False, months=(), only_plan=False, only_sql=False, workers=None, force=False,
                   wait=60, as_json=False, quiet=False)


def _shown(store: Store, options: RefreshOptions) -> Result:
    bar = ProgressLines()
    result = refresh(store, options, bar.show)
    bar.finish()
    return result


class ProgressLines:
    """Progress on stderr: one line that is drawn over on a terminal, a line per stage elsewhere."""

    def __init__(self) -> None:
        self._drawn = is_terminal()
        self._stage = ""
        self._began = time.monotonic()

    def show(self, step: Step) -> None:
        """Draws a step."""
        if step.stage != self._stage:
            self._stage, self._began = step.stage, time.monotonic()
        if self._drawn:
            click.echo(f"\r\x1b[2K{self._words(step)}", nl=False, err=True)
        elif step.done == step.total:
            click.echo(self._words(step), err=True)

    def finish(self) -> None:
        """Leaves the terminal with a clean line."""
        if self._drawn:
            click.echo("\r\x1b[2K", nl=False, err=True)

    def _words(self, step: Step) -> str:
        seconds = time.monotonic() - self._began
        words = f"{step.stage:<8} {_bar(step)} {step.done}/{step.total}"
        if step.rows:
            words += f"  {step.rows:,} rows  {step.rows / max(seconds, 0.001):,.0f}/s"
        if 0 < step.done < step.total:
            words += f"  {seconds / step.done * (step.total - step.done):.0f} s left"
        return words


def result_json(result: Result) -> dict:
    """The outcome as JSON holds it; amounts are texts, so that no cent is lost."""
    generation = result.generation
    return {
        "status": result.status,
        "refresh_type": result.refresh_type,
        "months": [format_month(month) for month in result.months],
        "generation": generation.generation if generation else None,
        "published_at": f"{generation.published_at.isoformat()}Z" if generation else None,
        "facts": result.facts,
        "rows_written": result.rows_written,
        "seconds": round(result.seconds, 3),
        "processor_seconds": round(result.processor_seconds, 3),
        "left_out": [
            {"metric": entry.metric, "reason": entry.reason, "facts": entry.facts, "value": str(entry.value)}
            for entry in result.left_out
        ],
        "restated": list(result.restated),
        "notes": list(result.notes),
    }


def _print_plan(plan: Plan, seconds: float | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({
            "refresh_type": plan.refresh_type,
            "months": [format_month(month) for month in plan.months],
            "causes": {format_month(month): list(why) for month, why in plan.causes.items()},
            "predicted_seconds": seconds,
        }, indent=2))
        return
    if plan.waits_for_facts:
        click.echo(NO_FACTS_YET)
        return
    if plan.is_idle:
        click.echo("Nothing to do: no month changed since the last refresh.")
        return
    takes = f"about {seconds:.0f} s" if seconds is not None else "an unknown time, there is no run to go by"
    click.echo(
        f"{plan.refresh_type.capitalize()} refresh of {len(plan.rebuild)} of {len(plan.present)} months, {takes}."
    )
    if not plan.months:
        click.echo("  the catalogue: names or assignments changed, and move no month")
    for month in plan.months:
        click.echo(f"  {format_month(month)}  {', '.join(plan.causes.get(month, (plan.refresh_type,)))}")


def _print_result(result: Result) -> None:
    if result.generation is None:
        click.echo(NO_FACTS_YET)
        return
    if result.status == NOTHING_TO_DO:
        click.echo(f"Nothing to do: no month changed; generation {result.generation.generation} is live.")
        return
    click.echo(
        f"Generation {result.generation.generation} is live: {len(result.months)} months, {result.facts:,} facts, "
        f"{result.rows_written:,} summary rows, verified to the cent, {result.seconds:.1f} s; this command used "
        f"{result.processor_seconds:.1f} processor seconds."
    )
    for reason in sorted({entry.reason for entry in result.left_out}):
        entries = [entry for entry in result.left_out if entry.reason == reason]
        click.echo(
            f"  left out: {sum(entry.facts for entry in entries):,} facts, sum "
            f"{sum(entry.value for entry in entries):,} ({reason}); flask summaries --json has them by metric"
        )
    for line in result.restated:
        click.echo(f"  restated: {line}")


def _bar(step: Step, width: int = 20) -> str:
    filled = width * step.done // step.total if step.total else width
    return "█" * filled + "░" * (width - filled)
