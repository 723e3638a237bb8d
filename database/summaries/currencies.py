"""Which months have facts in other currencies, at what rates these are converted, and what changed of either."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.fact_marks import FactMarks
from database.engines.ports import Store
from database.engines.values import Generation
from database.imports.derived_facts import anything_to_derive
from database.rates.told import Rates, rate_words, read_rates
from database.summaries.conversion import Conversion
from domain.months import format_month

named = schema.financials_currency


@dataclass(frozen=True)
class CurrencyState:
    """What a refresh converts by: the reporting currency, the currencies that facts name by month (it may be among
    them), the rates that people told, those pairs of month and currency that are not written down yet, and whether any
    fact may follow from lines or unit costs."""

    base: str
    named: Mapping[datetime.date, frozenset[str]]
    rates: Rates
    new: tuple[tuple[datetime.date, str], ...] = ()
    derives: bool = False

    @property
    def conversions(self) -> dict[datetime.date, Conversion]:
        """Of every month that has facts in another currency."""
        foreign = {month: sorted(codes - {self.base}) for month, codes in self.named.items()}
        return {
            month: Conversion(
                self.base, tuple((code, self.rates.get((month, code))) for code in codes), self.derives
            )
            for month, codes in foreign.items() if codes
        }


def currency_state(
    store: Store, connection: sa.Connection, *, marks: FactMarks, live: Generation | None
) -> CurrencyState:
    """What is written down, and what other programs inserted since the live generation was built; before the first one
    every fact is looked at."""
    known = {(row.month.replace(day=1), row.currency) for row in connection.execute(sa.select(named))}
    found = {(month.replace(day=1), code) for month, code in marks.currencies_above(live) if month is not None and code}
    by_month: dict[datetime.date, set[str]] = {}
    for month, code in known | found:
        by_month.setdefault(month, set()).add(code)
    return CurrencyState(
        store.settings.dashboard.currency, {month: frozenset(codes) for month, codes in by_month.items()},
        read_rates(store), tuple(sorted(found - known)), anything_to_derive(connection),
    )


def forget_currencies(connection: sa.Connection, seen: Mapping[datetime.date, Collection[str]]) -> None:
    """Takes away, of these months, the currencies that no fact names any more."""
    for month, codes in seen.items():
        of_month = named.c.month == month
        connection.execute(sa.delete(named).where(of_month, named.c.currency.not_in(sorted(codes))))


def changed_rates(
    connection: sa.Connection, live_rates: sa.Table, live: Generation, state: CurrencyState
) -> Iterator[tuple[datetime.date, str]]:
    """Months whose amounts are converted at other rates than in the live generation, and why, in words."""
    query = sa.select(live_rates).where(live_rates.c.generation == live.generation)
    before = {(row.month, row.currency): row for row in connection.execute(query)}
    now = {
        (month, code): rate for month, how in state.conversions.items() for code, rate in how.rates
    }
    for month, code in sorted(before.keys() | now.keys()):
        row, rate = before.get((month, code)), now.get((month, code))
        if row is not None and row.base != state.base:
            yield month, f"reporting currency from {row.base} to {state.base}"
        elif (month, code) not in now:
            # It is the reporting currency by now, or nothing is in it any more; the latter shows in the ledger.
            if code == state.base:
                yield month, f"reporting currency is {code}"
        elif row is None:
            yield month, f"{code} {format_month(month)} is converted"
        elif row.rate != rate:
            yield month, f"rate of {code} {format_month(month)} from {rate_words(row.rate)} to {rate_words(rate)}"

