"""Moments written in full are cast as they are: it must come to what taking them apart comes to."""

from __future__ import annotations

import datetime

import duckdb
import pytest

from database.imports.moment_texts import plain_day, plain_moment, read_moments

PLAIN = (
    "2025-01-24 08:00:00 UTC", "2025-01-24T08:00:00+00:00", "2025-01-24", "2025-01-01 03:00:00", "24.01.2025",
    "31.12.2024 23:59:59 UTC", "01.02.2025", "2025-03-30 01:30:00 UTC", "2024-02-29", "2025-01-01 18:29:59 UTC",
    "2025-01-01 18:30:00 UTC",
)
ODD = (
    "2025-02-30", "2025-13-01", "2025-01-01 25:00:00 UTC", "Jan 1, 2025 12:03:44 AM PST", "13/01/2025", "1.2.2025",
    "2025-01-24 08:00:00Z", "2025-01-24 08:00:00 +00:00", "2025-01-24 08:00 UTC", "2025-1-24", "2025-01-24 8:00:00 UTC",
    "2025-01-24 08:00:00 PST", "24.01.25", "x2025-01-24", "",
)
MARKETPLACES = ("US", "DE", "IN", "UK", "OTHER", "")


@pytest.fixture
def scratch():
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE moment AS SELECT text, marketplace FROM (SELECT unnest($texts::VARCHAR[]) AS text), "
            "(SELECT unnest($codes::VARCHAR[]) AS marketplace)", {"texts": [*PLAIN, *ODD], "codes": [*MARKETPLACES]},
        )
        yield connection


def test_what_is_written_in_full_comes_to_the_same_by_both_ways(scratch):
    read_moments(scratch, table="moment", order=None)
    apart = {
        (text, marketplace): (moment, day) for text, marketplace, moment, day in scratch.execute(
            "SELECT text, marketplace, moment, day FROM moment_read WHERE rule IS NULL").fetchall()
    }
    cast = {
        (text, marketplace): (moment, day) for text, marketplace, moment, day in scratch.execute(
            f"SELECT text, marketplace, plain, {plain_day('text', 'plain', 'marketplace')} "
            f"FROM (SELECT *, {plain_moment('text')} AS plain FROM moment) WHERE plain IS NOT NULL").fetchall()
    }
    assert {text for text, _ in cast} == set(PLAIN)
    assert cast == {key: apart[key] for key in cast}
    midnight = datetime.date(2025, 1, 2)
    assert cast["2025-01-01 18:30:00 UTC", "IN"][1] == midnight
    assert cast["2025-01-01 18:29:59 UTC", "IN"][1] != midnight


def test_a_file_may_name_months_in_words_and_in_numbers(scratch):
    assert read_moments(scratch, table="moment", order=None).order == "dmy"
