"""Reports that tell measures of a product side by side, a line each: advertising, storage, sales and traffic.

Their lines become one row per measure in `staged_line`; the kind of a row is the name of its measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from database.imports.amazon.raw_lines import amount_join, amount_of

PRODUCT = "upper(replace(replace(asin, ' ', ''), '\u200b', ''))"
"""SQL: the ASIN of a line of `raw_line`, as it is kept."""


def stage_measures(
    scratch: duckdb.DuckDBPyConnection, measures: Mapping[str, str], *, identity: str, day: str, happened: str
) -> None:
    """Fills `staged_line` from `raw_line`, which has `marketplace`, `sku`, `asin` and `currency`. `measures` is the
    name of a measure -> SQL of its number; `identity`, `day` and `happened` are SQL too."""
    parts = " UNION ALL ".join(
        f"SELECT line, {number} AS part, '{name}' AS measure, {value} AS amount FROM measured WHERE {value} IS NOT NULL"
        for number, (name, value) in enumerate(measures.items(), start=1)
    )
    scratch.execute(f"""
CREATE OR REPLACE TEMP TABLE staged_line AS
SELECT m.line::INTEGER AS line, p.part::SMALLINT AS part, {identity} AS identity, 0::BIGINT AS version, m.marketplace,
    date_trunc('month', {day})::DATE AS month, ({day})::DATE AS day, {happened} AS happened, NULL::VARCHAR AS order_id,
    m.sku, {PRODUCT} AS asin, '' AS transaction_type, '' AS amount_type, p.measure AS description,
    NULL::BIGINT AS quantity, p.amount::DECIMAL(21,6) AS amount, upper(m.currency) AS currency
FROM ({parts}) p JOIN measured m USING (line)
""")


def measure_lines(scratch: duckdb.DuckDBPyConnection, fields: Iterable[str], *, days_of: str | None = None) -> None:
    """Makes TEMP table `measured`: the lines of `raw_line` with the numbers of these fields beside their texts, under
    the field's name and `_number`; and `begins`, the day that the column `days_of` was read as."""
    numbers = "".join(f", {amount_of(field)} AS {field}_number" for field in fields)
    joins = " ".join(map(amount_join, fields))
    begins = ""
    if days_of is not None:
        begins = f", {days_of}_day AS begins"
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE measured AS SELECT r.*{begins}{numbers} FROM raw_line r {joins}"
    )
