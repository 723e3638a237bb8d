"""Facts on a server, summed up into its tables and, by way of a copy, into files; and the same embedded, in turns:

    python -m benchmarks.columnar [--facts 6.8e6] [--shape 1] [--rounds 5] [--report docs/COLUMNAR-BENCHMARK.md]

`--shape` is how many facts a group has. Processor seconds are those of the command and of the server together.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from benchmarks.measure import Figures, Process, command_line, flask, percentile, say
from benchmarks.page_profile import fresh_app
from benchmarks.pages import addresses_of
from benchmarks.report import conditions_of
from benchmarks.shop import shop_of, write_correction
from benchmarks.stands import EmbeddedStand, MysqlStand, Stand, stand_of
from database import migrations, schema
from database.demo.loading import load_demo
from database.store import open_store
from domain.people import VIEWER, Person
from machine.processes import processor_seconds
from settings import COLUMNAR, Settings
from web.http import sessions

TABLES, EMBEDDED = "tables", "embedded"
KINDS = (TABLES, COLUMNAR, EMBEDDED)
CORRECTED = "2025-06"


def main() -> None:
    """Prints what was measured as a table for docs/BENCHMARKS.md."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.columnar", description=__doc__.splitlines()[0])
    options.add_argument("--facts", type=lambda text: int(float(text)), default=1_000_000)
    options.add_argument("--shape", type=int, choices=(1, 24), default=1)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--report", type=Path, help="written, where it is named; else all is printed")
    options.add_argument("--folder", type=Path, help="where there is room for twice the facts")
    chosen = options.parse_args()
    figures, load = Figures(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lego-columnar-", dir=chosen.folder) as folder, _stands(
        Path(folder), chosen
    ) as stands:
        _measure_refreshes(stands, Path(folder), figures, chosen.rounds)
        logging.disable(logging.INFO)
        for kind, (_, settings) in stands.items():
            _measure_pages(kind, settings, figures)
    lines = [
        "# Summaries in columns", "", *conditions_of(command_line("python -m benchmarks.columnar"), load),
        f"- {chosen.facts:,} facts, {chosen.shape} a group of product, marketplace, month and metric; {chosen.rounds} "
        "rounds, the three in turns; processor seconds of command and server together", "", *_table(figures), "",
    ]
    if chosen.report:
        chosen.report.write_text("\n".join(lines), encoding="utf-8")
    else:
        print("\n".join(lines))


@contextlib.contextmanager
def _stands(folder: Path, chosen: argparse.Namespace) -> Iterator[dict[str, tuple[Stand, Settings]]]:
    with stand_of("mysql", folder / "server") as server, stand_of(EMBEDDED, folder / "files") as files:
        for stand in (server, files):
            _load(stand, chosen)
        columnar = dataclasses.replace(
            server.settings.database, summaries=COLUMNAR, path=folder / "columnar", memory=1024,
        )
        yield {
            TABLES: (server, server.settings),
            COLUMNAR: (server, dataclasses.replace(server.settings, database=columnar)),
            EMBEDDED: (files, files.settings),
        }


def _load(stand: Stand, chosen: argparse.Namespace) -> None:
    say(f"{stand.engine}: making {chosen.facts:,} facts")
    shape = dataclasses.replace(shop_of(chosen.facts), facts_per_group=chosen.shape)
    store = open_store(stand.settings)
    try:
        migrations.upgrade(store)
        stand.before_loading()
        load_demo(store, shape)
        with store.facts() as connection:
            connection.execute(sa.update(schema.financials_import).values(source="shop"))
            connection.commit()
    finally:
        store.close()
    flask(stand.settings, "init-db")


def _measure_refreshes(stands: dict, folder: Path, figures: Figures, rounds: int) -> None:
    for kind in KINDS:
        _note(figures, kind, "first refresh", *_run(stands[kind], "refresh-summaries"))
    for _ in range(rounds):
        for kind in KINDS:
            _note(figures, kind, "full refresh", *_run(stands[kind], "refresh-summaries", "--full"))
    for turn in range(rounds):
        path = folder / "correction.csv"
        write_correction(path, 100_000, month=CORRECTED, turn=turn)
        for kind in (TABLES, EMBEDDED):
            flask(stands[kind][1], "import", str(path), "--source", "correction")
        for kind in KINDS:
            _note(figures, kind, "one month after 100,000 facts", *_run(stands[kind], "refresh-summaries"))
    for _ in range(rounds):
        for kind in KINDS:
            _note(figures, kind, "nothing to do", *_run(stands[kind], "refresh-summaries"))


def _run(of: tuple[Stand, Settings], *words: str) -> tuple[Process, float]:
    stand, settings = of
    if isinstance(stand, EmbeddedStand):
        process = flask(settings, *words)
        return process, process.processor
    before = processor_seconds(_server(stand))
    process = flask(settings, *words)
    return process, process.processor + processor_seconds(_server(stand)) - before


def _server(stand: MysqlStand) -> int:
    return stand.server.process.pid


def _note(figures: Figures, kind: str, name: str, process: Process, processor: float) -> None:
    figures.add(kind, f"{name}, s", process.seconds)
    figures.add(kind, f"{name}, processor s", processor)
    figures.add(kind, f"{name}, peak MiB of the command", process.peak_mib)


def _measure_pages(kind: str, settings: Settings, figures: Figures) -> None:
    # Nobody signs in: who asks is not what a page costs.
    sessions.find_person = lambda: Person(1, "reader", VIEWER)
    for page, addresses in addresses_of(settings).items():
        client = fresh_app(settings).test_client()
        for address in addresses:
            began = time.perf_counter()
            status = client.get(address).status_code
            figures.add(kind, f"page {page}, ms", 1000 * (time.perf_counter() - began))
            if status != 200:
                raise RuntimeError(f"{address}: {status}")


def _table(figures: Figures) -> list[str]:
    found = sorted(figures.values.items(), key=lambda item: (item[0][1], KINDS.index(item[0][0])))
    return ["| what | | median | p95 |", "| --- | --- | ---: | ---: |", *(
        f"| {name} | {kind} | {percentile(values, 0.5):,.3g} | {percentile(values, 0.95):,.3g} |"
        for (kind, name), values in found
    )]


if __name__ == "__main__":
    main()
