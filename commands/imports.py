"""flask imports: lists what was imported."""

import json

import click
import sqlalchemy as sa

from commands import current_store, lego_command
from database import schema
from domain.currencies import SEVERAL


@lego_command("imports")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def command(as_json) -> None:
    """List the imports, the latest first, with what undo-import needs: their ids."""
    book = schema.financials_import
    with current_store().facts() as connection:
        rows = connection.execute(sa.select(book).order_by(book.c.id.desc())).mappings().all()
    if as_json:
        click.echo(json.dumps([{key: _plain(value) for key, value in row.items()} for row in rows], indent=2))
        return
    if not rows:
        click.echo("Nothing was imported yet; take a file in with: flask import FILE")
    for row in rows:
        is_one = row["value_currency"] != SEVERAL
        value = f"{row['value']:,.2f} {row['value_currency'] or ''}".rstrip() if is_one else "several currencies"
        replaced = f", replaced {row['replaced_facts']:,}" if row["replaced_facts"] else ""
        click.echo(
            f"{row['id']:>5}  {row['created_at']:%Y-%m-%d %H:%M}  {row['status']:<7}  {row['source']:<14} "
            f"{row['facts']:>13,} facts  {value:>20}  {row['file_name']} ({row['mode']}{replaced})"
        )


def _plain(value):
    return value if isinstance(value, int | str | None) else str(value)
