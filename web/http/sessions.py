"""Sessions live on the server; the cookie holds a random token, signed, and the CSRF secret beside it.

The table knows the token by its SHA-256 only, so reading the table opens no session. Signing out,
a new password and disabling delete rows: the cookie is worthless from then on.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets

import sqlalchemy as sa
from flask import Flask, Request, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from database.people import sessions as kept
from domain.errors import LegoError
from domain.moments import utc_now
from domain.networks import is_loopback_name
from domain.people import Person
from web.http import current
from web.http.secret_key import secret_key

TOKEN = "token"
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("Mozilla/", "A browser"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)
SEEN_EVERY = datetime.timedelta(minutes=1)
"""How exact last_seen_at is: pages would otherwise each write."""


def register(app: Flask) -> None:
    """Makes the app's cookies ours."""
    app.session_interface = SessionCookie()
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/")


class SessionCookie(SecureCookieSessionInterface):
    """Flask's signed cookie, Secure and bound to this host unless a browser talks to its own machine."""

    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-lego" if self.get_cookie_secure(app) else "lego"

    def get_cookie_secure(self, app: Flask) -> bool:
        # Plain HTTP to another machine gets a Secure cookie too, which browsers then drop: a password
        # must not cross a network in the clear, and the sign-in page says so.
        return request.is_secure or not is_loopback_name(request.host)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        # Not in create_app: a command such as import needs no key, and may run as another user.
        if not app.secret_key:
            try:
                app.secret_key = secret_key(current.settings())
            except LegoError as error:
                app.logger.error("%s", error)
                return None
        return super().open_session(app, request)


def is_private_channel() -> bool:
    """Whether a password may be asked for: under TLS, or from a browser on this machine."""
    return request.is_secure or is_loopback_name(request.host)


def begin(connection: sa.Connection, user_id: int) -> None:
    """Opens a session under a new token; whatever the cookie held before is gone."""
    end(connection)
    token = secrets.token_urlsafe(32)
    session[TOKEN] = token
    kept.begin_session(
        connection, token_hash=_hash(token), user_id=user_id, address=current.address()[:64] or None,
        browser=browser_words(request.headers.get("User-Agent", "")),
    )


def end(connection: sa.Connection) -> None:
    """Ends the session of this request, if there is one, and empties the cookie."""
    token = session.get(TOKEN)
    if isinstance(token, str):
        kept.end_session(connection, _hash(token))
    session.clear()
    g.pop("person", None)
    g.pop("csrf_token", None)


def end_others(connection: sa.Connection, user_id: int) -> int:
    """Ends every session of that user but the one of this request; returns how many there were."""
    return kept.end_other_sessions(connection, user_id, _hash(session.get(TOKEN, "")))


def find_person() -> Person | None:
    """Who the cookie's session belongs to; None if it ended, was left alone too long, or never was."""
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    with current.store().application_reading.connect() as connection:
        found = kept.find_session(connection, _hash(token))
    if found is None:
        return None
    now = utc_now()
    if now - found.last_seen_at > idle_limit() or now - found.created_at > kept.ABSOLUTE_LIMIT:
        return None
    if now - found.last_seen_at > SEEN_EVERY:
        _note_seen(token)
    return found.person


def person_now(connection: sa.Connection) -> Person | None:
    """Who the cookie's session belongs to as this transaction sees it; None if it ended since the request came."""
    token = session.get(TOKEN)
    found = kept.find_session(connection, _hash(token)) if isinstance(token, str) else None
    return found.person if found else None


def idle_limit() -> datetime.timedelta:
    """How long a session may be left alone."""
    return datetime.timedelta(minutes=current.settings().web.session_idle_minutes)


def session_mark() -> str:
    """A short text that differs between sessions and opens none; '' for a visitor."""
    token = session.get(TOKEN)
    return _hash(token)[: kept.HANDLE] if isinstance(token, str) else ""


def browser_words(user_agent: str) -> str:
    """`Firefox on Linux`: enough for somebody to know their own session again. The order matters: each of
    these claims to be the ones after it as well."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "A program")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def _note_seen(token: str) -> None:
    """A page must not fail because its visit cannot be noted (a read-only server, a busy file)."""
    try:
        with current.store().application.begin() as connection:
            kept.touch_session(connection, _hash(token))
    except (LegoError, sa.exc.SQLAlchemyError) as error:
        current_app.logger.warning("last_seen_at not written: %s", type(error).__name__)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
