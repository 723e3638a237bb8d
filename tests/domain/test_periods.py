"""Periods follow the data, not the calendar of whoever wrote the code."""

from __future__ import annotations

import datetime

import pytest

from domain.periods import Span, calendar_at, glanced_at, period_words, span_of, usual_comparison


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


def span(first: str, last: str) -> Span:
    return Span(month(first), month(last))


def calendar(first: str, last: str, today: str):
    return calendar_at(month(first), month(last), datetime.date.fromisoformat(today))


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("3m", span("2025-08", "2025-10")),
        ("6m", span("2025-05", "2025-10")),
        ("12m", span("2024-11", "2025-10")),
        ("ytd", span("2025-01", "2025-10")),
        ("1m", span("2025-10", "2025-10")),
        ("1q", span("2025-07", "2025-09")),
        ("2025", span("2025-01", "2025-10")),
        ("2024", span("2024-01", "2024-12")),
        ("2022", span("2022-01", "2022-12")),
    ],
)
def test_a_relative_period_ends_with_the_last_complete_month(period: str, expected: Span) -> None:
    assert span_of(period, calendar("2023-01", "2025-11", "2025-11-22")) == expected


def test_the_month_to_date_is_the_one_in_progress_whether_it_has_figures_or_not() -> None:
    assert span_of("mtd", calendar("2023-01", "2025-11", "2025-11-22")) == span("2025-11", "2025-11")
    assert span_of("mtd", calendar("2023-01", "2025-08", "2025-11-22")) == span("2025-11", "2025-11")


@pytest.mark.parametrize(
    ("first", "last", "today", "expected"),
    [
        ("2023-01", "2025-11", "2025-11-22", ("1m", "mtd", "1q", "ytd")),
        ("2023-01", "2025-10", "2025-11-22", ("1m", "1q", "ytd")),
        # In February the year to date is January, in April it is the last quarter.
        ("2023-01", "2025-02", "2025-02-10", ("1m", "mtd", "1q")),
        ("2023-01", "2025-03", "2025-04-10", ("1m", "1q")),
        ("2025-10", "2025-10", "2025-11-22", ("1m",)),
        ("2025-09", "2025-10", "2025-11-22", ("1m", "1q", "ytd")),
        ("2025-11", "2025-11", "2025-11-22", ("mtd",)),
        ("2026-02", "2026-03", "2025-11-22", ()),
    ],
)
def test_a_glance_is_at_what_has_figures_and_at_nothing_twice(
    first: str, last: str, today: str, expected: tuple[str, ...]
) -> None:
    assert glanced_at(calendar(first, last, today)) == expected


def test_two_spans_meet_where_no_month_lies_between_them() -> None:
    year = span("2024-01", "2024-12")
    assert year.meets(span("2025-01", "2025-02")) and year.meets(span("2023-11", "2023-12"))
    assert year.meets(span("2024-05", "2024-06"))
    assert not year.meets(span("2025-02", "2025-03")) and not year.meets(span("2023-01", "2023-11"))


def test_a_relative_period_ends_where_the_data_ends() -> None:
    assert span_of("3m", calendar("2023-01", "2024-06", "2026-02-01")) == span("2024-04", "2024-06")


def test_months_of_the_future_do_not_move_a_relative_period() -> None:
    assert span_of("3m", calendar("2023-01", "2031-12", "2025-11-01")) == span("2025-08", "2025-10")


def test_the_first_day_of_a_month_completes_the_month_before() -> None:
    assert span_of("3m", calendar("2023-01", "2025-12", "2025-11-30")).last == month("2025-10")
    assert span_of("3m", calendar("2023-01", "2025-12", "2025-12-01")).last == month("2025-11")


def test_where_no_month_is_complete_the_one_in_progress_is_shown() -> None:
    only_this_month = calendar("2025-11", "2025-11", "2025-11-22")

    assert span_of("3m", only_this_month) == span("2025-09", "2025-11")
    assert span_of("2025", only_this_month) == span("2025-01", "2025-11")


def test_a_year_that_has_only_a_month_in_progress_ends_with_it() -> None:
    assert span_of("2026", calendar("2023-01", "2026-01", "2026-01-15")) == span("2026-01", "2026-01")


def test_the_complete_part_leaves_out_the_month_in_progress_and_later_ones() -> None:
    found = calendar("2023-01", "2025-11", "2025-11-22")

    assert found.complete_part(span("2025-09", "2025-12")) == span("2025-09", "2025-10")
    assert found.complete_part(span("2025-09", "2025-10")) == span("2025-09", "2025-10")
    assert found.complete_part(span("2025-11", "2025-12")) is None


def test_years_with_figures_stand_newest_first() -> None:
    assert calendar("2023-05", "2025-11", "2025-11-22").years == [2025, 2024, 2023]


def test_months_that_no_file_can_mean_are_not_offered() -> None:
    assert calendar("0999-05", "9999-12", "2025-11-22").offered == span("1995-01", "2027-11")
    assert calendar("9998-01", "9999-12", "2025-11-22").offered == span("9999-12", "9999-12")


def test_the_newest_months_of_a_span_are_its_last_ones() -> None:
    long = span("2014-11", "2024-11")
    assert (long.count, long.newest(120), long.newest(121)) == (121, span("2014-12", "2024-11"), long)


def test_spans_and_periods_read_like_people_say_them() -> None:
    assert span("2024-11", "2025-10").words() == "Nov 2024 – Oct 2025"
    assert span("2025-10", "2025-10").words() == "Oct 2025"
    assert [period_words(word) for word in ("3m", "12m", "ytd", "2025")] == [
        "Last 3 months", "Last 12 months", "Year to date", "2025",
    ]


@pytest.mark.parametrize(
    ("period", "first", "last", "expected"),
    [
        ("3m", "2025-07", "2025-09", "previous"),
        ("12m", "2024-11", "2025-10", "previous"),
        ("ytd", "2025-01", "2025-10", "year"),
        ("2024", "2024-01", "2024-12", "year"),
        ("", "2025-05", "2025-05", "year"),
        ("", "2025-04", "2025-06", "year"),
        ("", "2025-05", "2025-07", "previous"),
        ("", "2025-01", "2025-07", "year"),
        ("", "2024-01", "2025-02", "previous"),
        ("", "2025-02", "2025-03", "previous"),
    ],
)
def test_months_with_a_place_in_the_year_are_compared_with_the_year_before(period, first, last, expected) -> None:
    assert usual_comparison(period, span(first, last)) == expected
