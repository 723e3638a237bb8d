"""The data nodes of a cluster as commands saw them, for /operations and /metrics."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        create_missing_tables(op.get_bind(), [schema.node_state], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
