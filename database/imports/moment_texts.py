"""Dates and moments of Amazon's reports -> the day on the marketplace's own clock, set-wise in DuckDB.

A moment with a zone is an instant, and counts in the month that it has there. A date, or a time without a zone, counts
as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from domain.amazon import CLOCKS, OFFSETS
from domain.month_names import LANGUAGES, month_number

_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(?i:([ap])\.?m\.?)?)?\s*"
_ZONE = r"([A-Za-z]{1,4}|(?i:UTC|GMT)?\s*[+-]\d{1,2}(?::?\d{2})?)?"
_LETTER = r"[^\x00-@\[-`{-\x7f]"
"""Of any alphabet, and what else is beyond ASCII: which words are months is looked up. The class of all letters takes a
tenth of a second to compile, however short the file is."""
_FORMS = {
    "iso": r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})",
    "dotted": r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})",
    "slashed": r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})",
    "dashed": r"(\d{1,2})-(\d{1,2})-(\d{4}|\d{2})",
    "month first": rf"({_LETTER}{{3,12}})\.? (\d{{1,2}}),? (\d{{4}})",
    "day first": rf"(\d{{1,2}})\.? (?:de )?({_LETTER}{{3,12}})\.? (?:de )?(\d{{4}})",
}
ORDERS = ("dmy", "mdy")
_PLAIN = {"%Y-%m-%d": r"\d{4}-\d{2}-\d{2}", "%d.%m.%Y": r"\d{2}\.\d{2}\.\d{4}"}
"""Dates written in full, of which day and month cannot be exchanged."""
_PLAIN_TIME = r"(?:[ T]\d{2}:\d{2}:\d{2}(?: UTC|\+00:00)?)?"


@dataclass(frozen=True)
class MomentStyle:
    """How a file writes dates of which day and month could be exchanged: `dmy`, `mdy`, or '' where none is."""

    order: str


def read_moments(scratch: duckdb.DuckDBPyConnection, *, table: str, order: str | None) -> MomentStyle:
    """Reads the texts of TEMP table `table` (text, marketplace) and leaves TEMP table `{table}_read` (text,
    marketplace, day DATE, moment TIMESTAMP, rule): a day and the moment in UTC, or the rule that the text breaks. A
    marketplace that is none has no clock of its own: UTC. `order` is what the person told, if at all:
    otherwise a day after the 12th settles it."""
    _put_words(scratch)
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_part AS {_parts(table)}")
    settled = order or _settle(scratch, table)
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE {table}_read AS {_days(table, settled)}")
    return MomentStyle(settled)


def plain_moment(text: str) -> str:
    """SQL: the TIMESTAMP that a text is, as it is written, if that is in full and in UTC or without a zone; else NULL.
    Most texts of most files are, each of them another: this is ten times quicker than to take them apart."""
    whens = " ".join(
        f"WHEN regexp_full_match({text}, '{form}') THEN try_strptime({text}, '{named}') "
        f"WHEN regexp_full_match({text}, '{form + _PLAIN_TIME}') "
        f"THEN try_strptime(replace(left({text}, 19), 'T', ' '), '{named} %H:%M:%S')" for named, form in _PLAIN.items()
    )
    return f"CASE {whens} END"


def plain_day(text: str, moment: str, marketplace: str) -> str:
    """SQL: the DATE of such a text and its `plain_moment` by a marketplace's clock, which is asked if the text names
    UTC."""
    clocks = ", ".join(f"'{code}': '{zone}'" for code, zone in CLOCKS.items())
    zone = f"MAP {{{clocks}}}[{marketplace}]"
    return (
        f"CASE WHEN length({text}) > 19 AND {zone} IS NOT NULL "
        f"THEN ({moment} AT TIME ZONE 'UTC' AT TIME ZONE {zone})::DATE ELSE {moment}::DATE END"
    )


def _put_words(scratch: duckdb.DuckDBPyConnection) -> None:
    months = {
        name.lower(): month_number(name) for names in LANGUAGES.values() for spellings in names
        for name in spellings.split()
    }
    for name, words, kind in (
        ("zone_hours", OFFSETS, "DOUBLE"), ("clock_zone", CLOCKS, "VARCHAR"), ("month_number", months, "INTEGER"),
    ):
        scratch.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT unnest($words::VARCHAR[]) AS word, "
            f"unnest($values::{kind}[]) AS value", {"words": list(words), "values": list(words.values())},
        )


def _parts(table: str) -> str:
    names = "['one', 'two', 'three', 'hour', 'minute', 'second', 'half', 'zone']"
    whens = " ".join(
        f"WHEN regexp_full_match(plain, '{form + _TIME + _ZONE}') "
        f"THEN struct_insert(regexp_extract(plain, '^{form + _TIME + _ZONE}$', {names}), form := '{name}')"
        for name, form in _FORMS.items()
    )
    return f"SELECT text, marketplace, CASE {whens} END AS part FROM (SELECT *, trim(text) AS plain FROM {table})"


def _settle(scratch: duckdb.DuckDBPyConnection, table: str) -> str:
    days_first, months_first = scratch.execute(
        "SELECT count(*) FILTER (try_cast(part.one AS INTEGER) > 12), "
        f"count(*) FILTER (try_cast(part.two AS INTEGER) > 12) FROM {table}_part "
        "WHERE part.form IN ('slashed', 'dashed')"
    ).fetchone()
    return "" if bool(days_first) == bool(months_first) else "dmy" if days_first else "mdy"


def _days(table: str, order: str) -> str:
    unsettled = "could be two days; give --date-order dmy or --date-order mdy"
    return f"""
