"""A currency of each fact, rates of exchange, and what generations tell of converted amounts."""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns, create_missing_tables, existing_columns

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    if schema.FACTS in rooms:
        add_missing_columns(connection, (schema.financials, schema.financials_replaced), note)
        create_missing_tables(connection, [schema.financials_currency], note)
        if "currency" not in existing_columns(connection, schema.archived_sum.name):
            # Empty but during a refresh, and its key grows.
            connection.execute(sa.schema.DropTable(schema.archived_sum, if_exists=True))
            create_missing_tables(connection, [schema.archived_sum], lambda line: None)
    # Embedded, generations are files of their own.
    if schema.PUBLISHED in rooms:
        previous = schema.copy_of(schema.summary_asin, name=f"{schema.summary_asin.name}_previous")
        add_missing_columns(connection, (schema.summary_asin, previous, schema.summary_generation), note)
        create_missing_tables(connection, [schema.summary_rate], note)
    if schema.APPLICATION in rooms:
        create_missing_tables(connection, [schema.exchange_rate], note)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would add up currencies as if they were one")
