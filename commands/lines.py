"""flask lines: from a figure back to the lines of the files that it is made of."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import click

from commands import current_store, lego_command
from commands.refresh_summaries import Month
from database.engines.ports import Store
from database.facts.opening import facts_when_free
from database.imports.derived_facts import counting_rules
from database.lines.behind import Behind, Figure, Following, marketplaces_of
from database.lines.told_rows import HEADINGS, ToldRow, rows_behind, rows_of_settlement
from database.rates.needed import live_rates
from database.rates.told import Rates, rate_words, read_rates
from domain.errors import NeverRefreshed, Refused
from domain.months import format_month
from domain.spreadsheets import harmless


@lego_command("lines")
@click.option("--asin", help="Of which product; ACCOUNT for what belongs to none.")
@click.option("--month", type=Month(), help="Of which month.")
@click.option("--marketplace", metavar="CODE", help="Of which marketplace; default: each that has a figure.")
@click.option("--metric", help="Of which metric; a derived one is followed to its parts.")
@click.option("--settlement", metavar="ID", help="The lines of this settlement instead of a figure's.")
@click.option("--kind", "kind_id", type=int, metavar="NUMBER", help="With --settlement: of this description only.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the lines as CSV.")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the CSV into this file, and print how many lines and their sum.")
@click.option("--without-imports", is_flag=True, help="Do not name imports and files.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
def command(
    asin, month, marketplace, metric, settlement, kind_id, as_csv, target, without_imports, as_json, wait,
) -> None:
    """Show the lines of imported files that a figure, or an amount of a settlement, is made of. They add up to it."""
    _check_usage(asin, month, metric, settlement, kind_id)
    with facts_when_free(current_store(), wait) as connection:
        if settlement:
            _tell(rows_of_settlement(connection, settlement, kind_id=kind_id, month=month), as_csv, target, as_json,
                  nothing=f"settlement {settlement} has no such lines")
            return
        following = Following(connection, counting_rules(current_store()), _rates(current_store()))
        found = [
            following.behind(Figure(asin, month, code, metric))
            for code in ([marketplace] if marketplace else marketplaces_of(connection, asin, month, metric))
        ]
    for line in (line for behind in found for line in _left_out(behind)):
        click.echo(line, err=True)
    found = [behind for behind in found if behind.value is not None]
    if not (as_csv or target or as_json):
        for behind in found:
            _print(behind)
    rows = (row for behind in found for row in rows_behind(behind))
    if without_imports:
        rows = (dataclasses.replace(row, import_id=None, file_name="") for row in rows)
    _tell(rows, as_csv, target, as_json,
          nothing=f"there is no figure of {metric} for {asin} in {format_month(month)}", is_printed=True)


def _rates(store: Store) -> Rates:
    """Those that the figures on pages were converted at; before there are any, those that were told."""
    with contextlib.suppress(NeverRefreshed):
        live = store.read(live_rates)
        return {(each.month, each.currency): each.rate for each in live if each.rate is not None}
    return read_rates(store)


def _left_out(behind: Behind) -> Iterator[str]:
    for each in behind.converted:
        if each.rate is None:
            figure = behind.figure
            yield (
                f"{figure.metric} of {figure.asin}, {figure.marketplace}, {format_month(figure.month)}: "
                f"{each.local:,} {each.currency} have no rate and are left out; tell it with flask rates"
            )


def _check_usage(asin, month, metric, settlement, kind_id) -> None:
    if settlement and (asin or metric):
        raise click.UsageError("--settlement lists a settlement's lines; leave out --asin and --metric")
    if not settlement and not (asin and month and metric):
        raise click.UsageError("name a figure: --asin A --month YYYY-MM --metric X; or --settlement ID")
    if kind_id is not None and not settlement:
        raise click.UsageError("--kind goes with --settlement ID")


def _tell(
    rows: Iterable[ToldRow], as_csv: bool, target: Path | None, as_json: bool, *, nothing: str,
    is_printed: bool = False,
) -> None:
    counted = _Counted(rows)
    if target:
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            _write_csv(counted, file)
    elif as_csv:
        _write_csv(counted, sys.stdout)
    elif as_json:
        listed = [dict(zip(HEADINGS, map(_plain, row.cells), strict=True)) for row in counted]
    else:
        for row in counted:
            if not is_printed:
                click.echo(_line(row))
    if not counted.count:
        raise Refused(nothing)
    summary = {"count": counted.count, "sum": _plain(counted.total)}
    if as_json:
        click.echo(json.dumps(summary if target else summary | {"rows": listed}, indent=2, ensure_ascii=False))
    elif target or not as_csv:
        click.echo(f"{counted.count:,} lines, sum {Decimal(_plain(counted.total)):,}")


class _Counted:
    """Rows, counted and added up as they go by."""

    def __init__(self, rows: Iterable[ToldRow]) -> None:
        self._rows = rows
        self.count, self.total = 0, Decimal("0.00")

    def __iter__(self) -> Iterator[ToldRow]:
        for row in self._rows:
            self.count, self.total = self.count + 1, self.total + row.value
            yield row


def _write_csv(rows: Iterable[ToldRow], file: TextIO) -> None:
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(HEADINGS)
    for row in rows:
        lines.writerow(harmless(cell) if isinstance(cell, str) else _plain(cell) for cell in row.cells)


def _plain(cell: object) -> object:
    if isinstance(cell, Decimal):
        # Amounts are kept with six decimals, and most have two.
        return f"{round(cell, 2) if cell == round(cell, 2) else cell.normalize():f}"
    return cell


def _line(row: ToldRow) -> str:
    place = f"{row.file_name}:{row.line}" if row.line else row.what
    return f"{_plain(row.value):>14}  {row.happened:<26} {row.order_id:<20} {row.sku:<20} {row.words}  {place}".rstrip()


def _print(behind: Behind, depth: int = 0, sign: int = 1) -> None:
    """A figure, its formula, and below each part its own lines."""
    indent, figure = "  " * depth, behind.figure
    minus = "− " if sign < 0 else ""
    place = f"  {figure.asin}, {figure.marketplace}, {format_month(figure.month)}" if not depth else ""
    click.echo(f"{indent}{minus}{figure.metric} {behind.value:,}{place}")
    for converted in behind.converted:
        if converted.rate is not None and behind.parts and behind.cost is None:
            click.echo(f"{indent}  of it {converted.local:,} {converted.currency}")
        elif converted.rate is not None:
            rate = f"at {rate_words(converted.rate)}"
            click.echo(f"{indent}  {converted.local:,} {converted.currency} {rate} is {converted.value:,}")
    for each in behind.lines:
        amount = f"{_plain(each.amount)} {each.currency}  " if each.currency else ""
        click.echo(
            f"{indent}  {_plain(each.value):>14}  {each.happened:<26} {amount}{each.words}  "
            f"{each.file_name}:{each.line}"
        )
    for fact in behind.facts:
        source = f"import {fact.import_id} ({fact.file_name})" if fact.import_id else "another program"
        amount = f"{_plain(fact.amount)} {fact.currency}  " if fact.currency else ""
        click.echo(f"{indent}  {_plain(fact.value):>14}  {amount}imported, {source}")
    if behind.taken_off:
        click.echo(f"{indent}  {_plain(-behind.taken_off):>14}  told by product in another report")
    if behind.cost is not None:
        currency = f" {behind.cost_currency}" if behind.cost_currency else ""
        click.echo(f"{indent}  {behind.cost.normalize():f}{currency} a piece, times")
    for part in behind.parts:
        _print(part.behind, depth + 1, part.sign)
    if behind.rounding:
        click.echo(f"{indent}  {_plain(behind.rounding):>14}  rounding to the cent")
