"""flask create-token: a personal token for a program that uses the API."""

import click

from commands import current_store, lego_command, who_runs_this
from database.journal import audit
from database.people import api_tokens
from domain.people import name_from


@lego_command("create-token")
@click.argument("name")
@click.option("--label", required=True, help="What it is for; it is revoked by this.")
def command(name: str, label: str) -> None:
    """Make a token with which a program reads the API as user NAME. It is printed once, and only here."""
    stored_name = name_from(name)
    with current_store().application.begin() as connection:
        token = api_tokens.create_token(connection, stored_name, label)
        audit.record(connection, "token created", user_name=who_runs_this(), detail=f"{stored_name}: {label.strip()}")
    click.echo(f"Token of {stored_name}, shown only now. Programs send it as: Authorization: Bearer TOKEN", err=True)
    click.echo(token)
