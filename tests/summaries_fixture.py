"""Summaries made by hand, for tests of what reads them: rows of the ASIN level, and a generation around."""

from __future__ import annotations

import datetime
import functools
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import duckdb_engine  # noqa: F401
import sqlalchemy as sa

from database import schema
from database.engines.columnar.published import ColumnarPublished
from database.engines.ddl import embedded_form
from database.engines.embedded.generations import GenerationFiles
from database.engines.embedded.published import EmbeddedPublished
from database.engines.ports import Store
from tests.mariadb import memory_folder

PUBLISHED_AT = datetime.datetime(2025, 11, 3, 6, 30, 0)
DIMENSIONS = (schema.category, schema.brand, schema.asin, schema.marketplace)

ASIN_COLUMNS = ("asin_id", "brand_id", "category_id", "marketplace", "month", "metric", "value")

AsinRow = tuple[int, int, int, str, str, str, str]
"""asin_id, brand_id, category_id, marketplace, month as 'YYYY-MM', metric, value."""


def publish(
    store: Store, rows: Iterable[AsinRow], *, generation: int = 1, brands: dict[int, str] | None = None,
    categories: dict[int, str] | None = None, marketplaces: dict[str, str] | None = None,
    products: Iterable[dict] = (), currencies: str = "USD", spread: str | None = None,
    published_at: datetime.datetime = PUBLISHED_AT, lines: dict[sa.Table, list[dict]] | None = None,
    stated: Callable[[AsinRow], tuple[str, Decimal | None] | None] = lambda row: None,
) -> None:
    """Publishes a generation that holds exactly `rows`, with the brand and category levels they add up to.
    `products` are rows of `asin`; columns left out are empty. `lines` are rows of what generations tell of lines.
    `stated` says in which currency the amount of a row was stated, and as what."""
    rows = list(rows)
    amounts = [stated(row) or (None, None) for row in rows]
    rows = [(*row[:4], datetime.date.fromisoformat(f"{row[4]}-01"), row[5], Decimal(row[6])) for row in rows]
    contents = {
        schema.category: [{"id": k, "category": v} for k, v in (categories or {}).items()],
        schema.brand: [{"id": k, "brand": v} for k, v in (brands or {}).items()],
        schema.asin: [{column.name: row.get(column.name) for column in schema.asin.columns} for row in products],
        schema.marketplace: [
            {"code": k, "country_name": v, "currency": None, "active": True} for k, v in (marketplaces or {}).items()
        ],
        schema.summary_asin: [
            dict(zip(ASIN_COLUMNS, row, strict=True)) | {"currency": currency, "local_value": local}
            for row, (currency, local) in zip(rows, amounts, strict=True)
        ],
        schema.summary_brand: _brand_level(rows),
        schema.summary_category: _counted_level(rows, ("category_id", "month", "metric")),
        schema.summary_marketplace: _counted_level(rows, ("category_id", "marketplace", "month", "metric")),
        schema.summary_generation: [_generation(rows, generation, currencies, published_at) | {"spread": spread}],
        **{table: [{"generation": generation, **row} for row in found] for table, found in (lines or {}).items()},
    }
    if isinstance(store.published, EmbeddedPublished | ColumnarPublished):
        _publish_file(store.published.files, contents, generation)
    else:
        _publish_tables(store, contents)


def _brand_level(rows: list[tuple]) -> list[dict]:
    groups: dict[tuple, list] = defaultdict(list)
    for asin, brand, category, marketplace, month, metric, value in rows:
        for place in (marketplace, schema.ALL_MARKETPLACES):
            groups[brand, category, month, place, metric].append((asin, value))
    names = ("brand_id", "category_id", "month", "marketplace", "metric")
    return [
        dict(zip(names, key, strict=True))
        | {"total_value": sum(value for _, value in found), "asin_count": len({asin for asin, _ in found})}
        for key, found in groups.items()
    ]


def _counted_level(rows: list[tuple], key: tuple[str, ...]) -> list[dict]:
    groups: dict[tuple, list] = defaultdict(list)
    for row in rows:
        named = dict(zip(ASIN_COLUMNS, row, strict=True))
        groups[tuple(named[name] for name in key)].append(named)
    return [
        dict(zip(key, place, strict=True)) | {
            "total_value": sum(row["value"] for row in found),
            "brand_count": len({row["brand_id"] for row in found}),
            "asin_count": len({row["asin_id"] for row in found}),
        }
        for place, found in groups.items()
    ]


def _generation(rows: list[tuple], generation: int, currencies: str, published_at: datetime.datetime) -> dict:
    months = sorted({row[4] for row in rows})
    # What only a refresh needs is there and says nothing.
    empty = {
        column.name: column.type.python_type()
        for column in schema.summary_generation.columns
        if not column.nullable and column.type.python_type in (int, str, bool)
    }
    return empty | {
        "generation": generation, "live": True, "run_id": f"run-{generation}", "refresh_type": "full",
        "published_at": published_at, "months": ",".join(f"{m:%Y-%m}" for m in months),
        "first_month": months[0] if months else None, "last_month": months[-1] if months else None,
        "facts": len(rows), "left_out_facts": 0, "ledger_id": 0, "last_fact_id": 0, "placement": 0,
        "currencies": currencies, "excluded_groups": "[]", "in_place": False,
    }


def _publish_file(files: GenerationFiles, contents: dict, generation: int) -> None:
    path = files.path(generation)
    path.write_bytes(_file_of(tuple(
        (table, tuple(tuple(row.items()) for row in rows)) for table, rows in contents.items()
    )))
    files.point_to(path.name)


@functools.lru_cache(maxsize=16)
def _file_of(contents: tuple[tuple[sa.Table, tuple], ...]) -> bytes:
    """A generation's file with these rows. Tests of a page publish the same ones again and again."""
    rows_of = {table: [dict(row) for row in rows] for table, rows in contents}
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        path = Path(folder) / "generation.duckdb"
        engine = sa.create_engine(sa.URL.create("duckdb", database=str(path)), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            for table in (*DIMENSIONS, *schema.tables_of(schema.PUBLISHED)):
                form = embedded_form(table)
                form.create(connection)
                if rows_of.get(table):
                    connection.execute(sa.insert(form), rows_of[table])
        engine.dispose()
        return path.read_bytes()


def _publish_tables(store: Store, contents: dict) -> None:
    with store.facts() as connection:
        for table, rows in contents.items():
            connection.execute(sa.delete(table))
            if rows:
                connection.execute(sa.insert(table), rows)
        connection.commit()
