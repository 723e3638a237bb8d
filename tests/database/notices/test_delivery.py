"""Letters and posts as real servers receive them; what servers refuse is told, tried again, and given up one day."""

from __future__ import annotations

import dataclasses
import datetime
import email
import email.policy
import os
import socket
import subprocess
import sys

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.notices import outbox
from database.notices.outbox import DELIVERED, GIVEN_UP, MOST_ATTEMPTS, WAITING, pause_after, write_down
from delivery.mail import letter
from delivery.sending import send_due, send_test, without_secrets
from domain.moments import utc_now
from domain.notices import MAIL, WEBHOOK
from settings import NoticeSettings, Settings, as_environment
from tests.database.notices.conftest import a_notice, note
from tests.database.notices.receivers import (
    PASSWORD,
    USER,
    Mailbox,
    certificate,
    check_password,
    mail_server,
    mail_settings,
)
from tests.ports import free_port

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

deliveries = schema.notice_delivery


def send(store: Store, **limits: float) -> list[str]:
    """A pass; what is said of it."""
    return [outcome.words() for outcome in send_due(store, **limits)]


def states(store: Store) -> list[tuple[str, str, int, str | None]]:
    """Channel, state, attempts and last error of every delivery."""
    with store.application_reading.connect() as connection:
        query = sa.select(
            deliveries.c.channel, deliveries.c.state, deliveries.c.attempts, deliveries.c.last_error
        ).order_by(deliveries.c.notice_id, deliveries.c.channel)
        return [tuple(row) for row in connection.execute(query)]


def wait_over(store: Store) -> None:
    """As if the pause after an attempt were over."""
    with store.application.begin() as connection:
        connection.execute(sa.update(deliveries).values(next_attempt_at=utc_now() - datetime.timedelta(seconds=1)))


def test_a_notice_is_delivered_once_by_each_channel_however_often_it_is_noted(outbox_store, mailbox, receiver):
    note(outbox_store, "run:1")
    note(outbox_store, "run:1")

    assert send(outbox_store) == [
        "mail: sent: The refresh failed: the disk is full", "webhook: sent: The refresh failed: the disk is full",
    ]
    assert send(outbox_store) == []
    assert (len(mailbox.letters), len(receiver.posts)) == (1, 1)
    assert states(outbox_store) == [(MAIL, DELIVERED, 1, None), (WEBHOOK, DELIVERED, 1, None)]


@EMBEDDED
def test_a_letter_is_plain_well_formed_and_says_the_matter(outbox_store, mailbox):
    body = "Ünïcødé, a long line: " + "x" * 1500 + "\n.\nfrom the start"
    noted = datetime.datetime(2026, 3, 1, 4, 5, 6)
    notice = a_notice(subject="CM3 % of Ölwerk\r\nBcc: eve@example.com: 3 %", body=body, noted_at=noted)
    write_down(outbox_store, [notice])
    send(outbox_store)

    (found,), (envelope,) = mailbox.letters, mailbox.envelopes
    assert found["Subject"] == "[LEGO Dashboard] CM3 % of Ölwerk Bcc: eve@example.com: 3 %"
    assert (found["From"], found["To"]) == ("LEGO Dashboard <lego@example.com>", "ann@example.com, bob@example.com")
    assert (envelope.mail_from, envelope.rcpt_tos) == ("lego@example.com", ["ann@example.com", "bob@example.com"])
    assert found["Date"].datetime == noted.replace(tzinfo=datetime.UTC)
    assert (found["Bcc"], found["Auto-Submitted"], found.get_content_type()) == (None, "auto-generated", "text/plain")
    assert found["Message-ID"] == letter(outbox_store.settings, notice)["Message-ID"]
    assert found.get_content().replace("\r\n", "\n") == f"{body}\n\n-- \nLEGO Dashboard on {socket.gethostname()}\n"
    assert max(map(len, envelope.content.splitlines())) <= 998 and not found.defects


def test_a_long_subject_stays_in_its_line():
    settings = dataclasses.replace(Settings(), mail=mail_settings(25))
    for subject in ("The doctor found: CM3 does not follow from its parts in 1 month, and 2 more", "Ö" * 150):
        found = letter(settings, a_notice(subject=subject))
        lines = found.as_bytes().split(b"\r\n")
        assert lines[0].startswith((b"Subject: [LEGO Dashboard]", b"Subject: =?utf-8?"))
        assert max(map(len, lines)) <= (78 if not subject.isascii() else 120)
        read = email.message_from_bytes(found.as_bytes(), policy=email.policy.default)
        assert read["Subject"].strip() == f"[LEGO Dashboard] {subject}"


