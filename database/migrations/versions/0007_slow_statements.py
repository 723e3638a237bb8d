"""Statements of pages that took long: for the page of operations and the doctor."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        create_missing_tables(op.get_bind(), [schema.slow_statement], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
