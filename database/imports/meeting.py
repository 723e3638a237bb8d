"""Names of a file meet in the names that are stored already, in the import's own transaction.

Metrics and marketplaces are looked for in what is published and, for what came since the last refresh, in the facts; on
a cluster in those of the nodes that the file concerns, so that no other node needs to be there. A metric of the tree
has one name whatever is stored: where facts of an older name are there, that is said.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Reading
from database.imports.staging import Met, Staged
from domain.errors import NeverRefreshed
from domain.findings import join_commands
from domain.marketplaces import currency_of, marketplace_code
from domain.metrics import FIXED, canonical_metric
from domain.spelling import meet, spelled_out

_Names = tuple[set[str], set[str]]


@dataclass(frozen=True)
class StoredNames:
    """What a file's names met in, and warnings of older names."""

    met: tuple[Met, ...] = ()
    warnings: tuple[str, ...] = ()


def meet_stored(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: Staged,
    months: Collection[datetime.date],
) -> StoredNames:
    """Gives the staged facts the names that are stored for the same metrics and marketplaces."""
    met: list[Met] = []
    warnings: list[str] = []
    metrics, places = _stored(store, connection, months)
    for column, known, name_now in (
        ("metric", metrics, canonical_metric), ("marketplace", places, marketplace_code),
    ):
        names = dict(scratch.execute(
            f"SELECT name::VARCHAR, facts FROM (SELECT {column} AS name, count(*) AS facts FROM {staged.relation} "
            "GROUP BY ALL) ORDER BY ALL"
        ).fetchall())
        others = {name: count for name, count in names.items() if name not in FIXED and currency_of(name) is None}
        found = {name: kept for name, kept in meet(others, known).items() if kept != name}
        rename(scratch, staged, column, found)
        met += [Met(column, name, kept) for name, kept in sorted(found.items())]
        warnings += [
            f"facts of the {column} “{spelled_out(name)}” are there, which files now call “{name_now(name)}”; "
            f"{join_commands(column, [name], name_now(name))}"
            for name in sorted(known) if name_now(name) != name and name_now(name) in names
        ]
    return StoredNames(tuple(met), tuple(warnings))


def joined(of_file: Sequence[Met], of_stored: Sequence[Met]) -> tuple[Met, ...]:
    """What a file's names met in among themselves, and then in stored ones, as one list of texts and last names."""
    moved = {(met.what, met.written): met.name for met in of_stored}
    texts = [Met(met.what, met.written, moved.get((met.what, met.name), met.name)) for met in of_file]
    return tuple(dict.fromkeys((*texts, *of_stored)))


def _stored(store: Store, connection: sa.Connection, months: Collection[datetime.date]) -> _Names:
    fact = schema.financials
    # The first columns of the rollup index: MariaDB leaps from group to group in it.
    query = sa.select(fact.c.month, fact.c.metric, fact.c.marketplace).distinct()
    metrics: set[str] = set()
    places: set[str] = set()
    for rows in store.each_part(connection, months, lambda part: part.execute(query).all()):
        metrics.update(metric for _, metric, _ in rows if metric)
        places.update(place for _, _, place in rows if place)
    with contextlib.suppress(NeverRefreshed):
        published = store.read(_published)
        metrics |= published[0]
        places |= published[1]
    return metrics, places


def _published(reading: Reading) -> _Names:
    table = schema.summary_marketplace
    rows = reading.connection.execute(sa.select(table.c.metric, table.c.marketplace).distinct()).all()
    return {metric for metric, _ in rows}, {place for _, place in rows}


def rename(scratch: duckdb.DuckDBPyConnection, staged: Staged, column: str, names: Mapping[str, str]) -> None:
    """Gives the staged facts other names in one column, and changes nothing else of them, their order neither."""
    if not names:
        return
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE renamed AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($names::VARCHAR[]) AS name", {"texts": list(names), "names": list(names.values())},
    )
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE staged_renamed AS SELECT s.* REPLACE "
        f"(coalesce(r.name, s.{column}::VARCHAR) AS {column}) FROM {staged.relation} s "
        f"LEFT JOIN renamed r ON r.text = s.{column}::VARCHAR ORDER BY s.rowid"
    )
    scratch.execute(f"DROP TABLE {staged.relation}")
    scratch.execute(f"ALTER TABLE staged_renamed RENAME TO {staged.relation}")
