"""/login and /logout."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database import people
from database.passwords import NOBODY, hash_password, is_outdated, is_password
from domain.passwords import LONGEST
from domain.people import is_name, name_from
from web import current, sessions
from web.access import open_to_everybody
from web.addresses import local_path

pages = Blueprint("sign_in", __name__)

WRONG = "The name or the password is not right."


@pages.get("/login")
@open_to_everybody
def show() -> Response:
    """The form; whoever is signed in already goes on to where they wanted."""
    if set(request.args) - {"next"} or len(request.args.getlist("next")) > 1:
        abort(400, "This page takes next=, once, and nothing else.")
    if not sessions.is_private_channel():
        return make_response(render_template("login/needs_tls.html"), 403)
    if current.person():
        return redirect(_next(request.args.get("next", "")), 303)
    with current.store().application_reading.connect() as connection:
        return _form(is_anybody_there=people.is_anybody_there(connection))


@pages.post("/login")
@open_to_everybody
def sign_in() -> Response:
    """Opens a session, or says that name or password are wrong and never which."""
    if not sessions.is_private_channel():
        return make_response(render_template("login/needs_tls.html"), 403)
    name, password = name_from(request.form.get("name", "")), request.form.get("password", "")
    address = current.address()
    wait = people.admit_attempt(current.store(), name, address)
    if wait is not None:
        _record("sign-in refused", name, "too many failures")
        return _too_many(wait)
    user_id = _user_with(name, password)
    if user_id is None:
        _record("sign-in failed", name)
        return _form(message=WRONG, status=403)
    with current.store().application.begin() as connection:
        people.forget_attempts(connection, name, address)
        sessions.begin(connection, user_id)
        people.record(connection, "sign-in", user_name=name, address=address)
    return redirect(_next(request.form.get("next", "")), 303)


@pages.post("/logout")
def sign_out() -> Response:
    """Ends the session at once."""
    with current.store().application.begin() as connection:
        people.record(connection, "sign-out", user_name=current.person().name, address=current.address())
        sessions.end(connection)
    return redirect(url_for("sign_in.show"), 303)


def _user_with(name: str, password: str) -> int | None:
    """The id of the active user with that password. The same work is done whether there is one or not."""
    with current.store().application_reading.connect() as connection:
        user = people.find_user(connection, name) if is_name(name) else None
    is_right = is_password(password[: LONGEST + 1], user.password_hash if user else NOBODY)
    if user is None or not is_right or not user.active:
        return None
    if is_outdated(user.password_hash):
        with current.store().application.begin() as connection:
            people.upgrade_hash(connection, user.id, hash_password(password))
    return user.id


def _next(wanted: str) -> str:
    return local_path(wanted) or "/"


def _form(*, message: str = "", status: int = 200, is_anybody_there: bool = True) -> Response:
    page = render_template(
        "login/sign_in.html", message=message, is_anybody_there=is_anybody_there,
        name=request.form.get("name", "")[:150], next=local_path(request.values.get("next", "")) or "",
    )
    return make_response(page, status)


def _too_many(seconds: int) -> Response:
    minutes = -(-seconds // 60)
    response = _form(
        message=f"Too many failed attempts. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
        status=429,
    )
    response.headers["Retry-After"] = str(seconds)
    return response


def _record(action: str, name: str, detail: str = "") -> None:
    with current.store().application.begin() as connection:
        people.record(connection, action, user_name=name, address=current.address(), detail=detail)
