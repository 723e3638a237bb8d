"""What is archived, and what may not be done to it."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.errors import Refused
from domain.months import format_month, runs_of_months

table, ledger = schema.archived_month, schema.changed_month


@dataclass(frozen=True)
class ArchivedMonth:
    """One archived month, and the file that holds its facts."""

    month: datetime.date
    file: Path
    sha256: str
    bytes: int
    facts: int
    value: Decimal
    replaced_facts: int
    last_fact_id: int
    archived_at: datetime.datetime


def archive_folder(store: Store) -> Path:
    """Where archived months go, unless another folder is named. A backup holds the files that are here."""
    return store.settings.database.path.absolute() / "archive"


def read_archived(connection: sa.Connection) -> list[ArchivedMonth]:
    """All archived months, in order."""
    known = [table.c[field.name] for field in dataclasses.fields(ArchivedMonth)]
    rows = connection.execute(sa.select(*known).order_by(table.c.month))
    return [ArchivedMonth(**(dict(row._mapping) | {"file": Path(row.file)})) for row in rows]


def archived_months(store: Store) -> list[ArchivedMonth]:
    """All archived months, in order. Raises LockBusy where the facts are open elsewhere."""
    with store.facts() as connection:
        return read_archived(connection)


def refuse_archived(connection: sa.Connection, months: Iterable[datetime.date], what: str) -> None:
    """Raises Refused if any of `months` is archived; `what` begins the line, such as `orders.csv: has facts`."""
    wanted = {month.replace(day=1) for month in months}
    found = [each for each in connection.execute(sa.select(table.c.month)).scalars() if each in wanted]
    if found:
        listed = " ".join(format_month(month) for month in sorted(found))
        raise Refused(f"{what} of {runs_of_months(found)}, which is archived; first run: flask unarchive {listed}")


def months_of_import(connection: sa.Connection, import_id: int) -> list[datetime.date]:
    """The months that an import gave facts of, or took some from."""
    query = sa.select(ledger.c.month).where(ledger.c.import_id == import_id, ledger.c.cause == "import").distinct()
    return list(connection.execute(query).scalars())
