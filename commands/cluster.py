"""flask cluster: what each data node holds, and whether it answers; written down for pages as well."""

from __future__ import annotations

import json

import click

from commands import current_store, lego_command
from database.engines.values import NodeState
from database.journal.node_states import look_at_nodes
from domain.errors import SetupError
from domain.months import format_month


@lego_command("cluster")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(as_json: bool) -> None:
    """Show data nodes: months, rows, bytes, how quickly they answer, health."""
    states, words = look_at_nodes(current_store())
    if not states:
        raise SetupError("there are no data nodes: [cluster] nodes names none; see A cluster in the README")
    if words:
        click.echo(words, err=True)
    if as_json:
        click.echo(json.dumps([_as_json(state) for state in states], indent=2))
        return
    for state in states:
        for line in _lines(state):
            click.echo(line)


def _lines(state: NodeState) -> list[str]:
    months = _months(state)
    if state.trouble:
        return [f"{state.name}  does not answer  {months}", f"  {state.trouble}"]
    lines = [
        f"{state.name}  {'has lost tables' if state.lost_tables else 'well'}  {months}  about {state.rows:,} facts  "
        f"{state.bytes / 2**20:,.1f} MiB  answers in {state.milliseconds} ms  {state.version}"
    ]
    if state.lost_tables:
        lines.append(f"  missing: {', '.join(state.lost_tables)}; run: flask doctor")
    if state.open_transactions:
        lines.append(f"  {state.open_transactions} transactions are open; the next import or refresh ends them")
    return lines


def _months(state: NodeState) -> str:
    if not state.months:
        return "no months yet"
    first, last = format_month(min(state.months)), format_month(max(state.months))
    return f"1 month, {first}" if first == last else f"{len(state.months)} months, {first} to {last}"


def _as_json(state: NodeState) -> dict:
    return {
        "node": state.name, "months": [format_month(month) for month in state.months], "facts": state.rows,
        "bytes": state.bytes, "milliseconds": state.milliseconds, "version": state.version,
        "missing_tables": list(state.lost_tables), "open_transactions": state.open_transactions,
        "trouble": state.trouble or None,
    }
