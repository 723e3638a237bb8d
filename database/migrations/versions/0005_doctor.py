"""What `flask doctor` found, and when, for the web to show."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        create_missing_tables(op.get_bind(), [schema.doctor_finding], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
