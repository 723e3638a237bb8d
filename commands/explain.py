"""flask explain: the statements of a page, how long they take, how they are answered, and whether that is well."""

from __future__ import annotations

import json
import re

import click

from commands import current_store, lego_command
from database.doctor.statements import Explained, explain
from domain.findings import Limits


@lego_command("explain")
@click.argument("page")
@click.argument("selection", default="")
@click.option("--sql", "whole", is_flag=True, help="Print the statements whole, with their values.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(page: str, selection: str, whole: bool, as_json: bool) -> None:
    """Explain the statements of PAGE for a SELECTION such as "brand=3&period=12m".

    PAGE is a word of an address: dashboard, profitability, categories, products, catalog, brands/3,
    products/B01ABCDEFG; filters is what every page offers to choose from.
    """
    statements = explain(current_store(), page, selection, limits=Limits())
    if as_json:
        click.echo(json.dumps([found.as_json() for found in statements], indent=2))
        return
    for found in statements:
        _print(found, whole)
    total, rows = sum(found.milliseconds for found in statements), sum(found.plan.examined for found in statements)
    poor = sum(not found.is_well for found in statements)
    click.echo(
        f"{len(statements)} statements, {total:,.1f} ms, {rows:,} rows looked at: "
        + (f"{poor} not well" if poor else "all well")
    )


def _print(found: Explained, whole: bool) -> None:
    times = f", sent {found.times} times" if found.times > 1 else ""
    click.echo(f"{found.number}. {found.milliseconds:,.1f} ms, {found.rows:,} rows{times}")
    text = found.text if whole else _short(found.text)
    for line in text.splitlines():
        click.echo(f"     {line}")
    if whole and found.parameters:
        click.echo(f"     {found.parameters}")
    for read in found.plan.reads:
        click.echo(f"   - {read.words}: {read.examined:,} rows looked at, {read.needed:,} needed")
    if found.plan.notes:
        click.echo(f"   - {'; '.join(found.plan.notes)}")
    click.echo(f"   → {found.verdict}")


def _short(text: str) -> str:
    """On one line, without long lists and without repeating the tables' long names."""
    words = re.sub(r"\s+", " ", text).strip()
    words = re.sub(r"\bfinancials_summary_monthly_\w+\.", "", words)
    words = re.sub(r"\((%?\(?[\w$:.]+\)?s?(, %?\(?[\w$:.]+\)?s?){3,})\)", "(…)", words)
    return words if len(words) <= 300 else words[:297] + "…"
