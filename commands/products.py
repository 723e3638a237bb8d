"""flask products: names products and assigns them to brands and categories."""

import json
from pathlib import Path

import click

from commands import current_store, lego_command
from database.imports.products import take_products


@lego_command("products")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Change nothing, print the same report.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(file, dry_run, wait, as_json) -> None:
    """Take a CSV `asin,name,brand,category,status` or `brand,category,group` in, all or nothing."""
    store = current_store()
    with store.lock(f"products of {file.name}"[:100], wait=wait):
        report = take_products(store, file, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(report.lines()))
    if report.change_count and not dry_run:
        click.echo("The pages show it after: flask refresh-summaries", err=True)
