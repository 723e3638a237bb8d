"""What words of Amazon's reports mean as people told it, and the settings by which facts were derived."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    context = op.get_context()
    if schema.FACTS in context.opts["rooms"]:
        create_missing_tables(op.get_bind(), (schema.amazon_word, schema.amazon_setting), context.opts["note"])


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget what words mean")
