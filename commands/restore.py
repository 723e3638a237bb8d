"""flask restore: puts a backup back."""

from pathlib import Path

import click

from commands import current_store, lego_command, note_generation, tell_trail
from commands.backup import CopyLines
from database.backup.restore import restore


@lego_command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Take the place of the database that is there.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(file: Path, replace: bool, wait: float) -> None:
    """Put the backup FILE back: examined beside what is live, then swapped in at one instant."""
    bar = CopyLines()
    done = restore(current_store(), file, replace=replace, wait=wait, progress=bar.show)
    bar.finish()
    note_generation(done.generation)
    # The trail is the backup's now; this is its next line.
    tell_trail("backup restored", f"{file.name}, made {done.made_at}: {done.facts:,} facts")
    if done.generation is None:
        click.echo(f"Restored {done.facts:,} facts as of {done.made_at}; run: flask refresh-summaries")
        return
    click.echo(
        f"Restored {done.facts:,} facts as of {done.made_at}; generation {done.generation_before} is live again, as "
        f"generation {done.generation}."
    )
    click.echo("Everybody signs in again; what came in since the backup has to be imported again.", err=True)
