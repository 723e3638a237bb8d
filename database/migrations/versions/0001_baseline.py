"""The first schema: makes every table that is missing, adds what existing ones lack.

Databases that were made by hand hold rows already: nothing of theirs is dropped, renamed or rewritten.
"""

from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns, add_missing_indexes, create_missing_tables, tables_with_indexes
from database.migrations.marketplaces import seed_marketplaces

revision = "0001"
down_revision = None


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    tables = tables_with_indexes(connection, rooms)
    create_missing_tables(connection, tables, note)
    add_missing_columns(connection, tables, note)
    add_missing_indexes(connection, tables, note)
    if schema.FACTS in rooms:
        seed_marketplaces(connection, note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would drop figures")
