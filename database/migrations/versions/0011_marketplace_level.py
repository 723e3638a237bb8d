"""All brands together by marketplace, for what is published already, too: pages read it from now on."""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables, existing_columns
from database.engines.marketplace_level import fill_marketplace_level

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    # Embedded, generations are files of their own.
    if schema.PUBLISHED not in rooms or connection.dialect.name != "mysql":
        return
    for suffix in ("", "_previous"):
        levels = (schema.summary_marketplace, schema.summary_brand)
        table, brand = (schema.copy_of(level, name=level.name + suffix) for level in levels)
        if not existing_columns(connection, table.name):
            create_missing_tables(connection, [table], note)
            if connection.scalar(sa.select(sa.func.count()).select_from(schema.summary_generation)):
                connection.execute(fill_marketplace_level(table, brand))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would leave pages without a table")
