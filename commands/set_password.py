"""flask set-password: gives a user a new password and ends their sessions and API tokens."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import click

from commands import current_store, lego_command, who_runs_this
from database.journal import audit
from database.people import users
from database.people.common_passwords import is_common
from database.people.one_time_tokens import LINK, make_token
from database.people.passwords import hash_password, random_password
from domain.errors import Refused, SetupError
from domain.passwords import LONGEST_TYPED, refuse_weak
from domain.people import name_from


@lego_command("set-password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", is_flag=True, help="Print a link with which they choose one, once, for 7 days.")
def command(name: str, password_stdin: bool, link: bool) -> None:
    """Give a user a new password and end their sessions and API tokens. The password comes as in create-user. With
    --link nothing ends before they have chosen."""
    store, stored_name = current_store(), name_from(name)
    refuse_both(password_stdin, link)
    with store.application_reading.connect() as connection:
        user = users.find_user(connection, stored_name)
    if user is None:
        raise SetupError(f"there is no user {audit.escaped(stored_name)}; flask users lists them")
    if link:
        with store.application.begin() as connection:
            token = make_token(connection, user.id, LINK)
            detail = f"{stored_name}: to choose a password"
            audit.record(connection, "link made", user_name=who_runs_this(), detail=detail)
        tell_link(token)
        return
    chosen = read_password(from_stdin=password_stdin)
    refuse_weak(chosen.password, stored_name, is_common)
    stored = hash_password(chosen.password)
    with store.application.begin() as connection:
        ended = users.reset_password(connection, stored_name, stored)
        audit.record(connection, "password set", user_name=who_runs_this(), detail=f"{stored_name}: ended {ended}")
    click.echo(f"{stored_name} has a new password. Ended: {ended}.")
    chosen.tell()


@dataclass(frozen=True)
class Chosen:
    """A password, and whether somebody typed it or it was made here."""

    password: str
    is_random: bool = False

    def tell(self) -> None:
        """Prints a password that was made here; nobody can read it anywhere afterwards."""
        if self.is_random:
            click.echo(f"Password, shown only now: {self.password}")


def refuse_both(password_stdin: bool, link: bool) -> None:
    """Raises SetupError if somebody is to have a password and to choose one."""
    if password_stdin and link:
        raise SetupError("--password-stdin and --link exclude each other; give one of them")


def tell_link(token: str) -> None:
    """Prints a link; nobody can read it anywhere afterwards. Where people open the dashboard only [web] public_url
    says; without it the link is one for this machine."""
    web = current_store().settings.web
    base = web.public_url or f"http://localhost:{web.port}"
    if not web.public_url:
        click.echo(
            "The link works on this machine only. For others, set [web] public_url in config.ini to the address that "
            "people open, such as https://lego.example.com", err=True,
        )
    click.echo(f"Link, shown only now, for 7 days: {base}/welcome/{token}")


def read_password(*, from_stdin: bool) -> Chosen:
    """The password from standard input, or from the terminal, or a random one where there is neither."""
    if from_stdin:
        # One line; the end of the line is not part of it.
        line = sys.stdin.buffer.readline(4 * LONGEST_TYPED + 4).decode("utf-8", "replace")
        if "\ufffd" in line:
            raise Refused("the password on standard input is not UTF-8")
        return Chosen(line.rstrip("\r\n"))
    if not sys.stdin.isatty():
        return Chosen(random_password(), is_random=True)
    typed = click.prompt(
        "Password (empty: a random one is made)", hide_input=True, confirmation_prompt=True, default="",
        show_default=False, err=True,
    )
    return Chosen(typed) if typed else Chosen(random_password(), is_random=True)
