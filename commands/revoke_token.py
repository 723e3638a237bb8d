"""flask revoke-token: ends a personal token at once."""

import click

from commands import current_store, lego_command, who_runs_this
from database.journal import audit
from database.people import api_tokens
from domain.people import name_from


@lego_command("revoke-token")
@click.argument("name")
@click.option("--label", required=True, help="Which one; flask tokens lists them.")
def command(name: str, label: str) -> None:
    """End a token of user NAME: the program that has it is refused from now on."""
    stored_name = name_from(name)
    with current_store().application.begin() as connection:
        api_tokens.revoke_token(connection, stored_name, label)
        audit.record(connection, "token revoked", user_name=who_runs_this(), detail=f"{stored_name}: {label.strip()}")
    click.echo(f"{label.strip()} of {stored_name} is refused from now on.")
