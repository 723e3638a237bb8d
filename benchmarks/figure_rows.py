"""How long the facts behind a figure take to come: python -m benchmarks.figure_rows [--engine mysql] [--facts 68e6]

`flask figure-rows` as the page's job runs it, a whole process: what each import gave, and the first 100,000 facts as
CSV, of the largest figure that a page shows by default (twelve months of CM3, everything), of one brand's and of one
product's month. Beside it, in turns, the bare sum of the same facts, asked of the engine by a program that has nothing
else to start. Nothing that exists is touched.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.measure import Figures, whole_number
from benchmarks.stands import EMBEDDED, MYSQL, Stand, ready_stand

METRIC = "CM3"
WANTED = {EMBEDDED: 2, MYSQL: 5}
"""Seconds, at most, at 68 million facts."""


def main() -> None:
    """Loads the facts, measures each question and prints medians."""
    chosen = _arguments()
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="lego-benchmark-", dir=chosen.folder) as folder:
        for engine in chosen.engines:
            with ready_stand(engine, Path(folder) / engine, chosen.facts) as stand:
                _measure(stand, Path(folder) / "rows.csv", figures, chosen.runs)
    print(f"load {os.getloadavg()[0]:.1f}; at most {WANTED} s are wanted at 68 million facts")
    for engine, name in figures.values:
        print(f"{engine:<9} {name:<50} {figures.median(engine, name):.2f}")


def _measure(stand: Stand, target: Path, figures: Figures, runs: int) -> None:
    ((last, product, brand),) = stand.ask(
        "SELECT f.month, a.asin, a.brand_id FROM financials f JOIN asin a ON a.id = f.asin_id "
        f"WHERE f.metric = '{METRIC}' AND f.month = (SELECT max(month) FROM financials) "
        "AND a.brand_id IS NOT NULL LIMIT 1"
    )
    last = last.replace(day=1)
    first = last.replace(year=last.year - 1, month=last.month % 12 + 1) if last.month < 12 else last.replace(month=1)
    questions = {
        "twelve months of everything": ("--first", f"{first:%Y-%m}", "--last", f"{last:%Y-%m}"),
        "one month of a brand": ("--first", f"{last:%Y-%m}", "--last", f"{last:%Y-%m}", "--brand", str(brand)),
        "one month of a product": ("--first", f"{last:%Y-%m}", "--last", f"{last:%Y-%m}", "--asin", product),
    }
    bare = (
        "SELECT sum(value), count(*) FROM (SELECT metric, import_id, sum(value) AS value, count(*) AS facts "
        f"FROM financials WHERE month BETWEEN '{first}' AND '{last}' AND metric = '{METRIC}' GROUP BY metric, import_id"
        ") sums"
    )
    for _ in range(runs):
        for name, words in questions.items():
            found = stand.flask("figure-rows", "--metric", METRIC, *words, "--to", str(target))
            figures.add_process(stand.engine, f"{name} (s)", found)
        figures.add_process(
            stand.engine, "twelve months of everything, the bare sum (s)", stand.timed(lambda: stand.ask(bare))
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=whole_number, default=1_000_000)
    parser.add_argument("--engine", dest="engines", action="append", choices=(EMBEDDED, MYSQL))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the databases are made, on a disk with room")
    chosen = parser.parse_args()
    chosen.engines = chosen.engines or [EMBEDDED, MYSQL]
    return chosen


if __name__ == "__main__":
    main()
