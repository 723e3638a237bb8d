"""Number texts -> DECIMAL(15,2), set-wise in DuckDB.

Most cells of most files are plain (`-1234.50`) and are cast as they are. The rest, each distinct text once,
is taken apart here: currency, sign, thousands, exponent. Which of point and comma is the decimal mark is settled once
for the file, from the cells that can be read in one way only; where none can, it is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from database.imports.workbook.cell_texts import NOT_CALCULATED
from domain.currencies import CODES, SIGNS

PLAIN = r"-?[0-9]{1,13}(\.[0-9]{1,2})?"
"""Texts that may be cast as they are. 1.234 is not among them: it may be twelve hundred and more."""

_GROUPING = "\t \u00a0\u202f\u2007\u2009"
"""The spaces that group digits."""
_SPACE = "[\t \u00a0\u202f\u2007\u2009\u200b\u200e\u200f\ufeff]*"
_MINUS = "[-\u2212\u2010\u2011]"
_SIGN = "[-+\u2212\u2010\u2011]"
_COMMON = "[$\u20ac\u00a3\u20b9]"
_USUAL = f" *-?{_COMMON}? *[0-9.,]*[0-9] *{_COMMON}? *| *{_COMMON}? *\\({_COMMON}?[0-9.,]*[0-9]\\) *"
"""Most odd cells look so; they are taken apart by their characters, twenty times quicker than by _WHOLE."""
_SIGNS = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
_CURRENCY = f"{_SIGNS}|[A-Za-z]{{3}}"
_DIGITS = f"[.,]?[0-9](?:[0-9.,'\u2019{_GROUPING}]*[0-9])?[.,]?"
_WHOLE = (
    f"^{_SPACE}({_SIGN})?{_SPACE}({_CURRENCY})?{_SPACE}(\\()?{_SPACE}({_SIGN})?{_SPACE}({_CURRENCY})?{_SPACE}({_SIGN})?"
    f"{_SPACE}({_DIGITS})([eE][-+]?[0-9]{{1,2}})?{_SPACE}({_CURRENCY})?{_SPACE}(\\))?{_SPACE}({_CURRENCY})?{_SPACE}"
    f"({_MINUS})?{_SPACE}$"
)
_PARTS = "sign1, currency1, opened, sign2, currency2, sign3, digits, exponent, currency3, closed, currency4, sign4"
_NAMED = "|".join((_SIGNS, *sorted(CODES)))
_USUAL_PARTS = {
    "sign1": "CASE WHEN contains(text, '-') THEN '-' ELSE '' END",
    "currency1": "translate(text, ' -0123456789.,()', '')",
    "opened": "CASE WHEN contains(text, '(') THEN '(' ELSE '' END",
    "digits": "translate(text, ' -()$\u20ac\u00a3\u20b9', '')",
    "closed": "CASE WHEN contains(text, ')') THEN ')' ELSE '' END",
}
_NO_VALUE = (
    f"{_SPACE}(?:(?:(?:{_NAMED}){_SPACE})?(?:--|[-\u2212\u2013\u2014])(?:{_SPACE}(?:{_NAMED}))?|#?[nN]/[aA]"
    f"|[nN][uU][lL][lL])?{_SPACE}"
)
"""Blank, `-`, `$ -`, `--`, dashes, `n/a`, `#N/A`, `null`: the same pattern for DuckDB and for Python."""
NOT_A_NUMBER = "is not a number"
PERCENTAGE = "is a percentage, which nobody can sum; leave it out"
SPREADSHEET_ERROR = "is an error of the spreadsheet; mend its formula, or clear the cell"
ERROR_WORD = r"#[A-Z]+[A-Z/0-]*[!?]|Err:[0-9]+"
"""What a spreadsheet shows in place of a value; #N/A, which means that there is none, is another thing."""
WITHOUT_VALUE = "is a formula without a value; open the workbook in Excel, save it once, and import it again"
LARGEST = "9,999,999,999,999.99"


