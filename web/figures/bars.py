"""Bars with names, one below the other: the largest of a breakdown, each before a paler bar of what it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from charts.small import SmallBar, small_bars
from web.figures.changes import Change, measured
from web.figures.formats import kind_of_chosen
from web.figures.page import Page

MOST = 12
"""So many have a bar of their own: as many as are compared at a glance."""


class Compared(Protocol):
    """What a bar is drawn of: a name, a figure, what it was, and by which part it changed."""

    key: int | str
    name: str
    value: Decimal | None
    before: Decimal | None
    change: Decimal | None


@dataclass(frozen=True)
class BarLine:
    """One bar. `before` is None where there is nothing to compare with; `is_rest`: it is of all others together."""

    name: str
    address: str
    is_swap: bool
    now: SmallBar | None
    before: SmallBar | None
    value: str
    exact: str
    is_negative: bool
    change: Change
    is_rest: bool = False
    about: str = ""


@dataclass(frozen=True)
class Bars:
    """The bars from the largest to the smallest; what has no bar of its own is the last of them."""

    lines: tuple[BarLine, ...]
    has_changes: bool


@dataclass(frozen=True)
class _Rest:
    key: int | str
    name: str
    value: Decimal | None
    before: Decimal | None
    change: Decimal | None


def bars_of(
    rows: Sequence[Compared], page: Page, *, things: str, address: Callable[[Compared], str],
    about: Callable[[Compared], str], rest_address: str = "", is_swap: bool = False,
) -> Bars:
    """The bars of `rows` on one scale. `things` is what they are called ("categories"), `about` what the figure of
    each is of; `rest_address` is where all of them are listed."""
    known = sorted((row for row in rows if row.value is not None), key=lambda row: (-row.value, row.name.casefold()))
    shown, others = (known, []) if len(known) <= MOST + 1 else (known[:MOST], known[MOST:])
    lines = [*shown, *([_rest(others, things, page)] if others else [])]
    has_changes = any(row.before is not None for row in rows)
    drawn = small_bars([row.value for row in lines] + [row.before for row in lines if has_changes])
    before = drawn[len(lines):] if has_changes else [None] * len(lines)
    return Bars(
        lines=tuple(
            replace(
                _line(row, now, then, page, rest_address if isinstance(row, _Rest) else address(row), is_swap=is_swap),
                about="" if isinstance(row, _Rest) else about(row),
            )
            for row, now, then in zip(lines, drawn, before, strict=False)
        ),
        has_changes=has_changes,
    )


def _rest(rows: Sequence[Compared], things: str, page: Page) -> _Rest:
    """All others together; ratios do not add up. Their change is left out where months in progress count in one side
    alone."""
    if page.selection.ratio:
        return _Rest("", f"{len(rows)} other {things}", None, None, None)
    value = sum((row.value for row in rows), Decimal(0))
    known = [row.before for row in rows if row.before is not None]
    before = sum(known, Decimal(0)) if known else None
    return _Rest("", f"{len(rows)} other {things}", value, before, None)


def _line(
    row: Compared, now: SmallBar | None, before: SmallBar | None, page: Page, address: str, *, is_swap: bool
) -> BarLine:
    kind = kind_of_chosen(page.selection)
    change = row.change
    if isinstance(row, _Rest) and page.selection.complete == page.selection.span:
        change = page.selection.change_of(row.value, row.before)
    return BarLine(
        name=row.name, address=address, is_swap=is_swap, now=now, before=before,
        value=page.formats.short(row.value, kind), exact=page.formats.exact(row.value, kind),
        is_negative=row.value is not None and row.value < 0,
        change=measured(change, page.selection, formats=page.formats),
        is_rest=isinstance(row, _Rest),
    )
