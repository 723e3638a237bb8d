"""What tests of imports share: files written on the spot, staged without a store, taken in with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.csv_file import open_csv
from database.imports.files import AUTO, import_file, stage
from database.imports.line_batch import LineFile
from database.imports.report import ImportReport
from database.imports.staging import ImportOptions, Staged
from domain.errors import Refused
from domain.settlements import Amount
from tests.facts import kept_open

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    """The same, with the file of facts open all along: no other process is to use it here."""
    with kept_open(store):
        yield store


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file: `write("a,b\\n", name="x.csv")`."""

    def write_file(content: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def take(store: Store, write) -> Callable[..., ImportReport]:
    """Takes a text in as a file: `take(HEADINGS + "A1,…", source="mine")`."""

    def take_text(content: str | bytes, name: str = "file.csv", **options) -> ImportReport:
        return import_file(store, write(content, name), ImportOptions(**options))

    return take_text


@pytest.fixture
def staged_rows(write) -> Callable[..., list[tuple]]:
    """The facts a text gives, without any store: (asin, marketplace, metric, month, value), in order."""

    def rows(content: str | bytes, *, file_format: str = AUTO, currency: str = "USD", **options) -> list[tuple]:
        with duckdb.connect() as scratch, open_csv(write(content), encoding=options.get("encoding")) as file:
            staged = stage(scratch, file, ImportOptions(**options), file_format=file_format, currency=currency)
            if isinstance(staged, LineFile):
                return [(*key, f"{value:.2f}") for key, value in sorted(sums_of_lines(scratch, staged).items())]
            return scratch.execute(
                "SELECT asin::VARCHAR, marketplace::VARCHAR, metric::VARCHAR, strftime(month, '%Y-%m'), value::VARCHAR "
                "FROM staged ORDER BY ALL"
            ).fetchall()

    return rows


def sums_of_lines(scratch: duckdb.DuckDBPyConnection, staged: LineFile) -> dict[tuple, Decimal]:
    """What staged lines add up to by the rules of their report, in prices without tax: (asin, marketplace, metric,
    month) -> sum, with the net figures."""
    sums: dict[tuple, Decimal] = {}
    for asin, marketplace, month, *words, quantity, amount in scratch.execute(
        "SELECT asin, marketplace, strftime(month, '%Y-%m'), transaction_type, amount_type, description, quantity, "
        "amount FROM staged_line"
    ).fetchall():
        for posting in staged.lines.rules(Amount(*words)).postings:
            number = quantity if posting.of_quantity else amount
            if number is not None and not posting.tax_in_price:
                key = (asin, marketplace, posting.metric, month)
                sums[key] = sums.get(key, Decimal(0)) + Decimal(number) * posting.sign
    for asin, marketplace, metric, month in list(sums):
        for net, gross, less in (("Net units", "Gross units", "Returned units"),
                                 ("Net revenue", "Gross sales", "Returns")):
            if metric in (gross, less):
                parts = (sums.get((asin, marketplace, part, month), Decimal(0)) for part in (gross, less))
                sums[asin, marketplace, net, month] = next(parts) - next(parts)
    return sums


@pytest.fixture
def staged_of(write) -> Callable[..., Staged]:
    """What a text says, before it becomes facts."""

    def staged(content: str | bytes, **options) -> Staged:
        with duckdb.connect() as scratch, open_csv(write(content)) as file:
            return stage(scratch, file, ImportOptions(**options), file_format=AUTO, currency="USD")

    return staged


@pytest.fixture
def notes_of(staged_of) -> Callable[..., tuple[str, ...]]:
    """What a person is told of how a text was understood."""
    return lambda content, **options: staged_of(content, **options).notes


@pytest.fixture
def refusal_of(staged_rows) -> Callable[..., list[str]]:
    """What a refused text is told, line by line."""

    def words(content: str | bytes, **options) -> list[str]:
        with pytest.raises(Refused) as caught:
            staged_rows(content, **options)
        return [str(caught.value), *caught.value.faults]

    return words


def stored_facts(store: Store) -> list[tuple]:
    """All facts: (asin, brand, category, marketplace, metric, month, value), in order."""
    fact, asin, brand, category = schema.financials, schema.asin, schema.brand, schema.category
    with store.facts() as connection:
        rows = connection.execute(
            sa.select(
                asin.c.asin, brand.c.brand, category.c.category, fact.c.marketplace, fact.c.metric, fact.c.month,
                fact.c.value,
            )
            .join_from(fact, asin, asin.c.id == fact.c.asin_id)
            .join(brand, brand.c.id == asin.c.brand_id, isouter=True)
            .join(category, category.c.id == asin.c.category_id, isouter=True)
            .order_by(asin.c.asin, fact.c.marketplace, fact.c.metric, fact.c.month, fact.c.value)
        ).all()
    return [(*row[:5], f"{row.month:%Y-%m}", str(row.value)) for row in rows]


def contents(store: Store) -> dict[str, list[tuple]]:
    """Every row of every table that an import may write, but for logs."""
    tables = (schema.category, schema.brand, schema.asin, schema.financials, schema.financials_import,
              schema.financials_replaced, schema.changed_month, schema.told_name)
    with store.facts() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table)).all()), key=repr) for table in tables
        }


def ledger(store: Store) -> list[tuple[str, str, int]]:
    """The ledger: (month, cause, import id), in the order of writing."""
    table = schema.changed_month
    with store.facts() as connection:
        rows = connection.execute(sa.select(table.c.month, table.c.cause, table.c.import_id).order_by(table.c.id))
        return [(f"{month:%Y-%m}", cause, number) for month, cause, number in rows]
