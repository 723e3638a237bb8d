"""Personal tokens for programs that use the API: `Authorization: Bearer lego_…`.

The table knows a token by its SHA-256 only. A token has the rights of its user, role and brands included,
below /api only; it ends when it is revoked or its user disabled.
"""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from flask import current_app, request

from database.people import api_tokens
from domain.errors import LegoError
from domain.moments import utc_now
from domain.people import Person
from web.http import current

USED_EVERY = datetime.timedelta(minutes=1)
"""How exact last_used_at is: every answer would otherwise write."""


def is_given() -> bool:
    """Whether this request says who asks by a header, and not by a cookie."""
    return request.path.startswith("/api/") and "Authorization" in request.headers


def find_person() -> Person | None:
    """Whose token the request carries; None if it was revoked, its user disabled, or it never was one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    token_hash = api_tokens.hash_of(token.strip())
    with current.store().application_reading.connect() as connection:
        found = api_tokens.find_token(connection, token_hash)
    if found is None:
        current_app.logger.warning("a token that is not known, or not any more, from %s", current.address())
        return None
    if found.last_used_at is None or utc_now() - found.last_used_at > USED_EVERY:
        _note_used(token_hash)
    return found.person


def _note_used(token_hash: str) -> None:
    """An answer must not fail because its use cannot be noted."""
    try:
        with current.store().application.begin() as connection:
            api_tokens.touch_token(connection, token_hash)
    except (LegoError, sa.exc.SQLAlchemyError) as error:
        current_app.logger.warning("last_used_at not written: %s", type(error).__name__)
