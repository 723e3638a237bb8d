"""Asking somebody who is signed in for their password again, before what a stolen session must not do."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from database.people import users
from database.people.attempts import admit_attempt, forget_attempts
from database.people.common_passwords import is_common
from database.people.passwords import is_password
from domain.errors import Refused
from domain.passwords import refuse_weak
from web.http import current, identity, trail


@dataclass(frozen=True)
class Fault:
    """Why a form was not taken. `retry_after` is in seconds."""

    words: str
    status: int = 400
    retry_after: int = 0


def fault_of_password() -> Fault | None:
    """None if the form's `password` is the one of who is signed in. Wrong ones count with failed sign-ins."""
    person, address = identity.person(), current.address()
    password = request.form.get("password", "")
    if not password:
        return Fault("Type your present password first.")
    attempt = admit_attempt(current.store(), person.name, address)
    if attempt.wait is not None:
        minutes = -(-attempt.wait // 60)
        words = f"Too many failed attempts. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}."
        return Fault(words, 429, attempt.wait)
    with current.store().application_reading.connect() as connection:
        stored = users.user_of_id(connection, person.id).password_hash
    is_right = is_password(password, stored)
    with current.store().application.begin() as connection:
        if is_right:
            forget_attempts(connection, person.name, address)
            return None
        trail.record_within(connection, "password not proven")
    return Fault("That is not your present password.", 403)


def fault_of_new_password(user_name: str) -> Fault | None:
    """None if the form's `new` can be a password of that user, and was typed twice alike."""
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return Fault("The new password was not typed twice alike.")
    try:
        refuse_weak(new, user_name, is_common)
    except Refused as error:
        words = str(error)
        return Fault(words[0].upper() + words[1:] + ".")
    return None
