"""flask send-notices: tells of what happened by e-mail and webhook; for cron, every ten minutes."""

from __future__ import annotations

import sys

import click

from commands import current_store, lego_command
from delivery.sending import note_and_send, send_test
from domain.errors import SetupError


@lego_command("send-notices")
@click.option("--test", "is_test", is_flag=True, help="Send a test notice to every channel and say how it went.")
def command(is_test: bool) -> None:
    """Send notices of failed refreshes, late figures, restated months and crossed rules, once each.

    Says nothing while all is well. What could not be sent is said on stderr, and tried again by later calls.
    """
    store = current_store()
    if is_test:
        _test()
        return
    for outcome in note_and_send(store):
        if outcome.trouble:
            click.echo(outcome.words(), err=True)
        elif sys.stdout.isatty():
            click.echo(outcome.words())


def _test() -> None:
    outcomes = send_test(current_store().settings)
    if not outcomes:
        raise SetupError("no channel is set up; set [mail] host, from and to, or [notices] webhook, in config.ini")
    for outcome in outcomes:
        click.echo(outcome.words(), err=not outcome.is_delivered)
    if not all(outcome.is_delivered for outcome in outcomes):
        click.get_current_context().exit(1)
