"""How a figure is made: from which sums, with which signs, and of which figures its formula speaks."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.derived import NET
from domain.metrics import NET_REVENUE
from domain.profit import STAGES
from domain.ratios import AVERAGE_PRICE, Balance, Measure, Ratio
from domain.shared_costs import SHARED, shared_name

PLUS, MINUS, OVER = "+", "\N{MINUS SIGN}", "\N{DIVISION SIGN}"


@dataclass(frozen=True)
class Terms:
    """A figure as sums: those of `signs` (metric -> 1 or −1), divided by that of `base` unless that is ''. What a part
    of the selection gives to the figure is its own sums by the base of the whole: so parts add up to it, of a ratio
    too."""

    signs: Mapping[str, int]
    base: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it is made of."""
        return (*self.signs, *([self.base] if self.base else []))

    def above(self, sums: Mapping[str, Decimal]) -> Decimal | None:
        """What stands above the line, or all of it; None where there is no figure."""
        known = [sign * sums[metric] for metric, sign in self.signs.items() if sums.get(metric) is not None]
        return sum(known, Decimal(0)) if known else None


def terms_of(asked: Measure, *, shared: bool = False) -> Terms:
    """The sums of a metric, a ratio or a balance; with what it bears of shared costs if these are in."""
    plus, minus, base = _sides(asked)
    signs = dict.fromkeys(plus, 1) | dict.fromkeys(minus, -1)
    if shared:
        signs |= {shared_name(metric): sign for metric, sign in signs.items() if shared_name(metric) in SHARED}
    return Terms(signs, base)


def _sides(asked: Measure) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    if isinstance(asked, Ratio):
        return asked.parts, asked.minus, asked.base
    if isinstance(asked, Balance):
        return (asked.plus,), (asked.minus,), ""
    return (asked,), (), ""


def formula_of(asked: Measure, known: Container[str]) -> tuple[tuple[str, str], ...]:
    """Sign and metric of each figure that the formula speaks of, the first one without a sign: `known` are the metrics
    that have any. () for what is imported as it is, and for what would follow from itself alone."""
    if isinstance(asked, Ratio | Balance):
        plus, minus, base = _sides(asked)
        found = [*((PLUS, name) for name in plus if name in known), *((MINUS, name) for name in minus if name in known)]
        return _begun(found) + (((OVER, base),) if base else ())
    if any(asked == stage.margin for stage in STAGES):
        return _begun(list(_way_to(asked, known)))
    return _derived(asked, known)


def _way_to(margin: str, known: Container[str]) -> Iterator[tuple[str, str]]:
    """From the last margin before it that there is, as `domain.profit.gaps_of` goes."""
    way: list[tuple[str, str]] = [(PLUS, NET_REVENUE)] if NET_REVENUE in known else []
    for stage in STAGES:
        way += [(MINUS, name) for name in stage.costs if name in known]
        way += [(PLUS, name) for name in stage.gains if name in known]
        if stage.margin == margin:
            break
        if stage.margin in known:
            way = [(PLUS, stage.margin)]
    yield from way


def _derived(metric: str, known: Container[str]) -> tuple[tuple[str, str], ...]:
    for formula in NET:
        if formula.metric == metric and all(name in known for name in (*formula.plus, *formula.minus)):
            return _begun([*((PLUS, name) for name in formula.plus), *((MINUS, name) for name in formula.minus)])
    return ()


def _begun(found: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """A plus before the first figure is not written."""
    return tuple(("" if place == 0 and sign == PLUS else sign, name) for place, (sign, name) in enumerate(found))


ALSO_ASKED = (AVERAGE_PRICE,)
"""Ratios that stand in tables and can be explained, though no page can be about them."""
