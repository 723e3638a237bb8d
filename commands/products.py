"""flask products: names products and assigns them to brands and categories."""

import json
from pathlib import Path

import click

from commands import current_store, lego_command, tell_trail
from database.imports.products import take_products
from database.journal.catalog_changes import tell_change
from domain.errors import SetupError


@lego_command("products")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Change nothing, print the same report.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /catalog.")
@click.option("--called", metavar="NAME", help="What the file is called on that page; default: its name.")
@click.option("--only-brands", metavar="IDS", help="Refuse what is not of these brands: ids, commas between.")
def command(file, dry_run, wait, as_json, user_name, called, only_brands) -> None:
    """Take a CSV `asin,name,brand,category,status` or `brand,category,group` in, all or nothing."""
    store = current_store()
    permitted = None if only_brands is None else _ids(only_brands)
    with store.lock(f"products of {called or file.name}"[:100], wait=wait):
        report = take_products(store, file, dry_run=dry_run, only_brands=permitted)
        trouble = tell_change(store, report, user_name=user_name, file_name=called or file.name)
    if trouble:
        click.echo(f"warning: {trouble}", err=True)
    if report.accepted:
        tell_trail(
            "products imported", f"{called or file.name}: {report.rows:,} {report.kind}, {report.change_count:,} "
            "cells changed", asked_by=user_name,
        )
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(report.lines()))
    if report.accepted:
        click.echo("The pages show it after: flask refresh-summaries", err=True)


def _ids(text: str) -> frozenset[int]:
    parts = text.split(",") if text else []
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise SetupError(f"--only-brands {text!r}: ids of brands, commas between, like 3,17")
    return frozenset(map(int, parts))
