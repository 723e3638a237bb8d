"""An app on a real database of either engine, and people to sign in to it."""

from __future__ import annotations

import dataclasses
import html
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.local import LocalProxy
from werkzeug.test import TestResponse

from database.engines.ports import Store
from database.people import users
from database.people.passwords import hash_password
from domain.people import ROLES, VIEWER
from flask_app import create_app
from settings import Settings
from tests.conftest import embedded_settings

LIMITED = "limited"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick(quick_commands: None) -> None:
    """Commands that pages begin start quickly."""


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Hashing is slow on purpose: once is enough."""
    return hash_password(PASSWORD)


def _refuse_rows(sender: Flask, *, context: dict, **others) -> None:
    """A template gets values of ours: a row of a table would hand it every column, hashes of passwords as well."""
    for name, value in context.items():
        # Who asks is looked up only if a template wants to know: without a database there is nobody.
        if type(value) is LocalProxy:
            continue
        shown = value if isinstance(value, list | tuple) and not isinstance(value, sa.Row) else [value]
        assert not any(isinstance(found, sa.Row) for found in shown), name


@pytest.fixture
def app(store: Store) -> Iterator[Flask]:
    """The app on the store under test."""
    app = create_app(store.settings)
    template_rendered.connect(_refuse_rows, app)
    yield app
    app.extensions["lego_store"].close()


@pytest.fixture
def small_app(tmp_path: Path, empty_instance: Path) -> Iterator[Flask]:
    """An app for what no engine can change: the embedded one, with all tables and no rows."""
    settings = embedded_settings(tmp_path)
    shutil.copytree(empty_instance, settings.database.path)
    app = create_app(settings)
    template_rendered.connect(_refuse_rows, app)
    yield app
    app.extensions["lego_store"].close()


@pytest.fixture
def add_person(store: Store, password_hash: str) -> Callable[..., None]:
    """Adds a user whose password is PASSWORD."""

    def add(name: str, role: str = "viewer", brands: Collection[int] | None = None) -> None:
        with store.application.begin() as connection:
            users.add_user(connection, name=name, role=role, password_hash=password_hash, brands=brands)

    return add


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser."""
    return app.test_client()


@pytest.fixture
def signed_in(app: Flask, add_person: Callable[..., None]) -> Callable[[str], FlaskClient]:
    """A browser in which somebody of the given role is signed in (named like the role). "limited" is a viewer
    who sees the brand 1 only."""
    made: list[str] = []

    def sign(role: str) -> FlaskClient:
        assert role in (*ROLES, LIMITED)
        if role not in made:
            made.append(role)
            add_person(role, *((VIEWER, {1}) if role == LIMITED else (role,)))
        client = app.test_client()
        assert sign_in(client, role).status_code == 303
        return client

    return sign


def csrf_token(client: FlaskClient) -> str:
    """A token as the forms of this browser's pages carry it."""
    with client.session_transaction() as session:
        secret = session.setdefault("csrf_token", "0" * 40)
    return URLSafeTimedSerializer(client.application.secret_key, salt="wtf-csrf-token").dumps(secret)


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, **fields: str) -> TestResponse:
    """Sends the sign-in form and returns the answer."""
    client.get("/login")
    return client.post("/login", data={"name": name, "password": password, "csrf_token": csrf_token(client), **fields})


def with_web(settings: Settings, **changes) -> Settings:
    """The same settings with other values under [web]."""
    return dataclasses.replace(settings, web=dataclasses.replace(settings.web, **changes))


def text_of(client: FlaskClient, address: str, status: int = 200, **headers: str) -> str:
    """What a person reads on the page, tags and spare spaces taken out."""
    answer = client.get(address, headers=headers)
    assert answer.status_code == status, answer.text
    words = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(words))
