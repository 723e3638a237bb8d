"""flask undo-import: takes one import back."""

import json

import click

from commands import current_store, lego_command, tell_trail
from database.imports.undo import undo_import
from database.journal.import_log import reconcile_import_log, tell_undone
from domain.months import format_month, runs_of_months


@lego_command("undo-import")
@click.argument("import_id", metavar="ID", type=int)
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
def command(import_id, wait, as_json, user_name) -> None:
    """Take an import back: its facts go, what it replaced returns. Its products stay."""
    store = current_store()
    with store.lock(f"undo of import {import_id}", wait=wait):
        reconcile_import_log(store)
        undone = undo_import(store, import_id)
        tell_undone(store, undone.import_id, undone.undone_at, user_name=user_name)
    tell_trail(
        "import undone", f"import {undone.import_id}: {undone.file_name}, {undone.facts:,} facts gone, "
        f"{undone.returned_facts:,} returned", asked_by=user_name,
    )
    months = [format_month(month) for month in undone.months]
    if as_json:
        click.echo(json.dumps({
            "import_id": undone.import_id, "file_name": undone.file_name, "facts": undone.facts,
            "value": str(undone.value), "returned_facts": undone.returned_facts, "months": months,
        }, indent=2, ensure_ascii=False))
        return
    click.echo(
        f"Import {undone.import_id} ({undone.file_name}) is taken back: {undone.facts:,} facts, "
        f"sum {undone.value:,.2f}, "
        f"are gone, {undone.returned_facts:,} returned; months {runs_of_months(undone.months)}."
    )
    click.echo("The pages show it after: flask refresh-summaries", err=True)
