"""/account/second-factor: a code of an app on the phone beside the password, switched on and off by oneself."""

from __future__ import annotations

import re

import segno
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from database.people import second_factor
from database.people.attempts import admit_attempt, take_back
from web.http import current, identity, trail
from web.http.access import still_allowed
from web.http.parameters import takes_no_parameters
from web.people.account import account_page, done
from web.people.proof import Fault, fault_of_password

pages = Blueprint("second_step", __name__)


@pages.post("/account/second-factor")
def begin() -> Response:
    """Makes a secret for the app, and shows it."""
    fault = fault_of_password()
    if fault:
        return account_page(fault)
    with still_allowed() as connection:
        second_factor.begin(connection, identity.person().id)
    return redirect(url_for("second_step.show"), 303)


@pages.get("/account/second-factor")
def show() -> Response:
    """The secret, as a picture and as text, until the first code was given."""
    takes_no_parameters()
    return _enrolment()


@pages.post("/account/second-factor/confirm")
def confirm() -> Response:
    """Switches it on, and shows the recovery codes, once. Wrong codes count with failed sign-ins."""
    person, address = identity.person(), current.address()
    with current.store().application_reading.connect() as connection:
        if second_factor.waiting_secret(connection, person.id) is None:
            return redirect(url_for("account.show"), 303)
    attempt = admit_attempt(current.store(), person.name, address)
    if attempt.wait is not None:
        return account_page(Fault("Too many failed attempts. Try again later.", 429, attempt.wait))
    with still_allowed() as connection:
        codes = second_factor.confirm(connection, person.id, request.form.get("code", ""))
        if codes:
            take_back(connection, attempt)
            trail.record_within(connection, "second factor on")
    if not codes:
        return _enrolment("The code is not right. Is the phone's clock?")
    return _codes_page(codes, "The second factor is on")


@pages.post("/account/second-factor/codes")
def renew_codes() -> Response:
    """New recovery codes; the old ones end."""
    fault = fault_of_password()
    if fault:
        return account_page(fault)
    person = identity.person()
    with still_allowed() as connection:
        if not second_factor.is_on(connection, person.id):
            return account_page(Fault("You have no second factor to recover from."))
        codes = second_factor.new_recovery_codes(connection, person.id)
        trail.record_within(connection, "recovery codes made")
    return _codes_page(codes, "New recovery codes")


@pages.post("/account/second-factor/off")
def switch_off() -> Response:
    """The password alone is asked for from then on."""
    fault = fault_of_password()
    if fault:
        return account_page(fault)
    person = identity.person()
    with still_allowed() as connection:
        second_factor.switch_off(connection, person.id)
        trail.record_within(connection, "second factor off")
    return done("The second factor is off.")


def _enrolment(message: str = "") -> Response:
    person = identity.person()
    with current.store().application_reading.connect() as connection:
        secret = second_factor.waiting_secret(connection, person.id)
    if secret is None:
        return redirect(url_for("account.show"), 303)
    issuer = current.settings().dashboard.title
    page = render_template(
        "account/second_factor.html", message=message, secret=" ".join(re.findall(".{1,4}", secret)),
        picture=_picture(second_factor.enrolment_address(secret, name=person.name, issuer=issuer)),
    )
    return make_response(page, 400 if message else 200)


def _picture(text: str) -> Markup:
    """A QR code as SVG with no style in it, dark on light in either theme: phones read no other."""
    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(border=3, dark="#111113", light="#ffffff", svgclass="qr", omitsize=True))


def _codes_page(codes: tuple[str, ...], title: str) -> Response:
    return make_response(render_template("account/recovery_codes.html", title=title, codes=codes))
