"""In which currency the lines of a report are: what they name, what --currency says of those that name none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import duckdb

from database.imports.currencies import Currencies, marked, one_to_one, told_currency
from database.imports.line_batch import LineFile
from database.imports.staging import LOCAL, ImportOptions
from database.lines.kinds import Rules
from database.lines.skus import is_staged
from domain.errors import Refused
from domain.marketplaces import currency_of
from domain.metrics import is_money
from domain.settlements import Amount


def settle_line_currencies(
    scratch: duckdb.DuckDBPyConnection, file: LineFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """The file with the currencies that count one to one, and what is to be said of lines that name none. Raises
    Refused if --currency says another than the lines do."""
    if is_staged(scratch, "staged_cost"):
        _tell_costs(scratch, options)
    if file.lines is None or not is_staged(scratch, "staged_line"):
        return file
    pairs = scratch.execute(
        "SELECT DISTINCT marketplace, currency FROM staged_line WHERE amount <> 0 ORDER BY ALL"
    ).fetchall()
    told = told_currency(options, sorted({place for place, _ in pairs}))
    for place, code in pairs:
        if code and told.get(place, code) != code:
            raise Refused(
                f"{file.file_name}: lines of {place} say {code}, --currency {told[place]}; one of them is wrong; "
                "nothing was imported"
            )
    if told:
        _tell_lines(scratch, told)
    named = {code or told.get(place) for place, code in pairs} - {None}
    allowed = sorted(one_to_one(currencies, options).intersection(named) - {currencies.own})
    return dataclasses.replace(
        file, currencies=marked(currencies, options, named, file.symbols), allowed=tuple(allowed),
        warnings=(*file.warnings, *_unnamed(scratch, file.lines.rules, currencies.own)),
    )


def _tell_lines(scratch: duckdb.DuckDBPyConnection, told: Mapping[str, str]) -> None:
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE told_place AS SELECT unnest($places::VARCHAR[]) AS place, "
        "unnest($codes::VARCHAR[]) AS code", {"places": list(told), "codes": list(told.values())},
    )
    scratch.execute(
        "UPDATE staged_line SET currency = t.code FROM told_place t "
        "WHERE t.place = staged_line.marketplace AND staged_line.currency IS NULL"
    )


def _tell_costs(scratch: duckdb.DuckDBPyConnection, options: ImportOptions) -> None:
    """A cost of all marketplaces has no local currency: it stays that of the amounts beside it."""
    for (place,) in scratch.execute("SELECT DISTINCT marketplace FROM staged_cost ORDER BY 1").fetchall():
        if place or (options.currency or LOCAL).lower() != LOCAL:
            for code in told_currency(options, [place]).values():
                scratch.execute(
                    "UPDATE staged_cost SET currency = $code WHERE currency IS NULL AND marketplace = $place",
                    {"code": code, "place": place},
                )


def _unnamed(scratch: duckdb.DuckDBPyConnection, rules: Rules, own: str) -> Iterator[str]:
    """A warning of marketplaces in another currency than the dashboard's, whose amounts name none."""
    rows = scratch.execute(
        "SELECT DISTINCT marketplace, transaction_type, amount_type, description FROM staged_line "
        "WHERE currency IS NULL AND amount <> 0 ORDER BY ALL"
    ).fetchall()
    places = {
        place for place, *words in rows
        if currency_of(place) not in (None, own)
        and any(is_money(posting.metric) and not posting.of_quantity for posting in rules(Amount(*words)).postings)
    }
    if places:
        listed = ", ".join(f"{place} ({currency_of(place)})" for place in sorted(places))
        yield (
            f"amounts of {listed} name no currency, and were counted as {own}; --currency local takes them in that of "
            "the marketplace"
        )
