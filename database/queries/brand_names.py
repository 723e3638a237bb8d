"""Every brand of the published generation by name, whether it has figures or not."""

from __future__ import annotations

import sqlalchemy as sa

from database.schema import brand


def brand_names(connection: sa.Connection) -> dict[int, str]:
    """Id -> name, in reading order."""
    found = connection.execute(sa.select(brand.c.id, brand.c.brand)).all()
    return {row.id: row.brand for row in sorted(found, key=lambda row: (row.brand.casefold(), row.brand))}
