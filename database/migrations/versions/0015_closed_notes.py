"""Which notes a user has closed, and what each told then."""

from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION in rooms:
        add_missing_columns(op.get_bind(), [schema.app_user], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget which notes were closed")
