"""What is to be reached, per line of the report: the figure, how it is judged, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import imports, pages, paint, refreshes, usual
from benchmarks.measure import PEAK, Figures
from benchmarks.stands import EMBEDDED, MYSQL

AT_LEAST, AT_MOST = "≥", "≤"
ONE, MANY = 1, 24
USUAL_BOUND = {MANY: 20, ONE: 5}
PAGE_BOUND = {(MANY, MYSQL): 100, (ONE, MYSQL): 250, (MANY, EMBEDDED): 50, (ONE, EMBEDDED): 50}
MONTH_BOUND = {MYSQL: 5, EMBEDDED: 1.5}
MEMORY_BOUND = {MYSQL: 200, EMBEDDED: 2048}
KEPT_BOUND = {MYSQL: 0.15, EMBEDDED: 0.25}
BOTH = (MYSQL, EMBEDDED)


@dataclass(frozen=True)
class Target:
    """One line: `value` gives the figure to judge, None if it was not measured."""

    what: str
    engine: str
    value: Callable[[Figures], float | None]
    judged: str
    bound: float
    unit: str = ""

    def is_met(self, found: float) -> bool:
        """Whether the figure is as it should be."""
        return found >= self.bound if self.judged == AT_LEAST else found <= self.bound


def targets_of_shape(per_group: int) -> list[Target]:
    """What is judged for so many facts a group, refreshes first."""
    return [*_refreshes(per_group), *_pages(per_group)]


def targets_of_either() -> list[Target]:
    """What does not depend on how many facts a group has."""
    return [*_kept(), *_imports(), *_browser()]


def _of(engine: str, name: str) -> Callable[[Figures], float | None]:
    return lambda figures: figures.median(engine, name)


def _ratio(engine: str, name: str, other: str, *, of_engine: str | None = None) -> Callable[[Figures], float | None]:
    return lambda figures: figures.ratio(engine, name, other, of_engine=of_engine)


def _refreshes(per_group: int) -> list[Target]:
    return [
        Target("full refresh against the usual way", MYSQL, _ratio(MYSQL, usual.USUAL_REFRESH, refreshes.FULL),
               AT_LEAST, USUAL_BOUND[per_group], "× as fast"),
        *(Target("one month after an import of 100,000 facts", engine, _of(engine, refreshes.ONE_MONTH), AT_MOST,
                 MONTH_BOUND[engine], "s") for engine in BOTH),
        *(Target("nothing to do, whole process", engine, _of(engine, refreshes.IDLE), AT_MOST, 0.8, "s")
          for engine in BOTH),
        *(Target("memory of the full refresh", engine, _of(engine, refreshes.FULL + PEAK), AT_MOST,
                 MEMORY_BOUND[engine], "MiB") for engine in BOTH),
        Target("the dashboard's query against a live join", MYSQL, _ratio(MYSQL, usual.LIVE_QUERY, usual.SUMMARY_QUERY),
               AT_LEAST, 1000, "× as fast"),
    ]


def _pages(per_group: int) -> list[Target]:
    found = []
    for engine in BOTH:
        for page in (pages.ALL, *pages.PAGES):
            made, held = pages.MADE_P95.format(page=page), pages.HELD_P95.format(page=page)
            found.append(Target(f"{page}, not cached, p95", engine, _of(engine, made), AT_MOST,
                                PAGE_BOUND[per_group, engine], "ms"))
            found.append(Target(f"{page}, cached, p95", engine, _of(engine, held), AT_MOST, 4, "ms"))
            found.append(Target(f"{page}, p95, against the small installation", engine,
                                _ratio(engine, made, made, of_engine=engine + pages.SMALL), AT_MOST, 1.3, "×"))
    return found


def _kept() -> list[Target]:
    return [
        *(Target(pages.SHARE, engine, _of(engine, pages.SHARE), AT_LEAST, KEPT_BOUND[engine]) for engine in BOTH),
        *(Target(pages.TIMES_MADE, engine, _of(engine, pages.TIMES_MADE), AT_MOST, 1) for engine in BOTH),
    ]


def _imports() -> list[Target]:
    rate, share, lines = imports.RATE.format(what=imports.FACTS), imports.SHARE, imports.LINES
    return [
        Target(share.format(what=imports.FACTS), MYSQL, _of(MYSQL, share.format(what=imports.FACTS)), AT_LEAST, 0.7),
        Target("import of facts", EMBEDDED, _of(EMBEDDED, rate), AT_LEAST, 1_000_000, "facts/s"),
        *(Target("memory of the import of facts", engine, _of(engine, rate + PEAK), AT_MOST, 1024, "MiB")
          for engine in BOTH),
        *(Target(share.format(what=lines), engine, _of(engine, share.format(what=lines)), AT_LEAST, 0.5)
          for engine in BOTH),
        Target(imports.WORKBOOK, EMBEDDED, _of(EMBEDDED, imports.WORKBOOK), AT_MOST, 60, "s"),
    ]


def _browser() -> list[Target]:
    bounds = {paint.WARM: 300, paint.COLD: 1200}
    return [
        Target(name.format(how=how), engine, _of(engine, name.format(how=how)), AT_MOST, bound, "ms")
        for engine in BOTH for how, bound in bounds.items() for name in (paint.PAINT, paint.CHART)
    ]
