"""`flask send-notices`, and what follows a refresh: said in few words, and never in a refresh's way."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import shutil
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

import commands
from database import schema
from database.engines.ports import Store
from database.notices.outbox import undelivered
from database.notices.rules import add_rule
from domain.moments import utc_now
from domain.rules import Rule
from flask_app import create_app
from settings import DatabaseSettings, NoticeSettings, Settings
from tests.database.notices.receivers import PASSWORD, USER, mail_settings
from tests.facts import add_brands, add_facts, add_products
from tests.ports import free_port

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

NO_ROOM = SimpleNamespace(total=10 * 2**30, used=10 * 2**30 - 5 * 2**20, free=5 * 2**20)
"""Of ten GiB, five MiB are left."""

PARTS = [("B1", "US", "Net revenue", "2024-01", "100"), ("B1", "US", "CM3", "2024-01", "10")]


@pytest.fixture
def runner_of() -> Iterator[Callable]:
    """Makes runners of commands by settings."""
    made = []

    def make(settings: Settings):
        app = create_app(settings)
        made.append(app.extensions[commands.EXTENSION])
        return app.test_cli_runner()

    yield make
    for opened in made:
        opened.close()


@pytest.fixture
def runner(runner_of, store, with_channels):
    """Runs commands with both channels set up."""
    return runner_of(with_channels(store.settings))


@pytest.fixture
def shop(store: Store) -> Store:
    """A brand that sells."""
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    add_facts(store, PARTS)
    return store


def subjects(mailbox) -> list[str]:
    return [found["Subject"].removeprefix("[LEGO Dashboard] ") for found in mailbox.letters]


@EMBEDDED
def test_while_all_is_well_nothing_is_said_or_sent(runner, mailbox, receiver):
    outcome = runner.invoke(args=["send-notices"])
    assert (outcome.exit_code, outcome.output) == (0, "")
    assert (mailbox.letters, receiver.posts) == ([], [])


@EMBEDDED
def test_a_test_notice_goes_to_every_channel_and_is_kept_nowhere(runner, runner_of, store, mailbox, receiver):
    outcome = runner.invoke(args=["send-notices", "--test"])
    assert (outcome.exit_code, outcome.output) == (0, "mail: sent: A test notice\nwebhook: sent: A test notice\n")
    receiver.status = 404
    outcome = runner.invoke(args=["send-notices", "--test"])
    assert (outcome.exit_code, outcome.stdout) == (1, "mail: sent: A test notice\n")
    assert outcome.stderr == "webhook: not sent: A test notice: it answered 404 Not Found: ok\n"
    with store.application_reading.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.notice)).scalar() == 0
    outcome = runner_of(store.settings).invoke(args=["send-notices", "--test"])
    assert (outcome.exit_code, len(outcome.stderr.splitlines())) == (2, 1)
    assert outcome.stderr.startswith("send-notices: no channel is set up; set [mail] host, from and to")


def test_a_refresh_tells_of_its_failure_and_of_rules_that_it_crossed(runner, shop, mailbox, receiver):
    with shop.application.begin() as connection:
        add_rule(connection, Rule("CM3 %", "below", 15, brand_id=1), by="anna")
    assert runner.invoke(args=["refresh-summaries"]).exit_code == 0
    assert subjects(mailbox) == ["CM3 % of Alder: 10.0 % in Jan 2024"]
    assert len(receiver.posts) == 1
    with shop.facts() as connection:
        connection.execute(sa.delete(schema.financials))
        connection.commit()
    outcome = runner.invoke(args=["refresh-summaries", "--full"])
    assert (outcome.exit_code, len(outcome.stderr.splitlines())) == (4, 1)
    assert subjects(mailbox)[1].startswith("The refresh failed: there are no facts")
    assert (len(mailbox.letters), len(receiver.posts)) == (2, 2)
    assert runner.invoke(args=["send-notices"]).output == ""
    assert len(mailbox.letters) == 2


@EMBEDDED
def test_a_refresh_that_could_not_even_begin_is_told(runner, shop, mailbox, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: NO_ROOM)
    assert runner.invoke(args=["refresh-summaries"]).exit_code == 5
    (subject,) = subjects(mailbox)
    assert subject.startswith("The refresh failed: ") and "5 MiB are free, a refresh needs 64 MiB" in subject
    assert runner.invoke(args=["send-notices"]).output == "" and len(mailbox.letters) == 1


def test_without_a_database_to_write_to_a_failure_is_told_at_once(
    runner_of, tmp_path, with_channels, mailbox, receiver
):
    database = DatabaseSettings(engine="mysql", host="127.0.0.1", port=free_port(), path=tmp_path / "instance")
    runner = runner_of(with_channels(Settings(database=database)))
    outcome = runner.invoke(args=["refresh-summaries"])

    assert outcome.exit_code == 7
    assert outcome.stderr.splitlines()[-1].startswith("refresh-summaries: ")
    (subject,) = subjects(mailbox)
    assert subject.startswith("The refresh failed: ") and "127.0.0.1" in subject
    assert len(receiver.posts) == 1
    assert runner.invoke(args=["send-notices"]).exit_code == 7


@EMBEDDED
def test_whoever_finds_the_lock_taken_tells_nothing(runner, shop, mailbox):
    with shop.lock("an import"):
        assert runner.invoke(args=["refresh-summaries"]).exit_code == 3
    assert mailbox.letters == []


@EMBEDDED
def test_a_refresh_goes_well_though_no_server_takes_its_notices_and_no_secret_is_said(
    runner_of, shop, mailbox, receiver, caplog
):
    caplog.set_level(logging.DEBUG)
    hook = receiver.address(free_port())
    settings = dataclasses.replace(
        shop.settings, notices=NoticeSettings(hook), mail=mail_settings(free_port(), user=USER, password=PASSWORD),
    )
    with shop.application.begin() as connection:
        add_rule(connection, Rule("CM3", "below", 50), by="anna")
    began = datetime.datetime.now()
    outcome = runner_of(settings).invoke(args=["refresh-summaries"])

    assert outcome.exit_code == 0 and "Generation 1 is live" in outcome.stdout
    assert (datetime.datetime.now() - began).total_seconds() < 10
    refused = "CM3 of all brands: 10.00 USD in Jan 2024: [Errno 111] Connection refused; it will be tried again"
    assert outcome.stderr.splitlines()[-2:] == [
        f"warning: notices: mail: not sent: {refused}", f"warning: notices: webhook: not sent: {refused}",
    ]
    with shop.application_reading.connect() as connection:
        assert [each.channel for each in undelivered(connection, now=utc_now())] == ["mail", "webhook"]
        rows = repr([connection.execute(sa.select(table)).all() for table in schema.tables_of(schema.APPLICATION)])
    log = shop.settings.database.path / "commands.log"
    said = outcome.output + caplog.text + rows + log.read_text(encoding="utf-8")
    assert not any(secret in said for secret in (PASSWORD, "secret-of-the-hook"))
