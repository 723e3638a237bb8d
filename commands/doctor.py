"""flask doctor: what is wrong, how it shows, what to do."""

from __future__ import annotations

import json

import click

from commands import current_store, lego_command
from database.doctor.examination import Examination, cure, examine
from domain.findings import HINT, SERIOUS, SEVERITIES, WARNING, Finding

TITLES = {SERIOUS: "Serious: somebody has to act", WARNING: "Warnings", HINT: "Hints"}


@lego_command("doctor")
@click.option("--fix", is_flag=True, help="Put right what is safe: indexes, statistics, leftovers; then look again.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something is serious: for cron.")
def command(fix: bool, as_json: bool, quiet: bool) -> None:
    """Check configuration, schema, server, indexes, figures and schedule; record it for the web.

    Ends with 1 if something is serious, else with 0.
    """
    store = current_store()
    found = examine(store)
    done = cure(store, found.findings) if fix else []
    if done:
        found = examine(store)
    if quiet and not found.is_serious:
        return
    if as_json:
        click.echo(json.dumps({**found.as_json(), "fixed": done}, indent=2))
    else:
        _print(found, done)
    click.get_current_context().exit(1 if found.is_serious else 0)


def _print(found: Examination, done: list[str]) -> None:
    for line in done:
        click.echo(f"fixed  {line}")
    for severity in SEVERITIES:
        group = [each for each in found.findings if each.severity == severity]
        if group:
            click.echo(TITLES[severity])
        for each in group:
            _print_one(each)
    if not found.findings:
        click.echo("All is well.")
    if found.trouble:
        click.echo(f"warning: this could not be written down for the web: {found.trouble}", err=True)


def _print_one(found: Finding) -> None:
    click.echo(f"  {found.check}: {found.finding}")
    click.echo(f"      {found.evidence}")
    click.echo(f"      → {found.advice}")
