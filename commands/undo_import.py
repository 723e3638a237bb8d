"""flask undo-import: undoes one import."""

import json

import click

from commands import current_store, lego_command, tell_trail
from database.engines.ports import Store
from database.journal.import_log import reconcile_import_log, tell_removed, tell_undone
from database.names.made import is_taken_back, remove_names_of
from database.names.undoing import take_back
from domain.moments import utc_now
from domain.months import format_month, runs_of_months


@lego_command("undo-import")
@click.argument("import_id", metavar="ID", type=int)
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--names", "with_names", is_flag=True, help="Also remove the products, brands and categories that "
              "only it made, with the next refreshes; of an import that is undone already, only these.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /imports.")
def command(import_id, wait, with_names, as_json, user_name) -> None:
    """Undo an import: its facts go, what it replaced returns. Its products stay, unless --names is given. A join
    of names is undone likewise: what it renamed gets its old name again."""
    store = current_store()
    with store.lock(f"undo of import {import_id}", wait=wait):
        reconcile_import_log(store)
        if with_names and is_taken_back(store, import_id):
            _remove_names(store, import_id, as_json, user_name)
            return
        undone = take_back(store, import_id)
        tell_undone(store, undone.import_id, undone.undone_at, user_name=user_name)
        names = remove_names_of(store, import_id) if with_names else None
        if names:
            tell_removed(store, [import_id], undone.undone_at, user_name=user_name)
    did = (
        f"{undone.facts:,} facts gone, {undone.returned_facts:,} returned" if undone.renamed_facts is None
        else f"{undone.renamed_facts:,} facts named as before"
    )
    did += f"; {names.words} go with the next refreshes" if names else ""
    tell_trail("import undone", f"import {undone.import_id}: {undone.file_name}, {did}", asked_by=user_name)
    months = [format_month(month) for month in undone.months]
    if as_json:
        of_names = {} if undone.renamed_facts is None else {"renamed_facts": undone.renamed_facts}
        of_names |= {"names": names.as_dict()} if names else {}
        click.echo(json.dumps({
            "import_id": undone.import_id, "file_name": undone.file_name, "facts": undone.facts,
            "value": None if undone.value is None else str(undone.value), "returned_facts": undone.returned_facts,
            "months": months, **of_names,
        }, indent=2, ensure_ascii=False))
        return
    over = f"; months {runs_of_months(undone.months)}" if months else ""
    if undone.renamed_facts is None:
        value = "in several currencies" if undone.value is None else f"sum {undone.value:,.2f}"
        click.echo(
            f"Import {undone.import_id} ({undone.file_name}) is undone: {undone.facts:,} facts, {value}, are gone, "
            f"{undone.returned_facts:,} returned{over}."
        )
    else:
        click.echo(f"Import {undone.import_id} ({undone.file_name}) is undone: {did}{over}.")
    if names:
        click.echo(f"With the next refreshes go {names.words}; {names.stay:,} that it made stay, others name them.")
    click.echo("The pages show it after: flask refresh-summaries", err=True)


def _remove_names(store: Store, import_id: int, as_json: bool, user_name: str | None) -> None:
    """Of an import whose facts are out already."""
    names = remove_names_of(store, import_id)
    tell_removed(store, [import_id], utc_now(), user_name=user_name)
    tell_trail("names removed", f"import {import_id}: {names.words} go with the next refreshes", asked_by=user_name)
    if as_json:
        click.echo(json.dumps({
            "import_id": import_id, "file_name": "", "facts": 0, "value": "0", "returned_facts": 0, "months": [],
            "names": names.as_dict(),
        }, indent=2))
    else:
        click.echo(
            f"With the next refreshes go {names.words} of import {import_id}; {names.stay:,} that it made stay, others "
            "name them."
        )
        click.echo("The pages show it after: flask refresh-summaries", err=True)
