"""flask join-names: joins two names of one brand, category, metric, marketplace or product."""

import json

import click

from commands import current_store, lego_command, tell_trail
from database.journal.import_log import reconcile_import_log
from database.names.joining import join_names, refusal
from database.names.kinds import KINDS
from database.names.telling import tell_joined


@lego_command("join-names")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="INTO")
@click.option("--dry-run", is_flag=True, help="Change nothing, print the same report.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
def command(kind, old, new, dry_run, wait, as_json, user_name) -> None:
    """Join the name FROM into INTO: facts, what undo keeps, products and brands. Undone by undo-import.

    What cannot be seen in a name may be written as flask doctor does: \\u200b."""
    store = current_store()
    with store.lock("joining names", wait=wait):
        reconcile_import_log(store)
        report = join_names(store, kind, old, new, dry_run=dry_run)
        if not dry_run:
            tell_joined(store, report, user_name=user_name)
    if not dry_run:
        tell_trail("names joined", report.in_a_line(), asked_by=user_name)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(report.lines()))
    if report.obstacles:
        raise refusal(report)
    if not dry_run:
        click.echo("The pages show it after: flask refresh-summaries", err=True)
