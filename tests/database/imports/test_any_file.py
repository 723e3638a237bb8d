"""Random files, as Python's csv module and a plain tab writer write them: what went in is what was written, or the
file was refused. LONG_FILES=10000 tries more of them, LONG_SEED makes those of an earlier run again."""

from __future__ import annotations

import csv
import io
import os
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from database.imports.csv_file import open_csv
from database.imports.files import stage
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions
from domain.errors import Refused
from domain.spelling import name_key, tidy
from tests.counts import count
from tests.database.imports.conftest import sums_of_lines

FILES = int(os.environ.get("LONG_FILES", "150"))
PARTS = 5
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "cp932")
WORDS = {
    "cp1252": ("Größe", "Café à vital", "Mug – blue", "Straße", "Señor", "12 µm"),
    "cp932": ("マグカップ 表示", "コーヒー", "ブランド", "ｺｰﾋｰ ﾏｸﾞ", "東京 青", "A4 用紙"),
    "utf-8": ("Größe", "マグカップ", "naïve", "Žena", "Łódź", "Мир", "😀 mug"),
}
PLAIN_WORDS = (
    "Acme", "Big Mug", "a,b", "a;b", 'Ruler 12"', '"Best" Mug', '"', "x\ty", "it's", "=1+1", "-", " padded ", "#1",
    "a,,,,,b",
)
MARKETPLACES, METRICS = ("US", "DE", "JP"), ("CM1", "Net revenue", "Other thing")
MONTHS = ("2024-01", "2024-02", "2023-12")
NOTES = (*("" for _ in range(12)), "\nSource: own report\n", "Exported on March 3, 2025\n\n", "(2 rows)\n", "\x1a")
"""What stands below a table."""
ORDER_HEADINGS = (
    "amazon-order-id", "purchase-date", "order-status", "product-name", "sku", "asin", "sales-channel", "quantity",
    "currency", "item-price", "ship-city", "is-business-order",
)


@dataclass(frozen=True)
class Written:
    """A file's bytes, and the facts that were written to it: (asin, marketplace, metric, month) -> value; the
    brands of its products, and what else it calls each."""

    content: bytes
    facts: dict[tuple, Decimal]
    brands: dict[str, str]
    names: dict[str, set[str]]


def word(chance: random.Random, encoding: str) -> str:
    known = WORDS.get(encoding, WORDS["utf-8"])
    text = chance.choice((*PLAIN_WORDS, *known, *known))
    return text.replace(" ", chance.choice((" ", "\n", "\r\n", "\n\n")), 1) if chance.random() < 0.15 else text


def spelled(chance: random.Random, heading: str) -> str:
    """A heading as somebody else writes it."""
    ways = (
        heading, heading, heading.upper(), f" {heading}", f"{heading} ", heading.replace(" ", "\n"), f"{heading}\n",
        heading.replace(" ", "  "),
    )
    return chance.choice(ways)


def preamble(chance: random.Random, width: int) -> list[list[str]]:
    lines = [["Acme P&L 2024"], ["Report", "2024"], ["", ""], [], ["Title"] + [""] * (width - 1), ['12" rule'],
             ["two\nlines"], ['"quoted"', "x"]]
    return [chance.choice(lines) for _ in range(chance.choice((0, 0, 1, 2, 5)))]


def long_rows(chance: random.Random, encoding: str) -> tuple[list[list[str]], dict, dict]:
    columns = ["asin", "brand", "marketplace", "metric", "month", "value", "product name", "my note"]
    columns = columns[: chance.choice((6, 7, 8))]
    chance.shuffle(columns)
    facts, brands, names, rows = {}, {}, {}, [[spelled(chance, name) for name in columns]]
    for number in range(chance.choice((1, 2, 5, 40))):
        asin = f"B0TEST{number // 3:04}"
        brand = brands.setdefault(asin, word(chance, encoding))
        marketplace, metric, month = MARKETPLACES[number % 3], chance.choice(METRICS), chance.choice(MONTHS)
        value = Decimal(chance.randint(-99999, 99999)).scaleb(-2)
        facts[asin, marketplace, name_key(metric), month] = value
        cells = {"asin": asin, "marketplace": marketplace, "metric": metric, "month": month}
        cells |= {"brand": brand, "value": str(value)}
        rows.append([cells[name] if name in cells else word(chance, encoding) for name in columns])
        if "product name" in columns:
            names.setdefault(asin, set()).add(tidy(rows[-1][columns.index("product name")]))
    return rows, facts, brands, names


def wide_rows(chance: random.Random, encoding: str) -> tuple[list[list[str]], dict, dict]:
    identifiers = ["ASIN", "Brand", "Marketplace", "Name"][: chance.choice((3, 4))]
    columns = [(metric, month) for metric in METRICS[: chance.choice((1, 3))] for month in MONTHS]
    facts, brands, called = {}, {}, {}
    metrics = [spelled(chance, metric) if month == MONTHS[0] else "" for metric, month in columns]
    names = [spelled(chance, name) for name in identifiers]
    rows = [[""] * len(identifiers) + metrics, names + [month for _, month in columns]]
    for number in range(chance.choice((1, 2, 20))):
        asin, marketplace = f"B0TEST{number:04}", chance.choice(MARKETPLACES)
        brands[asin] = word(chance, encoding)
        cells = [asin, brands[asin], marketplace, word(chance, encoding)][: len(identifiers)]
        for metric, month in columns:
            value = Decimal(chance.randint(-9999, 9999)).scaleb(-2)
            cells.append(str(value))
            facts[asin, marketplace, name_key(metric), month] = value
        rows.append(cells)
        called[asin] = {tidy(cells[3])} if len(identifiers) > 3 else set()
    return rows, facts, brands, called


