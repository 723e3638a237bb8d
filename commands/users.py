"""flask users: lists who may sign in."""

import click

from commands import current_store, lego_command
from database import people


@lego_command("users")
def command() -> None:
    """List users: name, role, state, last sign-in (UTC)."""
    with current_store().application_reading.connect() as connection:
        found = people.all_users(connection)
    if not found:
        click.echo("There are no users yet; run: flask create-user NAME --role admin")
        return
    width = max(len(user.name) for user in found)
    for user in found:
        state = "active" if user.active else "disabled"
        seen = user.last_sign_in_at.strftime("%Y-%m-%d %H:%M") if user.last_sign_in_at else "never"
        click.echo(f"{user.name:<{width}}  {user.role:<7}  {state:<8}  last sign-in {seen}")
