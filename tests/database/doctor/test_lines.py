"""The doctor and a notice tell of amounts that no rule knows, of missing settlements, and of SKUs that lead nowhere."""

from __future__ import annotations

import datetime

from database import schema
from database.doctor.lines import judge_lines
from database.notices.events import unsorted
from domain.moments import utc_now
from tests.summaries_fixture import publish
from tests.web.shop import LINES, NAMES, ROWS


def test_what_the_lines_of_a_generation_lack_is_found_and_told_once(store):
    publish(store, ROWS, **(NAMES | {"lines": {}}))
    assert store.read(judge_lines) == []
    assert store.read(lambda reading: list(unsorted(reading, now=utc_now()))) == []
    first, = LINES[schema.summary_settlement]
    later = first | {
        "settlement_id": "28400001003", "starts_at": datetime.datetime(2025, 10, 22),
        "ends_at": datetime.datetime(2025, 11, 5),
    }
    publish(store, ROWS, generation=2, **(NAMES | {"lines": LINES | {schema.summary_settlement: [first, later]}}))
    found = store.read(judge_lines)
    assert [(each.check, each.severity, each.evidence) for each in found] == [
        ("amounts-unsorted", "warning", "Quantum <levy> (-3.25 USD)"),
        ("settlements-broken", "warning", "gap in US from 2025-10-08 to 2025-10-22"),
        ("skus-unknown", "hint", "=SKU"),
    ]
    told, = store.read(lambda reading: list(unsorted(reading, now=utc_now())))
    again, = store.read(lambda reading: list(unsorted(reading, now=utc_now())))
    assert (told.subject, told.key) == ("Amazon booked what no rule knows: Quantum <levy>", again.key)
    assert "Quantum <levy> (other-transaction / other-transaction): 1 lines, -3.25 USD" in told.body
