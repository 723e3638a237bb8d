"""What each import gave: noted with the facts, and published with each generation."""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables
from database.facts.import_sums import EARLIER

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    if schema.PUBLISHED in rooms:
        # Embedded, generations are files of their own.
        suffixes = ("", "_previous") if connection.dialect.name == "mysql" else ("",)
        table = schema.summary_import
        create_missing_tables(connection, [schema.copy_of(table, name=table.name + each) for each in suffixes], note)
    if schema.FACTS in rooms:
        create_missing_tables(connection, (schema.import_sum, schema.import_sum_state), note)
        state = schema.import_sum_state
        known = connection.execute(sa.select(state.c.about).limit(1)).first()
        if not known and connection.execute(sa.select(schema.financials.c.id).limit(1)).first():
            # Nobody noted it of the facts that are there: a month is counted when a refresh builds it anew.
            connection.execute(sa.insert(state).values(about=EARLIER, is_stale=True))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would leave pages without a table")
