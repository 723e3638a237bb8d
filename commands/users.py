"""flask users: lists who may sign in."""

import datetime

import click

from commands import current_store, lego_command
from database.people import users


@lego_command("users")
def command() -> None:
    """List users: name, role, state, last sign-in (UTC), open sessions, second factor, brands."""
    store = current_store()
    with store.application_reading.connect() as connection:
        idle = datetime.timedelta(minutes=store.settings.web.session_idle_minutes)
        found, limits = users.all_users(connection, idle=idle), users.brand_limits(connection)
    if not found:
        click.echo("There are no users yet; run: flask create-user NAME --role admin")
        return
    width = max(len(user.name) for user in found)
    for user in found:
        state = "active" if user.active else "disabled"
        seen = user.last_sign_in_at.strftime("%Y-%m-%d %H:%M") if user.last_sign_in_at else "never"
        second = "second factor" if user.has_second_factor else "password only"
        count = len(limits.get(user.id, ()))
        brands = f"{count} brand{'' if count == 1 else 's'}" if user.id in limits else "every brand"
        click.echo(
            f"{user.name:<{width}}  {user.role:<7}  {state:<8}  last sign-in {seen:<16}  "
            f"sessions {user.sessions:<2}  {second}  {brands}"
        )
