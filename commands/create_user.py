"""flask create-user: adds somebody who may sign in."""

import click

from commands import current_store, lego_command, who_runs_this
from commands.change_user import brand_ids
from commands.set_password import Chosen, read_password, refuse_both, tell_link
from database.journal import audit
from database.people import users
from database.people.common_passwords import is_common
from database.people.one_time_tokens import LINK, make_token
from database.people.passwords import hash_password, random_password
from domain.errors import SetupError
from domain.passwords import refuse_weak
from domain.people import ROLES, is_name, name_from


@lego_command("create-user")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may do.")
@click.option("--brand", "brands", multiple=True, metavar="BRAND", help="Limit them to this brand; may be repeated.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", is_flag=True, help="Print a link with which they choose their password, once, for 7 days.")
def command(name: str, role: str, brands: tuple[str, ...], password_stdin: bool, link: bool) -> None:
    """Add a user. Without --password-stdin or --link the password is asked for on a terminal; elsewhere, or
    if it is left empty, a random one is made and printed once."""
    store, stored_name = current_store(), name_from(name)
    refuse_both(password_stdin, link)
    if not is_name(stored_name):
        raise SetupError(f"{audit.escaped(name)!r} cannot be a name; use letters, digits and . _ @ + - (at most 150)")
    with store.application_reading.connect() as connection:
        if users.find_user(connection, stored_name):
            raise SetupError(f"there is a user {stored_name} already; try: flask set-password {stored_name}")
    limits = brand_ids(store, brands) if brands else None
    chosen = Chosen(random_password()) if link else read_password(from_stdin=password_stdin)
    refuse_weak(chosen.password, stored_name, is_common)
    stored = hash_password(chosen.password)
    with store.application.begin() as connection:
        user_id = users.add_user(connection, name=stored_name, role=role, password_hash=stored, brands=limits)
        token = make_token(connection, user_id, LINK) if link else ""
        detail = f"{stored_name} as {role}" + (f", {', '.join(brands)}" if brands else "")
        audit.record(connection, "user created", user_name=who_runs_this(), detail=detail)
    click.echo(f"Created {role} {stored_name}.")
    tell_link(token) if link else chosen.tell()
