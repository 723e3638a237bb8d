"""Rules as they are kept, and how they stand in a published generation."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.values import Generation, Reading
from database.queries.brand_names import brand_names
from database.queries.choices import UNASSIGNED_NAME, UNCATEGORISED_NAME
from database.queries.sums import MONTH, by_grain, sums_by
from domain.errors import SetupError
from domain.moments import utc_now
from domain.months import add_months, month_of
from domain.periods import Span, calendar_at
from domain.rules import Rule, Standing, judge
from domain.selection import Selection

MOST = 200
"""Rules that are kept: each is a statement after every publication."""

EVERYTHING = "all brands"

rules = schema.notice_rule


@dataclass(frozen=True)
class KeptRule:
    """A rule with its number, how often it was changed, and when and by whom last."""

    id: int
    rule: Rule
    revision: int
    changed_at: datetime.datetime
    changed_by: str


@dataclass(frozen=True)
class Names:
    """Names of brands and categories of a generation, by their numbers."""

    brands: Mapping[int, str]
    categories: Mapping[int, str]

    def whose(self, rule: Rule) -> str:
        """What the rule is about, in words."""
        if rule.brand_id is not None:
            return self.brands.get(rule.brand_id, f"brand {rule.brand_id}")
        if rule.category_id is not None:
            return f"category {self.categories.get(rule.category_id, rule.category_id)}"
        return EVERYTHING


def kept_rules(connection: sa.Connection) -> list[KeptRule]:
    """Every rule, in the order in which they were made."""
    return [_kept(row) for row in connection.execute(sa.select(rules).order_by(rules.c.id))]


def find_rule(connection: sa.Connection, rule_id: int) -> KeptRule | None:
    """One rule, if it is there."""
    row = connection.execute(sa.select(rules).where(rules.c.id == rule_id)).first()
    return _kept(row) if row else None


def add_rule(connection: sa.Connection, rule: Rule, *, by: str) -> int:
    """Keeps a new rule and returns its number. Raises SetupError if there are too many, or if it is there already."""
    others = kept_rules(connection)
    if len(others) >= MOST:
        raise SetupError(f"there are {MOST} rules already; remove one that is not needed")
    _refuse_twin(rule, others)
    values = {**_values(rule), "revision": 1, "changed_at": utc_now(), "changed_by": by}
    return connection.execute(sa.insert(rules).values(values)).inserted_primary_key[0]


def change_rule(connection: sa.Connection, rule_id: int, rule: Rule, *, by: str) -> bool:
    """Puts another rule in its place; from the next publication on it counts as a new one. Whether it was there.
    Raises SetupError if another is the same."""
    others = [kept for kept in kept_rules(connection) if kept.id != rule_id]
    _refuse_twin(rule, others)
    changed = {**_values(rule), "revision": rules.c.revision + 1, "changed_at": utc_now(), "changed_by": by}
    return connection.execute(sa.update(rules).where(rules.c.id == rule_id).values(changed)).rowcount == 1


def remove_rule(connection: sa.Connection, rule_id: int) -> bool:
    """Forgets a rule; whether it was there."""
    return connection.execute(sa.delete(rules).where(rules.c.id == rule_id)).rowcount == 1


def judged_month(generation: Generation) -> datetime.date | None:
    """The month that rules are judged on: the last with figures that was over when the generation was published."""
    if generation.first_month is None or generation.last_month is None:
        return None
    over = add_months(month_of(generation.published_at.date()), -1)
    month = min(generation.last_month, over)
    return month if month >= generation.first_month else None


def standings(reading: Reading, asked: Iterable[Rule]) -> list[Standing]:
    """How each rule stands in the generation that is read; none if no month of it is over."""
    month = judged_month(reading.generation)
    if month is None:
        return []
    span = Span(add_months(month, -12), month)
    calendar = calendar_at(reading.generation.first_month, reading.generation.last_month, month)
    found = []
    for rule in asked:
        chosen = Selection(calendar, brands=_chosen(rule.brand_id), categories=_chosen(rule.category_id))
        sums = by_grain(sums_by(reading.connection, chosen, MONTH, span=span, metrics=rule.metrics))
        found.append(judge(rule, month, sums))
    return found


def read_names(reading: Reading) -> Names:
    """The names of the generation that is read."""
    table = schema.category
    categories = dict(reading.connection.execute(sa.select(table.c.id, table.c.category)).all())
    return Names(
        brand_names(reading.connection) | {schema.UNASSIGNED: UNASSIGNED_NAME},
        categories | {schema.UNCATEGORISED: UNCATEGORISED_NAME},
    )


def _refuse_twin(rule: Rule, others: Iterable[KeptRule]) -> None:
    if any(other.rule == rule for other in others):
        raise SetupError("that very rule is there already")


def _chosen(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)


def _values(rule: Rule) -> dict[str, Any]:
    return {
        "figure": rule.figure, "comparison": rule.comparison, "threshold": str(rule.threshold),
        "brand_id": rule.brand_id, "category_id": rule.category_id,
    }


def _kept(row: sa.Row) -> KeptRule:
    rule = Rule(row.figure, row.comparison, Decimal(row.threshold), row.brand_id, row.category_id)
    return KeptRule(row.id, rule, row.revision, row.changed_at, row.changed_by)
