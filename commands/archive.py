"""flask archive: moves old facts to files."""

from pathlib import Path

import click

from commands import current_store, lego_command, tell_trail
from commands.backup import MIB
from commands.refresh_summaries import Month, ProgressLines
from database.archive.archiving import archive
from database.summaries.refresh import Step
from domain.months import runs_of_months


@lego_command("archive")
@click.option("--before", type=Month(), required=True, help="Archive the months before this one.")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the files; by default archive in the instance folder.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(before, folder: Path | None, wait: float) -> None:
    """Move facts of old months to Parquet files, verified by counts and sums. The summaries stay."""
    bar = ProgressLines()
    moved = archive(
        current_store(), before=before, folder=folder, wait=wait,
        progress=lambda month, done, total: bar.show(Step("archive", done, total)),
    )
    bar.finish()
    if not moved.months:
        click.echo("Nothing to do: no month before that has facts that are not archived.")
        return
    months = runs_of_months(found.month for found in moved.months)
    tell_trail("facts archived", f"{months}: {moved.facts:,} facts to {moved.folder}")
    click.echo(
        f"Archived {moved.facts:,} facts of {months}: {moved.bytes / MIB:,.1f} MiB in {moved.folder}."
    )
    click.echo("Keep these files: they hold what was removed. flask unarchive brings it back.", err=True)
