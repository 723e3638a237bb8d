"""What the web shows of imports: `import_log`, told after the facts are committed, reconciled later.

The truth is `financials_import`, which is written with the facts. The log may lag behind it, if a process
died between the two; the next command that imports makes good for that.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.report import ImportReport
from database.imports.staging import DEMO
from domain.currencies import SEVERAL
from domain.errors import Refused
from domain.moments import utc_now
from domain.months import format_month

log, book = schema.import_log, schema.financials_import


def tell_done(store: Store, report: ImportReport, *, user_name: str | None = None) -> None:
    """Writes down a file that went in, for whom, and which demo imports it removed."""
    with store.application.begin() as connection:
        connection.execute(sa.insert(log).values(
            import_id=report.import_id, source=report.source, format=report.format,
            file_name=report.file_name[-255:], status="done", facts=report.facts, value=report.value,
            months=_month_list(report.months), report=json.dumps(report.as_dict(), ensure_ascii=False),
            created_at=utc_now(), user_name=user_name, mode=report.mode, rows_read=report.rows_read,
            replaced_facts=report.replaced_facts, value_currency=report.value_currency,
        ))
    if report.demo_facts:
        reconcile_import_log(store)


def tell_refused(
    store: Store, file_name: str, source: str, error: Refused, *, user_name: str | None = None
) -> None:
    """Writes down a file that was refused, with its faults."""
    with store.application.begin() as connection:
        connection.execute(sa.insert(log).values(
            import_id=None, source=source, file_name=file_name[-255:], status="refused", created_at=utc_now(),
            user_name=user_name,
            report=json.dumps({"error": str(error), "faults": list(error.faults)}, ensure_ascii=False),
        ))


def tell_undone(
    store: Store, import_id: int, undone_at: datetime.datetime, *, user_name: str | None = None
) -> None:
    """Notes that an import was undone, and for whom."""
    with store.application.begin() as connection:
        connection.execute(
            sa.update(log).where(log.c.import_id == import_id)
            .values(status="undone", undone_at=undone_at, undone_by=user_name)
        )


def tell_removed(
    store: Store, import_ids: Sequence[int], removed_at: datetime.datetime, *, user_name: str | None = None
) -> None:
    """Notes that imports are out with the names that only they made, and for whom. One that was undone before
    keeps when and by whom."""
    of_these = log.c.import_id.in_(import_ids)
    with store.application.begin() as connection:
        connection.execute(
            sa.update(log).where(of_these, log.c.undone_at.is_(None))
            .values(undone_at=removed_at, undone_by=user_name)
        )
        connection.execute(sa.update(log).where(of_these).values(status="removed"))


def holds_demo(store: Store) -> bool:
    """Whether made-up facts are among the facts, or are all there are."""
    query = sa.select(sa.func.count()).select_from(log).where(log.c.source == DEMO, log.c.status == "done")
    with store.application_reading.connect() as connection:
        return bool(connection.execute(query).scalar())


def reconcile_import_log(store: Store) -> int:
    """Adds what the log lacks and corrects what it has wrong, by `financials_import`; returns how many rows
    it wrote. The caller holds `store.lock()`."""
    with store.facts() as connection:
        booked = connection.execute(sa.select(book).order_by(book.c.id)).all()
        with store.application_reading.connect() as reading:
            told = {row.import_id: row.status for row in reading.execute(
                sa.select(log.c.import_id, log.c.status).where(log.c.import_id.is_not(None))
            )}
        missing = [row for row in booked if row.id not in told]
        months = _months_of(connection, [row.id for row in missing])
        connection.rollback()
    stale = [row for row in booked if row.id in told and told[row.id] != row.status]
    if not missing and not stale:
        return 0
    with store.application.begin() as connection:
        for row in stale:
            connection.execute(
                sa.update(log).where(log.c.import_id == row.id).values(status=row.status, undone_at=row.undone_at)
            )
        for row in missing:
            connection.execute(sa.insert(log).values(
                import_id=row.id, source=row.source, format=row.format, file_name=row.file_name, status=row.status,
                facts=row.facts, value=None if row.value_currency == SEVERAL else row.value,
                value_currency=row.value_currency, months=_month_list(months.get(row.id, ())),
                report=json.dumps({"note": "the process ended before it could write its report"}),
                created_at=row.created_at, undone_at=row.undone_at, mode=row.mode, replaced_facts=row.replaced_facts,
            ))
    return len(missing) + len(stale)


def _months_of(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[datetime.date]]:
    ledger = schema.changed_month
    months: dict[int, list[datetime.date]] = {}
    for number, month in connection.execute(
        sa.select(ledger.c.import_id, ledger.c.month)
        .where(ledger.c.import_id.in_(numbers), ledger.c.cause == "import").order_by(ledger.c.month)
    ):
        months.setdefault(number, []).append(month)
    return months


def _month_list(months: Sequence[datetime.date]) -> str:
    return ",".join(format_month(month) for month in months)
