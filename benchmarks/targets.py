"""What is to be reached, per line of the report: the figure, how it is judged, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import pages, paint, refreshes, stands
from benchmarks.measure import Figures

AT_LEAST, AT_MOST = "≥", "≤"


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


def all_targets() -> list[Target]:
    """Every line, refreshes first."""
    return [*_refreshes(), *_imports(), *_pages(), *_browser()]


def _of(engine: str, name: str, scale: float = 1.0) -> Callable[[Figures], float | None]:
    def value(figures: Figures) -> float | None:
        found = figures.median(engine, name)
        return None if found is None else found * scale

    return value


def _ratio(engine: str, name: str, other: str, scale: float = 1.0) -> Callable[[Figures], float | None]:
    def value(figures: Figures) -> float | None:
        found = figures.ratio(engine, name, other)
        return None if found is None else found * scale

    return value


def _refreshes() -> list[Target]:
    full, floor, month = refreshes.FULL, stands.FLOOR, refreshes.ONE_MONTH
    return [
        Target("full refresh against the usual way", "mysql", _ratio("mysql", stands.USUAL_REFRESH, full), AT_LEAST, 15,
               "× as fast"),
        Target("full refresh against the bare aggregation", "mysql", _ratio("mysql", full, floor), AT_MOST, 4, "×"),
        Target("full refresh against the bare aggregation", "embedded", _ratio("embedded", full, floor), AT_MOST, 2.5,
               "×"),
        Target("refresh of one month against the full refresh", "mysql", _ratio("mysql", month, full, 100), AT_MOST, 6,
               "%"),
        Target("refresh of one month, whole process", "embedded", _of("embedded", month), AT_MOST, 1.5, "s"),
        *(Target("refresh with nothing changed, whole process", engine, _of(engine, refreshes.IDLE), AT_MOST, 1, "s")
          for engine in ("mysql", "embedded")),
        Target("memory of the full refresh", "mysql", _of("mysql", refreshes.FULL_PEAK), AT_MOST, 200, "MiB"),
        Target("memory of the full refresh", "embedded", _of("embedded", refreshes.FULL_PEAK), AT_MOST, 2048, "MiB"),
    ]


def _imports() -> list[Target]:
    return [
        Target("import against a bare LOAD DATA", "mysql", _ratio("mysql", refreshes.IMPORT_RATE, refreshes.BARE_RATE),
               AT_LEAST, 0.7, "×"),
        Target("import", "embedded", _of("embedded", refreshes.IMPORT_RATE), AT_LEAST, 1_000_000, "facts/s"),
        *(Target("memory of the import", engine, _of(engine, refreshes.IMPORT_PEAK), AT_MOST, 1024, "MiB")
          for engine in ("mysql", "embedded")),
    ]


def _pages() -> list[Target]:
    bounds = {("products", "mysql"): 100, ("products", "embedded"): 60}
    found = []
    for engine in ("mysql", "embedded"):
        for page in pages.PAGES:
            made, held = pages.MADE_P95.format(page=page), pages.HELD_P95.format(page=page)
            found.append(Target(f"{page}, not cached, p95", engine, _of(engine, made), AT_MOST,
                                bounds.get((page, engine), 40), "ms"))
            found.append(Target(f"{page}, cached, p95", engine, _of(engine, held), AT_MOST, 4, "ms"))
            found.append(Target(f"{page}, against the same page over a million facts", engine,
                                _against_small(engine, page), AT_MOST, 1.3, "×"))
        found.append(Target("cached pages against a constant view", engine,
                            _ratio(engine, pages.THROUGHPUT, pages.CONSTANT), AT_LEAST, 0.6, "×"))
        found.append(Target(pages.TIMES_MADE, engine, _of(engine, pages.TIMES_MADE), AT_MOST, 1))
    found += [
        Target("the dashboard's query against the same over facts", "mysql",
               _ratio("mysql", stands.LIVE_QUERY, stands.SUMMARY_QUERY), AT_LEAST, 1000, "× as fast"),
        Target("dashboard, all of it, not cached, against its query over facts", "mysql",
               _against_live(pages.MADE), AT_LEAST, 1000, "× as fast"),
        Target("dashboard, all of it, cached, against its query over facts", "mysql",
               _against_live(pages.HELD), AT_LEAST, 1000, "× as fast"),
    ]
    return found


def _against_small(engine: str, page: str) -> Callable[[Figures], float | None]:
    name = pages.MADE.format(page=page)

    def value(figures: Figures) -> float | None:
        large, small = figures.median(engine, name), figures.median(engine + SMALL, name)
        return large / small if large and small else None

    return value


def _against_live(how: str) -> Callable[[Figures], float | None]:
    def value(figures: Figures) -> float | None:
        live, page = figures.median("mysql", stands.LIVE_QUERY), figures.median("mysql", how.format(page="dashboard"))
        return live * 1000 / page if live and page else None

    return value


def _browser() -> list[Target]:
    bounds = {paint.WARM: 300, paint.COLD: 1200}
    return [
        Target(name.format(how=how), engine, _of(engine, name.format(how=how)), AT_MOST, bound, "ms")
        for engine in ("mysql", "embedded") for how, bound in bounds.items() for name in (paint.PAINT, paint.CHART)
    ]


SMALL = " (1 M facts)"
"""Sets figures of the small installation apart."""