def with_blank_lines(chance: random.Random, lines: list[str], end: str) -> str:
    """Blank lines before, between and after records."""
    if chance.random() < 0.7:
        return "".join(lines)
    return "".join(line + end * chance.choice((0, 0, 0, 1, 2)) for line in lines)


def csv_file(chance: random.Random) -> Written:
    encoding, end = chance.choice(ENCODINGS), chance.choice(("\n", "\r\n"))
    rows, facts, brands, names = chance.choice((long_rows, wide_rows))(chance, encoding)
    delimiter, quoting = chance.choice(",;\t"), chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    lines = []
    for row in preamble(chance, len(rows[0])) + rows:
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end).writerow(row)
        lines.append(stream.getvalue())
    text = with_blank_lines(chance, lines, end) + chance.choice(NOTES).replace("\n", end)
    if chance.random() < 0.1:
        text = f"sep={delimiter}{end}{text}"
    if chance.random() < 0.2:
        text = text.removesuffix(end)
    if chance.random() < 0.1:
        text = text.replace("\r\n", "\n", 2)
    return Written(text.encode(encoding), facts, brands, names)


def tab_file(chance: random.Random) -> Written:
    """An order report: what is not quoted may hold any quote, and loses blank cells at the end of its lines."""
    encoding, end = chance.choice(("utf-8", "cp1252", "cp932")), chance.choice(("\n", "\r\n"))
    lines = ["\t".join(ORDER_HEADINGS)]
    facts: dict[tuple, Decimal] = {}
    names: dict[str, set[str]] = {}
    for number in range(chance.choice((1, 3, 40))):
        asin, month = f"B0TEST{number % 4:04}", chance.choice(MONTHS)
        price, units = Decimal(chance.randint(0, 99999)).scaleb(-2), chance.randint(1, 9)
        title = tidy(word(chance, encoding))
        names.setdefault(asin, set()).add(title)
        more = chance.choice((["", ""], ["Paris", "true"], ["Paris", ""]))
        line = "\t".join([
            f"1-{number}", f"{month}-05T10:00:00+00:00", "Shipped", title, f"S{number}", asin, "Amazon.com", str(units),
            "USD", str(price), *more,
        ])
        lines.append(line.rstrip("\t") if chance.random() < 0.5 else line)
        for metric, amount in (("Gross sales", price), ("Gross units", units)):
            key = (asin, "US", name_key(metric), month)
            facts[key] = facts.get(key, Decimal(0)) + amount
    return Written((end.join(lines) + end * chance.choice((0, 1, 2))).encode(encoding), facts, {}, names)


def read(path: Path) -> tuple[dict[tuple, Decimal], dict[str, str], dict[str, str]]:
    """Facts, brands and names."""
    with duckdb.connect() as scratch, open_csv(path) as file:
        staged = stage(scratch, file, ImportOptions(), file_format="auto", currency="USD")
        if isinstance(staged, LineFile):
            sums = sums_of_lines(scratch, staged).items()
            facts = {(asin, place, name_key(metric), month): value for (asin, place, metric, month), value in sums}
            return facts, {}, dict(scratch.execute("SELECT asin, name FROM staged_name").fetchall())
        facts = scratch.execute(
            "SELECT asin::VARCHAR, marketplace::VARCHAR, metric::VARCHAR, strftime(month, '%Y-%m'), value FROM staged"
        ).fetchall()
        brands = scratch.execute(f"SELECT asin::VARCHAR, brand::VARCHAR FROM {staged.products}").fetchall()
        names = scratch.execute(f"SELECT asin, name FROM {staged.names}").fetchall() if staged.names else ()
    found = {(asin, place, name_key(metric), month): value for asin, place, metric, month, value in facts}
    return found, dict(brands), dict(names)


@pytest.mark.parametrize("part", range(PARTS))
def test_what_goes_in_is_what_was_written_or_the_file_is_refused(tmp_path, part):
    seed, refused = int(os.environ.get("LONG_SEED", "17")), 0
    for number in range(part, FILES, PARTS):
        chance = random.Random(f"{seed} {number}")
        written = chance.choice((csv_file, csv_file, tab_file))(chance)
        path = tmp_path / "any.csv"
        path.write_bytes(written.content)
        try:
            facts, brands, names = read(path)
        except Refused as error:
            refused += 1
            count("random files refused")
            print(seed, number, error, error.faults[:3])
            continue
        taken = facts if written.brands else {key: facts[key] for key in facts if key[2].startswith("gross")}
        assert taken == written.facts, (seed, number)
        for asin, brand in written.brands.items():
            assert tidy(brands[asin] or "") == tidy(brand), (seed, number)
        assert all(name in written.names[asin] for asin, name in names.items()), (seed, number)
        count("random names of products", by=len(names))
        count("random files that gave what was written")
    assert refused <= FILES // PARTS // 4