@EMBEDDED
def test_a_post_has_text_for_people_and_facts_for_programs_and_rings_no_bell(outbox_store, receiver):
    noted = datetime.datetime(2026, 3, 1, 4, 5, 6)
    write_down(outbox_store, [a_notice(
        kind="rule", subject="CM3 % of <!channel> & Söhne: 3 %", body="as <@U1> said", facts=(("Of", "<!channel>"),),
        noted_at=noted,
    )])
    send(outbox_store)

    assert receiver.posts == [{
        "text": "[LEGO Dashboard] CM3 % of &lt;!channel&gt; &amp; Söhne: 3 %",
        "attachments": [{
            "fallback": "CM3 % of &lt;!channel&gt; &amp; Söhne: 3 %", "color": "warning",
            "text": "as &lt;@U1&gt; said",
            "fields": [{"title": "Of", "value": "&lt;!channel&gt;", "short": True}],
        }],
        "metadata": {"event_type": "lego_notice", "event_payload": {
            "key": "run:1", "kind": "rule", "kind_words": "rule crossed",
            "subject": "CM3 % of <!channel> & Söhne: 3 %", "noted_at": "2026-03-01T04:05:06Z",
            "facts": {"Of": "<!channel>"},
        }},
    }]


def test_what_servers_refuse_is_told_and_tried_again_after_a_while(outbox_store, mailbox, receiver):
    note(outbox_store, "run:1", "run:2")
    mailbox.answer, receiver.status, receiver.said = "451 4.3.0 come back later", 500, "no\nroom"

    assert send(outbox_store) == [
        "mail: not sent: The refresh failed: the disk is full: the server answered 451 4.3.0 come back later; "
        "it will be tried again",
        "webhook: not sent: The refresh failed: the disk is full: it answered 500 Internal Server Error: no room; "
        "it will be tried again",
    ]
    mailbox.answer, receiver.status = "", 200
    assert [line.partition(":")[0] for line in send(outbox_store)] == ["mail", "webhook"], "the other notice's turn"
    wait_over(outbox_store)
    assert len(send(outbox_store)) == 2
    assert [state[:3] for state in states(outbox_store)] == [
        (MAIL, DELIVERED, 2), (WEBHOOK, DELIVERED, 2), (MAIL, DELIVERED, 1), (WEBHOOK, DELIVERED, 1),
    ]
    assert (len(mailbox.letters), len(receiver.posts)) == (2, 2)


@EMBEDDED
def test_servers_that_are_not_there_or_send_elsewhere_are_told(outbox_store, receiver):
    settings, nobody = outbox_store.settings, free_port()
    note(outbox_store, "run:1")
    receiver.status = 302
    outbox_store = dataclasses.replace(outbox_store, settings=dataclasses.replace(settings, mail=mail_settings(nobody)))

    assert send(outbox_store) == [
        "mail: not sent: The refresh failed: the disk is full: [Errno 111] Connection refused; it will be tried again",
        "webhook: not sent: The refresh failed: the disk is full: it answered 302 Found: ok; it will be tried again",
    ]
    assert receiver.paths == ["/services/T000/secret-of-the-hook"]
    settings = dataclasses.replace(settings, notices=NoticeSettings(receiver.address(nobody)))
    outbox_store = dataclasses.replace(outbox_store, settings=settings)
    wait_over(outbox_store)
    assert send(outbox_store)[1].endswith("[Errno 111] Connection refused; it will be tried again")
    assert states(outbox_store)[0] == (MAIL, DELIVERED, 2, None)


@EMBEDDED
def test_a_notice_is_given_up_after_some_attempts(outbox_store, mailbox):
    note(outbox_store, "run:1")
    mailbox.answer = "554 5.7.1 never"
    with outbox_store.application.begin() as connection:
        connection.execute(sa.update(deliveries).values(attempts=MOST_ATTEMPTS - 1))

    assert send(outbox_store)[0].endswith("the server answered 554 5.7.1 never; given up after 10 attempts")
    wait_over(outbox_store)
    assert send(outbox_store) == []
    assert states(outbox_store)[0] == (MAIL, GIVEN_UP, 10, "the server answered 554 5.7.1 never")
    minutes = [pause_after(attempts).total_seconds() / 60 for attempts in range(1, MOST_ATTEMPTS)]
    assert minutes == [9, 18, 36, 72, 144, 288, 480, 480, 480]


@EMBEDDED
def test_one_address_that_is_refused_does_not_keep_the_letter_from_the_others(outbox_store, mailbox):
    note(outbox_store, "run:1")
    mailbox.refused = {"bob@example.com"}
    trouble = "not to bob@example.com: the server refused them"

    assert send(outbox_store)[0] == f"mail: sent: The refresh failed: the disk is full; {trouble}"
    assert mailbox.envelopes[0].rcpt_tos == ["ann@example.com"]
    assert states(outbox_store)[0] == (MAIL, DELIVERED, 1, trouble)


@EMBEDDED
def test_a_server_that_never_answers_costs_no_more_than_the_time_it_was_given(outbox_store):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = dataclasses.replace(outbox_store.settings, mail=mail_settings(silent.getsockname()[1]))
        outbox_store = dataclasses.replace(outbox_store, settings=settings)
        note(outbox_store, "run:1", "run:2")
        began = datetime.datetime.now()
        assert send(outbox_store, attempt=1)[0].startswith("mail: not sent: The refresh failed: the disk is full: ")
        assert (datetime.datetime.now() - began).total_seconds() < 5
    assert [state[:3] for state in states(outbox_store)] == [
        (MAIL, WAITING, 1), (WEBHOOK, DELIVERED, 1), (MAIL, WAITING, 0), (WEBHOOK, DELIVERED, 1),
    ]


