"""Small files as sellers have them: each gives the sums it must, or is refused in the words it must.

`expected.json` tells of each file, or of some with switches of `flask import`, what must come of it: sums by metric,
metric and month or metric and marketplace, words that the report holds, or words of the refusal.
"""

import dataclasses
import json
from decimal import Decimal

import sqlalchemy as sa

from commands.import_files import command
from database import schema
from database.imports.files import import_file
from database.imports.line_batch import LINES
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from domain.errors import Refused
from tests.conftest import SHARED_FILES
from tests.facts import kept_open

CASES = SHARED_FILES / "cases"


def options_of(arguments: list[str], source: str) -> ImportOptions:
    """What `flask import` makes of these switches."""
    told = command.make_context("import", ["file", *arguments]).params
    names = {field.name for field in dataclasses.fields(ImportOptions)}
    return ImportOptions(**{name: told[name] for name in names & set(told)} | {"source": source})


def outcome(store, name: str, case: dict) -> dict:
    """What came of a case, in the terms of `expected.json`."""
    reports = []
    try:
        for file in case.get("files", [name]):
            reports.append(import_file(store, CASES / file, options_of(case["args"], name)))
    except Refused as error:
        words = "\n".join([str(error), *error.faults])
        return {"refused": [text for text in case.get("refused", ()) if text in words] or words}
    table, code = schema.financials, schema.asin
    with store.facts() as connection:
        facts = connection.execute(
            sa.select(table.c.metric, table.c.month, table.c.marketplace, table.c.value, code.c.asin)
            .join_from(table, code, code.c.id == table.c.asin_id)
            .where(table.c.import_id.in_([schema.DERIVED, *(report.import_id for report in reports)]))
        ).all()
    for report in reversed(reports):
        # What follows from lines is of no one import: undone, the next case stands alone.
        if report.mode == LINES:
            undo_import(store, report.import_id)
    sums: dict[str, Decimal] = {}
    for fact in facts:
        for key in (fact.metric, f"{fact.metric}|{fact.month:%Y-%m}", f"{fact.metric}|{fact.marketplace}"):
            sums[key] = sums.get(key, Decimal(0)) + fact.value
    told = "\n".join(line for report in reports for line in report.lines())
    found = {"sums": {key: str(sums.get(key)) for key in case.get("sums", ())},
             "says": [text for text in case.get("says", ()) if text in told]}
    return found | ({"asins": len({fact.asin for fact in facts})} if "asins" in case else {})


def test_every_case_gives_what_it_must(store):
    expected = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    wanted = {
        name: {key: case[key] for key in ("sums", "says", "refused", "asins") if key in case}
        for name, case in expected.items()
    }
    # Reports of lines first: what a table gives for the same product and month would go before what follows from them.
    names = sorted(expected, key=lambda name: not name.startswith("A"))
    if store.traits.has_data_nodes:
        # A cluster takes no reports of lines.
        names = [name for name in names if not name.startswith("A")]
        wanted = {name: wanted[name] for name in names}
    with kept_open(store):
        assert {name: outcome(store, name, expected[name]) for name in names} == wanted
