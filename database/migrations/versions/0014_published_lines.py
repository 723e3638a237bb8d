"""What generations tell of lines: settlements, amounts by what they are called, reports side by side, unknown SKUs."""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables
from database.facts.ledger import note_changed_months
from domain.moments import utc_now

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    # Embedded, generations are files of their own.
    if schema.PUBLISHED in rooms:
        create_missing_tables(connection, schema.LINE_SUMMARIES, note)
    if schema.FACTS in rooms:
        # Lines that are in already: the next refresh publishes them.
        months = connection.execute(sa.select(sa.func.max(schema.amazon_line.c.month))).scalars().all()
        note_changed_months(
            connection, [month for month in months if month], cause="upgrade", import_id=None, now=utc_now()
        )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would leave pages without tables")