SENDER = "import sys; from delivery.sending import note_and_send; from database.store import open_store; " \
    "from settings import load_settings; print(len(note_and_send(open_store(load_settings('/dev/null')))))"


@EMBEDDED
def test_of_two_processes_that_send_at_once_one_delivers(outbox_store, receiver):
    settings = dataclasses.replace(outbox_store.settings, mail=Settings().mail)
    outbox_store = dataclasses.replace(outbox_store, settings=settings)
    note(outbox_store, "run:1")
    environment = {**os.environ, **as_environment(settings)}
    receiver.let_go.clear()

    def start() -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-c", SENDER], env=environment, stdout=subprocess.PIPE, text=True)

    first = start()
    assert receiver.arrived.wait(60)
    second = start()
    assert second.communicate(timeout=60)[0] == "0\n"
    receiver.let_go.set()
    assert first.communicate(timeout=60)[0] == "1\n"
    assert len(receiver.posts) == 1


@EMBEDDED
def test_a_claimed_delivery_is_nobody_elses(outbox_store):
    note(outbox_store, "run:1")
    with outbox_store.application_reading.connect() as connection:
        (seen,) = outbox.due(connection, MAIL, now=utc_now())
    assert [outbox.claim(outbox_store, seen, now=utc_now()) for _ in range(2)] == [True, False]
    with outbox_store.application_reading.connect() as connection:
        assert outbox.due(connection, MAIL, now=utc_now()) == []


def test_two_processes_that_note_the_same_event_write_it_down_once(outbox_store, mailbox):
    # Both have seen that it is not there yet.
    assert [outbox._keep(outbox_store, a_notice()) for _ in range(2)] == [True, False]
    assert [state[:3] for state in states(outbox_store)] == [(MAIL, WAITING, 0), (WEBHOOK, WAITING, 0)]


@EMBEDDED
def test_old_notices_go_with_their_deliveries(outbox_store):
    old = utc_now() - datetime.timedelta(days=401)
    write_down(outbox_store, [a_notice("run:1", noted_at=old)])
    assert len(states(outbox_store)) == 2
    note(outbox_store, "run:2")
    with outbox_store.application_reading.connect() as connection:
        assert [notice.key for notice, _ in outbox.recent(connection, 5)] == ["run:2"]
    assert len(states(outbox_store)) == 2


@EMBEDDED
def test_what_was_noted_before_a_channel_was_set_up_is_not_sent_by_it(store, with_channels, receiver):
    note(store, "run:1")
    store = dataclasses.replace(store, settings=with_channels(store.settings))
    note(store, "run:2")
    send(store)
    assert [post["metadata"]["event_payload"]["key"] for post in receiver.posts] == ["run:2"]


# --- who is there, and secrets


def secured(store_settings: Settings, port: int, **changes) -> Settings:
    mail = mail_settings(port, **{"security": "starttls", "user": USER, "password": PASSWORD, **changes})
    return dataclasses.replace(store_settings, mail=mail)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_letters_go_encrypted_and_with_a_password_to_a_server_that_can_prove_who_it_is(tmp_path, monkeypatch):
    paper, context = certificate(tmp_path)
    mailbox = Mailbox()
    options = {"authenticator": check_password, "auth_required": True}
    with mail_server(mailbox, tls_context=context, require_starttls=True, **options) as port:
        settings = secured(Settings(), port)
        assert "certificate verify failed" in send_test(settings)[0].trouble
        monkeypatch.setenv("SSL_CERT_FILE", str(paper))
        assert send_test(settings)[0].words() == "mail: sent: A test notice"
        wrong = send_test(secured(Settings(), port, password="another secret"))[0]
        assert wrong.trouble == "the server answered 535 5.7.8 … is not the password"
        assert "530" in send_test(secured(Settings(), port, user="", security="none"))[0].trouble
    with mail_server(mailbox, ssl_context=context, auth_require_tls=False, **options) as port:
        assert send_test(secured(Settings(), port, security="tls"))[0].is_delivered
    assert [found["Subject"] for found in mailbox.letters] == ["[LEGO Dashboard] A test notice"] * 2


def test_a_server_that_cannot_encrypt_gets_no_password(_mail, mailbox):
    assert send_test(secured(Settings(), _mail[1]))[0].trouble == "STARTTLS extension not supported by server."
    assert mailbox.letters == []


def test_no_secret_stands_in_what_is_said_whatever_a_server_answers():
    settings = dataclasses.replace(
        Settings(), mail=mail_settings(25, user=USER, password=PASSWORD),
        notices=NoticeSettings("https://hooks.example/services/T0/B0/the-token-of-it"),
    )
    said = f"{PASSWORD} {settings.notices.webhook} POST /services/T0/B0/the-token-of-it aHVudGVyMiBvZiB0aGUgbWFpbA=="
    shown = without_secrets(said, settings)
    assert not any(secret in shown for secret in ("hunter2", "the-token", "aHVudGVy"))
    assert "hunter2" not in repr(settings) and "the-token" not in repr(settings)
