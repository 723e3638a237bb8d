"""flask disable-user: shuts a user out at once."""

import click

from commands import current_store, lego_command, who_runs_this
from database.journal import audit
from database.people import users
from domain.people import name_from


@lego_command("disable-user")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let the user in again.")
def command(name: str, undo: bool) -> None:
    """Shut a user out and end their sessions. What they did stays in the audit trail."""
    stored_name = name_from(name)
    with current_store().application.begin() as connection:
        if undo:
            users.enable_user(connection, stored_name)
        else:
            users.disable_user(connection, stored_name)
        action = "user enabled" if undo else "user disabled"
        audit.record(connection, action, user_name=who_runs_this(), detail=stored_name)
    click.echo(f"{stored_name} may sign in again." if undo else f"{stored_name} is shut out and signed out everywhere.")
