"""Notices by e-mail: one letter to all addresses of [mail] to, in plain text."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import smtplib
import socket
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from domain.notices import Notice, in_a_line
from settings import MailSettings, Settings


def send_mail(settings: Settings, notice: Notice, *, seconds: float) -> None:
    """Hands the letter to the server. Raises OSError or smtplib.SMTPException if it did not take it; `seconds` is how
    long one answer of the server may take."""
    mail = settings.mail
    with _connected(mail, seconds) as server:
        refused = server.send_message(letter(settings, notice), mail.from_, mail.to)
    if refused:
        # The others have it: sending it once more would give it to them twice.
        raise PartlyRefused(f"not to {', '.join(sorted(refused))}: the server refused them")


class PartlyRefused(Exception):
    """Some addresses were refused; the other ones got the letter."""


def letter(settings: Settings, notice: Notice) -> EmailMessage:
    """The letter. A second attempt carries the same Message-ID, so that mail programs know it again."""
    title, mail = in_a_line(settings.dashboard.title), settings.mail
    found = EmailMessage(policy=SMTP)
    found["Subject"] = in_a_line(f"[{title}] {notice.subject}")
    found["From"] = Address(title, addr_spec=mail.from_)
    found["To"] = [Address(addr_spec=address) for address in mail.to]
    found["Date"] = format_datetime(notice.noted_at.replace(tzinfo=datetime.UTC))
    mark = hashlib.sha256(f"{notice.key} {notice.noted_at.isoformat()}".encode()).hexdigest()[:32]
    found["Message-ID"] = f"<{mark}@{mail.from_.rpartition('@')[2]}>"
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(f"{notice.body.rstrip()}\n\n-- \n{title} on {socket.gethostname()}\n", cte="quoted-printable")
    if found["Subject"].isascii():
        # Else a long one would be folded at once, and be shown with a space before it.
        found.policy = SMTP.clone(max_line_length=998)
    return found


@contextlib.contextmanager
def _connected(mail: MailSettings, seconds: float):
    """A server that knows who we are. What it says to the goodbye does not matter: it has the letter by then."""
    server = _greeted(mail, seconds)
    try:
        if mail.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, mail.password)
        yield server
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
    finally:
        server.close()


def _greeted(mail: MailSettings, seconds: float) -> smtplib.SMTP:
    # Our own name is given, for otherwise it would be looked up, which can take half a minute.
    name = socket.gethostname()
    if mail.security == "tls":
        server = smtplib.SMTP_SSL(
            mail.host, mail.port, local_hostname=name, timeout=seconds, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(mail.host, mail.port, local_hostname=name, timeout=seconds)
    if "." not in name:
        address = server.sock.getsockname()[0]
        server.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    return server
