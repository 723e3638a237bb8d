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


def settle_costs(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, *, turned: bool, is_stated: bool = False
) -> SignsOfCosts:
    """Turns the costs in `staged` whose sum is negative, if that is wished. Else raises Refused if a cost has negative
    values and no positive one. In several currencies (`is_stated`) each is looked at by itself."""
    rows = _with_a_minus(scratch, is_stated=is_stated)
    if not turned:
        only = [(name, code, total) for name, code, positive, total in rows if not positive]
        if only:
            words = "stand with a minus only, and costs are kept as positive amounts; --negative-costs turns them"
            raise file.refusal([Fault(f"{_listed(only)} {words}")])
        below = [(name, code, total) for name, code, _, total in rows if total < 0]
        return SignsOfCosts(warnings=(f"costs that come out below zero: {_listed(below)}",) if below else ())
    below = [(name, code, total) for name, code, _, total in rows if total < 0]
    if not below:
        return SignsOfCosts(warnings=("no cost comes out below zero, so --negative-costs turned none",))
    for name, code, _ in below:
        own = " AND currency IS NOT DISTINCT FROM nullif($code, '')" if is_stated else " AND $code = ''"
        scratch.execute(
            f"UPDATE staged SET value = -value WHERE metric::VARCHAR = $name{own}", {"name": name, "code": code}
        )
    return SignsOfCosts(notes=(f"costs with a minus, turned: {_listed(below)}",))


def _with_a_minus(
    scratch: duckdb.DuckDBPyConnection, *, is_stated: bool
) -> list[tuple[str, str, int, Decimal]]:
    """Costs with negative values: name, currency ('' for the dashboard's), how many positive values there are, and the
    sum. Most files have no such, which is told in no time."""
    code = "coalesce(currency, '')" if is_stated else "''"
    negative = scratch.execute(
        "SELECT metric::VARCHAR AS name FROM (SELECT DISTINCT metric FROM staged WHERE value < 0) ORDER BY name"
    ).fetchall()
    found = []
    # What nobody has sorted may be money received as well as money paid: its sign tells nothing of the file's.
    for name in (name for (name,) in negative if name in COSTS and name != UNSORTED):
        found += [(name, *row) for row in scratch.execute(
            f"SELECT {code} AS code, count(*) FILTER (value > 0), sum(value)::DECIMAL(25,2) FROM staged "
            "WHERE metric = $name GROUP BY code HAVING count(*) FILTER (value < 0) > 0 ORDER BY code", {"name": name},
        ).fetchall()]
    return found


def _listed(found: list[tuple[str, str, Decimal]]) -> str:
    return ", ".join(f"{name} ({f'{total:,.2f} {code}'.strip()})" for name, code, total in found)
