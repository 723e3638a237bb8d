"""/users: who may sign in, and somebody new. One person's page is in user.py.

The pages name every brand, so an admin who is limited to some may not see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from database.journal.audit import escaped
from database.people import users
from database.people.one_time_tokens import LIFETIME, LINK, make_token, open_links
from database.people.passwords import hash_password, random_password
from database.queries.brand_names import brand_names
from domain.errors import NeverRefreshed, SetupError
from domain.moments import utc_now
from domain.months import moment_words
from domain.people import ADMIN, ROLES, VIEWER, is_name, name_from
from web.http import current, identity, sessions, trail
from web.http.access import needs, needs_every_brand, still_allowed_over
from web.http.hosts import link_base
from web.http.parameters import takes_no_parameters
from web.people.proof import Fault

pages = Blueprint("users", __name__)

LISTED_BRANDS = 3
MOST_BRANDS = 100_000


@dataclass(frozen=True)
class UserLine:
    """One user as the list shows them."""

    id: int
    name: str
    role: str
    brands: str
    brand_names: str
    state: str
    last_sign_in: str
    sessions: int
    has_second_factor: bool


@pages.get("/users")
@needs(ADMIN)
@needs_every_brand
def show() -> Response:
    """The list, and the form for somebody new."""
    takes_no_parameters()
    return _page()


@pages.post("/users")
@needs(ADMIN)
@needs_every_brand
def create() -> Response:
    """Adds somebody, and shows the link with which they choose their password, once."""
    name, role = name_from(request.form.get("name", "")), request.form.get("role", "")
    known = known_brands()
    if not is_name(name):
        return _page(Fault("A name has letters a to z, digits and . _ @ + - (at most 150 characters)."))
    if role not in ROLES:
        return _page(Fault(f"A role is one of {', '.join(ROLES)}."))
    brands = asked_brands(known)
    try:
        base = link_base()
        # Nobody knows this password: until the link is used, the account takes the work of any other to guess.
        password_hash = hash_password(random_password())
        with still_allowed_over() as connection:
            user_id = users.add_user(connection, name=name, role=role, password_hash=password_hash, brands=brands)
            token = make_token(connection, user_id, LINK)
            trail.record_within(
                connection, "user created", f"{name} as {role}, {brand_words(brands, known, listed=100)}"
            )
    except SetupError as error:
        return _page(Fault(sentence(error)))
    return link_page(user_id, name, base + url_for("welcome.show", secret=token), is_new=True)


def link_page(user_id: int, name: str, link: str, *, is_new: bool) -> Response:
    """The link, shown this once."""
    return make_response(render_template(
        "users/link.html", user_id=user_id, name=name, is_new=is_new,
        link=link, until=moment_words(utc_now() + LIFETIME[LINK]),
    ))


def known_brands() -> dict[int, str]:
    """Id -> name of every brand; none before the first refresh."""
    try:
        return current.store().read(lambda reading: brand_names(reading.connection))
    except NeverRefreshed:
        return {}


def asked_brands(known: Mapping[int, str]) -> frozenset[int] | None:
    """The brands that the form limits somebody to; None for no limit. Answers 400 for what is no brand."""
    limit, texts = request.form.get("limit", "all"), request.form.getlist("brand")
    if limit not in ("all", "some"):
        abort(400, "limit is all or some")
    if len(texts) > MOST_BRANDS or not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        abort(400, "brand is the number of a brand")
    chosen = frozenset(map(int, texts))
    if not chosen <= known.keys():
        abort(400, "brand is the number of a brand that is there")
    return chosen if limit == "some" else None


def brand_words(brands: frozenset[int] | None, known: Mapping[int, str], *, listed: int = LISTED_BRANDS) -> str:
    """`every brand`, `no brand`, or their names."""
    if brands is None:
        return "every brand"
    if not brands:
        return "no brand"
    names = sorted((known.get(brand, f"brand {brand}") for brand in brands), key=str.casefold)
    more = len(names) - listed
    return ", ".join(names[:listed]) + (f" and {more} more" if more > 0 else "")


def sentence(error: Exception) -> str:
    """What a command would say in a line, as a sentence of a page."""
    words = str(error).partition("; try: ")[0]
    return words[0].upper() + words[1:] + "."


def _page(fault: Fault | None = None) -> Response:
    known = known_brands()
    with current.store().application_reading.connect() as connection:
        everybody = users.all_users(connection, idle=sessions.idle_limit())
        limits, links = users.brand_limits(connection), open_links(connection)
    page = render_template(
        "users/show.html", fault=fault, users=[_line(user, limits, links, known) for user in everybody], roles=ROLES,
        brands=known, own=identity.person().name, typed=escaped(request.form.get("name", ""))[:150],
        chosen_role=request.form.get("role", VIEWER), chosen_limit=request.form.get("limit", "all"),
        chosen_brands=frozenset(request.form.getlist("brand")),
    )
    return make_response(page, fault.status if fault else 200)


def _line(user: sa.Row, limits: Mapping, links: Mapping, known: Mapping[int, str]) -> UserLine:
    state = "active" if user.active else "disabled"
    if user.active and user.id in links and user.last_sign_in_at is None:
        state = "invited"
    brands = limits.get(user.id)
    names = brand_words(brands, known, listed=100)
    return UserLine(
        user.id, user.name, user.role, f"{len(brands)} brands" if brands and len(brands) > 1 else names, names, state,
        moment_words(user.last_sign_in_at) if user.last_sign_in_at else "never", user.sessions,
        bool(user.has_second_factor),
    )
