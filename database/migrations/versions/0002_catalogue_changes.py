"""What was changed in the catalogue and waits for a refresh; and any table that came since the first step.

It looks first, like every step: a database that was made by today's first step has them all.
"""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    create_missing_tables(op.get_bind(), schema.tables_of(*rooms), note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
