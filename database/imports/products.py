"""The products file: names products and assigns them to brands and categories; a brand file likewise.

    asin,name,brand,category,status      one row per product
    brand,category,group                 one row per brand

Only the columns that are there are written; a blank cell leaves what is stored as it is. Names meet in those that are
there, whatever their case and spaces; brands and categories that are missing are made. All or nothing.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.import_sums import mark_moved
from database.imports.cell_source import CellSource
from database.imports.cells import clean, reading
from database.imports.csv_file import CsvFile, TextFile
from database.imports.dimensions import Entry, add_names, mirror_dimensions
from database.imports.faults import LISTED, Fault
from database.imports.head import Headings
from database.imports.identifiers import DAMAGED_ASIN, damage_of
from database.imports.opening import open_text
from database.imports.product_names import meet_given
from database.imports.product_scope import refuse_outside
from database.imports.staging import Met
from domain.moments import utc_now

PRODUCTS, BRANDS = "products", "brands"
_LONGEST = {"asin": 64, "name": 255, "brand": 255, "category": 255, "status": 50, "group": 100}
AT_ONCE = 2000
"""So many rows are written by one statement."""
DIFFERENT_AT_ONCE = 500
"""So many, if each gets a value of its own."""
FIELDS = {PRODUCTS: ("asin", "name", "brand", "category", "status"), BRANDS: ("brand", "category", "group")}


@dataclass(frozen=True)
class Change:
    """One cell that differs from what is stored."""

    key: str
    field: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Accepted:
    """What was committed: when (UTC, while the lock was held), each cell as (product or brand, field, text),
    and the ids of the brands it touches, before or after; 0 is no brand."""

    at: datetime.datetime
    cells: tuple[tuple[str, str, str], ...]
    brand_ids: tuple[int, ...]


@dataclass(frozen=True)
class ProductsReport:
    """What a products or brand file changed. `changes` are the first few, `change_count` is how many, `items`
    how many products or brands that makes. `accepted` is what is told of it, None for a dry run."""

    file_name: str
    kind: str
    dry_run: bool
    rows: int
    created: int
    categories: int
    brands: int
    changes: tuple[Change, ...]
    change_count: int
    items: int
    accepted: Accepted | None = field(default=None, repr=False)
    met: tuple[Met, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-able values."""
        return dataclasses.asdict(dataclasses.replace(self, accepted=None)) | {"accepted": self.accepted is not None}

    def lines(self) -> list[str]:
        """The report as lines for a terminal."""
        end = " (dry run, nothing was changed)" if self.dry_run else ""
        lines = [
            f"{self.file_name}: {self.rows:,} {self.kind} read, {self.created:,} new, "
            f"{self.change_count:,} cells changed, "
            f"{self.brands:,} brands and {self.categories:,} categories made{end}"
        ]
        lines += [f"  {met.written} was read as the {met.what} {met.name}" for met in self.met[:LISTED]]
        if len(self.met) > LISTED:
            lines.append(f"  and {len(self.met) - LISTED:,} more names that met in stored ones")
        lines += [f"  {c.key} {c.field}: {c.before or '(none)'} -> {c.after}" for c in self.changes]
        if self.change_count > len(self.changes):
            lines.append(f"  and {self.change_count - len(self.changes):,} more")
        return lines


def take_products(
    store: Store, path: Path, *, dry_run: bool, only_brands: Collection[int] | None = None
) -> ProductsReport:
    """Takes a products or brand file in; the caller holds `store.lock()`. Raises Refused with every fault:
    also for products, brands and categories that are not those of `only_brands`, where these are given.
    The months it affects are found by the next refresh, which compares where each product stands."""
    with store.facts() as connection, store.facts_room.scratch(connection) as scratch:
        with open_text(path, is_known=lambda text: _found_headings(text) is not None) as text:
            file = _found_headings(text) or text.below(text.heads[0], Headings(0))
            kind = _stage(scratch, file)
            mirror_dimensions(store, connection, scratch)
            met = meet_given(scratch, only_brands=only_brands)
            _check(scratch, file, kind)
        if only_brands is not None:
            refuse_outside(scratch, file.name, key=FIELDS[kind][0], only_brands=only_brands)
        report = dataclasses.replace(_write(store, connection, scratch, file.name, kind, dry_run), met=met)
        if dry_run:
            connection.rollback()
        else:
            store.work_lock.keep(connection)
            connection.commit()
        return report


def _found_headings(text: TextFile) -> CsvFile | None:
    """Headings stand in the first line that holds asin or brand; the first one is taken for the message else."""
    for head in text.heads:
        for number, record in enumerate(head.records):
            if {"asin", "brand"} & set(record.keys):
                return text.below(head, Headings(number))
    return None


