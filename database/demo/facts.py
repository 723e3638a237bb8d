"""The demo's P&L, one month after the other, by DuckDB.

Everything is worked out per listing and month in whole cents, so CM1, CM2 and CM3 follow from their parts
exactly. Chance comes from MD5 of seed, listing and month: no draw depends on threads or on order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from database.demo.catalog import MARKETPLACES, DemoListing
from database.demo.shape import DemoShape
from domain import metrics

LISTINGS = "demo_listing"
STAGED = "demo_staged"


def stage_facts(scratch: duckdb.DuckDBPyConnection, shape: DemoShape, listings: Sequence[DemoListing]) -> int:
    """Makes the TEMP table `demo_staged` (asin, marketplace, metric, month, value), one row per fact, a month
    at a time; returns how many rows it has."""
    _write_listings(scratch, listings)
    _create_staged(scratch, shape)
    statement = _month_statement(shape)
    calendar = shape.calendar()
    for position, month in enumerate(calendar):
        latest = position == len(calendar) - 1
        scratch.execute(statement, {
            "seed": shape.seed, "position": position, "final": len(calendar) - 1, "month": month,
            "share": shape.share_of_last_month() if latest else 1.0,
        })
    return scratch.execute(f"SELECT count(*) FROM {STAGED}").fetchall()[0][0]


def _create_staged(scratch: duckdb.DuckDBPyConnection, shape: DemoShape) -> None:
    """Texts are enumerations, so that many million facts stay small; in the order of their letters, so that
    sorting by them is sorting by the text."""
    scratch.execute(f"DROP TABLE IF EXISTS {STAGED}")
    scratch.execute(
        f"CREATE OR REPLACE TEMP TYPE demo_asin AS ENUM (SELECT DISTINCT asin FROM {LISTINGS} ORDER BY asin)"
    )
    scratch.execute(
        f"CREATE TEMP TABLE {STAGED} (asin demo_asin, marketplace {_enumeration(MARKETPLACES)}, "
        f"metric {_enumeration(shape.metrics)}, month DATE, value DECIMAL(15,2))"
    )


def _enumeration(names: Iterable[str]) -> str:
    return f"ENUM ({', '.join(repr(name) for name in sorted(names))})"


def _write_listings(scratch: duckdb.DuckDBPyConnection, listings: Sequence[DemoListing]) -> None:
    columns = {name: (kind, [value(listing) for listing in listings]) for name, (kind, value) in _COLUMNS.items()}
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE {LISTINGS} AS SELECT row_number() OVER () AS listing, * FROM (SELECT "
        + ", ".join(f"unnest($values_{name}::{kind}[]) AS {name}" for name, (kind, _) in columns.items()) + ")",
        {f"values_{name}": values for name, (_, values) in columns.items()},
    )


_COLUMNS = {
    "asin": ("VARCHAR", lambda listing: listing.product.asin),
    "marketplace": ("VARCHAR", lambda listing: listing.marketplace),
    "first": ("INTEGER", lambda listing: listing.first),
    "last": ("INTEGER", lambda listing: listing.last),
    "age": ("INTEGER", lambda listing: listing.age),
    "demand": ("DOUBLE", lambda listing: listing.demand),
    "growth": ("DOUBLE", lambda listing: listing.product.brand.growth if listing.product.brand else 0.0),
    "season": ("DOUBLE[]", lambda listing: list(listing.product.market.season)),
    "price": ("BIGINT", lambda listing: listing.price),
    "cost": ("BIGINT", lambda listing: listing.product.cost),
    "fulfilment": ("BIGINT", lambda listing: listing.product.fulfilment),
    "returns": ("DOUBLE", lambda listing: listing.product.market.returns),
    "referral_share": ("DOUBLE", lambda listing: listing.product.market.referral),
    "marketing_share": ("DOUBLE", lambda listing: listing.product.marketing),
    "search_share": ("DOUBLE", lambda listing: listing.product.search),
    "promotion_share": ("DOUBLE", lambda listing: listing.product.promotion),
}

_COSTS = {
    metrics.NET_COGS: "cost * units",
    "Referral fees": "round(revenue * referral_share)",
    "FBA fees": "round(fulfilment * (gross_units + 0.5 * (gross_units - units)))",
    "Other platform fees": "round(revenue * 0.008 + 22 * units)",
    # A new product is pushed: it pays more for clicks until it is found by itself.
    "Marketing": "round(revenue * marketing_share * (0.7 + 0.6 * u2))",
    "SEM costs": "round(revenue * search_share * (1 + 1.6 * exp(-age / 2.5)) * (0.8 + 0.4 * u3))",
    "Promo fees": "round(revenue * promotion_share * CASE WHEN month(date) IN (7, 11) THEN 2.0 ELSE 1.0 END)",
}
"""What each cost is, in cents, per listing and month."""


def _month_statement(shape: DemoShape) -> str:
    sold = {
        name: f"({_COSTS[name]})::BIGINT" if name in shape.metrics else "0::BIGINT" for name in _COSTS
    }
    cents = {
        metrics.NET_UNITS: "100 * units", metrics.NET_REVENUE: "revenue", metrics.CM1: "cm1", metrics.CM2: "cm2",
        metrics.CM3: "cm2 - " + " - ".join(_column(name) for name in metrics.ADVERTISING),
        **{name: _column(name) for name in _COSTS},
    }
    return f"""
