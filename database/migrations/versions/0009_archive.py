"""Months whose facts were moved to files, and the sums that stand for them."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.FACTS in rooms:
        create_missing_tables(op.get_bind(), [schema.archived_month, schema.archived_sum], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget where archived facts are")
