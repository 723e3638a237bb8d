"""A pass over what is due: each delivery tried once, within a bounded time, its outcome written down.

Whoever begins a pass never waits for a server longer than it said: every attempt is made in a thread that is left
behind when its time is over, for looking up a name cannot be interrupted. It is then tried again later.
"""

from __future__ import annotations

import base64
import dataclasses
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from database.engines.ports import Store
from database.notices import outbox
from database.notices.events import happened
from database.notices.outbox import channels_set_up
from delivery.mail import PartlyRefused, send_mail
from delivery.webhook import post_webhook
from domain import notices
from domain.moments import utc_now
from domain.notices import MAIL, WEBHOOK, Notice, in_a_line
from settings import Settings

SEND: dict[str, Callable[..., None]] = {MAIL: send_mail, WEBHOOK: post_webhook}
ATTEMPT = 20
"""Seconds that one attempt may take."""
HIDDEN = "…"


@dataclass(frozen=True)
class Outcome:
    """How an attempt went. `trouble` is '' if well; some addresses of a letter may be refused although it is
    delivered. `state` is the one of the outbox; '' for what is not kept there."""

    channel: str
    subject: str
    is_delivered: bool
    trouble: str
    state: str = ""

    def words(self) -> str:
        """In a line."""
        if self.is_delivered:
            return f"{self.channel}: sent: {self.subject}" + (f"; {self.trouble}" if self.trouble else "")
        after = {
            outbox.WAITING: "; it will be tried again",
            outbox.GIVEN_UP: f"; given up after {outbox.MOST_ATTEMPTS} attempts",
        }.get(self.state, "")
        return f"{self.channel}: not sent: {self.subject}: {self.trouble}{after}"


def note_and_send(store: Store, *, attempt: float = ATTEMPT, total: float = 300) -> list[Outcome]:
    """Notes what happened, then sends what is due, within `total` seconds and `attempt` seconds for each. A channel
    that fails once is left alone until the next pass. Raises DatabaseUnreachable."""
    outbox.write_down(store, happened(store, now=utc_now()))
    return list(send_due(store, attempt=attempt, total=total))


def send_due(store: Store, *, attempt: float = ATTEMPT, total: float = 300) -> Iterator[Outcome]:
    """One attempt for each delivery that is due; see `note_and_send`."""
    over = time.monotonic() + total
    for channel in channels_set_up(store.settings):
        with store.application_reading.connect() as connection:
            waiting = outbox.due(connection, channel, now=utc_now())
        for delivery in waiting:
            left = min(attempt, over - time.monotonic())
            if left < 1:
                return
            if not outbox.claim(store, delivery, now=utc_now()):
                continue
            outcome = _attempt(store.settings, channel, delivery.notice, seconds=left)
            state = outbox.settle(store, delivery, is_delivered=outcome.is_delivered, trouble=outcome.trouble)
            yield dataclasses.replace(outcome, state=state)
            if not outcome.is_delivered:
                break


def send_test(settings: Settings) -> list[Outcome]:
    """A notice that says so, to every channel that is set up, written down nowhere."""
    now = utc_now()
    notice = Notice(
        f"test:{now.isoformat()}", notices.TEST, "A test notice",
        "Somebody called: flask send-notices --test\n\nThis is where notices arrive. Nothing is wrong.",
        (("Sent", f"{now:%Y-%m-%d %H:%M:%S} UTC"),), now,
    )
    return send_unrecorded(settings, notice)


def send_unrecorded(settings: Settings, notice: Notice, *, attempt: float = ATTEMPT) -> list[Outcome]:
    """One attempt by every channel, written down nowhere: for tests, and for when there is no database to write to."""
    return [_attempt(settings, channel, notice, seconds=attempt) for channel in channels_set_up(settings)]


def without_secrets(text: str, settings: Settings) -> str:
    """The text as it may be shown, whatever a server put into its answer."""
    for secret in sorted(_secrets(settings), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _attempt(settings: Settings, channel: str, notice: Notice, *, seconds: float) -> Outcome:
    ended: list[Exception | None] = []

    def work() -> None:
        try:
            SEND[channel](settings, notice, seconds=seconds)
            ended.append(None)
        except Exception as error:  # whatever it is, it is told, and the next pass tries again
            ended.append(error)

    thread = threading.Thread(target=work, name=f"{channel} notice", daemon=True)
    thread.start()
    thread.join(seconds)
    error = ended[0] if ended else TimeoutError(f"no end within {seconds:.0f} s")
    trouble = in_a_line(without_secrets(_error_words(error), settings), 500)
    return Outcome(channel, notice.subject, error is None or isinstance(error, PartlyRefused), trouble)


def _error_words(error: Exception | None) -> str:
    match error:
        case None:
            return ""
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=said):
            return f"the server answered {code} {_decoded(said)}"
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            address, (code, said) = next(iter(refused.items()))
            return f"the server answered {code} {_decoded(said)} for {address}"
    return str(error) or type(error).__name__


def _decoded(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _secrets(settings: Settings) -> Iterator[str]:
    """What must not be shown, in every form in which it goes over the line."""
    mail, webhook = settings.mail, settings.notices.webhook
    if mail.password:
        yield mail.password
        for form in (mail.password, f"\0{mail.user}\0{mail.password}"):
            yield base64.b64encode(form.encode()).decode()
    if webhook:
        yield webhook
        path = webhook.partition("://")[2].partition("/")[2]
        yield from (part for part in (path, *path.replace("?", "/").split("/")) if len(part) > 5)
