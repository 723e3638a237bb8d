"""Figures as a reader of a certain locale writes them, with a real minus and "–" for what is not there."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
    get_currency_symbol,
)

from database.queries.figures import Figure
from domain.measures import Measured
from domain.metrics import is_money
from web.figures.number_templates import Mould, digits_of, mould_of, pour

MONEY = "money"
COUNT = "count"
PERCENT = "percent"
WHOLE_MONEY = "whole money"
RATE = "rate"

NOTHING = "–"
MINUS = "\u2212"
FALLBACK = "en"
_HUNDREDTH = Decimal("0.01")
_UNGROUPED = re.compile(r"\d{5}")

MOST = Decimal(10)
"""Relative changes beyond ±1000 % say only that they are beyond."""


def kind_of(metric: str) -> str:
    """How values of a metric are written."""
    return MONEY if is_money(metric) else COUNT


def kind_of_chosen(chosen: Measured) -> str:
    """How values of the chosen metric are written; the ratios that can be chosen are percentages."""
    return PERCENT if chosen.ratio else kind_of(chosen.metric)


def kind_of_figure(figure: Figure) -> str:
    """How a figure is written: a ratio is a percentage, or money per piece."""
    if figure.ratio:
        return PERCENT if figure.ratio.percent else MONEY
    return kind_of(figure.name)


@functools.lru_cache(maxsize=200)
def negotiate(languages: tuple[str, ...]) -> Locale:
    """The first of a reader's languages (as in Accept-Language, best first) whose number style is known."""
    for language in languages:
        try:
            return Locale.parse(language, sep="-")
        except (ValueError, TypeError, UnknownLocaleError):
            continue
    return Locale.parse(FALLBACK)


