"""Servers that take notices, one of each for a file's tests, emptied before every test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from database.engines.ports import Store
from database.notices.outbox import write_down
from domain import notices
from domain.moments import utc_now
from domain.notices import Notice
from settings import NoticeSettings, Settings
from tests.database.notices.receivers import Mailbox, Receiver, mail_server, mail_settings, webhook_receiver


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def _mail() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        yield mailbox, port


@pytest.fixture(scope="module")
def _hook() -> Iterator[tuple[Receiver, int]]:
    receiver = Receiver()
    with webhook_receiver(receiver) as port:
        yield receiver, port


@pytest.fixture
def mailbox(_mail: tuple[Mailbox, int]) -> Mailbox:
    """An empty mailbox behind a server that takes everything."""
    _mail[0].__init__()
    return _mail[0]


@pytest.fixture
def receiver(_hook: tuple[Receiver, int]) -> Receiver:
    """A receiver of webhooks that got nothing yet."""
    _hook[0].__init__()
    return _hook[0]


@pytest.fixture
def with_channels(_mail, _hook, mailbox, receiver) -> Callable[[Settings], Settings]:
    """The settings with both channels set up."""

    def add(settings: Settings) -> Settings:
        hook = NoticeSettings(webhook=receiver.address(_hook[1]))
        return dataclasses.replace(settings, mail=mail_settings(_mail[1]), notices=hook)

    return add


@pytest.fixture
def outbox_store(store: Store, with_channels) -> Store:
    """A store with both channels set up."""
    return dataclasses.replace(store, settings=with_channels(store.settings))


def a_notice(key: str = "run:1", **changes) -> Notice:
    """A notice as a failed refresh would cause it."""
    return Notice(**{
        "key": key, "kind": notices.FAILED, "subject": "The refresh failed: the disk is full",
        "body": "The disk of /var is full.\nFree some space.", "facts": (("Reason", "the disk is full"),),
        "noted_at": utc_now(), **changes,
    })


def note(store: Store, *keys: str) -> None:
    """Writes notices down."""
    write_down(store, [a_notice(key) for key in keys])
