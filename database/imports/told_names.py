"""The names that a file tells of its products: of several for one product the most frequent counts.

Names never refuse a file: one that cannot be kept is left out and named, and a column that may hold something else than
names of products is not taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from database.imports.faults import LISTED, shown
from database.imports.head import Record
from database.imports.identifiers import LOOSE_NAMES
from database.imports.numbers import ERROR_WORD, SPREADSHEET_ERROR, means_no_value
from database.imports.staging import Skipped
from domain.marketplaces import MARKETPLACES, marketplace_code
from domain.spelling import name_key, tidy

LONGEST = 255
_HEADINGS = ("product-name", "product name", "product_name", "item-name", "item name", "item_name", "product title",
             "title")
"""What reports of Amazon's call their column, the surest first."""
_PLAIN = (
    "length(text) <= 255 AND regexp_full_match(text, '[A-Za-z0-9]([ -~]*[!-~])?') AND NOT contains(text, '  ') "
    "AND lower(text) NOT IN ('n/a', 'null') AND NOT starts_with(text, 'Err:')"
)
"""SQL: whether a name is kept as it is; all others are looked at one by one."""
_NUMBER = re.compile(r"[\W\d_]*")
_TURNING = "\u2066\u2067\u2068\u2069"
"""They turn the direction of what is written behind the name as well."""
_CODES = frozenset(place.code for place in MARKETPLACES)


@dataclass(frozen=True)
class ToldNames:
    """What became of names: `skipped` were left out, `notes` say how the column was read; `are_told`: whether TEMP
    table `staged_name` (asin, name) is there."""

    are_told: bool = False
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def name_column(record: Record) -> dict[str, int]:
    """Where a report of Amazon's names its products: {"product_name": position}, or nothing. A heading may stand there
    twice: the first one counts."""
    heading = next((heading for heading in _HEADINGS if heading in record.keys), None)
    return {} if heading is None else {"product_name": record.keys.index(heading)}


def take_names(scratch: duckdb.DuckDBPyConnection, asin: str) -> tuple[Skipped, ...]:
    """Moves the column `product_name` of `raw_line`, if it has one, into TEMP table `staged_name` (asin, name), a row
    per product. `asin` is SQL over `raw_line`. Returns what was left out."""
    columns = {row[0] for row in scratch.execute("DESCRIBE raw_line").fetchall()}
    if "product_name" not in columns:
        return ()
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE name_text AS SELECT {asin} AS asin, product_name AS text, count(*) AS n "
        "FROM raw_line WHERE asin IS NOT NULL AND product_name IS NOT NULL GROUP BY ALL"
    )
    scratch.execute("ALTER TABLE raw_line DROP COLUMN product_name")
    skipped = _judge(scratch)
    _keep_best(scratch)
    return skipped


def read_told_names(scratch: duckdb.DuckDBPyConnection, heading: str) -> ToldNames:
    """Reads the names beside the products of `word` into TEMP table `staged_name`. `heading` is that of their column,
    '' for none."""
    if not heading:
        return ToldNames()
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE name_text AS SELECT coalesce(m.name, w.asin) AS asin, "
        "trim(w.name, ' \t\u00a0') AS text, sum(w.n)::BIGINT AS n FROM word w LEFT JOIN asin_map m ON m.text = w.asin "
        "WHERE w.g = 3 AND w.kind <> 'blank' AND w.name IS NOT NULL GROUP BY ALL"
    )
    skipped = _judge(scratch)
    _keep_best(scratch)
    if name_key(heading) in LOOSE_NAMES and (why := _something_else(scratch)):
        words = f"column {heading!r} was not taken for names of products: {why}; call it Product name if it is that"
        return ToldNames(notes=(words,))
    return ToldNames(True, skipped, tuple(_several(scratch)))


