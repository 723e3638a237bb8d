"""docs/CLUSTER-BENCHMARK.md: a column for each number of nodes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Figures
from benchmarks.report import conditions_of, written

SINGLE = "one server"
PER_MILLION = "import, processor s per million facts where they are kept"


def write_cluster_report(
    path: Path, figures: Figures, *, facts: int, runs: int, nodes: int, command: str, load: float
) -> None:
    """Writes the report."""
    benches = list(dict.fromkeys(engine for engine, _ in figures.values))
    names = list(dict.fromkeys(name for _, name in figures.values))
    lines = [
        "# Benchmark of a cluster", "",
        *conditions_of(command, load),
        f"- {facts:,} facts, {runs} runs each, medians; in brackets the smallest and the largest", "",
        f"| what | {' | '.join(benches)} |", f"| --- |{' ---: |' * len(benches)}",
        *(f"| {name} | {' | '.join(_cell(figures, bench, name) for bench in benches)} |" for name in names),
        "", "## What it says", "", *_findings(figures, benches, facts), "",
        "## What it does not say", "",
        "All servers share this machine's cores, disk and memory, so more nodes cannot make anything quicker here: "
        "wall times say what a cluster costs on top, not what it gains. There is no network between them either; what "
        "would cross one is given in rows. docs/SCALING.md computes from the processor seconds, with its assumptions.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _findings(figures: Figures, benches: list[str], facts: int) -> list[str]:
    found = []
    for bench in benches:
        if bench == SINGLE:
            continue
        ratio = figures.ratio(SINGLE, PER_MILLION, PER_MILLION, of_engine=bench)
        sent = figures.median(bench, "full refresh, rows sent by nodes")
        share = figures.median(bench, "full refresh, the nodes' share of what servers do, %")
        found.append(
            f"- {bench}: a node takes facts in at {written(ratio)} of one server's speed per processor second (0.7 is "
            f"to be reached); in a full refresh {sent:,.0f} rows go to the head for {facts:,} facts "
            f"({100 * sent / facts:.1f} %), and the nodes do {share:.0f} % of the servers' work."
        )
    return found


def _cell(figures: Figures, bench: str, name: str) -> str:
    middle, ends = figures.median(bench, name), figures.spread(bench, name)
    if middle is None:
        return "–"
    if ends[0] == ends[1]:
        return written(middle)
    return f"{written(middle)} ({written(ends[0])} – {written(ends[1])})"
