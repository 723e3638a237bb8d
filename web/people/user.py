"""/users/<id>: what one person may do and see, and every way to shut them out."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from database.journal.audit import TrailFilter, read_trail
from database.people import api_tokens, second_factor, users
from database.people.one_time_tokens import LINK, make_token, open_links
from database.people.sessions import sessions_of
from database.people.users import Account
from domain.errors import SetupError
from domain.months import moment_words
from domain.people import ADMIN, ROLES
from web.http import current, identity, sessions, trail
from web.http.access import needs, needs_every_brand, still_allowed_over
from web.http.hosts import link_base
from web.http.parameters import takes_no_parameters
from web.people.account import done
from web.people.proof import Fault
from web.people.users import asked_brands, brand_words, known_brands, link_page, sentence

pages = Blueprint("user", __name__)

TRAIL_LINES = 10
NOT_ONESELF = "You cannot do this to yourself; another admin can."


@pages.get("/users/<id:user_id>")
@needs(ADMIN)
@needs_every_brand
def show(user_id: int) -> Response:
    """Everything about one person, and what can be changed."""
    takes_no_parameters()
    return _page(_existing(user_id))


@pages.post("/users/<id:user_id>/role")
@needs(ADMIN)
@needs_every_brand
def change_role(user_id: int) -> Response:
    """Another role, from their next request on."""
    user, role = _existing(user_id), request.form.get("role", "")
    if role not in ROLES:
        return _page(user, Fault(f"A role is one of {', '.join(ROLES)}."))
    if _is_oneself(user):
        return _page(user, Fault(NOT_ONESELF))
    return _change(
        user, "role changed", f"{user.role} -> {role}", f"{user.name} is {role} now.",
        lambda connection: users.change_role(connection, user.name, role),
    )


@pages.post("/users/<id:user_id>/brands")
@needs(ADMIN)
@needs_every_brand
def limit_brands(user_id: int) -> Response:
    """Which brands they see, from their next request on."""
    user, known = _existing(user_id), known_brands()
    with current.store().application_reading.connect() as connection:
        # What they have already stays theirs, also if no page knows it at the moment.
        had = users.brand_limits(connection).get(user.id, frozenset())
    brands = asked_brands({brand: str(brand) for brand in had} | known)
    return _change(
        user, "brands limited", brand_words(brands, known, listed=100),
        f"{user.name} sees {brand_words(brands, known)} now.",
        lambda connection: users.limit_user(connection, user.name, brands),
    )


@pages.post("/users/<id:user_id>/disable")
@needs(ADMIN)
@needs_every_brand
def disable(user_id: int) -> Response:
    """Shuts them out at once."""
    user = _existing(user_id)
    if _is_oneself(user):
        return _page(user, Fault(NOT_ONESELF))
    return _change(
        user, "user disabled", "", f"{user.name} is shut out, and signed out everywhere.",
        lambda connection: users.disable_user(connection, user.name),
    )


@pages.post("/users/<id:user_id>/enable")
@needs(ADMIN)
@needs_every_brand
def enable(user_id: int) -> Response:
    """Lets them in again, with the password they had."""
    user = _existing(user_id)
    return _change(
        user, "user enabled", "", f"{user.name} may sign in again.",
        lambda connection: users.enable_user(connection, user.name),
    )


@pages.post("/users/<id:user_id>/sessions/end")
@needs(ADMIN)
@needs_every_brand
def end_sessions(user_id: int) -> Response:
    """Signs them out everywhere, their programs as well."""
    user = _existing(user_id)
    if _is_oneself(user):
        return _page(user, Fault("Your own sessions are on your account's page."))
    with still_allowed_over(user.id) as connection:
        ended = users.end_access(connection, user.id)
        trail.record_within(connection, "sessions ended", _about(user, ended))
    return done(f"{user.name} is signed out everywhere. Ended: {ended}.", _address(user))


@pages.post("/users/<id:user_id>/tokens/revoke")
@needs(ADMIN)
@needs_every_brand
def revoke_token(user_id: int) -> Response:
    """Ends one of their API tokens, at once."""
    user, label = _existing(user_id), request.form.get("label", "")[:200].strip()
    if _is_oneself(user):
        return _page(user, Fault("Your own tokens are on your account's page."))
    return _change(
        user, "token revoked", label, "The token is revoked.",
        lambda connection: api_tokens.revoke_token(connection, user.name, label),
    )


@pages.post("/users/<id:user_id>/second-factor/off")
@needs(ADMIN)
@needs_every_brand
def reset_second_factor(user_id: int) -> Response:
    """For whoever lost phone and recovery codes."""
    user = _existing(user_id)
    if _is_oneself(user):
        return _page(user, Fault("Your own second factor is on your account's page."))
    return _change(
        user, "second factor reset", "", f"{user.name} signs in with the password alone now.",
        lambda connection: second_factor.switch_off(connection, user.id),
    )


@pages.post("/users/<id:user_id>/link")
@needs(ADMIN)
@needs_every_brand
def make_link(user_id: int) -> Response:
    """A link to choose a password, shown this once. The password they have works until it is used."""
    user = _existing(user_id)
    if not user.active:
        return _page(user, Fault(f"{user.name} is disabled: a link would open nothing."))
    try:
        base = link_base()
    except SetupError as error:
        return _page(user, Fault(sentence(error)))
    with still_allowed_over(user.id) as connection:
        token = make_token(connection, user.id, LINK)
        trail.record_within(connection, "link made", _about(user, "to choose a password"))
    return link_page(user.id, user.name, base + url_for("welcome.show", secret=token), is_new=False)


def _change(
    user: Account, action: str, detail: str, words: str, change: Callable[[sa.Connection], None]
) -> Response:
    """Makes a change with its line in the audit trail, both or neither."""
    try:
        with still_allowed_over(user.id) as connection:
            change(connection)
            trail.record_within(connection, action, _about(user, detail))
    except SetupError as error:
        return _page(user, Fault(sentence(error)))
    return done(words, _address(user))


def _address(user: Account) -> str:
    return url_for("user.show", user_id=user.id)


def _about(user: Account, detail: str) -> str:
    """What the trail says of somebody begins with their name."""
    return f"{user.name}: {detail}" if detail else user.name


def _existing(user_id: int) -> Account:
    with current.store().application_reading.connect() as connection:
        user = users.account_of_id(connection, user_id)
    if user is None:
        abort(404)
    return user


def _is_oneself(user: Account) -> bool:
    return user.id == identity.person().id


def _page(user: Account, fault: Fault | None = None) -> Response:
    known = known_brands()
    with current.store().application_reading.connect() as connection:
        limits = users.brand_limits(connection).get(user.id)
        trail = read_trail(connection, TrailFilter(user=user.name), start=0, limit=TRAIL_LINES)
        page = render_template(
            "users/user.html", fault=fault, user=user, roles=ROLES, is_oneself=_is_oneself(user),
            brands={brand: f"brand {brand}" for brand in (limits or ()) if brand not in known} | known,
            limits=limits, brands_in_words=brand_words(limits, known), trail=trail, moment_words=moment_words,
            sessions=sessions_of(connection, user.id, idle=sessions.idle_limit()),
            tokens=api_tokens.tokens_of(connection, user.id),
            has_second_factor=second_factor.is_on(connection, user.id), link_until=open_links(connection).get(user.id),
        )
    return make_response(page, fault.status if fault else 200)
