"""Rows that are no facts of a product: totals, ratios, notes. They are left out, named, and totals are compared.

A row of totals has no valid ASIN or product id, and a word like Total in a cell that should name something. It is held
against the products' rows above it: all of them, those since the row of totals before, or those of its marketplace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from database.imports.names import ratio_texts
from database.imports.staging import Skipped
from domain.totals import is_total, is_total_of_products

LISTED = 20
VALID = r"B[0-9A-Z]{9}|[0-9]{9}[0-9X]|ASIN-[^\s]*[0-9][^\s]*"
"""An ASIN, or the key that a Product ID gets."""
_NO_PRODUCT = f"NOT regexp_full_match(upper(trim(coalesce(asin, ''), ' \t\u00a0')), '{VALID}')"
_NAMING = ("asin", "brand", "category", "status", "marketplace", "name", "sku")


@dataclass(frozen=True)
class RowsAside:
    """Which rows are left out: `condition` is SQL over a row's texts, `''` for none; `texts` are the cells by which
    they are known again, `skipped` tells of them."""

    condition: str = ""
    texts: frozenset[str] = frozenset()
    skipped: tuple[Skipped, ...] = ()


def find_rows_aside(scratch: duckdb.DuckDBPyConnection, query: str, numbered: str) -> RowsAside:
    """Looks through `word` for rows to leave out. `query` is the source's, `numbered` the same with a column `record`
    that counts the file's records. Numbers are in `odd_read`."""
    totals, products = _total_texts(scratch, query)
    ratios = ratio_texts(scratch)
    conditions, skipped = [], []
    for table, texts in (("total_text", totals), ("total_product", products), ("ratio_text", ratios)):
        scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT unnest($texts::VARCHAR[]) AS text",
            {"texts": texts})
    if totals or products:
        named = " OR ".join((
            *(f"coalesce({column} IN (SELECT text FROM total_text), false)" for column in _NAMING),
            "coalesce(asin IN (SELECT text FROM total_product), false)",
        ))
        conditions.append(f"({_NO_PRODUCT} AND ({named}))")
        skipped.append(_compared(scratch, numbered, conditions[0]))
    if ratios:
        conditions.append("coalesce(metric IN (SELECT text FROM ratio_text), false)")
        count = scratch.execute(
            "SELECT sum(n)::BIGINT FROM word WHERE g = 5 AND metric IN (SELECT text FROM ratio_text)"
        ).fetchone()[0]
        skipped.append(Skipped(f"rows of ratios, which nobody can sum: {_listed(ratios)}", count))
    notes = _notes(scratch, [*totals, *products])
    if notes:
        skipped.append(Skipped(f"rows without a product and without a value: {_listed(notes)}", len(notes)))
    return RowsAside(" OR ".join(conditions), frozenset((*totals, *products, *ratios)), tuple(skipped))


def _total_texts(scratch: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], list[str]]:
    """The cells that say so, of rows without a product: those of any column, and those that do in the product's only.
    Most files have no such rows, and are not read again."""
    of_products = [text for (text,) in scratch.execute(
        f"SELECT DISTINCT asin FROM word WHERE g = 3 AND {_NO_PRODUCT}"
    ).fetchall()]
    if not of_products:
        return [], []
    rows = scratch.execute(
        f"SELECT DISTINCT unnest([{', '.join(_NAMING)}]) AS text FROM ({query}) WHERE {_NO_PRODUCT}"
    ).fetchall()
    totals = sorted(text for (text,) in rows if text and is_total(text))
    products = (text for text in of_products if text and is_total_of_products(text))
    return totals, sorted(text for text in products if text not in totals)


def _compared(scratch: duckdb.DuckDBPyConnection, numbered: str, condition: str) -> Skipped:
    """How many rows of totals there are, what they are called, and whether each agrees with the rows above it."""
    label = " ".join((
        *(f"WHEN {column} IN (SELECT text FROM total_text) THEN {column}" for column in _NAMING),
        "WHEN asin IN (SELECT text FROM total_product) THEN asin",
    ))
    scratch.execute(_RUNNING.format(numbered=numbered, condition=condition, label=label))
    rows = scratch.execute(_AGREEMENT).fetchall()
    words = f"rows of totals: {_listed(list(dict.fromkeys(label for label, _, _ in rows)))}"
    apart = [(label, worst) for label, agrees, worst in rows if not agrees and worst]
    if apart:
        shown = ", ".join(
            f"{label}: {worst['metric']} {worst['month']} is {worst['value']:,.2f}, the rows above it give "
            f"{worst['above']:,.2f}" for label, worst in apart[:LISTED]
        )
        return Skipped(f"{words}; {len(apart)} do not agree with the rows above: {shown}", len(rows))
    return Skipped(f"{words}; they agree with the rows above", len(rows))


_RUNNING = """
CREATE OR REPLACE TEMP TABLE running AS
WITH cell AS (
    SELECT record, coalesce({condition}, false) AS is_total, CASE {label} END AS label, marketplace, metric, month,
        coalesce(o.value, TRY_CAST(q.value AS DECIMAL(15,2)))::DECIMAL(25,2) AS value
    FROM ({numbered}) q LEFT JOIN odd_read o ON o.text = q.value
), part AS (
    SELECT *, CASE WHEN is_total THEN 0 ELSE coalesce(value, 0) END AS amount,
        count(*) FILTER (is_total) OVER (
            PARTITION BY metric, month ORDER BY record ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS part
    FROM cell
)
SELECT record, is_total, label, metric, month, value,
    sum(amount) OVER (PARTITION BY metric, month ORDER BY record) AS above,
    sum(amount) OVER (PARTITION BY metric, month, part ORDER BY record) AS since,
    sum(amount) OVER (PARTITION BY metric, month, marketplace ORDER BY record) AS there
FROM part
"""

_AGREEMENT = """
SELECT first(label) AS label,
    coalesce(bool_and(value = above) OR bool_and(value = since) OR bool_and(value = there), true) AS agrees,
    first({'metric': metric, 'month': month, 'value': value, 'above': above} ORDER BY abs(value - above) DESC)
        FILTER (value <> above) AS worst
FROM running
WHERE is_total
GROUP BY record
ORDER BY record
"""


def _notes(scratch: duckdb.DuckDBPyConnection, totals: Sequence[str]) -> list[str]:
    """What stands in rows without a value that name no product."""
    text = "coalesce(asin, brand, category, status, '')"
    rows = scratch.execute(
        f"SELECT DISTINCT {text} AS text FROM word WHERE g = 3 AND {_NO_PRODUCT} "
        f"AND (asin IS NULL OR contains(trim(asin), ' ')) AND {text} <> '' "
        f"AND {text} NOT IN (SELECT {text} FROM word WHERE g = 3 AND kind <> 'blank') ORDER BY text"
    ).fetchall()
    return [text for (text,) in rows if text not in totals]


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(repr(text[:60]) for text in texts[:LISTED])
    return shown if len(texts) <= LISTED else f"{shown} and {len(texts) - LISTED:,} more"
