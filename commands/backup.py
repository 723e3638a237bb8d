"""flask backup: everything into one file."""

from pathlib import Path

import click

from commands import current_store, is_terminal, lego_command, tell_trail
from database.backup.backup import back_up

MIB = 2**20


@lego_command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if it is there already.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(file: Path, force: bool, wait: float) -> None:
    """Write facts, summaries, people and logs into one FILE, which only its owner may read."""
    bar = CopyLines()
    done = back_up(current_store(), file, force=force, wait=wait, progress=bar.show)
    bar.finish()
    tell_trail("backup written", f"{file.absolute()}: {done.facts:,} facts")
    generation = f"generation {done.generation}" if done.generation else "no generation"
    click.echo(f"{file} holds {done.facts:,} facts and {generation}: {done.bytes / MIB:,.1f} MiB.")
    if done.note:
        click.echo(done.note, err=True)
    click.echo("It holds hashes of passwords and secrets of second factors: keep it like the database.", err=True)


class CopyLines:
    """Progress on stderr: on a terminal one line that is drawn over, elsewhere a line for each part that is done."""

    def __init__(self) -> None:
        self._drawn = is_terminal()

    def show(self, part: str, done: int, total: int | None) -> None:
        """Tells of `done` bytes of a part; `total` is None where nobody knows it yet."""
        if self._drawn:
            of = f" of {total / MIB:,.1f}" if total is not None else ""
            click.echo(f"\r\x1b[2K{part}  {done / MIB:,.1f}{of} MiB", nl=False, err=True)
        elif done == total:
            click.echo(f"{part}  {done / MIB:,.1f} MiB", err=True)

    def finish(self) -> None:
        """Leaves the terminal with a clean line."""
        if self._drawn:
            click.echo("\r\x1b[2K", nl=False, err=True)
