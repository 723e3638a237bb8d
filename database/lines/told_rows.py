"""What is behind a figure, or a settlement's amount, as a plain table: rows whose values add up to it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.lines.behind import Behind
from domain.amazon import SETTLEMENT

line, kind, book = schema.amazon_line, schema.amazon_kind, schema.financials_import

HEADINGS = (
    "metric", "what", "import", "file", "report", "line", "date", "order", "sku", "description", "amount", "value",
    "currency",
)
LINE, FACT, TAKEN_OFF, ROUNDING = "line", "imported figure", "told by product", "rounding"


@dataclass(frozen=True)
class ToldRow:
    """One line of a report, or what else is part of a figure. `amount` stands in the file, in `currency` ('' for the
    dashboard's); `value` is what it gives, in the dashboard's. `line` counts the file's lines from 1."""

    metric: str
    what: str
    import_id: int | None
    file_name: str
    report: str
    line: int | None
    happened: str
    order_id: str
    sku: str
    words: str
    amount: Decimal | None
    value: Decimal
    currency: str = ""

    @property
    def cells(self) -> tuple:
        """In the order of `HEADINGS`."""
        return (
            self.metric, self.what, self.import_id, self.file_name, self.report, self.line, self.happened,
            self.order_id, self.sku, self.words, self.amount, self.value, self.currency,
        )


def rows_behind(behind: Behind, factor: Decimal = Decimal(1)) -> Iterator[ToldRow]:
    """Everything that a figure is made of, down to the lines; their values add up to the figure times `factor`."""
    metric = behind.figure.metric
    for each in behind.lines:
        yield ToldRow(
            metric, LINE, each.import_id, each.file_name, each.report, each.line, each.happened, each.order_id or "",
            each.sku or "", each.words, each.amount, each.value * factor, each.currency,
        )
    for fact in behind.facts:
        told = _other(metric, FACT, fact.value * factor, import_id=fact.import_id, file_name=fact.file_name)
        yield replace(told, amount=fact.amount, currency=fact.currency) if fact.currency else told
    if behind.taken_off:
        yield _other(metric, TAKEN_OFF, -behind.taken_off * factor)
    for part in behind.parts:
        yield from rows_behind(part.behind, factor * part.sign * behind.factor)
    if behind.rounding:
        yield _other(metric, ROUNDING, behind.rounding * factor)


def rows_of_settlement(
    connection: sa.Connection, settlement_id: str, *, kind_id: int | None = None, month: datetime.date | None = None
) -> Iterator[ToldRow]:
    """The lines that count of a settlement, or of one description or month in it, in the order of the file."""
    query = (
        sa.select(
            kind.c.place, line.c.import_id, book.c.file_name, line.c.report, line.c.line, line.c.happened,
            line.c.order_id, line.c.sku, kind.c.transaction_type, kind.c.amount_type, kind.c.description, line.c.amount,
            line.c.currency,
        )
        .select_from(line.join(kind, kind.c.id == line.c.kind_id).join(book, book.c.id == line.c.import_id))
        .where(line.c.report == SETTLEMENT, line.c.identity == settlement_id, line.c.counts == sa.true())
        .order_by(line.c.import_id, line.c.line, line.c.part)
    )
    if kind_id is not None:
        query = query.where(line.c.kind_id == kind_id)
    if month is not None:
        query = query.where(line.c.month == month)
    for row in connection.execution_options(stream_results=True, max_row_buffer=10_000).execute(query):
        words = " / ".join(filter(None, (row.transaction_type, row.amount_type, row.description)))
        amount = Decimal(row.amount)
        yield ToldRow(
            row.place, LINE, row.import_id, row.file_name, row.report, row.line, row.happened, row.order_id or "",
            row.sku or "", words, amount, amount, row.currency or "",
        )


def _other(
    metric: str, what: str, value: Decimal, *, import_id: int | None = None, file_name: str = ""
) -> ToldRow:
    return ToldRow(metric, what, import_id, file_name, "", None, "", "", "", "", None, value)
