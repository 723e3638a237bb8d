"""flask tokens: lists personal tokens of the API."""

import click

from commands import current_store, lego_command
from database.people import api_tokens


@lego_command("tokens")
def command() -> None:
    """List tokens: user, label, when each was made and last used (UTC). The tokens themselves are not stored."""
    with current_store().application_reading.connect() as connection:
        found = api_tokens.all_tokens(connection)
    if not found:
        click.echo("There are no tokens; run: flask create-token NAME --label LABEL")
        return
    width = max(len(token.name) for token in found)
    for token in found:
        used = token.last_used_at.strftime("%Y-%m-%d %H:%M") if token.last_used_at else "never"
        made, state = f"{token.created_at:%Y-%m-%d}", "" if token.active else "  (user disabled)"
        click.echo(f"{token.name:<{width}}  made {made}  last used {used:<16}  {token.label}{state}")
