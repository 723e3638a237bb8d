"""flask undo-import: takes one import back."""

import json

import click

from commands import current_store, lego_command, tell_trail
from database.journal.import_log import reconcile_import_log, tell_undone
from database.names.undoing import take_back
from domain.months import format_month, runs_of_months


@lego_command("undo-import")
@click.argument("import_id", metavar="ID", type=int)
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
def command(import_id, wait, as_json, user_name) -> None:
    """Take an import back: its facts go, what it replaced returns. Its products stay. A join of names is taken back
    likewise: what it renamed gets its old name again."""
    store = current_store()
    with store.lock(f"undo of import {import_id}", wait=wait):
        reconcile_import_log(store)
        undone = take_back(store, import_id)
        tell_undone(store, undone.import_id, undone.undone_at, user_name=user_name)
    did = (
        f"{undone.facts:,} facts gone, {undone.returned_facts:,} returned" if undone.renamed_facts is None
        else f"{undone.renamed_facts:,} facts named as before"
    )
    tell_trail("import undone", f"import {undone.import_id}: {undone.file_name}, {did}", asked_by=user_name)
    months = [format_month(month) for month in undone.months]
    if as_json:
        of_names = {} if undone.renamed_facts is None else {"renamed_facts": undone.renamed_facts}
        click.echo(json.dumps({
            "import_id": undone.import_id, "file_name": undone.file_name, "facts": undone.facts,
            "value": str(undone.value), "returned_facts": undone.returned_facts, "months": months,
            **of_names,
        }, indent=2, ensure_ascii=False))
        return
    over = f"; months {runs_of_months(undone.months)}" if months else ""
    if undone.renamed_facts is None:
        click.echo(
            f"Import {undone.import_id} ({undone.file_name}) is taken back: {undone.facts:,} facts, "
            f"sum {undone.value:,.2f}, are gone, {undone.returned_facts:,} returned{over}."
        )
    else:
        click.echo(f"Import {undone.import_id} ({undone.file_name}) is taken back: {did}{over}.")
    click.echo("The pages show it after: flask refresh-summaries", err=True)
