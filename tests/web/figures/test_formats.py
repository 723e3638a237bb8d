"""Figures as readers of different places write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metrics import rise_of
from web.figures.changes import Change, in_points, relative
from web.figures.formats import COUNT, MONEY, PERCENT, Formats, kind_of, leaves_out_cents, negotiate

ENGLISH = Formats(negotiate(("en-US",)), "USD")
GERMAN = Formats(negotiate(("de-DE",)), "EUR")
INDIAN = Formats(negotiate(("en-IN",)), "INR")


@pytest.mark.parametrize(
    ("formats", "kind", "value", "exact", "short"),
    [
        (ENGLISH, MONEY, "1234567.89", "$1,234,567.89", "$1.23M"),
        (ENGLISH, MONEY, "-1234.5", "−$1,234.50", "−$1.23K"),
        (ENGLISH, MONEY, "999.99", "$999.99", "$999.99"),
        (ENGLISH, MONEY, "0", "$0.00", "$0.00"),
        (ENGLISH, COUNT, "634977.00", "634,977", "635K"),
        (ENGLISH, MONEY, "8600000", "$8,600,000.00", "$8.60M"),
        (ENGLISH, MONEY, "-15000000", "−$15,000,000.00", "−$15.0M"),
        (ENGLISH, MONEY, "999999.99", "$999,999.99", "$1.00M"),
        (ENGLISH, COUNT, "890300", "890,300", "890K"),
        (ENGLISH, COUNT, "-3.00", "−3", "−3"),
        (ENGLISH, PERCENT, "-0.0349", "−3.5%", "−3.5%"),
        (GERMAN, MONEY, "1234567.89", "1.234.567,89\xa0€", "1,23\xa0Mio.\xa0€"),
        (GERMAN, MONEY, "45678.9", "45.678,90\xa0€", "45.679\xa0€"),
        (GERMAN, COUNT, "1234", "1.234", "1.234"),
        (GERMAN, PERCENT, "0.125", "12,5\xa0%", "12,5\xa0%"),
        (INDIAN, MONEY, "1234567.89", "₹12,34,567.89", "₹12.3L"),
    ],
)
def test_a_figure_is_written_exactly_and_in_short(formats: Formats, kind, value, exact, short) -> None:
    assert (formats.exact(Decimal(value), kind), formats.short(Decimal(value), kind)) == (exact, short)


def test_what_is_not_there_is_a_dash_and_not_zero() -> None:
    for write in (ENGLISH.exact, ENGLISH.short, ENGLISH.whole):
        assert [write(None, kind) for kind in (MONEY, COUNT, PERCENT)] == ["–", "–", "–"]
    assert (ENGLISH.change(None), ENGLISH.points(None)) == ("–", "–")


def test_columns_of_large_amounts_have_no_cents() -> None:
    assert leaves_out_cents([None, Decimal(3), Decimal(-10_000)])
    assert not leaves_out_cents([None, Decimal("9999.99")])
    assert (ENGLISH.whole(Decimal("12345.67"), MONEY), GERMAN.whole(Decimal("-12345.67"), MONEY)) == (
        "$12,346", "−12.346\xa0€",
    )


@pytest.mark.parametrize(
    ("value", "kind", "mark"),
    [("0", MONEY, "$0"), ("250", MONEY, "$250"), ("2.5", MONEY, "$2.50"), ("200000", MONEY, "$200K"),
     ("1500000", MONEY, "$1.5M"), ("-1250000", COUNT, "−1.25M"), ("0.15", PERCENT, "15%")],
)
def test_marks_of_an_axis_are_as_short_as_they_can_be(value, kind, mark) -> None:
    assert ENGLISH.tick(Decimal(value), kind) == mark


@pytest.mark.parametrize(
    ("languages", "locale"),
    [(("de-DE", "en"), "de_DE"), (("tlh", "fr"), "fr"), (("*",), "en"), ((), "en"), (("x" * 500, "../../etc"), "en"),
     (("zh-Hant-TW",), "zh_Hant_TW")],
)
def test_the_first_known_language_wins_and_english_is_left(languages, locale) -> None:
    assert str(negotiate(languages)) == locale


def test_units_are_counted_and_everything_else_is_money() -> None:
    assert [kind_of(metric) for metric in ("Net units", "Net revenue", "Storage fees")] == [COUNT, MONEY, MONEY]


@pytest.mark.parametrize(
    ("fraction", "metric", "change"),
    [
        ("0.124", "Net revenue", Change("up", "good", "12.4%")),
        ("-0.124", "Net revenue", Change("down", "bad", "12.4%")),
        ("0.124", "Net COGS", Change("up", "bad", "12.4%")),
        ("-0.124", "Returns", Change("down", "good", "12.4%")),
        ("0.124", "Storage fees", Change("up", "", "12.4%")),
        ("0.0004", "CM3", Change("same", "", "0.0%")),
        ("10.5", "CM3", Change("up", "good", "> 1,000%")),
        ("-1", "CM3", Change("down", "bad", "100.0%")),
        (None, "CM3", Change("", "", "–")),
    ],
)
def test_a_change_has_a_direction_and_a_tone_where_it_is_known(fraction, metric, change) -> None:
    assert relative(Decimal(fraction) if fraction else None, formats=ENGLISH, rise=rise_of(metric)) == change


def test_percentages_change_in_points() -> None:
    assert in_points(Decimal("0.20"), Decimal("0.212"), formats=GERMAN, rise="good") == Change("down", "bad", "1,2 pts")
    assert in_points(None, Decimal("0.2"), formats=GERMAN, rise="good") == Change("", "", "–")


LOCALES = ("en-US", "de-DE", "en-IN", "fr-FR", "pl-PL", "de-CH", "ja-JP", "ar-EG", "fa-IR", "sv-SE", "bg-BG", "es-ES")


@settings(max_examples=400, deadline=None)
@given(
    locale=st.sampled_from(LOCALES), currency=st.sampled_from(("USD", "EUR", "JPY", "INR", "KWD")),
    value=st.decimals(min_value=-10**15, max_value=10**15, places=4, allow_nan=False, allow_infinity=False),
)
def test_figures_are_what_babel_writes(locale: str, currency: str, value: Decimal) -> None:
    formats = Formats(negotiate((locale,)), currency)
    expected = [
        format_currency(value, currency, locale=formats.locale),
        format_decimal(value, "#,##0.##", locale=formats.locale),
        format_percent(value, formats._percent_pattern(1), locale=formats.locale),
    ]
    assert [formats.exact(value, kind) for kind in (MONEY, COUNT, PERCENT)] == [
        text.replace("-", "−") for text in expected
    ]