INSERT INTO {STAGED}
WITH draws AS (
    SELECT *, $month::DATE AS date, $position - first + age AS months_sold,
        md5_number_lower(concat_ws(':', $seed, listing, $position)) AS drawn
    FROM {LISTINGS}
    WHERE $position BETWEEN first AND last
),
chances AS (
    SELECT * EXCLUDE (age, drawn), months_sold AS age,
        (drawn & 65535) / 65536.0::DOUBLE AS u1, ((drawn >> 16) & 65535) / 65536.0::DOUBLE AS u2,
        ((drawn >> 32) & 65535) / 65536.0::DOUBLE AS u3, ((drawn >> 48) & 65535) / 65536.0::DOUBLE AS u4
    FROM draws
),
orders AS (
    SELECT *,
        greatest(1, round(
            demand * season[month(date)] * exp(growth * ($position - $final) / 12.0)
            * (1 - 0.85 * exp(-(age + 1) / 4.0))
            * CASE WHEN last < $final THEN least(1.0, (last - $position + 1) / 5.0) ELSE 1.0 END
            * exp(0.5 * (u1 + u2 + u3 - 1.5)) * $share
        ))::BIGINT AS gross_units,
        round(price * (1 + 0.02 * ($position - $final) / 12.0) * (
            CASE WHEN month(date) IN (7, 11) THEN 0.95 ELSE 1.0 END + 0.04 * (u4 - 0.5)
        ))::BIGINT AS charged
    FROM chances
),
sales AS (
    SELECT *, gross_units - floor(gross_units * returns * (0.6 + 0.8 * u1))::BIGINT AS units, charged * units AS revenue
    FROM orders
),
costs AS (
    SELECT *, {", ".join(f"{formula} AS {_column(name)}" for name, formula in sold.items())}
    FROM sales
),
margins AS (
    SELECT *, revenue - {_column(metrics.NET_COGS)} AS cm1,
        cm1 - {" - ".join(_column(name) for name in metrics.PLATFORM_FEES)} AS cm2
    FROM costs
),
groups AS (
    SELECT asin, marketplace, date,
        unnest([{", ".join(f"'{name}'" for name in shape.metrics)}]) AS metric,
        unnest([{", ".join(cents[name] for name in shape.metrics)}]) AS cents
    FROM margins
)
SELECT asin, marketplace, metric, date, {_parts(shape.facts_per_group)}
"""


def _parts(count: int) -> str:
    """The last lines of the statement: each group's figure in `count` rows of different sizes that add up
    to it, since each is the difference of two neighbouring shares, rounded down."""
    if count == 1:
        return "cents::DECIMAL(15,0) * 0.01::DECIMAL(2,2) FROM groups"
    edges = [0]
    for number in range(count):
        edges.append(edges[-1] + 3 + number * 5 % 7)
    rows = ", ".join(f"({low}, {high})" for low, high in zip(edges, edges[1:], strict=False))
    total = edges[-1]
    return (
        f"((cents * high) // {total} - (cents * low) // {total})::DECIMAL(15,0) * 0.01::DECIMAL(2,2) "
        f"FROM groups, (VALUES {rows}) AS part (low, high)"
    )


def _column(metric: str) -> str:
    return metric.lower().replace(" ", "_")
