"""Names that are one but for case, spaces, Unicode form or invisible characters, and metrics under an older name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import sqlalchemy as sa

from database.engines.values import Reading
from database.schema import ALL_MARKETPLACES, asin, brand, category, summary_brand, summary_category
from domain.findings import WARNING, Finding, join_commands
from domain.marketplaces import marketplace_code
from domain.metrics import canonical_metric
from domain.spelling import name_key, product_key, spelled_out


def judge_spellings(reading: Reading) -> list[Finding]:
    """What the published generation holds twice; metrics that are there twice are told with the figures."""
    connection = reading.connection
    used = connection.execute(sa.select(summary_brand.c.marketplace).distinct()).scalars()
    marketplaces = sorted(set(used) - {ALL_MARKETPLACES})
    return [
        *_alike("brand", _names(connection, brand.c.brand), key=name_key),
        *_alike("category", _names(connection, category.c.category), key=name_key),
        *_alike("product", _names(connection, asin.c.asin), key=product_key, best=product_key),
        *_alike("marketplace", marketplaces, key=lambda name: name_key(marketplace_code(name)), best=marketplace_code),
        *_older(connection),
    ]


def _names(connection: sa.Connection, column: sa.Column) -> list[str]:
    """In the order in which they were made: a name meets in the one that is there already."""
    return list(connection.execute(sa.select(column).order_by(column.table.c.id)).scalars())


def _alike(
    kind: str, names: Iterable[str], *, key: Callable[[str], str], best: Callable[[str], str] | None = None
) -> Iterator[Finding]:
    """`best` says what files' spellings become, where that does not depend on what is there."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    for group in groups.values():
        wanted = best(group[0]) if best else group[0]
        target = wanted if wanted in group or kind == "marketplace" else group[0]
        others = [name for name in group if name != target]
        if others:
            yield Finding(
                "names-alike", WARNING, f"One {kind} stands there under several names, so its sum is split",
                " / ".join(f"“{spelled_out(name)}”" for name in sorted({*group, target})),
                join_commands(kind, others, target), subject=f"{kind} {target}"[:255],
            )


def _older(connection: sa.Connection) -> Iterator[Finding]:
    """Names that no new file would give any more, where the one that it gives is not there yet."""
    names = set(connection.execute(sa.select(summary_category.c.metric).distinct()).scalars())
    for name in sorted(names):
        canonical = canonical_metric(name)
        if name != canonical and canonical not in names and name_key(name) != name_key(canonical):
            yield Finding(
                "metric-older-name", WARNING, "A metric stands under an older name, so new files will split its sum",
                f"“{spelled_out(name)}”; files that say so are imported as “{canonical}”",
                join_commands("metric", [name], canonical), subject=name,
            )
