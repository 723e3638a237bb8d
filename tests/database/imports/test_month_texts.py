"""Months and dates: every form gives its month, whatever could be two is refused or settled by the whole file."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.imports.month_texts import (
    COULD_BE_A_DAY,
    DMY,
    MDY,
    NO_DATE,
    NO_MONTH,
    UNSETTLED,
    is_month,
    read_month,
    read_months,
)
from domain.month_names import LANGUAGES

JANUARY, FEBRUARY, MARCH = (datetime.date(2024, number, 1) for number in (1, 2, 3))

FORMS = (
    "2024-01", "2024-1", "2024/01", "2024.01", "202401", "20240115", "01/2024", "1-2024", "01.2024", "45292",
    "45322.75",
    "2024-01-15", "2024/1/15", "2024-01-31T23:59:59+00:00", "2024-01-31 23:30:00 UTC", "Jan-24", "Jan'24",
    "Jan \u201924",
    "Jan/24", "Jan 2024", "JAN. 2024", "January 2024", "2024 Jan", "enero de 2024", "J\u00e4nner 2024", "gen-24",
    "janv.-24",
    "Jan 5 2024", "January 5, 2024 10:00:00 AM PST", "5 Jan 2024", "05-Jan-24", "1st January 2024", "31.01.2024",
    "01/31/2024 10:00", "01-31-24", "1/1/2024", "Jan\u00a02024", "Ene 2024",
)


@pytest.mark.parametrize("text", FORMS)
def test_a_form_that_can_be_one_month_only_is_that_month(text):
    assert (read_month(text), read_month(text, heading=True), is_month(text)) == (JANUARY, JANUARY, True)


@pytest.mark.parametrize("text", ["Jan 24", "Jan24", "Jan. 24", "Januar 24"])
def test_in_a_heading_a_name_and_two_digits_are_a_month_in_a_cell_they_could_be_a_day(text):
    assert read_month(text, heading=True) == JANUARY
    with pytest.raises(ValueError, match=COULD_BE_A_DAY):
        read_month(text)


@pytest.mark.parametrize(("text", "rule"), [
    ("24-Jan", COULD_BE_A_DAY), ("24 Jan", COULD_BE_A_DAY), ("1/24", COULD_BE_A_DAY), ("2/1/2024", UNSETTLED),
    ("03.04.2024", UNSETTLED), ("03-04-24", UNSETTLED), ("2024-13", NO_DATE), ("2024-02-30", NO_DATE), ("32/13/2024",
        NO_DATE),
    ("31-Feb-2024", NO_DATE), ("soon", NO_MONTH), ("", NO_MONTH), ("2024", NO_MONTH), ("Jan", NO_MONTH), ("202413",
        NO_MONTH),
    ("12345", NO_MONTH), ("99999", NO_MONTH), ("1994-12", "is before 1995"), ("\u0662\u0660\u0662\u0664-01", NO_MONTH),
    ("Jan-2", NO_MONTH), ("Q1 2024", NO_MONTH), ("Jan 124", NO_MONTH),
])
def test_anything_else_breaks_a_rule_in_cells_and_headings(text, rule):
    for heading in (False, True):
        with pytest.raises(ValueError) as told:
            read_month(text, heading=heading)
        assert str(told.value) == rule
    assert is_month(text) == (rule != NO_MONTH)


@pytest.mark.parametrize(("texts", "months"), [
    (["1/2/2024", "13/2/2024"], [FEBRUARY, FEBRUARY]),
    (["1/2/2024", "1/13/2024"], [JANUARY, JANUARY]),
    (["04-30-22", "04-05-22"], [datetime.date(2022, 4, 1)] * 2),
    (["1.2.2024", "31.1.2024", "1/2/2024", "1/31/2024"], [FEBRUARY, JANUARY, JANUARY, JANUARY]),
])
def test_one_day_of_13_or_more_settles_its_separator_for_the_whole_file(texts, months):
    found = read_months(texts)
    assert ([found.months[text] for text in texts], found.rules) == (months, {})


def test_another_separator_settles_nothing():
    assert read_months(["1/2/2024", "13.2.2024"]).rules == {"1/2/2024": UNSETTLED}


def test_a_date_that_does_not_fit_the_others_is_a_fault():
    assert read_months(["13/1/2024", "14/1/2024", "1/13/2024"]).rules == {
        "1/13/2024": "is no date where the day stands first, as in the others of this file",
    }


def test_a_run_of_first_days_settles_a_row_of_headings_and_nothing_else():
    texts = ["1/1/2024", "2/1/2024", "3/1/2024"]
    assert read_months(texts, headings=True).months == dict(zip(texts, (JANUARY, FEBRUARY, MARCH), strict=True))
    assert read_months(texts).rules == {"2/1/2024": UNSETTLED, "3/1/2024": UNSETTLED}
    assert read_months(["1/1/2024", "1/2/2024"], headings=True).months["1/2/2024"] == FEBRUARY
    assert read_months(["2/1/2024"], headings=True).rules == {"2/1/2024": UNSETTLED}
    assert read_months(["2/3/2024", "4/5/2024"], headings=True).rules == {"2/3/2024": UNSETTLED, "4/5/2024": UNSETTLED}


def test_the_order_that_a_person_tells_is_taken():
    assert read_month("2/1/2024", order=DMY) == JANUARY
    assert read_month("2/1/2024", order=MDY) == FEBRUARY
    with pytest.raises(ValueError, match="is no date where the month stands first"):
        read_month("13/1/2024", order=MDY)


MONTHS = st.dates(datetime.date(1995, 1, 1), datetime.date(2026, 12, 31))
NAMED = st.sampled_from([
    (language, number, name) for language, months in LANGUAGES.items()
    for number, names in enumerate(months, start=1) for name in names.split()
])


@given(MONTHS, st.sampled_from(["{d:%Y-%m}", "{d:%Y/%m}", "{d:%Y%m}", "{d:%m/%Y}", "{d:%Y-%m-%d}",
    "{d:%Y-%m-%dT%H:%M}"]))
def test_a_day_written_with_its_year_first_or_without_a_day_comes_back(day, form):
    assert read_month(form.format(d=day)) == day.replace(day=1)


@given(MONTHS)
def test_a_day_as_excel_counts_it_comes_back(day):
    assert read_month(str((day - datetime.date(1899, 12, 30)).days)) == day.replace(day=1)


@given(NAMED, st.integers(1995, 2026), st.sampled_from(["{n} {y}", "{n}-{y}", "{n}. {y}", "{y} {n}", "1 {n} {y}",
    "{n}'{s}"]),
       st.sampled_from([str, str.upper, str.lower]))
def test_a_month_by_its_name_in_any_language_comes_back(named, year, form, case):
    _, number, name = named
    text = form.format(n=case(name), y=year, s=f"{year % 100:02d}")
    assert read_month(text) == datetime.date(year, number, 1)


@given(st.lists(MONTHS, min_size=1, max_size=8), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y"]))
def test_dates_with_day_and_month_come_back_or_are_refused_never_as_other_months(days, form):
    found = read_months(day.strftime(form) for day in days)
    for day in days:
        assert found.months.get(day.strftime(form), day.replace(day=1)) == day.replace(day=1)
    if any(day.day > 12 for day in days):
        assert found.rules == {}
