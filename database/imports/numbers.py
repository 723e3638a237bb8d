"""Number texts -> DECIMAL(15,2), set-wise in DuckDB.

Most cells of most files are plain (`-1234.50`) and are cast as they are. The rest, each distinct text once,
is taken apart here: currency, sign, thousands. Which of point and comma is the decimal mark is settled once
for the file, from the cells that can be read in one way only.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

PLAIN = r"-?[0-9]{1,13}(\.[0-9]{1,2})?"
"""Texts that may be cast as they are. 1.234 is not among them: it may be twelve hundred and more."""

_SPACE = r"\t \x{00A0}\x{202F}\x{2009}"
_CURRENCY = r"[$€£₹]|[A-Z]{3}"
_WHOLE = (
    rf"^[{_SPACE}]*(\()?[{_SPACE}]*([-−])?[{_SPACE}]*({_CURRENCY})?[{_SPACE}]*([-−])?[{_SPACE}]*"
    rf"([0-9](?:[0-9.,'’{_SPACE}]*[0-9])?)[{_SPACE}]*({_CURRENCY})?[{_SPACE}]*(\))?[{_SPACE}]*$"
)
LARGEST = "9,999,999,999,999.99"


@dataclass(frozen=True)
class NumberStyle:
    """How a file writes numbers: its decimal mark, and what the odd cells named."""

    decimal: str
    symbols: tuple[str, ...]
    codes: tuple[str, ...]
    rounded: Decimal | None


def plain_or_null(column: str) -> str:
    """SQL: the text if it is neither plain nor blank, else NULL. What is left is to be taken apart."""
    return f"CASE WHEN regexp_full_match({column}, '{PLAIN}') OR {is_blank(column)} THEN NULL ELSE {column} END"


def is_blank(column: str) -> str:
    """SQL: whether a cell means no value."""
    return f"({column} IS NULL OR trim({column}, ' \t\u00a0\u202f') IN ('', '-', '–'))"


def rule_of_mark(mark: str) -> str:
    """The rule that a cell with the other decimal mark breaks."""
    other = "point" if mark == "," else "comma"
    return f"has a decimal {other}, and the decimal mark of this file is {mark}"


def read_odd_numbers(
    scratch: duckdb.DuckDBPyConnection, *, table: str, points: int, decimal: str | None, rounding: bool
) -> NumberStyle:
    """Takes apart the texts of TEMP table `table` (text, n) and leaves TEMP table `{table}_read` (text, n,
    value, rule): a value, or the rule that the text breaks. `points`: how many plain cells have a decimal
    point. With `decimal` None the mark is settled here."""
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_part AS {_parts(table)}")
    mark = _settle(scratch, table, points=points, decimal=decimal)
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_read AS {_values(table, mark, rounding=rounding)}")
    seen = [row[0] for row in scratch.execute(
        f"SELECT DISTINCT currency FROM {table}_part WHERE currency <> '' AND kind <> 'bad' ORDER BY currency"
    ).fetchall()]
    moved = scratch.execute(
        f"SELECT sum(n * (value - exact))::DECIMAL(38,12) FROM {table}_read WHERE rule IS NULL"
    ).fetchone()[0]
    return NumberStyle(
        decimal=mark, symbols=tuple(word for word in seen if len(word) == 1),
        codes=tuple(word for word in seen if len(word) == 3),
        rounded=(moved or Decimal(0)).normalize() + 0 if rounding else None,
    )


def _parts(table: str) -> str:
    """Each text's number without sign and currency, and the style it shows: dot, comma, either, none, bad."""
    def matches(pattern: str) -> str:
        return f"regexp_full_match(digits, '{pattern}')"

    grouped = "[0-9]{1,3}( [0-9]{3})+"
    return f"""
WITH taken_apart AS (
    SELECT text, n, regexp_extract(text, '{_WHOLE.replace("'", "''")}',
        ['opened', 'sign1', 'currency1', 'sign2', 'digits', 'currency2', 'closed']) AS part
    FROM {table}
), cleaned AS (
    SELECT text, n, part,
        regexp_replace(part.digits, '[''’{_SPACE}]', ' ', 'g') AS digits,
        part.currency1 || part.currency2 AS currency,
        part.sign1 || part.sign2 || part.opened AS signs
    FROM taken_apart
)
SELECT text, n, digits, currency, signs <> '' AS negative,
    CASE
        WHEN digits = '' OR length(signs) > 1 OR (part.opened = '') <> (part.closed = '')
            OR (part.currency1 <> '' AND part.currency2 <> '') THEN 'bad'
        WHEN {matches('[0-9]+')} OR {matches(grouped)} THEN 'none'
        WHEN {matches('[1-9][0-9]{0,2}[.,][0-9]{3}')} THEN 'either'
        WHEN {matches('[0-9]+[.][0-9]+')} OR {matches(grouped + '[.][0-9]+')}
            OR {matches('[1-9][0-9]{0,2}(,[0-9]{3})+[.][0-9]+')}
            OR {matches('[1-9][0-9]{0,2}(,[0-9]{3}){2,}')} THEN 'dot'
        WHEN {matches('[0-9]+,[0-9]+')} OR {matches(grouped + ',[0-9]+')}
            OR {matches('[1-9][0-9]{0,2}([.][0-9]{3})+,[0-9]+')}
            OR {matches('[1-9][0-9]{0,2}([.][0-9]{3}){2,}')} THEN 'comma'
        ELSE 'bad'
    END AS kind
FROM cleaned
"""


