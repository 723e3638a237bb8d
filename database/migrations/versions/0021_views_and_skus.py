"""The view that a person begins with; and SKUs, as each generation knows them."""

from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns, create_missing_tables

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        add_missing_columns(op.get_bind(), [schema.saved_view], note)
    if schema.PUBLISHED in rooms:
        create_missing_tables(op.get_bind(), [schema.summary_sku], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget which views people begin with")
