"""flask create-user: adds somebody who may sign in."""

import click

from commands import current_store, lego_command
from commands.set_password import read_password, who_runs_this
from database import people
from database.passwords import hash_password
from domain.errors import SetupError
from domain.passwords import refuse_weak
from domain.people import ROLES, is_name, name_from


@lego_command("create-user")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may do.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def command(name: str, role: str, password_stdin: bool) -> None:
    """Add a user. Without --password-stdin the password is asked for on a terminal; elsewhere, or if it
    is left empty, a random one is made and printed once."""
    store, stored_name = current_store(), name_from(name)
    if not is_name(stored_name):
        raise SetupError(f"{people.escaped(name)!r} cannot be a name; use letters, digits and . _ @ + - (at most 150)")
    with store.application_reading.connect() as connection:
        if people.find_user(connection, stored_name):
            raise SetupError(f"there is a user {stored_name} already; try: flask set-password {stored_name}")
    chosen = read_password(from_stdin=password_stdin)
    refuse_weak(chosen.password, stored_name)
    stored = hash_password(chosen.password)
    with store.application.begin() as connection:
        people.add_user(connection, name=stored_name, role=role, password_hash=stored)
        people.record(connection, "user created", user_name=who_runs_this(), detail=f"{stored_name} as {role}")
    click.echo(f"Created {role} {stored_name}.")
    chosen.tell()
