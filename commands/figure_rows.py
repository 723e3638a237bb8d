"""flask figure-rows: the facts that a figure is the sum of."""

from __future__ import annotations

import csv
import datetime
import json
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

import click

from commands import current_store, lego_command
from commands.refresh_summaries import Month
from database.facts.opening import facts_when_free
from database.summaries.figure_rows import MOST, FactRow, FactSum, FigureAsked, FigureRows
from database.summaries.known_sums import known_sums
from domain.errors import Refused
from domain.months import runs_of_months
from domain.spreadsheets import harmless

_harmless = lru_cache(10_000)(harmless)
"""The same few texts stand in most rows."""
HEADINGS = ("asin", "brand", "marketplace", "metric", "month", "value", "currency", "import", "file")


@lego_command("figure-rows")
@click.option("--metric", "metrics", multiple=True, required=True, help="Of this metric; may be repeated.")
@click.option("--first", type=Month(), required=True, help="From this month …")
@click.option("--last", type=Month(), required=True, help="… to this one.")
@click.option("--brand", "brands", type=int, multiple=True, metavar="ID", help="Of this brand, 0 for none.")
@click.option("--category", "categories", type=int, multiple=True, metavar="ID", help="Of this category, 0 for none.")
@click.option("--marketplace", "marketplaces", multiple=True, metavar="CODE", help="Of this marketplace.")
@click.option("--asin", default="", help="Of this product.")
@click.option("--most", type=click.IntRange(1), default=MOST, show_default=True, help="List so many; all are added up.")
@click.option("--without-imports", is_flag=True, help="Do not name imports and files.")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="Write the facts into this file, as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print counts and sums as JSON.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(
    metrics: tuple[str, ...], first: datetime.date, last: datetime.date, brands: tuple[int, ...],
    categories: tuple[int, ...], marketplaces: tuple[str, ...], asin: str, most: int, without_imports: bool,
    target: Path, as_json: bool, wait: float,
) -> None:
    """Write the facts that a figure is the sum of into a file, the newest months first, as they stand now."""
    store = current_store()
    asked = FigureAsked(metrics, first, last, brands, categories, marketplaces, asin)
    with facts_when_free(store, wait) as connection:
        found = FigureRows(connection, asked, store.settings.refresh.exclude_groups)
        sums, archived, written = found.sums(known_sums(store, found)), found.archived_months(), 0
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(HEADINGS)
            for row in found.rows(most):
                lines.writerow(_cells(row, without_imports=without_imports))
                written += 1
    if not sums:
        raise Refused("no fact stands behind this figure: its months may be archived, or it is worked out from others")
    if without_imports:
        sums = [replace(each, import_id=None, file_name="") for each in sums]
    _tell(sums, archived, written, as_json=as_json)


def _cells(row: FactRow, *, without_imports: bool) -> tuple[object, ...]:
    asin, brand, marketplace, metric, month, value, currency, import_id, file_name = row
    came_with = ("", "") if without_imports or import_id is None else (import_id, _harmless(file_name or ""))
    texts = map(_harmless, (asin, brand, marketplace, metric))
    return (*texts, month, f"{value:f}", currency, *came_with)


def _tell(sums: list[FactSum], archived: list[datetime.date], written: int, *, as_json: bool) -> None:
    count = sum(each.facts for each in sums)
    if as_json:
        told = [asdict(each) | {"value": f"{each.value:f}"} for each in sums]
        missing = runs_of_months(archived)
        report = {"count": count, "written": written, "archived": missing, "sums": told}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for each in sums:
        code = f" ({each.currency})" if each.currency else ""
        source = f"  import {each.import_id} ({each.file_name})" if each.import_id is not None else ""
        click.echo(f"{each.facts:>12,}  {each.value:>20,}  {each.metric}{code}{source}")
    click.echo(f"{count:,} facts, {written:,} of them in the file")
    if archived:
        click.echo(f"not among them: {runs_of_months(archived)}, archived: their facts are in files", err=True)
