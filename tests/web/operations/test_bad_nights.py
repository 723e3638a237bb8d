"""Bad nights as they really happen: /operations, the doctor, /metrics and a notice name each, and the cure works.

Each night is looked at from all four places, in the words of docs/OPERATIONS.md; then the cure that stands there is
run, and all four are calm again.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

import commands
from database import schema
from database.engines.ports import Store
from database.people import users
from flask_app import create_app
from settings import ROOT, NoticeSettings, Settings
from tests.conftest import embedded_settings
from tests.database.notices.receivers import Receiver, webhook_receiver
from tests.faults.test_full_disk import filled, small_disk
from tests.web.conftest import PASSWORD, sign_in, text_of

RUNBOOK = (ROOT / "docs/OPERATIONS.md").read_text(encoding="utf-8")
HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"
JANUARY = HEADINGS + "".join(f"B{n},Alder,Toys,US,Net revenue,2024-01,{n}.00\n" for n in range(1, 41))
FEBRUARY = JANUARY.replace("2024-01", "2024-02")
EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
MARIADB = pytest.mark.parametrize("engine", ["mysql"], indirect=True)


@dataclass(frozen=True)
class Look:
    """What the four places say: words of the page, findings by check, metrics by name and labels, notices' words."""

    page: str
    findings: dict[str, dict]
    metrics: dict[tuple, float]
    notices: list[str]


class Night:
    """An app, somebody who looks at it, its command line, and the receiver of its notices."""

    def __init__(self, app: Flask, folder: Path, receiver: Receiver) -> None:
        self.app, self.folder, self.receiver = app, folder, receiver
        self.store: Store = app.extensions[commands.EXTENSION]
        self.client = app.test_client()

    def flask(self, *words: str):
        """Runs a command."""
        return self.app.test_cli_runner().invoke(args=words)

    def file(self, text: str, name: str) -> str:
        """A file as somebody sent it."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def look(self) -> Look:
        """After the doctor's and the notices' turn, as the schedule gives them."""
        findings = json.loads(self.flask("doctor", "--json").stdout)["findings"]
        assert self.flask("send-notices").exit_code == 0
        metrics = self.client.get("/metrics").text
        return Look(
            text_of(self.client, "/operations"), {found["id"]: found for found in findings},
            {
                (sample.name, *sample.labels.values()): sample.value
                for family in text_string_to_metric_families(metrics) for sample in family.samples
            },
            [json.dumps(post, ensure_ascii=False) for post in self.receiver.posts],
        )

    def runs_the_cure(self, heading: str, *commands: str, **values: str) -> None:
        """Runs commands that the runbook gives below `heading`, word by word, with `values` for its capitals."""
        section = section_of(heading)
        for command in commands:
            assert f"    {command}\n" in section, command
            words = [values.get(word, word) for word in command.split()]
            assert words[0] == "flask"
            done = self.flask(*words[1:])
            # The doctor goes on telling that this machine's disk is small.
            assert done.exit_code == 0 or (words[1] == "doctor" and "disk-space" in done.stdout), done.output


def section_of(heading: str) -> str:
    """A part of the runbook."""
    return RUNBOOK.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def in_runbook(heading: str, *words: str) -> None:
    """Whoever is sent to the runbook by a word finds it there."""
    section = " ".join(section_of(heading).split())
    assert [word for word in words if word not in section] == []


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Receiver, str]]:
    """A receiver of webhooks, and its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    found = Receiver()
    with webhook_receiver(found) as port:
        yield found, found.address(port)


@pytest.fixture
def night(store: Store, tmp_path: Path, password_hash: str, receiver) -> Iterator[Night]:
    """A shop with a month's figures, refreshed."""
    with _calm(store.settings, tmp_path, password_hash, receiver) as found:
        yield found


