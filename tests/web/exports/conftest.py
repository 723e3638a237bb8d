"""Somebody who may read a shop with figures."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.engines.ports import Store
from database.people import users
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in
from tests.web.shop import NAMES, ROWS


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, ROWS, **NAMES)
    return signed_in("viewer")


@pytest.fixture
def small_reader(small_app: Flask, password_hash: str) -> FlaskClient:
    """The same of the embedded engine only, for what no engine can change."""
    store = small_app.extensions["lego_store"]
    publish(store, ROWS, **NAMES)
    with store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client
