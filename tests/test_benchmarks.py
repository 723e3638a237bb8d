"""The report of the benchmark: what was measured stands beside what was to be reached, and says of how much it is."""

from __future__ import annotations

from pathlib import Path

from benchmarks import pages, refreshes, usual
from benchmarks.measure import Figures, Process
from benchmarks.noise import COMPUTING, MACHINE, spread_of
from benchmarks.report import Conditions, Measured, write_report
from benchmarks.shop import SHAPES, Shape
from benchmarks.stands import EMBEDDED, MYSQL


def test_with_one_fact_a_group_there_are_a_tenth_of_the_facts_and_twice_the_groups() -> None:
    assert [Shape.of(per_group, 68_000_000) for per_group in SHAPES] == [
        Shape(24, 68_000_000, 1_000_000), Shape(1, 6_800_000, 100_000),
    ]
    assert Shape.of(1, 1_000_000) == Shape(1, 100_000, 10_000)


def test_noise_is_told_by_how_far_rounds_are_from_their_median() -> None:
    figures = Figures()
    figures.add(MACHINE, COMPUTING, 0.5, 0.4, 0.75)
    assert spread_of(figures, COMPUTING) == "fixed work on all cores 0.50 s (-20 to +50 %)"


def test_a_report_has_each_target_of_what_was_measured_and_each_figure_with_its_processor_time(tmp_path: Path) -> None:
    many, one, either = Figures(), Figures(), Figures()
    for seconds in (3.0, 4.0, 5.0):
        many.add_process(MYSQL, refreshes.FULL, Process(seconds, 2 * seconds, 70.0))
    many.add_process(MYSQL, usual.USUAL_REFRESH, Process(60.0, 61.0))
    one.add_process(MYSQL, usual.USUAL_REFRESH, Process(24.0, 25.0))
    one.add_process(MYSQL, refreshes.FULL, Process(4.0, 5.0))
    # Median of the rounds, whatever one round was like.
    one.add(EMBEDDED, pages.MADE_P95.format(page=pages.ALL), 40.0, 49.0, 400.0)
    either.add(EMBEDDED, pages.SHARE, 0.2)
    either.add(MYSQL, pages.SHARE, 0.2)
    measured = Measured({Shape.of(24, 1_000_000): many, Shape.of(1, 1_000_000): one}, either, {})
    write_report(tmp_path / "report.md", measured, Conditions(1_000_000, 5, 3, "benchmarks/run.sh", 0.1, 240.0))
    lines = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("| ") and line.endswith(("| yes |", "| **no** |"))] == [
        "| full refresh against the usual way | mysql | ≥ 20.0 × as fast | 15.0 × as fast | **no** |",
        "| memory of the full refresh | mysql | ≤ 200 MiB | 70.0 MiB | yes |",
        "| full refresh against the usual way | mysql | ≥ 5.00 × as fast | 6.00 × as fast | yes |",
        "| all pages, not cached, p95 | embedded | ≤ 50.0 ms | 49.0 ms | yes |",
        "| kept page, share of the constant view | mysql | ≥ 0.15  | 0.20  | yes |",
        "| kept page, share of the constant view | embedded | ≥ 0.25  | 0.20  | **no** |",
    ]
    assert "| full refresh (s) | mysql | 4.00 | 3.00 | 5.00 | 8.00 | 70.0 | 3 |" in lines
    assert "Targets are meant at 68,000,000 facts; these figures are of 1.5% of that, and say nothing yet about the " \
           "full size." in lines
