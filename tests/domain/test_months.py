"""Months: the dates of their first days, counted and written the same everywhere."""

import datetime
import time

import pytest

from domain import months
from domain.months import (
    add_months,
    fault_of_month,
    format_month,
    month_name,
    month_of,
    months_between,
    parse_month,
    runs_of_months,
)

date = datetime.date


def test_a_day_lies_in_the_month_of_its_first_day():
    assert month_of(date(2024, 2, 29)) == date(2024, 2, 1)
    assert month_of(date(2024, 2, 1)) == date(2024, 2, 1)


def test_a_month_is_written_and_read_the_same():
    for month in (date(1995, 1, 1), date(2024, 12, 1), date(9999, 1, 1), date(1, 1, 1)):
        assert parse_month(format_month(month)) == month
    assert format_month(date(2024, 3, 17)) == "2024-03"


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-3", "2024-13", "2024-00", "0000-01", "2024-03-01", "24-03", " 2024-03", "2024-03\n", "2024/03",
     "٢٠٢٤-٠٣", "-024-03"],
)
def test_what_is_no_month_is_refused_with_an_example(text):
    with pytest.raises(ValueError) as caught:
        parse_month(text)
    assert str(caught.value) == f"{text!r} is not a month; write it like 2024-03"


def test_months_are_added_across_years_in_both_directions():
    assert add_months(date(2024, 11, 1), 3) == date(2025, 2, 1)
    assert add_months(date(2024, 2, 1), -2) == date(2023, 12, 1)
    assert add_months(date(2024, 12, 1), 0) == date(2024, 12, 1)
    assert add_months(date(2024, 1, 1), -36) == date(2021, 1, 1)


def test_months_between_include_both_ends():
    assert months_between(date(2023, 11, 1), date(2024, 2, 1)) == [
        date(2023, 11, 1), date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1),
    ]
    assert months_between(date(2024, 2, 1), date(2024, 2, 1)) == [date(2024, 2, 1)]


def test_no_months_lie_between_an_end_and_a_later_start():
    assert months_between(date(2024, 3, 1), date(2024, 2, 1)) == []


def test_month_names_are_english_and_short():
    assert [month_name(date(2024, number, 1)) for number in range(1, 13)] == [
        "Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024",
        "Jul 2024", "Aug 2024", "Sep 2024", "Oct 2024", "Nov 2024", "Dec 2024",
    ]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_day_in_utc_whatever_the_zone(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        earliest = datetime.datetime.now(datetime.UTC).date()
        today = months.today_utc()
        latest = datetime.datetime.now(datetime.UTC).date()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert earliest <= today <= latest


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ((), ""),
        (("2024-02",), "2024-02"),
        (("2024-03", "2024-01", "2024-02", "2024-02"), "2024-01 to 2024-03"),
        (("2023-12", "2024-01", "2024-05", "2025-05"), "2023-12 to 2024-01, 2024-05, 2025-05"),
    ],
)
def test_months_that_follow_each_other_are_one_span(months, words):
    assert runs_of_months(parse_month(month) for month in months) == words


@pytest.mark.parametrize(
    ("month", "fault"),
    [
        ("1994-12", "is before 1995"), ("1995-01", ""), ("2026-06", ""),
        ("2026-07", "is more than 24 months ahead of 2024-06"), ("9999-12", "is more than 24 months ahead of 2024-06"),
    ],
)
def test_a_file_means_no_month_before_amazon_or_beyond_any_plan(month, fault):
    assert fault_of_month(parse_month(month), date(2024, 6, 30)) == fault
