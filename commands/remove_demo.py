"""flask remove-demo: takes the demo data out and leaves what is yours."""

import json

import click

from commands import current_store, lego_command, tell_trail
from database.demo.removal import remove_demo_data
from database.journal.import_log import reconcile_import_log, tell_removed


@lego_command("remove-demo")
@click.option("--dry-run", is_flag=True, help="Change nothing, say what would go.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
def command(dry_run, wait, as_json, user_name) -> None:
    """Remove the demo data: its facts now, its products, brands and categories with the next refreshes.

    Nothing else goes. It does not come back; flask demo-data makes it anew.
    """
    store = current_store()
    with store.lock("removal of the demo data", wait=wait):
        reconcile_import_log(store)
        removed = remove_demo_data(store, dry_run=dry_run)
        if not dry_run:
            tell_removed(store, [number for number, _ in removed.imports], removed.removed_at, user_name=user_name)
    if not dry_run:
        tell_trail("demo data removed", removed.in_a_line(), asked_by=user_name)
    if as_json:
        click.echo(json.dumps(removed.as_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo(f"{'Would remove' if dry_run else 'Removed'} {removed.in_a_line()}.")
    if not dry_run:
        click.echo("The pages show it after: flask refresh-summaries", err=True)
