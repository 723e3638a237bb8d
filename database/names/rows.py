"""The rows that names of brands, categories, products and marketplaces have: moved together, and parted again.

A row that goes is kept as it was, with the ids of what was moved from it; what has moved on since stays where it is.
It goes in two steps: emptied, it stands under a name that no file has, because what is published names its id; the
refresh that publishes without it drops it (database/summaries/leftovers.py).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from database import schema
from database.names.kinds import BRAND, CATEGORY, MARKETPLACE, PRODUCT, Names

asin, brand, category, marketplace = schema.asin, schema.brand, schema.category, schema.marketplace
NAMED = {
    BRAND: brand.c.brand, CATEGORY: category.c.category, PRODUCT: asin.c.asin, MARKETPLACE: marketplace.c.code,
}
"""Kind -> the column that holds its names."""
AT_ONCE = 2000
"""Ids in one statement."""

Kept = dict[str, Any]
"""What taking a join back puts back, as JSON can hold it."""


def find_row(connection: sa.Connection, kind: str, name: str) -> sa.Row | None:
    """The row of exactly this name: a table that others made may take several spellings as equal."""
    column = NAMED[kind]
    rows = connection.execute(sa.select(column.table).where(column == name))
    return next((row for row in rows if row._mapping[column] == name), None)


def names_of(connection: sa.Connection, kind: str) -> list[str]:
    """Every name of the kind that has a row."""
    return list(connection.execute(sa.select(NAMED[kind]).order_by(NAMED[kind])).scalars())


def move(connection: sa.Connection, names: Names, *, join_id: int) -> Kept:
    """Moves what stands under the old row to the new one, and lets go of the old. Returns what `move_back` needs."""
    if names.kind not in NAMED:
        return {}
    old, new = (find_row(connection, names.kind, name) for name in (names.old, names.new))
    if old is None:
        return {}
    kept = _MOVES[names.kind](connection, old, new) | {"row": _plain(old)}
    if names.kind == MARKETPLACE:
        connection.execute(sa.delete(marketplace).where(marketplace.c.code == names.old))
        if kept["made"]:
            connection.execute(sa.insert(marketplace).values({**old._mapping, "code": names.new}))
        return kept
    let_go(connection, names.kind, old.id, name=names.old, join_id=join_id, why="joined")
    return kept


def let_go(connection: sa.Connection, kind: str, number: int, *, name: str, join_id: int, why: str) -> None:
    """Gives an emptied row a name that no file has, and the import id by which a refresh knows that it may go."""
    column = NAMED[kind]
    ending = f" ({why}, import {join_id})"
    connection.execute(
        sa.update(column.table).where(column.table.c.id == number)
        .values({column: name[:column.type.length - len(ending)] + ending, "import_id": join_id})
    )


def stands_under(connection: sa.Connection, kind: str, number: int) -> bool:
    """Whether a product or brand stands under this brand or category."""
    columns = [asin.c.brand_id] if kind == BRAND else [asin.c.category_id, brand.c.category_id]
    return any(
        connection.execute(sa.select(column.table.c.id).where(column == number).limit(1)).first() for column in columns
    )


def restore_row(connection: sa.Connection, names: Names, kept: Kept) -> None:
    """Puts the row that went back, under its id, whether it is there still or not. The facts of a product can be
    given back to it then."""
    if not kept.get("row"):
        return
    row = _as_row(kept["row"])
    table = NAMED[names.kind].table
    number = row.get("id")
    is_there = number is not None and connection.execute(sa.select(table.c.id).where(table.c.id == number)).first()
    if is_there:
        values = {name: value for name, value in row.items() if name != "id"}
        connection.execute(sa.update(table).where(table.c.id == number).values(values))
    else:
        connection.execute(sa.insert(table).values(row))


def move_back(connection: sa.Connection, names: Names, kept: Kept) -> None:
    """Gives the restored row back what was moved from it and stands under the new one still."""
    old, new = names.old_id, names.new_id
    if names.kind == BRAND:
        own = kept["row"]["category_id"]
        _set(connection, asin.c.category_id, None, kept["own_category"], only_from=own)
        _set(connection, asin.c.brand_id, old, kept["products"], only_from=new)
    elif names.kind == CATEGORY:
        _set(connection, asin.c.category_id, old, kept["products"], only_from=new)
        _set(connection, brand.c.category_id, old, kept["brands"], only_from=new)
    elif names.kind == PRODUCT:
        for name, value in kept["filled"].items():
            _set(connection, asin.c[name], None, [new], only_from=value)
    elif kept.get("made"):
        connection.execute(sa.delete(marketplace).where(marketplace.c.code == names.new))


def _move_brand(connection: sa.Connection, old: sa.Row, new: sa.Row) -> Kept:
    """A product that stands in the category of its old brand stays in it."""
    products, theirs = _ids(connection, asin.c.brand_id, old.id), []
    if old.category_id is not None and old.category_id != new.category_id:
        without = asin.c.category_id.is_(None)
        theirs = _ids(connection, asin.c.brand_id, old.id, without)
        connection.execute(
            sa.update(asin).where(asin.c.brand_id == old.id, without).values(category_id=old.category_id)
        )
    connection.execute(sa.update(asin).where(asin.c.brand_id == old.id).values(brand_id=new.id))
    return {"products": products, "own_category": theirs}


def _move_category(connection: sa.Connection, old: sa.Row, new: sa.Row) -> Kept:
    kept: Kept = {}
    for what, column in (("products", asin.c.category_id), ("brands", brand.c.category_id)):
        kept[what] = _ids(connection, column, old.id)
        connection.execute(sa.update(column.table).where(column == old.id).values({column.name: new.id}))
    return kept


def _move_product(connection: sa.Connection, old: sa.Row, new: sa.Row) -> Kept:
    """The product that stays gets what it lacks."""
    filled = {
        name: old._mapping[name] for name in ("name", "brand_id", "status")
        if new._mapping[name] is None and old._mapping[name] is not None
    }
    of_brand = connection.execute(sa.select(brand.c.category_id).where(brand.c.id == new.brand_id)).scalar()
    if new.category_id is None and of_brand is None and old.category_id is not None:
        filled["category_id"] = old.category_id
    if filled:
        connection.execute(sa.update(asin).where(asin.c.id == new.id).values(filled))
    return {"filled": filled}


def _move_marketplace(connection: sa.Connection, old: sa.Row, new: sa.Row | None) -> Kept:
    return {"made": new is None}


_MOVES = {BRAND: _move_brand, CATEGORY: _move_category, PRODUCT: _move_product, MARKETPLACE: _move_marketplace}


def _ids(connection: sa.Connection, column: sa.Column, value: int, *further: sa.ColumnElement[bool]) -> list[int]:
    key = column.table.c.id
    return list(connection.execute(sa.select(key).where(column == value, *further).order_by(key)).scalars())


def _set(
    connection: sa.Connection, column: sa.Column, value: Any, ids: Sequence[int], *, only_from: Any
) -> None:
    for some in _chunks(ids):
        connection.execute(
            sa.update(column.table).where(column.table.c.id.in_(some), column == only_from).values({column: value})
        )


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(ids), AT_ONCE):
        yield ids[first:first + AT_ONCE]


def _plain(row: sa.Row) -> Kept:
    return {
        name: value.isoformat() if isinstance(value, datetime.datetime) else value
        for name, value in row._mapping.items()
    }


def _as_row(plain: Mapping[str, Any]) -> dict[str, Any]:
    moment = plain.get("created_at")
    return dict(plain) | ({"created_at": datetime.datetime.fromisoformat(moment)} if moment else {})
