"""flask settlements, lines, sort-amounts: words, sums, exit codes."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.summaries.refresh import refresh
from tests.commands.test_import_files import run, write  # noqa: F401  (fixtures)
from tests.database.lines.conftest import files, take_all
from tests.database.lines.test_currencies import tell_rates
from tests.database.lines.test_publishing import deposit
from tests.databases import ONE_SERVER

PATHS = files("settlement_de_5.txt", "settlement_us_1.txt")


@pytest.fixture(params=ONE_SERVER)
def engine(request):
    """A cluster takes no reports of lines."""
    return request.param


def test_deposits_and_the_lines_behind_them_are_told_and_descriptions_sorted(store, run, tmp_path):  # noqa: F811
    assert run("settlements")[0] == 2
    take_all(store, [*files("listings.txt", "costs.csv"), *PATHS])
    refresh(store)
    expected = {number: (str(total), lines) for number, total, lines in map(deposit, PATHS)}
    listed = json.loads(run("settlements", "--json")[1])
    assert {row["id"]: (row["total"], row["lines"]) for row in listed} == expected
    assert {row["difference"] for row in listed} == {"0.00"}
    code, out, _ = run("settlements")
    assert code == 0 and "unsorted: Quantum Levy 2025" in out and out.count("explained") == 2
    one = json.loads(run("settlements", "28400001001", "--json")[1])
    assert sum(Decimal(part["total"]) for part in one["amounts"]) == Decimal(one["total"])
    assert run("settlements", "1")[0] == 4

    kind = one["amounts"][0]
    rows = list(csv.DictReader(io.StringIO(
        run("lines", "--settlement", "28400001001", "--kind", kind["kind"], "--csv")[1]
    )))
    assert (len(rows), sum(Decimal(row["value"]) for row in rows)) == (kind["lines"], Decimal(kind["total"]))
    figure = ("lines", "--asin", "ACCOUNT", "--month", "2025-01", "--metric", "CM3", "--marketplace", "US")
    code, out, _ = run(*figure)
    assert code == 0 and out.startswith("CM3 ") and "− SEM costs" in out and "settlement_us_1.txt:4" in out
    told = json.loads(run(*figure, "--to", tmp_path / "lines.csv", "--json")[1])
    with (tmp_path / "lines.csv").open(encoding="utf-8-sig", newline="") as file:
        values = [Decimal(row["value"]) for row in csv.DictReader(file)]
    assert told == {"count": len(values), "sum": str(sum(values))}
    assert run("lines", "--asin", "ACCOUNT", "--month", "2024-01", "--metric", "CM3")[0] == 4
    assert run("lines", "--asin", "ACCOUNT")[0] == 2

    number = next(line.rpartition("number ")[2].partition(")")[0] for line in run("settlements")[1].splitlines()
                  if line.startswith("unsorted"))
    assert run("sort-amounts", kind["kind"], "tax")[0] == 4
    code, out, err = run("sort-amounts", number, "cash", "--by", "anna")
    assert code == 0 and "Quantum Levy 2025: cash: import 5" in out
    assert run("sort-amounts", number, "cash")[0] == 4
    refresh(store)
    assert "unsorted:" not in run("settlements")[1]


def test_a_converted_figure_is_told_with_its_own_amount_the_rate_and_where_each_came_from(store, run, write):  # noqa: F811
    tell_rates(store, rates={"2025-01": "1.25"})
    for name, currency, value in (("pounds", "GBP", "100.02"), ("dollars", None, "5.00"), ("euros", "EUR", "7.00")):
        text = f"asin,brand,marketplace,metric,month,value\nB1,,UK,Net revenue,2025-01,{value}\n"
        with store.lock("test"):
            import_file(store, write(text, f"{name}.csv"), ImportOptions(source=name, currency=currency))
    refresh(store)

    code, out, err = run("lines", "--asin", "B1", "--month", "2025-01", "--metric", "Net revenue")

    assert code == 0
    # The figure is rounded once, half to even; what each fact came to is exact.
    assert out.splitlines() == [
        "Net revenue 130.02  B1, UK, 2025-01",
        "  100.02 GBP at 1.25 is 125.02",
        "         125.025  100.02 GBP  imported, import 1 (pounds.csv)",
        "            5.00  imported, import 2 (dollars.csv)",
        "            0.00  7.00 EUR  imported, import 3 (euros.csv)",
        "          -0.005  rounding to the cent",
        "4 lines, sum 130.02",
    ]
    assert err.splitlines() == [
        "Net revenue of B1, UK, 2025-01: 7.00 EUR have no rate and are left out; tell it with flask rates",
    ]
