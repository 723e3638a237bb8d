"""Small files as sellers have them, sent through the form on /imports: their reports give the sums that they must."""

from __future__ import annotations

import io
import json
import time
from collections import defaultdict
from decimal import Decimal

import pytest

from database.people import users
from domain.people import Person
from jobs import tasks
from tests.conftest import SHARED_FILES
from tests.web.conftest import csrf_token
from web.http.incoming import MOST_FILES

CASES = SHARED_FILES / "cases"
FIELDS = {"--sum": ("sum", "1"), "--negative-costs": ("negative_costs", "1")}


def fields_of(arguments: list[str]) -> tuple[tuple[str, str], ...]:
    """What the form says for these switches of `flask import`; currencies are let in together, so that fewer forms
    are sent than are kept."""
    if "--allow-currency" in arguments:
        return (("allow_currency", "EUR,INR,JPY"),)
    return tuple(FIELDS[switch] for switch in arguments)


def outcome(found, case: dict) -> dict:
    """What came of a file, in the terms of `expected.json`, without the sums by marketplace: reports have none."""
    if not found.is_done:
        words = "\n".join([found.words, *found.faults])
        return {"refused": [text for text in case.get("refused", ()) if text in words] or words}
    report, sums = found.report[0], {}
    for entry in report["by_month"]:
        for key in (entry["metric"], f"{entry['metric']}|{entry['month']}"):
            sums[key] = sums.get(key, Decimal(0)) + Decimal(entry["value"])
    told = json.dumps(report, ensure_ascii=False)
    return {"sums": {key: str(sums.get(key)) for key in wanted_sums(case)},
            "says": [text for text in case.get("says", ()) if text in told]}


def wanted_sums(case: dict) -> dict[str, str]:
    return {
        key: value for key, value in case.get("sums", {}).items()
        if "|" not in key or key.rpartition("|")[2][:4].isdigit()
    }


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_every_case_gives_what_it_must_when_it_is_sent(store, signed_in):
    expected = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    expected = {name: case for name, case in expected.items() if len(case.get("files", [name])) == 1}
    groups = defaultdict(list)
    for name, case in expected.items():
        groups[fields_of(case["args"])].append(name)
    client, sent = signed_in("analyst"), []
    for fields, names in groups.items():
        for part in (names[start : start + MOST_FILES] for start in range(0, len(names), MOST_FILES)):
            files = [expected[name].get("files", [name])[0] for name in part]
            content = [(io.BytesIO((CASES / file).read_bytes()), file) for file in files]
            answer = client.post(
                "/imports/upload", data={"csrf_token": csrf_token(client), "file": content} | dict(fields)
            )
            sent.append((answer.location, part))
    for address, _ in sent:
        deadline = time.monotonic() + 300
        while client.get(f"{address}/progress").json["state"] == "checking":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    with store.application_reading.connect() as connection:
        analyst = Person(users.find_user(connection, "analyst").id, "analyst", "analyst")
    found = {}
    known = {task.token: task for task in tasks.tasks_of(store.settings, analyst)}
    for address, names in sent:
        task = known[address.rpartition("/")[2]]
        ((_, job),) = tasks.jobs_of(store.settings, task, tasks.CHECK)
        found |= {name: job.outcome(file.key) for name, file in zip(names, task.files, strict=True)}
    wanted = {
        name: {"refused": case["refused"]} if "refused" in case
        else {"sums": wanted_sums(case), "says": case.get("says", [])}
        for name, case in expected.items()
    }
    assert {name: outcome(found[name], case) for name, case in expected.items()} == wanted
