"""Overheads: what no sale causes, as files and people told it."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    tables = [table for table in (schema.overhead, schema.summary_overhead) if table.info["room"] in rooms]
    if tables:
        create_missing_tables(op.get_bind(), tables, note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget overheads that were told")
