"""Days: what lines give day by day, which the next refresh that builds a month fills."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    context = op.get_context()
    if schema.PUBLISHED in context.opts["rooms"]:
        create_missing_tables(op.get_bind(), [schema.summary_day], context.opts["note"])


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: an older program would leave days of a later state behind")
