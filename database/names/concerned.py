"""Whom a join would touch beside the figures: people who are limited to brands, and rules that watch one.

Nobody's view is widened or narrowed by a join, and no rule is left watching a name that is gone: such a join is
refused, naming them, until an admin has decided. So a join writes nothing about people or rules.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.names.facts import Renaming, fact, tally
from database.names.kinds import BRAND, CATEGORY, MARKETPLACE, PRODUCT, Names
from database.schema import DERIVED, UNASSIGNED
from domain.amazon import is_account
from domain.months import month_of, runs_of_months

user, permitted, rule, brand, asin, overhead = (
    schema.app_user, schema.app_user_brand, schema.notice_rule, schema.brand, schema.asin, schema.overhead
)


def obstacles_of_people(store: Store, connection: sa.Connection, names: Names) -> Iterator[str]:
    """Who would see more or less afterwards, or would watch nothing; one line each."""
    pair = _brands(connection, names)
    with store.application_reading.connect() as reading:
        # A product without a brand gets one by being joined, as it would on /catalog.
        if pair is not None and UNASSIGNED not in pair and (seeing := _who_sees_one_of(reading, pair)):
            yield (
                f"{', '.join(seeing)}: limited to one of the two brands only, so they would see more or less than now; "
                "give them both or none of them on /users"
            )
        column = {BRAND: rule.c.brand_id, CATEGORY: rule.c.category_id}.get(names.kind)
        if column is not None:
            watching = reading.execute(sa.select(rule.c.figure).where(column == names.old_id).order_by(rule.c.id))
            for figure in watching.scalars():
                yield (
                    f"a rule watches {figure} of {names.old}; let it watch {names.new}, or remove it, on "
                    "/operations/rules"
                )


def notes_of_rules(store: Store, names: Names) -> Iterator[str]:
    """Rules that will watch more than they do."""
    column = {BRAND: rule.c.brand_id, CATEGORY: rule.c.category_id}.get(names.kind)
    if column is None:
        return
    with store.application_reading.connect() as reading:
        for figure in reading.execute(sa.select(rule.c.figure).where(column == names.new_id).order_by(rule.c.id)):
            yield f"a rule watches {figure[0]} of {names.new}: from then on of both together"


def obstacles_of_lines(
    store: Store, connection: sa.Connection, names: Names, months: Collection[datetime.date]
) -> Iterator[str]:
    """Facts that follow from lines of reports: they would come back under the old name with the next report, and under
    the new one give way to what files give."""
    renaming = names.renaming
    if renaming is None or store.traits.has_data_nodes:
        return
    found = tally(store, connection, months, renaming.has_old(fact) & (fact.c.import_id == DERIVED))
    count = sum(facts for facts, _ in found.values())
    if count:
        what = "fact follows" if count == 1 else "facts follow"
        words = f"{count:,} {what} from lines of Amazon's reports or unit costs and would come back under {names.old}"
        if names.kind == PRODUCT:
            words += f"; let the SKU lead to {names.new} with a file sku,asin: flask import FILE"
        yield f"{words}; or undo those imports: flask undo-import ID"
    months_of_both = _months_of_both(connection, renaming)
    if months_of_both:
        yield (
            f"in {runs_of_months(months_of_both)} files give figures of {names.old}, and of {names.new} they follow "
            "from lines of Amazon's reports, which give way to what files give: sums would be lost; undo one of "
            "them first: flask undo-import ID"
        )


def obstacles_of_overheads(connection: sa.Connection, names: Names) -> Iterator[str]:
    """Overheads are told of a brand and a marketplace, and would come back under the old name."""
    column = {BRAND: overhead.c.brand_id, MARKETPLACE: overhead.c.marketplace}.get(names.kind)
    of_old = column == (names.old_id if names.kind == BRAND else names.old) if column is not None else sa.false()
    if names.kind == PRODUCT:
        of_old = sa.literal(is_account(names.old))
    count = connection.execute(sa.select(sa.func.count()).select_from(overhead).where(of_old)).scalar()
    if count:
        what = "overhead is" if count == 1 else "overheads are"
        yield (
            f"{count:,} {what} told of {names.old} and would come back under that name; tell them of {names.new}, and "
            "undo the imports that told them: flask undo-import ID"
        )


def _months_of_both(connection: sa.Connection, renaming: Renaming) -> list[datetime.date]:
    """Months of places where the old name has facts, and the new one facts that follow from lines."""
    old, new = fact.alias("old_fact"), fact.alias("new_fact")
    same = [old.c[name] == new.c[name] for name in ("asin_id", "marketplace", "month") if name != renaming.column]
    query = (
        sa.select(new.c.month).distinct().join_from(old, new, sa.and_(*same))
        .where(renaming.has_old(old), renaming.has_new(new), new.c.import_id == DERIVED)
    )
    return sorted(month_of(month) for month in connection.execute(query).scalars())


def obstacles_of_groups(store: Store, connection: sa.Connection, names: Names) -> Iterator[str]:
    """Whether money would come into the figures or leave them, because one of two brands is of an excluded group."""
    pair = _brands(connection, names)
    if pair is None:
        return
    excluded = set(store.settings.refresh.exclude_groups)
    rows = {row.id: row for row in connection.execute(sa.select(brand).where(brand.c.id.in_(pair)))}
    sides = [rows.get(number) for number in pair]
    if len({side is not None and (side.group or "") in excluded for side in sides}) == 2:
        groups = " and ".join(f"{side.brand} of {side.group or 'none'}" for side in sides if side is not None)
        yield (
            f"one of the brands is of a group that figures leave out ({groups}): give both the same group first, with "
            "a file brand,group: flask products FILE"
        )


def _brands(connection: sa.Connection, names: Names) -> tuple[int, int] | None:
    """The two brands between which figures move; None if they move between none."""
    if names.kind == BRAND:
        return names.old_id, names.new_id
    if names.kind != PRODUCT:
        return None
    found = dict(connection.execute(
        sa.select(asin.c.id, asin.c.brand_id).where(asin.c.id.in_((names.old_id, names.new_id)))
    ).all())
    old, new = (found[number] or UNASSIGNED for number in (names.old_id, names.new_id))
    return (old, new) if old != new else None


def _who_sees_one_of(connection: sa.Connection, pair: tuple[int, int]) -> list[str]:
    rows = connection.execute(
        sa.select(user.c.name, permitted.c.brand_id).join_from(user, permitted, permitted.c.user_id == user.c.id)
        .where(permitted.c.brand_id.in_(pair)).order_by(user.c.name)
    )
    seen: dict[str, set[int]] = defaultdict(set)
    for name, number in rows:
        seen[name].add(number)
    return [name for name, numbers in seen.items() if len(numbers) == 1]
