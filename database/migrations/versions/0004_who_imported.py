"""Who imported and who took back, how, and how much was read and replaced: for the list of imports.

Files that were taken in before have nothing there.
"""

from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        add_missing_columns(op.get_bind(), [schema.import_log], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop what was written down")
