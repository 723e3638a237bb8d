"""What tests about people share: forms, the audit trail, codes of second factors."""

from __future__ import annotations

import re

import pyotp
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from database import schema
from database.engines.ports import Store
from database.people import second_factor, users
from tests.web.conftest import PASSWORD, csrf_token, sign_in


def post(client: FlaskClient, address: str, **fields) -> TestResponse:
    """Sends a form of this browser's own."""
    return client.post(address, data={"csrf_token": csrf_token(client), **fields})


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def trail(store: Store) -> list[tuple]:
    """Action, user and detail of every line, the oldest first."""
    table = schema.audit_log
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.id))
        return [(row.action, row.user_name, row.detail) for row in rows]


def stored(store: Store, table: sa.Table) -> list[sa.Row]:
    with store.application_reading.connect() as connection:
        return list(connection.execute(sa.select(table)))


def user_id(store: Store, name: str) -> int:
    with store.application_reading.connect() as connection:
        table = schema.app_user
        return connection.execute(sa.select(table.c.id).where(table.c.name == name)).scalar_one()


def code_of(secret: str, *, steps: int = 0) -> str:
    """The code that an app shows now, or so many half minutes from now."""
    return pyotp.TOTP(secret).generate_otp(second_factor.current_step() + steps)


def enrol(client: FlaskClient, *, password: str = PASSWORD) -> tuple[str, list[str]]:
    """Switches the second factor of who is signed in on, with the code of the half minute before; returns its
    secret and the recovery codes."""
    post(client, "/account/second-factor", password=password)
    page = client.get("/account/second-factor").text
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    answer = post(client, "/account/second-factor/confirm", code=code_of(secret, steps=-1))
    assert answer.status_code == 200
    return secret, re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)


def link_in(answer: TestResponse) -> str:
    """The path of the link that a page shows."""
    return re.search(r"http://localhost(/welcome/[\w-]{43})<", answer.text)[1]


def sign_in_as(app: Flask, role: str, password_hash: str) -> FlaskClient:
    """A browser of the app in which somebody of that role and name is signed in."""
    with app.extensions["lego_store"].application.begin() as connection:
        users.add_user(connection, name=role, role=role, password_hash=password_hash)
    client = app.test_client()
    assert sign_in(client, role).status_code == 303
    return client


def token_of(client: FlaskClient, *, password: str = PASSWORD) -> str:
    """A new token of the API, as its page shows it."""
    answer = post(client, "/account/tokens", label="a program", password=password)
    return re.search(r">(lego_[\w-]{43})<", answer.text)[1]
