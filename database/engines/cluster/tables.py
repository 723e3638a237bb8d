"""The tables of a cluster: on the head `financials` and `financials_replaced` are Spider tables with a partition for
each month; on the data node that holds a month they are InnoDB tables with the rollup index.

    head     financials, partition p202403   ->  financials_202403            on one node
             financials_replaced, p202403    ->  financials_replaced_202403   on the same

A table per month, not one per node: Spider adds no condition of its own, so two partitions that lead to one table
would each give all of its rows. A partition lists every day of its month, so that dates that are no first stay with
theirs, and a month before all others can be added as easily as one after them.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Collection, Mapping, Sequence

import sqlalchemy as sa

from database import schema
from database.engines.cluster.nodes import Node, Nodes
from database.engines.ddl import create_missing_tables
from domain.errors import LegoError, SetupError
from domain.months import add_months, format_month, month_of, today_utc

TABLES = (schema.financials, schema.financials_replaced)
AHEAD = 3
"""Months after this one that have their place before any fact of theirs comes."""

Note = Callable[[str], None]
Month = datetime.date
_PARTITION = re.compile(r'PARTITION `p(\d{6})` VALUES IN \([^)]*\) COMMENT = \'srv "([^"]+)"')


def table_name(table: sa.Table, month: Month) -> str:
    """What the table of one month is called on its node."""
    return f"{table.name}_{month:%Y%m}"


def examine_head(head: sa.Connection) -> None:
    """Raises SetupError unless the head can keep facts on data nodes."""
    there = head.execute(sa.text("SELECT support FROM information_schema.engines WHERE engine = 'SPIDER'")).scalar()
    if there not in ("YES", "DEFAULT"):
        raise SetupError(
            "[cluster] nodes are set, and the head has no Spider storage engine; on its machine run: "
            "apt-get install mariadb-plugin-spider, and restart the server"
        )
    for table in TABLES:
        engine = _engine_of(head, table)
        if engine not in (None, "SPIDER"):
            raise SetupError(
                f"{table.name} is a {engine} table with facts of its own, and data nodes would hide them; run: RENAME "
                f"TABLE {table.name} TO {table.name}_before, then flask init-db, then import the facts again"
            )


def months_by_node(head: sa.Connection, nodes: Nodes) -> dict[Month, Node]:
    """Month -> the node that holds it, in order. Raises SetupError if the settings do not name that node."""
    placed = {}
    for month, server in _partitions(head, schema.financials).items():
        node = nodes.of_server(server)
        if node is None:
            raise SetupError(
                f"{format_month(month)} is on the data node {server}, which [cluster] nodes does not name; add it again"
            )
        placed[month] = node
    return placed


def months_ahead() -> list[Month]:
    """This month and those after it that get their place ahead of time."""
    return [add_months(month_of(today_utc()), number) for number in range(AHEAD + 1)]


def make_servers(head: sa.Connection, nodes: Nodes, note: Note) -> None:
    """Tells the head where the nodes are, and how to sign in there."""
    quote = head.dialect.identifier_preparer.quote_identifier
    names = ("Host", "Port", "Db", "Username", "Password")
    known = {row.Server_name: row for row in head.execute(sa.text("SELECT * FROM mysql.servers"))}
    for node in nodes.all:
        address = node.address
        wanted = (address.host, address.port, address.database, address.user, address.password)
        row = known.get(node.server)
        if row is not None and tuple(getattr(row, name) for name in names) == wanted:
            continue
        head.exec_driver_sql(
            f"CREATE OR REPLACE SERVER {quote(node.server)} FOREIGN DATA WRAPPER mysql OPTIONS (HOST %s, PORT "
            f"{address.port:d}, DATABASE %s, USER %s, PASSWORD %s)",
            (address.host, address.database, address.user, address.password),
        )
        if row is not None:
            head.exec_driver_sql("FLUSH TABLES")
        note(f"{'changed' if row else 'added'} data node {node.name}")


def make_tables(head: sa.Connection, nodes: Nodes, months: Collection[Month], note: Note) -> None:
    """Places the months that have no place yet, makes the tables that nodes lack for any of `months`, then the
    partitions that lead to them. Harmless to repeat, and after a crash half way."""
    placed = months_by_node(head, nodes)
    placed |= assign(sorted(set(months) - placed.keys()), placed, *_fill(head, nodes, placed))
    for node in nodes.all:
        wanted = [month for month in sorted(months) if placed[month] == node]
        if wanted:
            _make_node_tables(nodes, node, wanted, note)
    for table in TABLES:
        _make_partitions(head, table, {month: placed[month] for month in sorted(months)}, note)
    head.commit()


def assign(
    months: Sequence[Month], placed: Mapping[Month, Node], rows: Mapping[Month, int], nodes: Sequence[Node]
) -> dict[Month, Node]:
    """New month -> node, the least filled first; empty months count as one of middling size, so that many at once
    go round. `rows` are those of the placed months, `nodes` those that can take some."""
    filled = [rows.get(month, 0) for month in placed if rows.get(month, 0)]
    typical = sum(filled) / len(filled) if filled else 1
    fill = {node: 0.0 for node in nodes}
    for month, node in placed.items():
        if node in fill:
            fill[node] += rows.get(month, 0) or typical
    chosen = {}
    for month in months:
        chosen[month] = min(nodes, key=lambda node: fill[node])
        fill[chosen[month]] += typical
    return chosen


def _fill(
    head: sa.Connection, nodes: Nodes, placed: Mapping[Month, Node]
) -> tuple[dict[Month, int], list[Node]]:
    """About how many facts each placed month has, and the nodes that answer. Raises DatabaseUnreachable if none is
    there."""
    rows: dict[Month, int] = {}
    answering, trouble = [], None
    names = {table_name(schema.financials, month): month for month in placed}
    for node in nodes.all:
        try:
            with nodes.connect(node) as connection:
                found = connection.execute(sa.text(
                    "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE()"
                ))
                rows |= {names[name]: int(count or 0) for name, count in found if name in names}
            answering.append(node)
        except LegoError as error:
            trouble = error
    if not answering and trouble is not None:
        raise trouble
    return rows, answering


def _make_node_tables(nodes: Nodes, node: Node, months: Sequence[Month], note: Note) -> None:
    made: list[str] = []
    with nodes.connect(node) as connection:
        for table in TABLES:
            copies = [schema.copy_of(table, name=table_name(table, month)) for month in months]
            create_missing_tables(connection, copies, made.append)
        connection.commit()
    if made:
        note(f"created {len(made)} tables on data node {node.name}")


def _make_partitions(head: sa.Connection, table: sa.Table, placed: Mapping[Month, Node], note: Note) -> None:
    there = _partitions(head, table)
    parts = [_partition(table, month, node) for month, node in placed.items() if month not in there]
    if not parts:
        return
    if _engine_of(head, table) is None:
        head.exec_driver_sql(_spider_ddl(head, table, parts))
        note(f"created table {table.name} over data nodes, with {len(parts)} months")
    else:
        head.exec_driver_sql(f"ALTER TABLE {table.name} ADD PARTITION ({', '.join(parts)})")
        note(f"added {len(parts)} months to {table.name}")


def _spider_ddl(head: sa.Connection, table: sa.Table, parts: Sequence[str]) -> str:
    text = str(sa.schema.CreateTable(table).compile(dialect=head.dialect)).strip()
    columns, _, options = text.rpartition("\n)")
    keys = "".join(
        f",\n\tKEY {index.name} ({', '.join(column.name for column in index.columns)})"
        for index in sorted(table.indexes, key=lambda index: index.name)
    )
    options = options.replace("ENGINE=InnoDB", "ENGINE=SPIDER") + """ COMMENT='wrapper "mysql"'"""
    return f"{columns}{keys}\n) {options}\nPARTITION BY LIST COLUMNS (month) ({', '.join(parts)})"


def _partition(table: sa.Table, month: Month, node: Node) -> str:
    last = calendar.monthrange(month.year, month.month)[1]
    days = ", ".join(f"'{month:%Y-%m}-{day:02d}'" for day in range(1, last + 1))
    comment = f'srv "{node.server}", table "{table_name(table, month)}"'
    return f"PARTITION p{month:%Y%m} VALUES IN ({days}) COMMENT = '{comment}'"


def _partitions(head: sa.Connection, table: sa.Table) -> dict[Month, str]:
    """Month -> the server that its partition names, in order."""
    if _engine_of(head, table) is None:
        return {}
    # information_schema.partitions would ask every node for its rows, and fail if one is down.
    text = head.exec_driver_sql(f"SHOW CREATE TABLE {table.name}").one()[1]
    return {
        datetime.datetime.strptime(month, "%Y%m").date(): server
        for month, server in sorted(_PARTITION.findall(text))
    }


def _engine_of(head: sa.Connection, table: sa.Table) -> str | None:
    query = sa.text(
        "SELECT UPPER(COALESCE(t.engine, 'SPIDER')) FROM information_schema.tables t WHERE table_schema = DATABASE() "
        "AND table_name = :table"
    )
    return head.execute(query, {"table": table.name}).scalar()