@contextmanager
def _calm(settings: Settings, folder: Path, password_hash: str, receiver: tuple[Receiver, str]) -> Iterator[Night]:
    app = create_app(dataclasses.replace(settings, notices=NoticeSettings(webhook=receiver[1])))
    night = Night(app, folder, receiver[0])
    with night.store.application.begin() as connection:
        users.add_user(connection, name="anna", role="admin", password_hash=password_hash, brands=None)
    assert sign_in(night.client, "anna", PASSWORD).status_code == 303
    assert night.flask("import", night.file(JANUARY, "january.csv"), "--refresh").exit_code == 0
    yield night
    night.store.close()


@EMBEDDED
def test_a_night_with_a_failed_refresh(night: Night) -> None:
    with night.store.facts() as connection:
        # Another program took facts away without a word.
        connection.execute(sa.delete(schema.financials).where(schema.financials.c.value > 5))
        connection.commit()
    assert night.flask("refresh-summaries", "--full").exit_code == 4
    seen = night.look()
    why = "2024-01 had 40 facts and has 5 now, and no import, undo or archive explains it"
    assert " Failed Generation 1 published " in seen.page and f"what was live before still is. {why}" in seen.page
    assert why in seen.findings["refresh-failed"]["evidence"]
    assert seen.metrics["lego_refresh_failed",] == 1
    assert [text for text in seen.notices if f"The refresh failed: {why}" in text]
    in_runbook("The refresh failed", "refresh-failed", "LegoRefreshFailed", "The refresh failed", "Failed")
    night.runs_the_cure("The refresh failed", "flask refresh-summaries --full --force")
    calm = night.look()
    assert " All well Generation 2 published " in calm.page
    assert "refresh-failed" not in calm.findings and calm.metrics["lego_refresh_failed",] == 0


def test_a_night_with_a_full_disk(tmp_path: Path, password_hash: str, receiver, empty_instance: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=400) as disk:
        settings = embedded_settings(disk)
        shutil.copytree(empty_instance, settings.database.path)
        with _calm(settings, tmp_path, password_hash, receiver) as night:
            assert night.flask("import", night.file(FEBRUARY, "february.csv")).exit_code == 0
            with filled(disk):
                refused = night.flask("refresh-summaries")
                assert refused.exit_code == 5 and "the disk is full" in refused.stderr
                seen = night.look()
            assert " Disk full Generation 1 published " in seen.page and "0 bytes free of 400 MiB" in seen.page
            assert {"disk-space", "refresh-has-no-room"} <= set(seen.findings)
            assert seen.metrics["lego_disk_free_bytes",] == 0
            assert [text for text in seen.notices if "the disk is full" in text]
            heading = "The disk is full"
            in_runbook(heading, "disk-space", "refresh-has-no-room", "LegoDiskLow", "Disk full", "exit code 5")
            night.runs_the_cure(heading, "flask doctor --fix", "flask refresh-summaries")
            calm = night.look()
            assert "Disk full" not in calm.page and "refresh-has-no-room" not in calm.findings
            assert "Generation 2 published " in calm.page


@EMBEDDED
def test_a_night_with_a_wrong_file(night: Night) -> None:
    wrong = night.file(JANUARY.replace(",40.00", ",40000.00"), "wrong.csv")
    assert night.flask("import", wrong, "--refresh").exit_code == 0
    assert night.flask("import", night.file(HEADINGS + "B1,Alder,Toys,US,CM1,2024-02,ten\n", "cm1.csv")).exit_code == 4
    seen = night.look()
    assert "wrong.csv import 2, long in" in seen.page and "import 2 (wrong.csv)" in seen.page
    row = re.search(r"cm1\.csv .{0,40}refused .{0,60}", seen.page)
    assert row and "line 2, column value: 'ten' is not a number" in row[0]
    assert "by import 2 (wrong.csv)" in seen.findings["months-restated"]["evidence"]
    assert "cm1.csv" in seen.findings["import-refused"]["finding"]
    assert (seen.metrics["lego_restated_months",], seen.metrics["lego_imports_refused",]) == (1, 1)
    assert [text for text in seen.notices if "Restated: " in text] and [
        text for text in seen.notices if "Import refused: cm1.csv" in text
    ]
    heading = "A wrong file was imported"
    in_runbook(heading, "months-restated", "LegoMonthsRestated", "import-refused", "LegoImportRefused", "Restated:",
               "Import refused:")
    night.runs_the_cure(heading, "flask undo-import ID", "flask refresh-summaries", ID="2")
    mended = night.file(HEADINGS + "B1,Alder,Toys,US,CM1,2024-02,10\n", "cm1.csv")
    night.runs_the_cure(heading, "flask import FILE --refresh", FILE=mended)
    calm = night.look()
    assert {"months-restated", "import-refused"} & set(calm.findings) == set()
    assert (calm.metrics["lego_restated_months",], calm.metrics["lego_imports_refused",]) == (0, 0)


