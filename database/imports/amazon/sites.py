"""The marketplace of each line of a report of payments, and the one by whose clock its months are cut."""

from __future__ import annotations

import duckdb

from database.imports.csv_file import CsvFile
from database.imports.faults import Fault
from database.imports.staging import ImportOptions
from domain.amazon import OF_CURRENCY
from domain.marketplaces import OTHER, site_code


def place_in_marketplaces(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, *, group: str, currency: str
) -> None:
    """Adds `marketplace` and `home` to `raw_line`, by its column `site`. A line without a site is of that of the others
    of its `group`; else of what `currency` settles (both SQL over `raw_line`); else `--marketplace` is asked for. A
    site that is not Amazon's own is OTHER, and keeps the clock of its home."""
    named = scratch.execute("SELECT DISTINCT site FROM raw_line WHERE site IS NOT NULL").fetchall()
    sites = [site for (site,) in named]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE site_code AS SELECT unnest($sites::VARCHAR[]) AS site, "
        "unnest($codes::VARCHAR[]) AS code", {"sites": sites, "codes": [site_code(site) or OTHER for site in sites]},
    )
    found = scratch.execute(
        f"SELECT {group} AS whose, any_value({currency}) AS currency, list(DISTINCT code) FILTER (code <> '{OTHER}') "
        "FROM raw_line LEFT JOIN site_code USING (site) GROUP BY whose ORDER BY whose"
    ).fetchall()
    homes = {whose: _home(file, options, whose, money, codes or []) for whose, money, codes in found}
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE home AS SELECT unnest($whose::VARCHAR[]) AS whose, "
        "unnest($codes::VARCHAR[]) AS home", {"whose": list(homes), "codes": list(homes.values())},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE placed AS SELECT whose, site, coalesce(code, home) AS marketplace, "
        f"CASE WHEN code IS NULL OR code = '{OTHER}' THEN home ELSE code END AS home "
        "FROM home CROSS JOIN (FROM site_code UNION ALL SELECT NULL, NULL)"
    )
    of_line = f"p.whose = {group} AND p.site IS NOT DISTINCT FROM raw_line.site"
    usual = scratch.execute(
        f"SELECT p.marketplace, p.home FROM raw_line JOIN placed p ON {of_line} "
        "GROUP BY ALL ORDER BY count(*) DESC LIMIT 1"
    ).fetchone() or ("", "")
    # What most lines have is a default, which costs nothing; only the others are written.
    for field, value in zip(("marketplace", "home"), usual, strict=True):
        quoted = value.replace("'", "''")
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR DEFAULT '{quoted}'")
    scratch.execute(
        f"UPDATE raw_line SET marketplace = p.marketplace, home = p.home FROM placed p WHERE {of_line} "
        "AND (p.marketplace <> raw_line.marketplace OR p.home <> raw_line.home)"
    )


def _home(file: CsvFile, options: ImportOptions, whose: str, currency: str | None, codes: list[str]) -> str:
    """The marketplace of lines that name none."""
    if len(codes) == 1:
        return codes[0]
    settled = options.marketplace or OF_CURRENCY.get((currency or "").upper())
    if settled is None:
        named = f"its lines name {', '.join(sorted(codes))}" if codes else "no line names one"
        where = f"settlement {whose}: " if whose else ""
        raise file.refusal([Fault(
            f"{where}of which marketplace are lines that name none? {named}, and {currency or 'no currency'} is not "
            "that of one alone; give --marketplace CODE"
        )])
    return settled