@dataclass(frozen=True)
class NumberStyle:
    """How a file writes numbers: its decimal mark (`''` if nothing settles it), what the odd cells named, by how much
    rounding moved the total, and how many cells are written like 1.2E+05."""

    decimal: str
    symbols: tuple[str, ...]
    codes: tuple[str, ...]
    rounded: Decimal | None
    powers_of_ten: int = 0


def plain_or_null(column: str) -> str:
    """SQL: the text if it is neither plain nor blank, else NULL. What is left is to be taken apart."""
    return f"CASE WHEN regexp_full_match({column}, '{PLAIN}') OR {is_blank(column)} THEN NULL ELSE {column} END"


def is_blank(column: str) -> str:
    """SQL: whether a cell means no value."""
    return f"({column} IS NULL OR {column} IN ('', '-') OR regexp_full_match({column}, '{_quoted(_NO_VALUE)}'))"


def means_no_value(text: str) -> bool:
    """What `is_blank` says in SQL, for one text."""
    return bool(re.fullmatch(_NO_VALUE, text))


def rule_of_mark(mark: str) -> str:
    """The rule that a cell with the other decimal mark breaks."""
    other = "point" if mark == "," else "comma"
    return f"has a decimal {other}, and the decimal mark of this file is {mark}"


def read_odd_numbers(
    scratch: duckdb.DuckDBPyConnection, *, table: str, points: int, decimal: str | None, rounding: bool
) -> NumberStyle:
    """Takes apart the texts of TEMP table `table` (text, n) and leaves TEMP table `{table}_read` (text, n, value, rule,
    code): a value, or the rule that the text breaks, and the code of the currency that it names. `points`: how many
    plain cells have a decimal point. With `decimal` None the mark is settled here."""
    if not scratch.execute(f"SELECT EXISTS (FROM {table})").fetchone()[0]:
        # Every cell is plain, as in most files: the statements below take a tenth of a second to plan.
        scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_read "
                        "(text VARCHAR, n BIGINT, rule VARCHAR, value DECIMAL(15,2), exact DECIMAL(26,12), "
                        "code VARCHAR)")
        return NumberStyle(decimal or ".", (), (), Decimal(0) if rounding else None)
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_part AS {_parts(table)}")
    mark = _settle(scratch, table, points=points, decimal=decimal)
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_read AS {_values(table, mark, rounding=rounding)}")
    seen = [row[0] for row in scratch.execute(
        f"SELECT DISTINCT currency FROM {table}_part WHERE currency <> '' AND kind <> 'bad' ORDER BY currency"
    ).fetchall()]
    moved, powers = scratch.execute(
        f"SELECT sum(n * (value - exact))::DECIMAL(38,12), (SELECT sum(n) FROM {table}_part WHERE power <> 0)::BIGINT "
        f"FROM {table}_read WHERE rule IS NULL"
    ).fetchone()
    return NumberStyle(
        decimal=mark, symbols=tuple(word for word in seen if word not in CODES),
        codes=tuple(word for word in seen if word in CODES),
        rounded=(moved or Decimal(0)).normalize() + 0 if rounding else None, powers_of_ten=powers or 0,
    )


