"""flask unarchive: brings archived facts back."""

import click

from commands import current_store, lego_command, tell_trail
from commands.refresh_summaries import Month, ProgressLines
from database.archive.archiving import unarchive
from database.summaries.refresh import Step
from domain.months import runs_of_months


@lego_command("unarchive")
@click.argument("months", metavar="[YYYY-MM]...", type=Month(), nargs=-1)
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(months, wait: float) -> None:
    """Bring archived facts back from their files, verified; of all months, or of those that are named."""
    bar = ProgressLines()
    moved = unarchive(
        current_store(), months, wait=wait,
        progress=lambda month, done, total: bar.show(Step("unarchive", done, total)),
    )
    bar.finish()
    if not moved.months:
        click.echo("Nothing to do: no month is archived.")
        return
    named = runs_of_months(found.month for found in moved.months)
    tell_trail("facts unarchived", f"{named}: {moved.facts:,} facts")
    click.echo(f"{moved.facts:,} facts of {named} are back.")
