"""/welcome/<secret>: whoever has the link chooses a password, once. It is for new people and for forgotten passwords.

The token stands in the path under the name `secret`, which the log of requests leaves out. The page links
nothing outside, and browsers are told to give its address to no other site and to keep it nowhere.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from database.people import accounts, users
from database.people.attempts import admit_attempt, take_back
from database.people.one_time_tokens import LINK, find_token, use_token
from database.people.passwords import hash_password
from web.http import current, sessions, trail
from web.http.access import open_to_everybody
from web.http.parameters import takes_no_parameters
from web.people.proof import fault_of_new_password

pages = Blueprint("welcome", __name__)

GONE = "This link was used, or is too old, or was replaced by a newer one. Ask an admin for another."
LINKS = "(links)"
"""Under this name, which no user can have, guessed links are counted per address."""


@pages.get("/welcome/<secret>")
@open_to_everybody
def show(secret: str) -> Response:
    """The form. Looking at it uses nothing up: programs that look at every link in a mail do so first."""
    takes_no_parameters()
    if not sessions.is_private_channel():
        return make_response(render_template("login/needs_tls.html"), 403)
    return _form(_user_of(secret))


@pages.post("/welcome/<secret>")
@open_to_everybody
def choose(secret: str) -> Response:
    """Stores the password and ends the link. Signing in comes after it, with the second factor if there is one."""
    if not sessions.is_private_channel():
        return make_response(render_template("login/needs_tls.html"), 403)
    user = _user_of(secret)
    fault = fault_of_new_password(user.name)
    if fault:
        return _form(user, message=fault.words, status=fault.status)
    password_hash = hash_password(request.form["new"])
    with current.store().application.begin() as connection:
        accounts.hold(connection, user.id)
        if not use_token(connection, secret, LINK):
            abort(404, GONE)
        sessions.end(connection)
        ended = users.reset_password(connection, user.name, password_hash)
        trail.record_of(connection, user.name, "password chosen", f"by a link; ended {ended}")
    flash("Your password is set. Sign in with it.", "done")
    return redirect(url_for("sign_in.show"), 303)


def _user_of(secret: str) -> sa.Row:
    """Whom the link is for. Answers 404 if nobody, 429 if too many were tried from there."""
    attempt = admit_attempt(current.store(), LINKS, current.address())
    if attempt.wait is not None:
        raise TooManyRequests(retry_after=attempt.wait)
    with current.store().application.begin() as connection:
        user = find_token(connection, secret[:200], LINK)
        if user is None:
            trail.record_of(connection, None, "link refused")
        else:
            take_back(connection, attempt)
    if user is None:
        abort(404, GONE)
    return user


def _form(user: sa.Row, *, message: str = "", status: int = 200) -> Response:
    page = render_template("login/welcome.html", name=user.name, message=message)
    return make_response(page, status)
