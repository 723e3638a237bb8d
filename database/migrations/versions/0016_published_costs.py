"""What generations tell of unit costs, each product's, and of net revenue without one; ordered against paid."""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables
from database.facts.ledger import note_changed_months
from domain.moments import utc_now

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    # Embedded, generations are files of their own.
    if schema.PUBLISHED in rooms:
        create_missing_tables(connection, (*schema.COST_SUMMARIES, schema.summary_bridge), note)
    if schema.FACTS in rooms:
        # Unit costs and lines that are in already: the next refresh tells of them.
        newest = (sa.func.max(schema.unit_cost.c.valid_from), sa.func.max(schema.amazon_line.c.month))
        months = {connection.execute(sa.select(month)).scalar() for month in newest} - {None}
        note_changed_months(connection, sorted(months)[:1], cause="upgrade", import_id=None, now=utc_now())


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would leave pages without tables")
