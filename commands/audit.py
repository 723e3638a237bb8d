"""flask audit: who did what, when and from where."""

from __future__ import annotations

import datetime

import click

from commands import current_store, lego_command
from database.journal.audit import TrailFilter, read_trail
from domain.people import name_from


@lego_command("audit")
@click.option("--user", default="", help="What this user did, and what was done to them.")
@click.option("--action", default="", help="Only this action, such as 'sign-in failed'.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Not before this day (UTC).")
@click.option("--lines", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="How many at most.")
def command(user: str, action: str, since: datetime.datetime | None, lines: int) -> None:
    """Print the last lines of the audit trail, the newest last (UTC)."""
    with current_store().application_reading.connect() as connection:
        found = read_trail(
            connection, TrailFilter(user=name_from(user), action=action, since=since), start=0, limit=lines
        )
    for line in reversed(found):
        who, where = line.user_name or "nobody", line.address or "-"
        detail = f"  {line.detail}" if line.detail else ""
        click.echo(f"{line.happened_at:%Y-%m-%d %H:%M:%S}  {where}  {who}  {line.action}{detail}")
