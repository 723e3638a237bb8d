"""The whole benchmark; see run.sh for its command line."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Figures, command_line, flask, say
from benchmarks.pages import measure_crowd, measure_pages, measure_throughput
from benchmarks.paint import measure_paint
from benchmarks.refreshes import measure_import, measure_refreshes
from benchmarks.report import Conditions, write_report
from benchmarks.stands import MysqlStand, stand_of
from benchmarks.targets import SMALL

ENGINES = ("embedded", "mysql")
FULL_SIZE = 68_000_000
SMALL_SIZE = 1_000_000
MOST_IMPORTED = 10_000_000
PARTS = ("refreshes", "pages", "imports")


def main() -> None:
    """Measures what is asked for and writes the report, also when only a part could be measured."""
    chosen = _arguments()
    conditions = Conditions(
        chosen.facts, chosen.runs, chosen.long_runs, command_line("benchmarks/run.sh"), os.getloadavg()[0]
    )
    figures = Figures()
    try:
        with tempfile.TemporaryDirectory(prefix="lego-benchmark-", dir=chosen.folder) as folder:
            for engine in chosen.engines:
                _measure(engine, Path(folder) / engine, figures, chosen)
            # Last, for they take longest where a server does the work.
            for engine in chosen.engines if "imports" in chosen.parts else ():
                measure_import(
                    engine, Path(folder) / f"{engine}-imports", figures, facts=min(chosen.facts, MOST_IMPORTED),
                    runs=chosen.long_runs,
                )
    finally:
        write_report(chosen.report, figures, conditions)
        say(f"written: {chosen.report}")


def _measure(engine: str, folder: Path, figures: Figures, chosen: argparse.Namespace) -> None:
    if not {"refreshes", "pages"} & set(chosen.parts):
        return
    folder.mkdir()
    with stand_of(engine, folder / "stand") as stand:
        stand.load(chosen.facts, figures)
        if isinstance(stand, MysqlStand):
            stand.live_page(figures, chosen.long_runs)
            if "refreshes" in chosen.parts:
                stand.usual_refresh(figures, chosen.usual_runs)
        if "refreshes" in chosen.parts:
            measure_refreshes(stand, folder, figures, runs=chosen.runs, long_runs=chosen.long_runs)
        else:
            flask(stand.settings, "init-db")
            flask(stand.settings, "refresh-summaries")
        if isinstance(stand, MysqlStand):
            stand.summary_page(figures, chosen.runs)
        if "pages" in chosen.parts:
            measure_pages(stand, figures)
            measure_crowd(stand, figures, runs=chosen.runs)
            measure_throughput(stand, figures, runs=chosen.runs)
            measure_paint(stand, figures, runs=chosen.runs)
    if "pages" in chosen.parts:
        with stand_of(engine, folder / "small") as stand:
            stand.load(SMALL_SIZE, Figures())
            flask(stand.settings, "init-db")
            flask(stand.settings, "refresh-summaries")
            measure_pages(stand, figures, label=SMALL)


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="benchmarks/run.sh", description=__doc__)
    options.add_argument("--facts", type=lambda text: int(float(text)), default=FULL_SIZE)
    options.add_argument("--engine", dest="engines", action="append", choices=ENGINES)
    options.add_argument("--part", dest="parts", action="append", choices=PARTS)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--long-runs", type=int, default=3)
    options.add_argument("--usual-runs", type=int, default=3,
                         help="of the refresh the usual way: 10 minutes each at 68e6")
    options.add_argument("--report", type=Path, default=ROOT / "docs" / "BENCHMARKS.md")
    options.add_argument("--folder", type=Path, default=None, help="where there is room for 20 GB at 68e6")
    chosen = options.parse_args()
    chosen.engines = chosen.engines or list(ENGINES)
    chosen.parts = chosen.parts or list(PARTS)
    return chosen


if __name__ == "__main__":
    main()
