"""How large the tables of a MariaDB are."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.mariadb.doors import MysqlDoors
from database.engines.values import OF_FACTS, OF_REST, OF_SUMMARIES, StoredSize, TableSize


def summary_sizes(doors: MysqlDoors) -> list[TableSize]:
    """Rows and bytes of the live summary tables."""
    query = sa.text(
        "SELECT table_name, data_length + index_length AS bytes FROM information_schema.tables "
        "WHERE table_schema = DATABASE()"
    )
    with doors.application_reading.connect() as connection:
        sizes = {name: size for name, size in connection.execute(query)}
        return [
            TableSize(
                table.name, connection.execute(sa.select(sa.func.count()).select_from(table)).scalar(),
                int(sizes.get(table.name) or 0),
            )
            for table in schema.SUMMARIES
        ]


def stored_sizes(doors: MysqlDoors) -> list[StoredSize]:
    """The room that every table takes; rows are the server's estimate."""
    query = sa.text(
        "SELECT table_name AS name, table_rows AS found, data_length AS data, index_length AS indexes "
        "FROM information_schema.tables WHERE table_schema = DATABASE() AND data_length IS NOT NULL"
    )
    with doors.application_reading.connect() as connection:
        found = {row.name: row for row in connection.execute(query)}
    kinds = {table.name: OF_REST for table in schema.tables_of(schema.FACTS, schema.PUBLISHED)}
    kinds |= {schema.financials.name: OF_FACTS} | {table.name: OF_SUMMARIES for table in schema.SUMMARIES}
    kinds |= {f"{table.name}_previous": OF_REST for table in schema.SUMMARIES}
    return [
        StoredSize(name, kind, int(row.found), int(row.data), int(row.indexes))
        for name, kind in kinds.items() if (row := found.get(name))
    ]
