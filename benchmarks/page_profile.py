"""What a page costs, and where: python -m benchmarks.page_profile [--engine mysql] [--facts 1e6] [--page dashboard]

Every page of the benchmark, what changed CM3, explanations and the search are made in this process, without a server
before it: wall and processor milliseconds, how much of it the database took and in which statements; with --page, also
the functions of Python that took most. Figures are of one process, so that they are lower than those of
docs/BENCHMARKS.md, and steadier. --path names the instance folder of an embedded installation that is there already.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import logging
import pstats
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from benchmarks.measure import percentile, whole_number
from benchmarks.pages import addresses_of, other_addresses_of
from benchmarks.stands import ENGINES, ready_stand
from domain.people import VIEWER, Person
from flask_app import create_app
from settings import DatabaseSettings, Settings
from web.http import sessions

STATEMENTS, FUNCTIONS = 8, 40
SHOWN = 100
"""So many characters of a statement."""


class Statements:
    """Milliseconds that the database took, by statement."""

    def __init__(self) -> None:
        self.took: Counter[str] = Counter()
        self.times: Counter[str] = Counter()
        self._began = 0.0
        sa.event.listen(sa.Engine, "before_cursor_execute", self._begin)
        sa.event.listen(sa.Engine, "after_cursor_execute", self._end)

    def clear(self) -> None:
        """Forgets what was seen."""
        self.took.clear()
        self.times.clear()

    def _begin(self, connection, cursor, statement, parameters, context, executemany) -> None:
        self._began = time.perf_counter()

    def _end(self, connection, cursor, statement, parameters, context, executemany) -> None:
        words = " ".join(statement.split())[:SHOWN]
        self.took[words] += (time.perf_counter() - self._began) * 1000
        self.times[words] += 1


def main() -> None:
    """Prints the profile."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.page_profile", description=__doc__.splitlines()[0])
    options.add_argument("--engine", choices=ENGINES, default="embedded")
    options.add_argument("--facts", type=whole_number, default=1_000_000)
    options.add_argument("--path", type=Path)
    options.add_argument("--page", help="the functions behind this page")
    chosen = options.parse_args()
    with _installation(chosen) as settings:
        # Nobody signs in: who asks is not what a page costs.
        sessions.find_person = lambda: Person(1, "reader", VIEWER)
        logging.disable(logging.INFO)
        statements, addresses = Statements(), addresses_of(settings) | other_addresses_of(settings)
        for page in [chosen.page] if chosen.page else addresses:
            _show(settings, page, addresses[page], statements)
        if chosen.page:
            _show_functions(settings, addresses[chosen.page])


@contextlib.contextmanager
def _installation(chosen: argparse.Namespace) -> Iterator[Settings]:
    if chosen.path is not None:
        yield Settings(database=DatabaseSettings(engine="embedded", path=chosen.path))
        return
    with (
        tempfile.TemporaryDirectory(prefix="lego-profile-") as folder,
        ready_stand(chosen.engine, Path(folder) / "stand", chosen.facts) as stand,
    ):
        yield stand.settings


def fresh_app(settings: Settings) -> Flask:
    """An app that has kept nothing yet, and has its templates and catalogue at hand."""
    shutil.rmtree(settings.database.path / "cache", ignore_errors=True)
    app = create_app(settings)
    app.secret_key = "of no use to anybody, for it signs nothing but this profile's own cookie"
    for address in ("/dashboard", "/profitability", "/categories", "/products"):
        app.test_client().get(address)
    return app


def _show(settings: Settings, page: str, addresses: list[str], statements: Statements) -> None:
    client, made, worked, held = fresh_app(settings).test_client(), [], [], []
    statements.clear()
    for address in addresses:
        began, used = time.perf_counter(), time.process_time()
        status = client.get(address).status_code
        made.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - used) * 1000)
        if status != 200:
            raise RuntimeError(f"{address}: {status}")
    count, took, times = len(addresses), statements.took.copy(), statements.times.copy()
    for address in addresses:
        began = time.perf_counter()
        client.get(address)
        held.append((time.perf_counter() - began) * 1000)
    print(f"{page}: made {percentile(made, 0.5):.1f} ms, p95 {percentile(made, 0.95):.1f}; processor "
          f"{percentile(worked, 0.5):.1f} ms; statements {sum(took.values()) / count:.1f} ms; "
          f"held {percentile(held, 0.5):.1f} ms")
    for words, milliseconds in took.most_common(STATEMENTS):
        print(f"  {milliseconds / count:6.2f} ms in {times[words] / count:.1f}  {words}")


def _show_functions(settings: Settings, addresses: list[str]) -> None:
    client, profile = fresh_app(settings).test_client(), cProfile.Profile()
    profile.enable()
    for address in addresses:
        client.get(address)
    profile.disable()
    pstats.Stats(profile).sort_stats("cumtime").print_stats("work|web|database|templates", FUNCTIONS)


if __name__ == "__main__":
    main()
