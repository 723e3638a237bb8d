"""Second factors: codes of an app on a phone (TOTP, RFC 6238), and recovery codes for when it is lost.

The secret is kept as it is: codes are computed from it, so it cannot be hashed. A recovery code is random and
long, so its SHA-256 is enough. Every code works once.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import secrets
import time

import pyotp
import sqlalchemy as sa

from database.people.accounts import hold
from database.schema import recovery_code, totp
from domain.moments import utc_now

STEP_SECONDS = 30
SHOWN_FOR = datetime.timedelta(minutes=15)
"""So long a secret waits for its first code."""
CODES = 10
MOST_AHEAD = 20
"""So many steps, ten minutes, a code stays spent after a clock was set back."""

APP_CODE, RECOVERY_CODE = "code of the app", "recovery code"

_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that looks like something else."""


def current_step() -> int:
    """The number of the half minute that it is now: what codes are computed from."""
    return int(time.time()) // STEP_SECONDS


def begin(connection: sa.Connection, user_id: int) -> None:
    """Makes a secret that waits for its first code. Whoever has a second factor already keeps it."""
    hold(connection, user_id)
    if is_on(connection, user_id):
        return
    connection.execute(sa.delete(totp).where(totp.c.user_id == user_id))
    connection.execute(
        sa.insert(totp).values(user_id=user_id, secret=pyotp.random_base32(), created_at=utc_now(), last_step=0)
    )


def waiting_secret(connection: sa.Connection, user_id: int) -> str | None:
    """The secret that waits for its first code; None if there is none, or its time is over."""
    return connection.execute(
        sa.select(totp.c.secret).where(
            totp.c.user_id == user_id, totp.c.confirmed_at.is_(None), totp.c.created_at > utc_now() - SHOWN_FOR
        )
    ).scalar()


def confirm(connection: sa.Connection, user_id: int, code: str) -> tuple[str, ...] | None:
    """Switches the second factor on if `code` is right, and returns the recovery codes, the only time.
    None if it is wrong, or no secret waits."""
    hold(connection, user_id)
    secret = waiting_secret(connection, user_id)
    step = secret and _step_of(secret, code)
    if not step:
        return None
    connection.execute(
        sa.update(totp).where(totp.c.user_id == user_id).values(confirmed_at=utc_now(), last_step=step)
    )
    return new_recovery_codes(connection, user_id)


def is_on(connection: sa.Connection, user_id: int) -> bool:
    """Whether a code is asked for after the password."""
    found = sa.select(totp.c.user_id).where(totp.c.user_id == user_id, totp.c.confirmed_at.is_not(None))
    return connection.execute(found).first() is not None


def accept(connection: sa.Connection, user_id: int, code: str) -> str | None:
    """APP_CODE or RECOVERY_CODE, which is spent from then on; None if `code` is neither."""
    code = re.sub(r"[\s-]", "", code[:100])
    if _DIGITS.fullmatch(code):
        return APP_CODE if _accept_app_code(connection, user_id, code) else None
    spent = connection.execute(
        sa.delete(recovery_code).where(
            recovery_code.c.user_id == user_id, recovery_code.c.code_hash == _hash(code.lower())
        )
    )
    return RECOVERY_CODE if spent.rowcount else None


def new_recovery_codes(connection: sa.Connection, user_id: int) -> tuple[str, ...]:
    """New codes in place of the old ones, returned the only time."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(16)) for _ in range(CODES)]
    connection.execute(sa.delete(recovery_code).where(recovery_code.c.user_id == user_id))
    connection.execute(
        sa.insert(recovery_code), [{"user_id": user_id, "code_hash": _hash(code)} for code in codes]
    )
    return tuple("-".join(re.findall("....", code)) for code in codes)


def count_recovery_codes(connection: sa.Connection, user_id: int) -> int:
    """How many recovery codes are left."""
    query = sa.select(sa.func.count()).select_from(recovery_code).where(recovery_code.c.user_id == user_id)
    return connection.execute(query).scalar_one()


def switch_off(connection: sa.Connection, user_id: int) -> None:
    """Forgets secret and recovery codes: the password alone is asked for."""
    hold(connection, user_id)
    for table in (totp, recovery_code):
        connection.execute(sa.delete(table).where(table.c.user_id == user_id))


def enrolment_address(secret: str, *, name: str, issuer: str) -> str:
    """What the QR code says: an otpauth:// address that apps on phones read."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def _accept_app_code(connection: sa.Connection, user_id: int, code: str) -> bool:
    secret = connection.execute(
        sa.select(totp.c.secret).where(totp.c.user_id == user_id, totp.c.confirmed_at.is_not(None))
    ).scalar()
    step = secret and _step_of(secret, code)
    if not step:
        return False
    # One statement: of the same code sent twice at once, in any process, one is taken.
    # A last code of the future is one that was taken while the clock was ahead: it would lock its owner out until then.
    is_unused = sa.or_(totp.c.last_step < step, totp.c.last_step > step + MOST_AHEAD)
    taken = connection.execute(
        sa.update(totp).where(totp.c.user_id == user_id, is_unused).values(last_step=step)
    )
    return bool(taken.rowcount)


def _step_of(secret: str, code: str) -> int | None:
    """The step of time whose code it is: this one, or a neighbour, for clocks that differ. Every comparison
    takes the same time, and all are made."""
    codes, now = pyotp.TOTP(secret), current_step()
    given = re.sub(r"\s", "", code[:100]).encode("utf-8", "replace")
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(codes.generate_otp(step).encode(), given):
            found = step
    return found


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
