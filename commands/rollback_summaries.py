"""flask rollback-summaries: publishes the previous generation again."""

import click

from commands import current_store, lego_command, note_generation, tell_trail
from database.summaries.refresh import roll_back


@lego_command("rollback-summaries")
def command() -> None:
    """Publish the generation before the live one again."""
    generation = roll_back(current_store())
    note_generation(generation.generation)
    tell_trail("summaries rolled back", f"generation {generation.generation} is live again")
    click.echo(
        f"Generation {generation.generation} of {generation.published_at:%Y-%m-%d %H:%M} UTC is live again. "
        "The next refresh builds what changed since then, so mend the facts first."
    )