@dataclass(frozen=True)
class Formats:
    """Writes figures for one locale and one currency."""

    locale: Locale
    currency: str

    def exact(self, value: Decimal | int | None, kind: str) -> str:
        """`1234567.891` -> `$1,234,567.89`; pieces without a fraction they do not have; percent from a fraction;
        a rate with all its decimals, four at least."""
        if value is None:
            return NOTHING
        if kind == MONEY:
            return self._poured(value, MONEY, get_currency_precision(self.currency))
        if kind == PERCENT:
            return self._poured(value * 100, PERCENT, 1)
        if kind == RATE:
            return self._poured(value, RATE, max(4, -value.normalize().as_tuple().exponent))
        decimals = 2 if value % 1 else 0
        if decimals:
            # As many as there are: 2.50 is 2.5.
            decimals = max(0, -value.quantize(_HUNDREDTH).normalize().as_tuple().exponent)
        return self._poured(value, COUNT, decimals)

    def count(self, number: int | None) -> str:
        """How many: `43706` -> `43,706`."""
        return self.exact(number, COUNT)

    def counted(self, number: int, one: str, many: str = "") -> str:
        """`1 brand`, `43,706 products`; `many` is `one` with an s, if it is not given."""
        return f"{self.count(number)} {one if number == 1 else many or one + 's'}"

    def whole(self, value: Decimal | None, kind: str) -> str:
        """Like `exact`, but money without cents: for columns of large amounts."""
        if value is None or kind != MONEY:
            return self.exact(value, kind)
        return self._poured(value, WHOLE_MONEY, 0)

    def short(self, value: Decimal | None, kind: str) -> str:
        """`1234567.89` -> `$1.23M`, `15000000` -> `$15.0M`: three digits, small figures as they are; for headlines."""
        if value is None or kind == PERCENT or abs(value) < 1000:
            return self.exact(value, kind)
        digits, exponent = f"{Decimal(value):.2e}".lstrip("-").split("e")
        mould = _short_mould(self, kind, value < 0, int(exponent))
        # German, for one, has no short word for thousands.
        return pour(mould, digits.replace(".", "")) if mould else self.whole(Decimal(value).quantize(Decimal(1)), kind)

    def tick(self, value: Decimal, kind: str) -> str:
        """A mark of an axis, as short as it can be without saying something else."""
        if kind == PERCENT:
            return _signed(format_percent(value, self._percent_pattern(0), locale=self.locale))
        if abs(value) < 1000:
            return self._plain(value, kind)
        return self._compact(value, kind, next((d for d in (0, 1) if _is_exact(value, d)), 2))

    def change(self, fraction: Decimal | None) -> str:
        """A relative change without its sign, which stands beside it as a shape: `12.4%`."""
        if fraction is None:
            return NOTHING
        if abs(fraction) > MOST:
            return "> " + format_percent(MOST, self._percent_pattern(0), locale=self.locale)
        return self._poured(abs(fraction) * 100, PERCENT, 1)

    def points(self, difference: Decimal | None) -> str:
        """A difference of percentages without its sign: `0.012` -> `1.2 pts`."""
        if difference is None:
            return NOTHING
        return f"{format_decimal(abs(difference) * 100, '0.0', locale=self.locale)} pts"

    @property
    def symbol(self) -> str:
        """The currency's symbol in this locale."""
        return get_currency_symbol(self.currency, locale=self.locale)

    def _poured(self, value: Decimal, style: str, decimals: int) -> str:
        is_negative, whole, fraction = digits_of(value, decimals)
        mould = _mould(self, style, is_negative, len(whole), len(fraction))
        return pour(mould, whole + fraction) if mould else _signed(self._spelled_out(value, style))

    def _spelled_out(self, value: Decimal, style: str) -> str:
        if style == MONEY:
            return format_currency(value, self.currency, locale=self.locale)
        if style == WHOLE_MONEY:
            pattern = self.locale.currency_formats["standard"].pattern.replace(".00", "")
            return format_currency(value, self.currency, pattern, locale=self.locale, currency_digits=False)
        if style == PERCENT:
            return format_percent(value / 100, self._percent_pattern(1), locale=self.locale)
        return format_decimal(value, "#,##0.##########" if style == RATE else "#,##0.##", locale=self.locale)

    def _percent_pattern(self, digits: int) -> str:
        pattern = self.locale.percent_formats[None].pattern
        return pattern.replace("#,##0", "#,##0." + "0" * digits) if digits else pattern

    def _plain(self, value: Decimal, kind: str) -> str:
        value = value if value % 1 else value.quantize(Decimal(1))
        return self.exact(value, kind) if value % 1 else self.whole(value, kind)

    def _compact(self, value: Decimal, kind: str, digits: int) -> str:
        if kind == MONEY:
            text = format_compact_currency(value, self.currency, locale=self.locale, fraction_digits=digits)
        else:
            text = format_compact_decimal(value, locale=self.locale, fraction_digits=digits)
        # German, for one, has no short word for thousands, and Babel then groups no digits either.
        return self.whole(value.quantize(Decimal(1)), kind) if _UNGROUPED.search(text) else _signed(text)


@functools.lru_cache(maxsize=2000)
def _mould(formats: Formats, style: str, is_negative: bool, whole: int, decimals: int) -> Mould | None:
    return mould_of(
        lambda sample: _signed(formats._spelled_out(sample, style)), is_negative=is_negative, whole=whole,
        decimals=decimals,
    )


@functools.lru_cache(maxsize=2000)
def _short_mould(formats: Formats, kind: str, is_negative: bool, exponent: int) -> Mould | None:
    """The mould of three digits of a number so large; None where the locale writes more of them. Babel itself would
    drop zeros at the end: 8.60 stood as 8.6 beside 4.96."""
    sample = Decimal("-1.11" if is_negative else "1.11").scaleb(exponent)
    text = formats._compact(sample, kind, 2)
    parts = tuple(text.split("1"))
    return parts if len(parts) == 4 and "0" not in text else None


def leaves_out_cents(values: Iterable[Decimal | None]) -> bool:
    """Whether a column of money is large enough to be read without cents."""
    return any(value is not None and abs(value) >= 10_000 for value in values)


def _is_exact(value: Decimal, digits: int) -> bool:
    power = (abs(value).adjusted() // 3) * 3
    scaled = value.scaleb(-power + digits)
    return scaled == scaled.to_integral_value()


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