@MARIADB
def test_a_night_with_a_missing_index(night: Night) -> None:
    with night.store.facts() as connection:
        for table in (schema.financials, schema.summary_brand):
            for index in sorted(table.indexes, key=lambda index: index.name):
                connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP INDEX {index.name}")
    seen = night.look()
    checks = {"rollup-index-missing", "summary-index-missing"}
    assert checks <= set(seen.findings)
    assert "financials has no rollup index, so every refresh is many times slower" in seen.page
    assert all(seen.metrics["lego_doctor_findings", check, "warning"] > 0 for check in checks)
    assert [text for text in seen.notices if "The doctor found: " in text and "financials has no rollup index" in text]
    heading = "An index is missing"
    in_runbook(heading, *checks, "LegoIndexMissing", "The doctor found")
    night.runs_the_cure(heading, "flask doctor --fix")
    calm = night.look()
    assert checks & set(calm.findings) == set() and "no rollup index" not in calm.page


@MARIADB
def test_a_night_with_a_slow_page(night: Night) -> None:
    with held_up(night.store, schema.summary_brand.name, seconds=0.4):
        night.client.get("/dashboard?period=all").close()
    answer = night.client.get("/dashboard?period=2024")
    assert answer.status_code == 200
    answer.close()
    seen = night.look()
    words = seen.page.split("Slowest statements")[1]
    assert " slow /dashboard?period=" in words and "rows looked at" in words and "flask explain dashboard" in words
    assert "flask explain dashboard" in seen.findings["page-was-slow"]["advice"]
    assert seen.metrics["lego_slowest_statement_seconds",] > 0.3
    assert seen.metrics["lego_page_seconds_bucket", "0.2", "dashboard.show"] < seen.metrics[
        "lego_page_seconds_count", "dashboard.show"]
    assert [text for text in seen.notices if "The doctor found: " in text and "A statement of /dashboard" in text]
    heading = "A page is slow"
    in_runbook(heading, "page-was-slow", "LegoPageSlow", "LegoStatementSlow", "The doctor found")
    night.runs_the_cure(heading, "flask explain dashboard", "flask doctor --fix")


@contextmanager
def held_up(store: Store, table: str, *, seconds: float) -> Iterator[None]:
    """Whoever asks for the table while this lasts waits so long: another program keeps it locked."""
    with store.facts() as keeper, store.facts() as watcher:
        keeper.exec_driver_sql(f"LOCK TABLES {table} WRITE")

        def let_go() -> None:
            waiting = (
                "SELECT COALESCE(MAX(time_ms), 0) FROM information_schema.processlist "
                f"WHERE db = DATABASE() AND LOCATE('{table}', info) AND LOCATE('Waiting for table', state)"
            )
            deadline = time.monotonic() + 20
            while watcher.exec_driver_sql(waiting).scalar() < seconds * 1000 and time.monotonic() < deadline:
                pass
            keeper.exec_driver_sql("UNLOCK TABLES")

        thread = threading.Thread(target=let_go)
        thread.start()
        try:
            yield
        finally:
            thread.join()
