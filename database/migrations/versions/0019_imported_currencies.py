"""What imports record of currencies: that of their sum, of facts derived from lines, and which count one to one."""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns, create_missing_tables

revision = "0019"
down_revision = "0018"

allowed, line = schema.amazon_one_to_one, schema.amazon_line


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    connection = op.get_bind()
    if schema.FACTS in rooms:
        add_missing_columns(connection, (schema.financials_import, schema.derived_fact), note)
        create_missing_tables(connection, [allowed], note)
        _allow_what_was_let_in(connection, context.opts["store"].settings.dashboard.currency)
    if schema.APPLICATION in rooms:
        add_missing_columns(connection, (schema.import_log,), note)


def _allow_what_was_let_in(connection: sa.Connection, own: str) -> None:
    """Lines in other currencies were counted one to one until now, and stay so."""
    let_in = (
        sa.select(line.c.import_id, line.c.currency)
        .where(line.c.currency.is_not(None), line.c.currency != own,
               ~sa.exists().where(allowed.c.import_id == line.c.import_id, allowed.c.currency == line.c.currency))
        .distinct()
    )
    connection.execute(sa.insert(allowed).from_select(["import_id", "currency"], let_in))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would add up currencies as if they were one")