def _settle(scratch: duckdb.DuckDBPyConnection, table: str, *, points: int, decimal: str | None) -> str:
    """The decimal mark: as told, or the one that most cells show; '' if nothing shows it. Cells that show the
    other one are faults, so a tie is no danger."""
    if decimal is not None:
        return decimal
    counts = dict(scratch.execute(f"SELECT kind, sum(n)::BIGINT FROM {table}_part GROUP BY kind").fetchall())
    commas, points = counts.get("comma", 0), points + counts.get("dot", 0)
    if not points and not commas:
        return "" if "either" in counts else "."
    return "," if commas > points else "."


def _values(table: str, mark: str, *, rounding: bool) -> str:
    """Half to even is done on the digits themselves, so any number of decimals is exact."""
    other = "." if mark == "," else ","
    wrong = "dot" if mark == "," else "comma"
    words = rule_of_mark(mark)
    return f"""
WITH plain AS (
    SELECT *, replace(replace(replace(digits, ' ', ''), '{other}', ''), '{mark or '.'}', '.') AS number
    FROM {table}_part
), split AS (
    SELECT *, ltrim(split_part(number, '.', 1), '0') AS whole, split_part(number, '.', 2) AS decimals FROM plain
), judged AS (
    SELECT *,
        left(decimals || '00', 2) AS kept,
        rtrim(substr(decimals, 3), '0') AS rest,
        CASE
            WHEN kind = 'bad' THEN 'is not a number'
            WHEN kind = 'either' AND '{mark}' = ''
                THEN 'could be thousands or thousandths, and no other cell settles it; give --decimal . or --decimal ,'
            WHEN kind = '{wrong}' THEN '{words}'
            WHEN length(whole) > 13 THEN 'is beyond {LARGEST}'
            WHEN length(decimals) > 2 AND NOT {rounding} THEN 'has more than two decimals; --round rounds half to even'
        END AS rule
    FROM split
), rounded AS (
    SELECT *,
        CASE WHEN rule IS NULL THEN (whole || '.' || kept)::DECIMAL(16,2)
            + CASE WHEN rest > '5' OR (rest = '5' AND kept[2] IN ('1', '3', '5', '7', '9')) THEN 0.01 ELSE 0.00 END
        END AS size,
        CASE WHEN rule IS NULL THEN (whole || '.' || left(decimals || '00', 12))::DECIMAL(26,12) END AS exact_size
    FROM judged
)
SELECT text, n,
    coalesce(rule, CASE WHEN size > 9999999999999.99 THEN 'is beyond {LARGEST}' END) AS rule,
    CASE WHEN size <= 9999999999999.99 THEN (CASE WHEN negative THEN -size ELSE size END)::DECIMAL(15,2) END AS value,
    CASE WHEN negative THEN -exact_size ELSE exact_size END AS exact
FROM rounded
"""
