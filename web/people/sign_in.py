"""/login, /login/code and /logout. Whoever has a second factor is not signed in before its code was right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from database.journal.audit import record_once
from database.people import accounts, second_factor, users
from database.people.attempts import (
    EVERYWHERE,
    FAILURE_WINDOW,
    Attempt,
    admit_attempt,
    admit_attempts,
    forget_attempts,
    take_back,
)
from database.people.one_time_tokens import STEP, find_token, make_token, use_token
from database.people.passwords import NOBODY, hash_password, is_outdated, is_password
from domain.moments import utc_now
from domain.people import is_name, name_from
from web.http import current, identity, sessions, trail
from web.http.access import open_to_everybody
from web.http.addresses import local_path

pages = Blueprint("sign_in", __name__)

WRONG = "The name or the password is not right."
WRONG_CODE = "The code is not right, or was used already. Wait for the next one."
STEP_COOKIE = "step"
"""Where the cookie holds the token of the time between password and code. It opens no page."""


@pages.get("/login")
@open_to_everybody
def show() -> Response:
    """The form; whoever is signed in already goes on to where they wanted."""
    _check_parameters()
    if not sessions.is_private_channel():
        return make_response(render_template("login/needs_tls.html"), 403)
    if identity.person():
        return redirect(_next(request.args.get("next", "")), 303)
    with current.store().application_reading.connect() as connection:
        return _form(is_anybody_there=users.is_anybody_there(connection))


@pages.post("/login")
@open_to_everybody
def sign_in() -> Response:
    """Opens a session, or asks for the second factor, or says that name or password are wrong and never which."""
    if not sessions.is_private_channel():
        return make_response(render_template("login/needs_tls.html"), 403)
    name, password = name_from(request.form.get("name", "")), request.form.get("password", "")
    address = current.address()
    attempt = admit_attempt(current.store(), name, address)
    if attempt.wait is not None:
        _record_refusal(name)
        return _too_many(_form, attempt.wait)
    while (verified := _verified(name, password)) is not None:
        with current.store().application.begin() as connection:
            if accounts.hold_verified(connection, verified.user):
                return _let_in(connection, verified, attempt)
        # Another hash is stored since: of another password, or of the same one at today's cost. It is looked at anew.
    with current.store().application.begin() as connection:
        trail.record_of(connection, name, "sign-in failed")
    return _form(message=WRONG, status=403)


@pages.get("/login/code")
@open_to_everybody
def show_code() -> Response:
    """The form for the code, to whoever has just given the right password."""
    _check_parameters()
    return _code_form() if _waiting_user() else redirect(url_for("sign_in.show"), 303)


@pages.post("/login/code")
@open_to_everybody
def give_code() -> Response:
    """Opens the session if the code is right. Wrong ones count like wrong passwords, and once more for the
    account from all addresses together: whoever comes this far knows the password."""
    user = _waiting_user()
    if user is None:
        return redirect(url_for("sign_in.show"), 303)
    address = current.address()
    wait = admit_attempts(current.store(), user.name, address, EVERYWHERE)
    if wait is not None:
        _record_refusal(user.name)
        return _too_many(_code_form, wait)
    with current.store().application.begin() as connection:
        accounts.hold(connection, user.id)
        kind = second_factor.accept(connection, user.id, request.form.get("code", ""))
        # The step is used up with the code; somebody else may have done so in the meantime.
        if kind is None or not use_token(connection, session[STEP_COOKIE], STEP):
            trail.record_of(connection, user.name, "sign-in failed", "second factor")
            return _code_form(message=WRONG_CODE, status=403)
        for place in (address, EVERYWHERE):
            forget_attempts(connection, user.name, place)
        sessions.begin(connection, user.id)
        trail.record_of(connection, user.name, "sign-in", f"with a {kind}")
    return redirect(_next(request.form.get("next", "")), 303)


@pages.post("/logout")
def sign_out() -> Response:
    """Ends the session at once."""
    with current.store().application.begin() as connection:
        trail.record_within(connection, "sign-out")
        sessions.end(connection)
    return redirect(url_for("sign_in.show"), 303)


@dataclass(frozen=True)
class _Verified:
    """A user as they were when their password was found right. `new_hash` is one of it at today's cost, if the stored
    one is older."""

    user: sa.Row
    new_hash: str | None


def _verified(name: str, password: str) -> _Verified | None:
    """The active user with that password. The same work is done whether there is one or not."""
    with current.store().application_reading.connect() as connection:
        user = users.find_user(connection, name) if is_name(name) else None
    is_right = is_password(password, user.password_hash if user else NOBODY)
    if user is None or not is_right or not user.active:
        return None
    return _Verified(user, hash_password(password) if is_outdated(user.password_hash) else None)


def _let_in(connection: sa.Connection, verified: _Verified, attempt: Attempt) -> Response:
    """The user is held, with the hash that was verified."""
    user, address = verified.user, current.address()
    if verified.new_hash:
        users.upgrade_hash(connection, user.id, verified.new_hash)
    if second_factor.is_on(connection, user.id):
        return _ask_for_code(connection, user.id, attempt)
    forget_attempts(connection, user.name, address)
    sessions.begin(connection, user.id)
    trail.record_of(connection, user.name, "sign-in")
    return redirect(_next(request.form.get("next", "")), 303)


def _ask_for_code(connection: sa.Connection, user_id: int, attempt: Attempt) -> Response:
    """The right password forgives no failure before it: otherwise it would buy five more codes each time."""
    take_back(connection, attempt)
    sessions.end(connection)
    session[STEP_COOKIE] = make_token(connection, user_id, STEP)
    wanted = local_path(request.form.get("next", ""))
    return redirect(url_for("sign_in.show_code", next=wanted) if wanted else url_for("sign_in.show_code"), 303)


def _waiting_user() -> sa.Row | None:
    """Whose password was right a moment ago in this browser."""
    token = session.get(STEP_COOKIE)
    if not isinstance(token, str):
        return None
    with current.store().application_reading.connect() as connection:
        return find_token(connection, token, STEP)


def _check_parameters() -> None:
    if set(request.args) - {"next"} or len(request.args.getlist("next")) > 1:
        abort(400, "This page takes next=, once, and nothing else.")


def _next(wanted: str) -> str:
    return local_path(wanted) or "/"


def _form(*, message: str = "", status: int = 200, is_anybody_there: bool = True) -> Response:
    page = render_template(
        "login/sign_in.html", message=message, is_anybody_there=is_anybody_there,
        name=request.form.get("name", "")[:150], next=local_path(request.values.get("next", "")) or "",
    )
    return make_response(page, status)


def _code_form(*, message: str = "", status: int = 200) -> Response:
    page = render_template(
        "login/code.html", message=message, next=local_path(request.values.get("next", "")) or ""
    )
    return make_response(page, status)


def _too_many(form: Callable[..., Response], seconds: int) -> Response:
    minutes = -(-seconds // 60)
    response = form(
        message=f"Too many failed attempts. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
        status=429,
    )
    response.headers["Retry-After"] = str(seconds)
    return response


def _record_refusal(name: str) -> None:
    """Once in the time for which somebody is shut out: a refusal costs them nothing, and must not fill the trail."""
    with current.store().application.begin() as connection:
        record_once(
            connection, "sign-in refused", user_name=name, address=current.address(), detail="too many failures",
            since=utc_now() - FAILURE_WINDOW,
        )
