"""/account: one's own password, sessions and tokens. The second factor is in second_factor.py."""

from __future__ import annotations

import re

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.people import api_tokens, second_factor, users
from database.people import sessions as kept
from database.people.passwords import hash_password
from database.people.views import LONGEST_NAME
from domain.errors import SetupError
from domain.months import moment_words
from web.http import current, identity, sessions, trail
from web.http.access import still_allowed
from web.http.parameters import takes_no_parameters
from web.people.proof import Fault, fault_of_new_password, fault_of_password
from web.people.views import lines_of_reader

pages = Blueprint("account", __name__)

MOST_TOKENS = 20
_HANDLE = re.compile(r"[0-9a-f]{16}", re.ASCII)


@pages.get("/account")
def show() -> Response:
    """Everything about oneself."""
    takes_no_parameters()
    return account_page()


@pages.post("/account/password")
def change_password() -> Response:
    """A new password: every other session ends, and this one goes on under a new id. Tokens stay: they are listed
    beside it, and a nightly program should not stop because its owner is careful."""
    person = identity.person()
    fault = fault_of_new_password(person.name) or fault_of_password()
    if fault:
        return account_page(fault)
    password_hash = hash_password(request.form["new"])
    with still_allowed() as connection:
        users.change_password(connection, person.name, password_hash)
        sessions.begin(connection, person.id)
        trail.record_of(connection, person.name, "password changed")
        has_tokens = bool(api_tokens.tokens_of(connection, person.id))
    left = " Your API tokens still work: revoke those that you do not know." if has_tokens else ""
    return done(f"Your password is changed, and you are signed out everywhere else.{left}")


@pages.post("/account/sessions/end")
def end_session() -> Response:
    """Ends one of one's own sessions, or all but this one."""
    person, handle = identity.person(), request.form.get("session", "")
    if handle != "others" and not _HANDLE.fullmatch(handle):
        return account_page(Fault("Choose one of your sessions."))
    if handle == sessions.session_mark():
        return account_page(Fault("To end this session, sign out."))
    with current.store().application.begin() as connection:
        if handle == "others":
            count = sessions.end_others(connection, person.id)
        else:
            count = int(kept.end_own_session(connection, person.id, handle))
        if count:
            detail = f"{count} of their own"
            trail.record_within(connection, "sessions ended", detail)
    return done("Ended." if count else "It had ended already.")


@pages.post("/account/tokens")
def create_token() -> Response:
    """A new token of the API, shown in the answer and never again. It outlives the session, so a stolen one must
    not be able to make any."""
    person, label = identity.person(), " ".join(request.form.get("label", "").split())
    fault = fault_of_password()
    if fault:
        return account_page(fault)
    with still_allowed() as connection:
        if len(api_tokens.tokens_of(connection, person.id)) >= MOST_TOKENS:
            return account_page(Fault(f"You have {MOST_TOKENS} tokens. Revoke one that is not used any more."))
        try:
            token = api_tokens.create_token(connection, person.name, label)
        except SetupError:
            return account_page(Fault("A label has 1 to 100 visible characters, and no other token of yours has it."))
        trail.record_within(connection, "token created", f"{person.name}: {label}")
    return make_response(render_template("account/token.html", token=token, label=label))


@pages.post("/account/tokens/revoke")
def revoke_token() -> Response:
    """Ends a token, at once."""
    person, label = identity.person(), request.form.get("label", "")[:200]
    with current.store().application.begin() as connection:
        try:
            api_tokens.revoke_token(connection, person.name, label)
        except SetupError:
            return account_page(Fault("You have no token of that label."))
        trail.record_within(connection, "token revoked", f"{person.name}: {label.strip()}")
    return done("The token is revoked.")


def account_page(fault: Fault | None = None) -> Response:
    """The page, with what was wrong with a form of it."""
    person, mark = identity.person(), sessions.session_mark()
    with current.store().application_reading.connect() as connection:
        own = kept.sessions_of(connection, person.id, idle=sessions.idle_limit())
        page = render_template(
            "account/show.html", fault=fault, person=person, moment_words=moment_words,
            this_session=mark, sessions=sorted(own, key=lambda session: session.handle != mark),
            tokens=api_tokens.tokens_of(connection, person.id),
            has_second_factor=second_factor.is_on(connection, person.id),
            views=lines_of_reader(), longest_view=LONGEST_NAME,
            recovery_codes=second_factor.count_recovery_codes(connection, person.id),
        )
    response = make_response(page, fault.status if fault else 200)
    if fault and fault.retry_after:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def done(words: str, address: str = "") -> Response:
    """Back to the page, which says that it is done."""
    flash(words, "done")
    return redirect(address or url_for("account.show"), 303)
