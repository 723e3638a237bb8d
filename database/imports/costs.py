"""The signs of costs: facts hold them as positive amounts, many files as negative ones."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from database.imports.csv_file import CsvFile
from database.imports.faults import Fault
from domain.metrics import COSTS, UNSORTED


@dataclass(frozen=True)
class SignsOfCosts:
    """What a person should know of a file's costs."""

    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def settle_costs(scratch: duckdb.DuckDBPyConnection, file: CsvFile, *, turned: bool) -> SignsOfCosts:
    """Turns the costs in `staged` whose sum is negative, if that is wished. Else raises Refused if a cost has negative
    values and no positive one."""
    rows = _with_a_minus(scratch)
    if not turned:
        only = [(name, total) for name, positive, total in rows if not positive]
        if only:
            words = "stand with a minus only, and costs are kept as positive amounts; --negative-costs turns them"
            raise file.refusal([Fault(f"{_listed(only)} {words}")])
        below = [(name, total) for name, _, total in rows if total < 0]
        return SignsOfCosts(warnings=(f"costs that come out below zero: {_listed(below)}",) if below else ())
    below = [(name, total) for name, _, total in rows if total < 0]
    if not below:
        return SignsOfCosts(warnings=("no cost comes out below zero, so --negative-costs turned none",))
    scratch.execute(
        "UPDATE staged SET value = -value WHERE metric::VARCHAR IN (SELECT unnest($names::VARCHAR[]))",
        {"names": [name for name, _ in below]},
    )
    return SignsOfCosts(notes=(f"costs with a minus, turned: {_listed(below)}",))


def _with_a_minus(scratch: duckdb.DuckDBPyConnection) -> list[tuple[str, int, Decimal]]:
    """Costs with negative values: name, how many positive values there are, and the sum. Most files have no such, which
    is told in no time."""
    negative = scratch.execute(
        "SELECT metric::VARCHAR AS name FROM (SELECT DISTINCT metric FROM staged WHERE value < 0) ORDER BY name"
    ).fetchall()
    found = []
    # What nobody has sorted may be money received as well as money paid: its sign tells nothing of the file's.
    for name in (name for (name,) in negative if name in COSTS and name != UNSORTED):
        found.append((name, *scratch.execute(
            "SELECT count(*) FILTER (value > 0), sum(value)::DECIMAL(25,2) FROM staged WHERE metric = $name",
            {"name": name},
        ).fetchone()))
    return found


def _listed(found: list[tuple[str, Decimal]]) -> str:
    return ", ".join(f"{name} ({total:,.2f})" for name, total in found)