def _stage(scratch: duckdb.DuckDBPyConnection, file: CsvFile) -> str:
    headings, line = list(file.headings[0].keys), file.headings[0].first_line
    kind = PRODUCTS if "asin" in headings else BRANDS
    fields, key = FIELDS[kind], FIELDS[kind][0]
    twice = [name for name in dict.fromkeys(headings) if headings.count(name) > 1]
    faults = [Fault("this heading stands there twice", line, name) for name in twice]
    faults += [Fault(f"is not one of {', '.join(fields)}", line, None, name) for name in headings if name not in fields]
    if key not in headings:
        faults.append(Fault("the column asin (or, for a brand file, brand) is missing", line))
    elif len(headings) == 1:
        faults.append(Fault(f"there is nothing beside the column {key}", line))
    if faults:
        raise file.refusal(faults)
    columns = [
        f"{clean(f'c{headings.index(name)}')} AS \"{name}\"" if name in headings else f'NULL::VARCHAR AS "{name}"'
        for name in fields
    ]
    source = CellSource(file, "", lambda record: iter(()), lambda record: iter(()))
    with reading(source):
        scratch.execute(
            f"CREATE OR REPLACE TEMP TABLE given AS SELECT {', '.join(columns)} "
            f"FROM {file.reader()}"
        )
    scratch.execute(f"DELETE FROM given WHERE {' AND '.join(f'{chr(34)}{name}{chr(34)} IS NULL' for name in fields)}")
    return kind


def _check(scratch: duckdb.DuckDBPyConnection, file: CsvFile, kind: str) -> None:
    headings, key = list(file.headings[0].keys), FIELDS[kind][0]
    wrong = " OR ".join(f'length("{name}") > {_LONGEST[name]}' for name in headings)
    if key == "asin":
        wrong += f" OR regexp_full_match(asin, '{DAMAGED_ASIN}')"
    count, keys, bad = scratch.execute(
        f'SELECT count(*), count(DISTINCT "{key}"), count(*) FILTER ("{key}" IS NULL OR {wrong}) FROM given'
    ).fetchone()
    if not count:
        raise file.refusal([Fault("has headings and no rows")])
    if count == keys and not bad:
        return
    names = dict(scratch.execute(f"SELECT text, name FROM {key}_name").fetchall())
    faults, total, seen = [], 0, {}
    for line, record in file.records():
        for fault in _faults_of(line, record, headings, key, names=names, seen=seen):
            total += 1
            if len(faults) < LISTED:
                faults.append(fault)
    raise file.refusal(faults, total)


def _faults_of(
    line: int, record: list[str], headings: list[str], key: str, *, names: Mapping[str, str], seen: dict[str, int]
) -> Iterator[Fault]:
    texts = [cell.strip(" \t\u00a0") for cell in record[: len(headings)]]
    if not any(texts):
        return
    for name, text in zip(headings, texts, strict=True):
        if len(text) > _LONGEST[name]:
            yield Fault(f"is longer than {_LONGEST[name]} characters", line, name, text)
    written = texts[headings.index(key)]
    name = names.get(written, written)
    if not name:
        yield Fault("is blank", line, key, "")
    elif key == "asin" and (damage := damage_of(written)):
        yield Fault(damage, line, key, written)
    elif seen.setdefault(name, line) != line:
        yield Fault(f"stands there again; line {seen[name]} gave it first", line, key, written)


def _write(store, connection, scratch, file_name: str, kind: str, dry_run: bool) -> ProductsReport:
    entry = Entry(None, utc_now())
    fields, table = FIELDS[kind], schema.asin if kind == PRODUCTS else schema.brand
    key = fields[0]
    scratch.execute(
        f'CREATE OR REPLACE TEMP TABLE fresh AS SELECT "{key}" AS key FROM given WHERE "{key}" NOT IN '
        f"(SELECT {key} FROM known_{key})"
    )
    categories = add_names(store, connection, scratch, schema.category, names="SELECT category FROM given", entry=entry)
    brands = add_names(store, connection, scratch, schema.brand, names="SELECT brand FROM given", entry=entry)
    created = _add_products(store, connection, scratch, entry) if kind == PRODUCTS else brands
    scratch.execute(_STORED[kind])
    scratch.execute("CREATE OR REPLACE TEMP TABLE changed AS " + " UNION ALL ".join(
        f'SELECT g."{key}" AS key, \'{name}\' AS field, s."{name}" AS before, g."{name}" AS after '
        f'FROM given g JOIN stored s ON s."{key}" = g."{key}" WHERE g."{name}" IS DISTINCT FROM s."{name}" '
        f'AND g."{name}" IS NOT NULL'
        for name in fields[1:]
    ))
    listed = scratch.execute(f"SELECT * FROM changed ORDER BY key, field LIMIT {LISTED}").fetchall()
    rows, count, items = scratch.execute(
        "SELECT (SELECT count(*) FROM given), (SELECT count(*) FROM changed), "
        "(SELECT count(*) FROM (SELECT key FROM changed UNION SELECT key FROM fresh))"
    ).fetchone()
    _update(connection, scratch, kind, table)
    return ProductsReport(
        file_name, kind, dry_run, rows, created, categories, brands if kind == PRODUCTS else 0,
        tuple(Change(*row) for row in listed), count, items,
        None if dry_run or not items else _accepted(scratch, kind, entry.created_at),
    )


