"""What the page of imports shows of a join: told after it is committed, as for a file that went in."""

from __future__ import annotations

import json

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.staging import JOIN
from database.names.joining import FORMAT
from database.names.report import JoinReport, code_of_tally
from domain.moments import utc_now


def tell_joined(store: Store, report: JoinReport, *, user_name: str | None) -> None:
    """Writes a join down among the imports, and for whom it was made."""
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.import_log).values(
            import_id=report.import_id, source=FORMAT, format=FORMAT, file_name=report.names.words[:255],
            status="done", facts=report.facts, value=report.value, months=",".join(report.months),
            value_currency=code_of_tally(report.moved),
            report=json.dumps({"join": report.as_dict()}, ensure_ascii=False), created_at=utc_now(),
            user_name=user_name, mode=JOIN, replaced_facts=0,
        ))
