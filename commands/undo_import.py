"""flask undo-import: takes one import back."""

import click

from commands import current_store, lego_command
from database.imports.log import reconcile_import_log, tell_undone
from database.imports.undo import undo_import
from domain.months import format_month


@lego_command("undo-import")
@click.argument("import_id", metavar="ID", type=int)
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(import_id, wait) -> None:
    """Take an import back: its facts go, what it replaced returns. Its products stay."""
    store = current_store()
    with store.lock(f"undo of import {import_id}", wait=wait):
        reconcile_import_log(store)
        undone = undo_import(store, import_id)
        tell_undone(store, undone.import_id, undone.undone_at)
    months = ", ".join(format_month(month) for month in undone.months)
    click.echo(
        f"Import {undone.import_id} ({undone.file_name}) is taken back: {undone.facts:,} facts, "
        f"sum {undone.value:,.2f}, "
        f"are gone, {undone.returned_facts:,} returned; months {months}."
    )
    click.echo("The pages show it after: flask refresh-summaries", err=True)
