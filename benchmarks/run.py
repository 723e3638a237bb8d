"""The whole benchmark; see run.sh for its command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.imports import FACTS, LINES, MOST, measure_imports, measure_workbook
from benchmarks.measure import ROOT, Figures, command_line, say, whole_number
from benchmarks.pages import measure_served
from benchmarks.paint import measure_paint
from benchmarks.refreshes import ADD_INDEX, Rounds, measure_refreshes
from benchmarks.report import Conditions, Measured, write_report
from benchmarks.shop import FULL_SIZE, SHAPES, Shape
from benchmarks.stands import (
    EMBEDDED,
    ENGINES,
    MYSQL,
    SMALL_POOL,
    Stand,
    add_lines,
    groups_in,
    load,
    owners_of,
    stands_of,
)
from benchmarks.usual import measure_usual

SERVED = ("pages", "kept")
OF_A_SHAPE = ("usual", "refreshes", *SERVED, "paint")
PARTS = (*OF_A_SHAPE, "imports", "workbook")
USUAL_ENGINES = (EMBEDDED, MYSQL)
USUAL_PARTS = tuple(part for part in PARTS if part not in ("paint", "workbook"))
USUAL_RUNS = 3
"""Of the usual way, whatever else is chosen: everything is compared with it."""
TOGETHER = 2
"""Installations that are made ready at once, while nothing is measured."""


def main() -> None:
    """Measures what is asked for and writes the report, also when only a part could be measured."""
    chosen, began, load_before = _arguments(), time.monotonic(), os.getloadavg()[0]
    # Servers and folders end with their blocks, also where somebody ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rounds = Rounds(chosen.rounds, min(chosen.rounds, chosen.long_rounds))
    measured = Measured({}, Figures(), {})
    try:
        with tempfile.TemporaryDirectory(prefix="lego-benchmark-", dir=chosen.folder) as name:
            folder = Path(name)
            for per_group in chosen.shapes if set(OF_A_SHAPE) & set(chosen.parts) else ():
                shape = Shape.of(per_group, chosen.facts)
                # How fast kept pages are, and paint, does not depend on the shape.
                parts = [part for part in chosen.parts if not measured.shapes or part not in ("kept", "paint")]
                _measure_shape(shape, parts, chosen.engines, folder / f"shape-{per_group}", measured, rounds)
            _measure_imports(chosen, folder / "imports", measured.either, rounds)
    finally:
        conditions = Conditions(
            chosen.facts, rounds.all, rounds.long, command_line("benchmarks/run.sh"), load_before,
            time.monotonic() - began,
        )
        write_report(chosen.report, measured, conditions)
        say(f"written: {chosen.report}, after {conditions.seconds:.0f} s")


def _measure_shape(
    shape: Shape, parts: Sequence[str], engines: Sequence[str], folder: Path, measured: Measured, rounds: Rounds
) -> None:
    figures = measured.shapes[shape] = Figures()
    folder.mkdir()
    with (
        stands_of(engines, folder / "large") as large,
        stands_of(engines if "pages" in parts else (), folder / "small", pool=SMALL_POOL) as small,
    ):
        _make_ready(large, small, shape, parts, figures, rounds)
        measured.groups[shape] = groups_in(large[0].settings)
        if "refreshes" in parts:
            measure_refreshes(large, folder, figures, rounds)
        if set(SERVED) & set(parts):
            measure_served(large, small, folder, figures, measured.either, rounds=rounds.all, parts=parts)
        for stand in large if "paint" in parts else ():
            measure_paint(stand, measured.either, runs=rounds.all)


def _make_ready(
    large: Sequence[Stand], small: Sequence[Stand], shape: Shape, parts: Sequence[str], figures: Figures, rounds: Rounds
) -> None:
    """Facts, then on the large server what is asked of a table without its index, then all that a reader needs."""
    sized = [(owner, shape.large) for owner in owners_of(large)] + [(owner, shape.small) for owner in owners_of(small)]

    def begin(one: tuple[Stand, int]) -> None:
        owner, facts = one
        if owner in small and owner.server:
            owner.flask("init-db")
        add_lines(owner, facts)
        for stand in (*large, *small):
            if stand.shares_facts_with(owner):
                stand.flask("refresh-summaries")

    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(lambda one: load(*one, shape.per_group), sized))
        for owner in (owner for owner in owners_of(large) if owner.server):
            if "usual" in parts:
                measure_usual(owner, figures, runs=USUAL_RUNS)
            figures.add_process(owner.engine, ADD_INDEX, owner.flask("init-db"))
        list(pool.map(begin, sized))


def _measure_imports(chosen: argparse.Namespace, folder: Path, figures: Figures, rounds: Rounds) -> None:
    if not {"imports", "workbook"} & set(chosen.parts):
        return
    with stands_of(chosen.engines, folder) as stands:
        if "imports" in chosen.parts:
            counts = {FACTS: min(chosen.facts // 5, MOST[FACTS]), LINES: min(chosen.facts // 20, MOST[LINES])}
            measure_imports(stands, folder, figures, counts=counts, runs=rounds.long)
        if "workbook" in chosen.parts:
            measure_workbook(stands, folder, figures)


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="benchmarks/run.sh", description=__doc__)
    options.add_argument("--facts", type=whole_number, default=FULL_SIZE, help="of 24 a group; a tenth of one a group")
    options.add_argument("--shape", dest="shapes", action="append", type=int, choices=SHAPES, help="facts a group")
    options.add_argument("--engine", dest="engines", action="append", choices=ENGINES,
                         help=f"without any: {', '.join(USUAL_ENGINES)}")
    options.add_argument("--part", dest="parts", action="append", choices=PARTS,
                         help=f"without any: {', '.join(USUAL_PARTS)}")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--long-rounds", type=int, default=3,
                         help="of these have full refreshes and those of a month; imports are as many")
    options.add_argument("--report", type=Path, default=ROOT / "docs" / "BENCHMARKS.md")
    options.add_argument("--folder", type=Path, default=None, help="where there is room for 20 GB at 68e6")
    chosen = options.parse_args()
    for name, every in (("shapes", SHAPES), ("engines", USUAL_ENGINES), ("parts", USUAL_PARTS)):
        setattr(chosen, name, getattr(chosen, name) or list(every))
    return chosen


if __name__ == "__main__":
    main()
