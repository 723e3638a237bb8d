"""Notices, how they got out, and the rules that cause some of them."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        tables = [schema.notice, schema.notice_delivery, schema.notice_rule]
        create_missing_tables(op.get_bind(), tables, note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
