"""flask rates: exchange rates, by file or by hand; without either, lists them and what is missing."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

import click

from commands import current_store, lego_command, tell_trail, who_runs_this
from database.engines.ports import Store
from database.facts.opening import facts_when_free
from database.rates.changes import BY_HAND, Asked, asked_of_file, change_rates, needed_and_live
from database.rates.files import RateFileOptions, read_rates_file
from database.rates.needed import Pair, gaps, named_pairs, pairs_words, waiting
from database.rates.texts import read_rates_of
from database.rates.told import ToldRate, rate_words, read_told
from domain.currencies import CODES
from domain.errors import LockBusy, SetupError
from domain.months import fault_of_month, format_month, parse_month, today_utc


@lego_command("rates")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--set", "told", nargs=3, multiple=True, metavar="CODE MONTH RATE",
              help="Tell one rate, as in --set GBP 2025-03 1.2931; may be repeated.")
@click.option("--remove", "removed", nargs=2, multiple=True, metavar="CODE MONTH", help="Remove one; may be repeated.")
@click.option("--force", is_flag=True, help="Take rates although they look wrong.")
@click.option("--dry-run", is_flag=True, help="Change nothing, print the same report.")
@click.option("--refresh", "then_refresh", is_flag=True, help="Refresh the summaries afterwards.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark, if no cell settles it.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]),
              help="Which of day and month stands first, if no date settles it.")
@click.option("--encoding", metavar="NAME", help="For a file whose words do not tell.")
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook; default: the first of rates.")
@click.option("--wait", type=click.FloatRange(0), default=0, help="Seconds to wait for a running import or refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--by", "user_name", metavar="USER", help="Who asked for it, for the page /operations/rates.")
@click.option("--called", metavar="NAME", help="What the file is called on that page; default: its name.")
@click.pass_context
def command(
    context, file, told, removed, force, dry_run, then_refresh, wait, as_json, user_name, called, **options
) -> None:
    """Take monthly exchange rates in, all or nothing: FILE is `month, currency, rate` (what one unit is in the
    reporting currency) or the European Central Bank's history, unpacked. Without anything, list the rates and what is
    missing."""
    store = current_store()
    if file is None and not told and not removed:
        _list(store, as_json)
        return
    if file is not None and (told or removed):
        raise SetupError("a FILE, or --set and --remove: give one of them")
    name = called or (file.name if file else BY_HAND)
    with store.lock(f"rates of {name}"[:100], wait=wait):
        with store.facts() as connection:
            codes = CODES | {code for _, code in named_pairs(connection)}
        if file is not None:
            asked = asked_of_file(read_rates_file(
                file, RateFileOptions(called=name, **options), base=store.settings.dashboard.currency, others=codes
            ))
        else:
            asked = _asked(told, removed, codes, store.settings.dashboard.currency)
        report = change_rates(store, asked, dry_run=dry_run, force=force, by=user_name or who_runs_this())
    if report.is_change and not dry_run:
        tell_trail("exchange rates changed", report.in_a_line(), asked_by=user_name)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(report.lines()))
    if then_refresh and not dry_run:
        from commands.refresh_summaries import refresh_afterwards

        refresh_afterwards(context)
    elif report.rebuilds and not dry_run:
        click.echo("The pages show it after: flask refresh-summaries", err=True)


def _asked(
    told: Collection[tuple[str, str, str]], removed: Collection[tuple[str, str]], codes: Collection[str], base: str
) -> Asked:
    """What --set and --remove ask for. Raises SetupError for what is no currency, month or rate."""
    rates: dict[Pair, Decimal] = {}
    for code, month, text in told:
        pair = _pair("--set", code, month, codes, base)
        found = read_rates_of([text], base=base, decimal=".")
        rate = found.rates.get(text)
        if rate is None:
            raise SetupError(f"--set {code} {month} {text!r}: {found.rules.get(text, 'is no rate')}")
        if pair in rates:
            raise SetupError(f"--set {code} {month}: stands there twice")
        rates[pair] = rate
    gone = tuple(dict.fromkeys(_pair("--remove", code, month, codes, base) for code, month in removed))
    if twice := [pair for pair in gone if pair in rates]:
        raise SetupError(f"{pairs_words(twice)}: --set and --remove name the same rate")
    return Asked(BY_HAND, rates, dict.fromkeys(rates, BY_HAND), gone)


def _pair(option: str, code: str, text: str, codes: Collection[str], base: str) -> Pair:
    try:
        month: datetime.date = parse_month(text)
        fault = fault_of_month(month, today_utc())
    except ValueError as error:
        raise SetupError(f"{option} {code}: {error}") from None
    if fault:
        raise SetupError(f"{option} {code} {text}: {text} {fault}")
    if code.upper() not in codes:
        raise SetupError(f"{option} {code!r}: is no currency's code, like GBP")
    if code.upper() == base:
        raise SetupError(f"{option} {code}: it is the reporting currency, whose rate is 1")
    return month, code.upper()


def _list(store: Store, as_json: bool) -> None:
    base = store.settings.dashboard.currency
    with store.application_reading.connect() as connection:
        rates = read_told(connection, base)
    try:
        with facts_when_free(store, 0) as connection:
            needed, live = needed_and_live(store, connection)
    except LockBusy:
        needed, live = needed_and_live(store, None)
    missing = gaps(needed, rates.keys(), base)
    moved = waiting(live, {pair: each.rate for pair, each in rates.items()}, base)
    if as_json:
        click.echo(json.dumps({
            "base": base, "rates": [_json(each) for each in rates.values()],
            "gaps": [{"month": format_month(month), "currency": code} for month, code in missing],
            "rebuilds": sorted({format_month(change.month) for change in moved}),
        }, indent=2, ensure_ascii=False))
        return
    for each in rates.values():
        so_far = "  so far" if each.is_so_far else ""
        click.echo(
            f"{format_month(each.month)}  {each.currency}  {rate_words(each.rate):>16}  {each.changed_at:%Y-%m-%d}  "
            f"{each.changed_by}  {each.source}{so_far}"
        )
    if not rates:
        click.echo(f"No rates into {base} were told yet; flask rates FILE takes some in.")
    if missing:
        click.echo(f"without a rate: {pairs_words(missing)}")
    for change in moved:
        click.echo(f"waits for a refresh: rate of {change.words}")


def _json(each: ToldRate) -> dict[str, object]:
    return {
        "month": format_month(each.month), "currency": each.currency, "rate": rate_words(each.rate),
        "so_far": each.is_so_far, "source": each.source, "changed_by": each.changed_by,
        "changed_at": f"{each.changed_at:%Y-%m-%dT%H:%M:%SZ}",
    }
