"""flask sort-amounts: says what a description of Amazon's is that no rule knows."""

from __future__ import annotations

import json

import click

from commands import current_store, lego_command, tell_trail
from database.imports.kind_places import place_kind
from database.journal.import_log import reconcile_import_log, tell_done
from domain.settlements import PLACES


@lego_command("sort-amounts")
@click.argument("number", type=int)
@click.argument("place", type=click.Choice(PLACES, case_sensitive=False))
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
def command(number, place, wait, as_json, user_name) -> None:
    """Say that amounts of the description NUMBER (flask settlements lists them) belong to PLACE: a line of the P&L, tax
    or cash. It stands among the imports; flask undo-import undoes it."""
    store = current_store()
    with store.lock(f"sorting of description {number}", wait=wait):
        reconcile_import_log(store)
        report = place_kind(store, number, place)
        tell_done(store, report, user_name=user_name)
    tell_trail("amounts sorted", f"import {report.import_id}: {report.file_name}", asked_by=user_name)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(report.lines()))
    click.echo("The pages show it after: flask refresh-summaries", err=True)
