"""Names that were joined, and what taking that back needs."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.FACTS in rooms:
        create_missing_tables(op.get_bind(), [schema.name_join], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what undoing a join needs")
