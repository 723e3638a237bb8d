"""Limits that may be empty, second factors, and links that work once.

A user who has brands is limited to them; until now that was all that said so.
"""

import sqlalchemy as sa
from alembic import op

from database import schema
from database.engines.ddl import add_missing_columns, create_missing_tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.APPLICATION not in rooms:
        return
    connection, user = op.get_bind(), schema.app_user
    create_missing_tables(connection, [schema.totp, schema.recovery_code, schema.one_time_token], note)
    add_missing_columns(connection, [user, schema.app_session], note)
    limited = sa.select(schema.app_user_brand.c.user_id)
    connection.execute(sa.update(user).where(user.c.is_limited.is_(None)).values(is_limited=user.c.id.in_(limited)))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would open what is limited")