def _parts(table: str) -> str:
    """Each text's digits without sign and currency, the power of ten behind them, and the style they show: dot, comma,
    either, none, bad."""
    def matches(pattern: str) -> str:
        return f"regexp_full_match(digits, '{pattern}')"

    names = ", ".join(f"'{name}'" for name in _PARTS.split(", "))
    usual = ", ".join(f"'{name}': " + _USUAL_PARTS.get(name, "''") for name in _PARTS.split(", "))
    codes, signs = (", ".join(f"'{word}'" for word in sorted(words)) for words in (CODES, SIGNS))
    spaced, points = "[0-9]{1,3}( [0-9]{3})+", "[1-9][0-9]{0,2}([.][0-9]{3})"
    commas, lakhs = "[1-9][0-9]{0,2}(,[0-9]{3})", "[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}"
    before_point, before_comma = f"([0-9]+|{spaced}|{commas}+|{lakhs})", f"([0-9]+|{spaced}|{points}+)"
    return f"""
WITH taken_apart AS (
    SELECT text, n,
        CASE WHEN regexp_full_match(text, '{_USUAL}') THEN {{{usual}}}
        ELSE regexp_extract(text, '{_quoted(_WHOLE)}', [{names}])
        END AS part
    FROM {table}
), cleaned AS (
    SELECT text, n, part,
        regexp_replace(part.digits, '[''\u2019{_GROUPING}]', ' ', 'g') AS digits,
        part.currency1 || part.currency2 || part.currency3 || part.currency4 AS written,
        CASE WHEN upper(written) IN ({codes}) THEN upper(written) ELSE written END AS currency,
        part.sign1 || part.sign2 || part.sign3 || part.sign4 || part.opened AS signs,
        TRY_CAST(substr(part.exponent, 2) AS INTEGER) AS power
    FROM taken_apart
)
SELECT text, n, digits, currency, signs NOT IN ('', '+') AS negative, coalesce(power, 0) AS power,
    CASE
        WHEN digits = '' OR length(signs) > 1 OR (part.opened = '') <> (part.closed = '')
            OR NOT (currency = '' OR currency IN ({codes}, {signs}))
            -- 5,- and 5.- are five, 5- is minus five.
            OR (part.sign4 <> '' AND digits[-1] IN (',', '.')) THEN 'bad'
        WHEN power IS NOT NULL THEN CASE
            WHEN {matches('[0-9]+')} THEN 'none'
            WHEN {matches('([0-9]+[.][0-9]*|[.][0-9]+)')} THEN 'dot'
            WHEN {matches('([0-9]+,[0-9]*|,[0-9]+)')} THEN 'comma'
            ELSE 'bad'
        END
        WHEN {matches('[0-9]+')} OR {matches(spaced)} THEN 'none'
        WHEN {matches('[1-9][0-9]{0,2}[.,][0-9]{3}')} THEN 'either'
        WHEN {matches(f'{before_point}?[.][0-9]+')} OR {matches(f'{before_point}[.]')}
            OR {matches(f'{commas}{{2,}}')} OR {matches(lakhs)} THEN 'dot'
        WHEN {matches(f'{before_comma}?,[0-9]+')} OR {matches(f'{before_comma},')}
            OR {matches(f'{points}{{2,}}')} THEN 'comma'
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
    codes = ", ".join(f"'{code}'" for code in sorted(CODES))
    return f"""
WITH plain AS (
    SELECT *, replace(replace(replace(digits, ' ', ''), '{other}', ''), '{mark or '.'}', '.') AS number
    FROM {table}_part
), marked AS (
    SELECT *, replace(number, '.', '') AS row_of_digits, length(split_part(number, '.', 1)) + power AS point FROM plain
), moved AS (
    SELECT *,
        repeat('0', greatest(0, -point)) || row_of_digits || repeat('0', greatest(0, point - length(row_of_digits)))
            AS long_row,
        greatest(point, 0) AS place
    FROM marked
), split AS (
    SELECT *, ltrim(left(long_row, place), '0') AS whole, substr(long_row, place + 1) AS decimals FROM moved
), judged AS (
    SELECT *,
        left(decimals || '00', 2) AS kept,
        rtrim(substr(decimals, 3), '0') AS rest,
        CASE
            WHEN kind = 'bad' AND regexp_matches(text, '[%\uff05][)\\s]*$') THEN '{PERCENTAGE}'
            WHEN kind = 'bad' AND text = '{NOT_CALCULATED}' THEN '{WITHOUT_VALUE}'
            WHEN kind = 'bad' AND regexp_matches(text, '^\\s*#[A-Z]+[A-Z/0]*[!?]?\\s*$') THEN '{SPREADSHEET_ERROR}'
            WHEN kind = 'bad' THEN '{NOT_A_NUMBER}'
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
    CASE WHEN negative THEN -exact_size ELSE exact_size END AS exact,
    CASE WHEN currency IN ({codes}) THEN currency END AS code
FROM rounded
"""


def _quoted(pattern: str) -> str:
    return pattern.replace("'", "''")
