"""Writes numbers like Babel, only quicker: Babel writes one sample of each length, and every other number of that
length is poured into its digits. A page holds hundreds of figures; spelling each out took a tenth of its time.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import chain

Mould = tuple[str, ...]
"""What stands before, between and after the digits."""


def mould_of(write: Callable[[Decimal], str], *, is_negative: bool, whole: int, decimals: int) -> Mould | None:
    """The mould of numbers with so many digits before and after the point, from how `write` writes one of them;
    None where its digits cannot be told."""
    sample = Decimal(f"{'-' if is_negative else ''}{'1' * whole}{'.' if decimals else ''}{'1' * decimals}")
    parts = tuple(write(sample).split("1"))
    return parts if len(parts) == whole + decimals + 1 else None


def digits_of(value: Decimal | int, decimals: int) -> tuple[bool, str, str]:
    """Whether it is negative, and its digits before and after the point, rounded half to even as Babel does."""
    text = f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals)):f}"
    whole, _, fraction = text.lstrip("-").partition(".")
    return text.startswith("-"), whole, fraction


def pour(mould: Mould, digits: str) -> str:
    """The number with these digits."""
    return "".join(chain.from_iterable(zip(mould, digits, strict=False))) + mould[-1]
