"""What settlements cover: gaps, overlaps, and months that are not settled to their end."""

import datetime

from domain.coverage import GAP, OVERLAP, Covered, Unsettled, breaks_of, unsettled


def covered(number, first, last, marketplace="US"):
    return Covered(number, marketplace, "USD", *(datetime.datetime.fromisoformat(text) for text in (first, last)))


def test_gaps_and_overlaps_are_named_by_marketplace_and_a_second_is_none():
    one, two = covered("1", "2025-01-01", "2025-01-15"), covered("2", "2025-01-15T00:00:01", "2025-01-29")
    four, within = covered("4", "2025-02-12", "2025-02-26"), covered("5", "2025-02-14", "2025-02-20")
    other, after = covered("9", "2025-01-10", "2025-02-10", "DE"), covered("6", "2025-02-26", "2025-03-12")
    found = breaks_of([four, two, one, within, other, after])
    assert [(each.kind, each.before, each.after, each.starts_at, each.ends_at) for each in found] == [
        (GAP, two, four, two.ends_at, four.starts_at), (OVERLAP, four, within, within.starts_at, within.ends_at),
    ]
    assert breaks_of([]) == []


def test_a_month_is_settled_to_its_end_by_the_clock_of_its_marketplace():
    january, february = datetime.date(2025, 1, 1), datetime.date(2025, 2, 1)
    # Midnight in Los Angeles is eight in the morning in UTC; 22:00 in UTC is an hour before midnight in Berlin.
    found = unsettled(
        [covered("1", "2025-01-01", "2025-02-01T07:59:59"), covered("2", "2025-01-01", "2025-01-31T22:00", "DE"),
         covered("3", "2025-01-01", "2025-02-01T07:00", "CA")],
        [("US", january), ("US", february), ("DE", january), ("CA", january), ("UK", january)],
    )
    assert found == (
        Unsettled(january, "CA", datetime.date(2025, 1, 30)), Unsettled(january, "DE", datetime.date(2025, 1, 30)),
        Unsettled(february, "US", datetime.date(2025, 1, 31)),
    )
