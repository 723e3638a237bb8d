"""Names of products, as Amazon's reports tell them."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    context = op.get_context()
    if schema.FACTS in context.opts["rooms"]:
        create_missing_tables(op.get_bind(), [schema.told_name], context.opts["note"])


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget names that were told")