def _judge(scratch: duckdb.DuckDBPyConnection) -> tuple[Skipped, ...]:
    """Leaves TEMP table `odd_name` (text, name): what becomes of texts of `name_text` that are not kept as they are."""
    texts = [text for (text,) in scratch.execute(
        f"SELECT DISTINCT text FROM name_text WHERE NOT ({_PLAIN}) ORDER BY text"
    ).fetchall()]
    rules = {text: rule for text in texts if (rule := _rule(text))}
    names = [None if text in rules or means_no_value(text) else tidy(text) or None for text in texts]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE odd_name AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($names::VARCHAR[]) AS name", {"texts": texts, "names": names},
    )
    if not rules:
        return ()
    listed = ", ".join(f"{shown(text)} {rule}" for text, rule in list(rules.items())[:LISTED])
    more = f" and {len(rules) - LISTED:,} more" if len(rules) > LISTED else ""
    return (Skipped(f"names of products, whose figures were taken: {listed}{more}", len(rules)),)


def _rule(text: str) -> str:
    """The rule that a name breaks, '' for none."""
    if re.fullmatch(ERROR_WORD, text):
        return SPREADSHEET_ERROR.partition(";")[0]
    name = tidy(text)
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if any(unicodedata.category(sign) == "Cc" or sign in _TURNING for sign in name):
        return "holds control characters"
    return ""


def _keep_best(scratch: duckdb.DuckDBPyConnection) -> None:
    """Ties go by the alphabet, so that the same file always gives the same names. An ASIN in its place is no name."""
    scratch.execute("""
CREATE OR REPLACE TEMP TABLE staged_name AS
SELECT asin, first(name ORDER BY n DESC, name) AS name, count(*) AS names
FROM (
    SELECT t.asin, CASE WHEN o.text IS NULL THEN t.text ELSE o.name END AS name, sum(t.n) AS n
    FROM name_text t LEFT JOIN odd_name o ON o.text = t.text GROUP BY ALL
)
WHERE name IS NOT NULL AND upper(replace(name, ' ', '')) <> asin
GROUP BY asin
""")


def _several(scratch: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = scratch.execute("SELECT asin, name FROM staged_name WHERE names > 1 ORDER BY asin").fetchall()
    if rows:
        listed = ", ".join(f"{asin} ({name})" for asin, name in rows[:LISTED])
        more = f" and {len(rows) - LISTED:,} more" if len(rows) > LISTED else ""
        have = "product has" if len(rows) == 1 else "products have"
        yield f"{len(rows):,} {have} more than one name in the file; the most frequent counts: {listed}{more}"


def _something_else(scratch: duckdb.DuckDBPyConnection) -> str:
    """Why a column whose heading may mean anything, such as Name, does not seem to name products; '' if it does."""
    products, torn, alone = scratch.execute(
        "SELECT count(*), count(*) FILTER (names > 1), count(*) FILTER (bearers = 1) "
        "FROM (SELECT names, count(*) OVER (PARTITION BY lower(name)) AS bearers FROM staged_name)"
    ).fetchone()
    if products and torn * 2 > products:
        return "most products have more than one"
    if products and alone * 2 < products:
        return "most of them stand beside more than one product"
    others = {name_key(text) for text in _other_texts(scratch)}
    names = [name for (name,) in scratch.execute("SELECT name FROM staged_name").fetchall()]
    strange = sum(
        name_key(name) in others or marketplace_code(name) in _CODES or bool(_NUMBER.fullmatch(name)) for name in names
    )
    if strange * 2 > products:
        return "most of them are brands, categories, statuses, marketplaces or numbers"
    return ""


def _other_texts(scratch: duckdb.DuckDBPyConnection) -> Sequence[str]:
    texts: Mapping[str, int] = {"brand": 3, "category": 3, "status": 3, "marketplace": 5}
    found = " UNION ".join(f"SELECT {column} FROM word WHERE g = {g}" for column, g in texts.items())
    return [text for (text,) in scratch.execute(found).fetchall() if text]
