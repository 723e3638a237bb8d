"""flask init-db: creates or upgrades the schema, indexes included; safe to repeat."""

import click

from commands import current_store, lego_command
from database import migrations


@lego_command("init-db")
def command() -> None:
    """Create or upgrade the schema, indexes included; safe to repeat."""
    done = migrations.upgrade(current_store(), report=click.echo)
    click.echo(f"{len(done)} steps done." if done else "The schema is up to date.")
