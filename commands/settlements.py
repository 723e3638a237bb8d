"""flask settlements: what Amazon paid out, and whether it is explained to the cent."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import click

from commands import current_store, lego_command
from database.engines.values import Reading
from database.queries.coverage import read_unsettled
from database.queries.settlements import Deposit, Settlement, Settlements, read_settlement, read_settlements
from domain.coverage import GAP
from domain.errors import Refused
from domain.months import format_month


@lego_command("settlements")
@click.argument("settlement_id", metavar="[ID]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(settlement_id, as_json) -> None:
    """List the deposits, and what each is made of; with ID one of them, down to Amazon's descriptions."""
    if settlement_id:
        found = current_store().read(lambda reading: read_settlement(
            reading.connection, reading.generation, settlement_id
        ))
        if found is None:
            raise Refused(f"there is no settlement {settlement_id}; flask settlements lists them")
        click.echo(json.dumps(_one_json(found), indent=2, ensure_ascii=False)) if as_json else _print_one(found)
        return
    listed, unsettled = current_store().read(_ask)
    if as_json:
        click.echo(json.dumps([_json(each) for each in listed.rows], indent=2))
        return
    _print(listed)
    for each in unsettled:
        month = format_month(each.month)
        click.echo(f"{month} is not settled to its end in {each.marketplace}: through {each.through}")


def _ask(reading: Reading) -> tuple[Settlements, tuple]:
    return (
        read_settlements(reading.connection, reading.generation),
        read_unsettled(reading.connection, reading.generation),
    )


def _print(listed: Settlements) -> None:
    if not listed.rows:
        click.echo("No settlement was imported yet; import one with: flask import FILE")
    for each in listed.rows:
        state = "explained" if not each.difference else f"{each.difference:,} not explained"
        click.echo(
            f"{each.settlement_id:<14} {each.marketplace:<5} {each.currency}  {each.starts_at:%Y-%m-%d} to "
            f"{each.ends_at:%Y-%m-%d}  {each.pnl:>14,} P&L {each.tax:>+12,} tax {each.cash:>+12,} cash "
            f"{each.unsorted:>+10,} unsorted = {each.total:>14,}  {state}"
        )
    for found in listed.breaks:
        words = "nothing is known" if found.kind == GAP else "both tell"
        click.echo(
            f"{found.kind}: {found.before.marketplace}, {words} from {found.starts_at:%Y-%m-%d %H:%M} to "
            f"{found.ends_at:%Y-%m-%d %H:%M} UTC, between {found.before.settlement_id} and {found.after.settlement_id}"
        )
    for kind in listed.unsorted:
        click.echo(
            f"unsorted: {kind.words} ({kind.transaction_type} / {kind.amount_type}, number {kind.kind_id}): "
            f"{kind.line_count:,} lines, {kind.amount:,} {kind.currency}".rstrip()
        )


def _print_one(found: Settlement) -> None:
    deposit = found.deposit
    click.echo(
        f"Settlement {deposit.settlement_id}, {deposit.marketplace}, {deposit.starts_at:%Y-%m-%d %H:%M} to "
        f"{deposit.ends_at:%Y-%m-%d %H:%M} UTC, paid out {deposit.deposited_at:%Y-%m-%d}, import {deposit.import_id}"
    )
    click.echo(f"{'':<44}" + "".join(f"{format_month(month):>16}" for month in found.months) + f"{'total':>16}")
    for place in found.places:
        click.echo(_row(place.name, place.months, place.total))
        for kind in place.kinds:
            name = kind.description or kind.amount_type or kind.transaction_type
            click.echo(_row(f"  {name} ({kind.kind_id})", kind.months, kind.total))
    click.echo(_row(f"deposit in {deposit.currency}", found.totals, deposit.total))
    if deposit.difference:
        click.echo(f"{deposit.difference:,} are not explained")


def _row(name: str, months: tuple[Decimal | None, ...], total: Decimal) -> str:
    cells = "".join(f"{'' if value is None else f'{value:,}':>16}" for value in (*months, total))
    return f"{name:<44}{cells}"


def _json(each: Deposit) -> dict:
    return {
        "id": each.settlement_id, "marketplace": each.marketplace, "currency": each.currency,
        "from": _moment(each.starts_at), "to": _moment(each.ends_at), "deposit_date": _moment(each.deposited_at),
        "total": str(each.total), "pnl": str(each.pnl), "tax": str(each.tax), "cash": str(each.cash),
        "unsorted": str(each.unsorted), "difference": str(each.difference), "lines": int(each.line_count),
        "import": each.import_id,
    }


def _one_json(found: Settlement) -> dict:
    return _json(found.deposit) | {"amounts": [
        {
            "place": place.name, "kind": kind.kind_id, "transaction_type": kind.transaction_type,
            "amount_type": kind.amount_type, "description": kind.description, "lines": kind.line_count,
            "total": str(kind.total),
            "months": {
                format_month(month): str(value)
                for month, value in zip(found.months, kind.months, strict=True) if value is not None
            },
        }
        for place in found.places for kind in place.kinds
    ]}


def _moment(when: datetime.datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
