"""The names in a file's words -> the names that its facts get: products, marketplaces, metrics; what met in what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from database.imports.staging import Met
from domain.marketplaces import MARKETPLACES, OTHER, marketplace_code
from domain.metrics import canonical_metric, is_ratio, read_metric
from domain.spelling import meet, product_key, tidy

_AMAZONS = frozenset((OTHER, *(place.code for place in MARKETPLACES)))


@dataclass(frozen=True)
class Names:
    """Text -> name. `asins` holds only texts that are not their own name."""

    asins: Mapping[str, str]
    marketplaces: Mapping[str, str]
    metrics: Mapping[str, str]

    def of(self, asin: str, marketplace: str, metric: str) -> tuple[str, str, str]:
        """The names of one fact's texts."""
        return (
            self.asins.get(asin) or product_key(asin), self.marketplaces.get(marketplace, marketplace),
            self.metrics.get(metric, metric),
        )

    def met(self) -> tuple[Met, ...]:
        """What met in another name, but for texts that differ in what nobody sees."""
        found = (("product", self.asins), ("marketplace", self.marketplaces), ("metric", self.metrics))
        return tuple(
            Met(what, text, name) for what, names in found for text, name in sorted(names.items()) if tidy(text) != name
        )


def read_names(scratch: duckdb.DuckDBPyConnection) -> Names:
    """Judges the words of `word` that stand beside a value, and leaves the TEMP tables `asin_map`, `marketplace_map`
    and `metric_map` (text, name, and the currency that a metric's text names)."""
    odd = "asin IS NOT NULL AND NOT regexp_full_match(asin, '[A-Z0-9][A-Z0-9_.-]*')"
    texts = scratch.execute(f"SELECT DISTINCT asin FROM word WHERE g = 3 AND kind <> 'blank' AND {odd}").fetchall()
    places, metrics = (_counted(scratch, column) for column in ("marketplace", "metric"))
    codes = {text: marketplace_code(text) for text in places}
    others = meet({text: places[text] for text, code in codes.items() if code not in _AMAZONS})
    # A metric that is in the tree has one name; of others the spellings of this file meet.
    wanted = {text: canonical_metric(text) for text in metrics}
    weights: dict[str, int] = {}
    for text, name in wanted.items():
        weights[name] = weights.get(name, 0) + metrics[text]
    meeting = meet(weights)
    names = Names(
        asins={text: product_key(text) for (text,) in texts},
        marketplaces=codes | others,
        metrics={text: meeting[name] for text, name in wanted.items()},
    )
    for table, found in (("asin", names.asins), ("marketplace", names.marketplaces), ("metric", names.metrics)):
        said = [read_metric(text).currency if table == "metric" else None for text in found]
        scratch.execute(
            f"CREATE OR REPLACE TEMP TABLE {table}_map AS SELECT unnest($texts::VARCHAR[]) AS text, "
            "nullif(unnest($names::VARCHAR[]), '') AS name, unnest($said::VARCHAR[]) AS currency",
            {"texts": list(found), "names": list(found.values()), "said": said},
        )
    return names


def ratio_texts(scratch: duckdb.DuckDBPyConnection) -> list[str]:
    """The texts of the column `metric` that name ratios."""
    return [text for text in _counted(scratch, "metric", of="true") if is_ratio(text)]


def remarks_of(texts) -> tuple[tuple[str, str], ...]:
    """(remark, metric) for what stands in brackets behind metrics, but for currencies."""
    found = ((remark, read.name) for read in map(read_metric, texts) for remark in read.remarks)
    return tuple(dict.fromkeys(found))


def _counted(scratch: duckdb.DuckDBPyConnection, column: str, *, of: str = "kind <> 'blank'") -> dict[str, int]:
    return dict(scratch.execute(
        f"SELECT {column}, sum(n)::BIGINT FROM word WHERE g = 5 AND {of} AND {column} IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall())