def _accepted(scratch: duckdb.DuckDBPyConnection, kind: str, at: datetime.datetime) -> Accepted:
    cells = scratch.execute("SELECT key, field, after FROM changed ORDER BY key, field").fetchall()
    touched = scratch.execute(_TOUCHED[kind]).fetchall()
    return Accepted(at, tuple(cells), tuple(number for (number,) in touched))


_TOUCHED = {
    PRODUCTS: """
WITH item AS (SELECT key FROM changed UNION SELECT key FROM fresh)
SELECT coalesce(k.brand_id, 0) FROM known_asin k JOIN item ON item.key = k.asin
UNION SELECT b.id FROM given g JOIN item ON item.key = g.asin JOIN known_brand b ON b.brand = g.brand
ORDER BY 1
""",
    BRANDS: """
SELECT id FROM known_brand WHERE brand IN (SELECT key FROM changed UNION SELECT key FROM fresh) ORDER BY id
""",
}

_STORED = {
    PRODUCTS: """
CREATE OR REPLACE TEMP TABLE stored AS
SELECT k.id, k.asin, k.name, b.brand, c.category, k.status
FROM known_asin k LEFT JOIN known_brand b ON b.id = k.brand_id LEFT JOIN known_category c ON c.id = k.category_id
""",
    BRANDS: """
CREATE OR REPLACE TEMP TABLE stored AS
SELECT b.id, b.brand, c.category, b.grouping AS "group"
FROM known_brand b LEFT JOIN known_category c ON c.id = b.category_id
""",
}


def _add_products(store, connection, scratch, entry: Entry) -> int:
    last = scratch.execute("SELECT coalesce(max(id), 0) FROM known_asin").fetchone()[0]
    scratch.execute(
        f"INSERT INTO known_asin BY NAME SELECT {last} + row_number() OVER (ORDER BY asin) AS id, asin FROM given "
        "WHERE asin NOT IN (SELECT asin FROM known_asin)"
    )
    return store.facts_room.bulk_insert(
        connection, schema.asin, scratch=scratch,
        query=f"SELECT id, asin, TIMESTAMP '{entry.created_at:%Y-%m-%d %H:%M:%S.%f}' AS created_at "
        f"FROM known_asin WHERE id > {last} ORDER BY id",
    ) if scratch.execute(f"SELECT count(*) FROM known_asin WHERE id > {last}").fetchone()[0] else 0


def _update(connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, kind: str, table: sa.Table) -> None:
    """Writes the cells that change. Rows that get the same value are written together: thousands of products
    that get one brand are a few statements, not thousands. A statement for each of the others would take a millisecond,
    and nobody else could change anything meanwhile."""
    fields = FIELDS[kind]
    for name in fields[1:]:
        is_name_of_row = name in ("brand", "category")
        rows = scratch.execute(
            f"SELECT {'k.id' if is_name_of_row else 'c.after'} AS value, list(s.id) AS ids FROM changed c "
            f'JOIN stored s ON s."{fields[0]}" = c.key '
            + (f"JOIN known_{name} k ON k.{name} = c.after " if is_name_of_row else "")
            + "WHERE c.field = $field GROUP BY value ORDER BY value", {"field": name},
        ).fetchall()
        column = table.c[f"{name}_id" if is_name_of_row else name]
        if rows and is_name_of_row and table is schema.asin:
            mark_moved(connection)
        single = {ids[0]: value for value, ids in rows if len(ids) == 1}
        changing = list(single)
        for start in range(0, len(changing), DIFFERENT_AT_ONCE):
            part = changing[start : start + DIFFERENT_AT_ONCE]
            given = sa.case({row_id: single[row_id] for row_id in part}, value=table.c.id)
            connection.execute(sa.update(table).where(table.c.id.in_(part)).values({column: given}))
        for value, ids in rows:
            for start in range(0, len(ids) if len(ids) > 1 else 0, AT_ONCE):
                part = ids[start : start + AT_ONCE]
                connection.execute(sa.update(table).where(table.c.id.in_(part)).values({column: value}))