WITH named AS (
    SELECT p.text, p.marketplace, part,
        CASE part.form WHEN 'iso' THEN part.one ELSE part.three END AS year,
        CASE part.form WHEN 'iso' THEN part.two WHEN 'dotted' THEN part.two
            WHEN 'month first' THEN a.value::VARCHAR WHEN 'day first' THEN b.value::VARCHAR
            ELSE CASE '{order}' WHEN 'mdy' THEN part.one ELSE part.two END END AS month,
        CASE part.form WHEN 'iso' THEN part.three WHEN 'dotted' THEN part.one
            WHEN 'month first' THEN part.two WHEN 'day first' THEN part.one
            ELSE CASE '{order}' WHEN 'mdy' THEN part.two ELSE part.one END END AS day
    FROM {table}_part p
    LEFT JOIN month_number a ON a.word = lower(part.one)
    LEFT JOIN month_number b ON b.word = lower(part.two)
), zoned AS (
    SELECT *,
        coalesce(z.value, CASE WHEN regexp_full_match(part.zone, '(?i)(UTC|GMT)?\\s*[+-]\\d{{1,2}}(:?\\d{{2}})?') THEN
            (CASE WHEN contains(part.zone, '-') THEN -1 ELSE 1 END)
            * (regexp_extract(part.zone, '[+-](\\d{{1,2}}?)(:?\\d{{2}})?$', 1)::DOUBLE
               + coalesce(try_cast(
                   right(regexp_extract(part.zone, '[+-]\\d{{1,2}}?(:?\\d{{2}})$', 1), 2) AS DOUBLE), 0) / 60)
        END) AS hours
    FROM named LEFT JOIN zone_hours z ON z.word = upper(part.zone)
), local AS (
    SELECT *,
        try_cast(printf('%04d-%02d-%02d %02d:%02d:%02d',
            CASE WHEN length(year) = 2 THEN 2000 + year::INTEGER ELSE year::INTEGER END, month::INTEGER, day::INTEGER,
            CASE WHEN part.hour = '' THEN 0
                WHEN lower(part.half) = 'p' THEN part.hour::INTEGER % 12 + 12
                WHEN lower(part.half) = 'a' THEN part.hour::INTEGER % 12
                ELSE part.hour::INTEGER END,
            coalesce(try_cast(part.minute AS INTEGER), 0), coalesce(try_cast(part.second AS INTEGER), 0)
        ) AS TIMESTAMP) AS written
    FROM zoned
)
SELECT l.text, l.marketplace,
    CASE WHEN part.zone = '' OR part.hour = '' OR c.value IS NULL THEN written::DATE
        ELSE ((written - to_milliseconds((hours * 3600000)::BIGINT)) AT TIME ZONE 'UTC' AT TIME ZONE c.value)::DATE
    END AS day,
    written - to_milliseconds((coalesce(hours, 0) * 3600000)::BIGINT) AS moment,
    CASE
        WHEN part IS NULL THEN 'is not a date'
        WHEN part.form IN ('slashed', 'dashed') AND '{order}' = '' AND part.one <> part.two THEN '{unsettled}'
        WHEN part.zone <> '' AND hours IS NULL THEN 'has a time zone that is not known'
        WHEN written IS NULL THEN 'is not a date'
    END AS rule
FROM local l LEFT JOIN clock_zone c ON c.word = l.marketplace
"""
