"""Lines of Amazon's reports, what their amounts are called, settlements, and the map from SKU to product."""

from alembic import op

from database import schema
from database.engines.ddl import create_missing_tables

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    context = op.get_context()
    rooms, note = context.opts["rooms"], context.opts["note"]
    if schema.FACTS in rooms:
        create_missing_tables(
            op.get_bind(),
            [schema.amazon_line, schema.amazon_kind, schema.amazon_posting, schema.amazon_told,
             schema.amazon_settlement, schema.sku_asin, schema.unit_cost, schema.derived_fact],
            note,
        )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: going back would forget the lines that facts rest on")
