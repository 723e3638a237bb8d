"""Periods as people write them."""

import datetime

import pytest

from domain.period_texts import periods_named
from domain.periods import calendar_at

CALENDAR = calendar_at(datetime.date(2023, 4, 1), datetime.date(2025, 11, 1), datetime.date(2025, 11, 22))


def named(text, limit=3):
    return [(found.words, found.more) for found in periods_named(text, CALENDAR, limit=limit)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("Last month", "Oct 2025"), ("Year to date", ""), ("Last 12 months", "")]),
        ("last month", [("Last month", "Oct 2025"), ("Last 12 months", ""), ("Last 6 months", "")]),
        ("mtd", [("Month to date", "Nov 2025")]),
        ("ytd", [("Year to date", "")]),
        ("this year", [("Year to date", "")]),
        ("LAST Y", [("Last year", "Jan 2024 – Dec 2024")]),
        ("last quarter", [("Last quarter", "Jul 2025 – Sep 2025")]),
        ("Mar 2025", [("Mar 2025", "")]),
        ("march", [("Mar 2025", ""), ("Mar 2024", "")]),
        ("2024", [("2024", ""), ("Q4 2024", "Oct 2024 – Dec 2024"), ("Q3 2024", "Jul 2024 – Sep 2024")]),
        ("2025-03", [("Mar 2025", "")]),
        ("03/2025", [("Mar 2025", "")]),
        ("q1", [("Q1 2025", "Jan 2025 – Mar 2025"), ("Q1 2024", "Jan 2024 – Mar 2024")]),
        ("q1 2023", []),
        ("jan 2023", []),
        ("mug", []),
    ],
)
def test_what_is_typed_names_months_with_figures_the_likeliest_first(text, expected):
    assert named(text) == expected


def test_a_named_period_says_what_a_selection_changes_to():
    year, month = periods_named("2024", CALENDAR, limit=1)[0], periods_named("may 2024", CALENDAR, limit=1)[0]
    assert year.changes == {"period": "2024"}
    assert periods_named("last month", CALENDAR, limit=1)[0].changes == {"period": "1m"}
    assert month.changes == {"first": datetime.date(2024, 5, 1), "last": datetime.date(2024, 5, 1)}
