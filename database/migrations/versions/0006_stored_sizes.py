"""How large tables were after each refresh: for the page of operations."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        create_missing_tables(op.get_bind(), [schema.stored_size], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
