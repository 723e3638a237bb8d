"""Links with a secret in them lead here, whatever a request says its Host is."""

from __future__ import annotations

import dataclasses
import re
import shutil
import socket

import pytest

from database import schema
from database.people import users
from flask_app import create_app
from settings import WebSettings
from tests.conftest import embedded_settings
from tests.web.conftest import PASSWORD
from tests.web.forms import stored
from web.http.hosts import is_allowed

LOCAL = "https://localhost"


@pytest.fixture
def serve(tmp_path, empty_instance, password_hash):
    """An app with other settings under [web], and an admin's browser in it."""
    settings = embedded_settings(tmp_path)
    shutil.copytree(empty_instance, settings.database.path)
    apps = []

    def start(**web):
        app = create_app(dataclasses.replace(settings, web=WebSettings(**web)))
        apps.append(app)
        with app.extensions["lego_store"].application.begin() as connection:
            users.add_user(connection, name="admin", role="admin", password_hash=password_hash)
        client = app.test_client()
        form = {"csrf_token": token_in(client, "/login"), "name": "admin", "password": PASSWORD}
        answer = client.post("/login", base_url=LOCAL, data=form, headers={"Referer": f"{LOCAL}/login"})
        assert answer.status_code == 303
        return client

    yield start
    for app in apps:
        app.extensions["lego_store"].close()


def send(client, path, host, **form):
    """A form of that browser under TLS, whose request says that it is for `host`."""
    form["csrf_token"] = token_in(client, "/account")
    cookie = client.get_cookie("__Host-lego").value
    headers = {"Referer": f"https://{host}/users", "Cookie": f"__Host-lego={cookie}"}
    return client.application.test_client(use_cookies=False).post(
        path, base_url=f"https://{host}", data=form, headers=headers
    )


def token_in(client, path):
    page = client.get(path, base_url=LOCAL).text
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def test_without_an_address_of_its_own_only_this_machines_names_make_links(serve):
    client = serve(allowed_hosts=())
    store, machine = client.application.extensions["lego_store"], socket.gethostname().lower()
    for host in ("6.6.6.6", "6.6.6.6:8000", "[2001:db8::6]"):
        for path, form in (("/users", {"name": "bert", "role": "viewer"}), ("/users/1/link", {})):
            answer = send(client, path, host, **form)
            assert answer.status_code == 400
            assert f"No link can be made under the name {host}; set [web] public_url in config.ini" in answer.text
            assert "/welcome/" not in answer.text
    assert (len(stored(store, schema.app_user)), stored(store, schema.one_time_token)) == (1, [])
    for host in ("localhost:8443", "127.0.0.1", "[::1]:8000", machine, f"{machine}.local:8000"):
        assert f">https://{host}/welcome/" in send(client, "/users/1/link", host).text


def test_a_listed_name_is_answered_and_makes_no_links_of_itself(serve):
    client = serve(allowed_hosts=("lego.example.com", ".example.org"))
    assert "No link can be made under the name evil.example.org" in send(
        client, "/users/1/link", "evil.example.org"
    ).text


def test_links_are_made_from_the_public_address_whatever_the_host(serve):
    client = serve(public_url="https://lego.example.com:8443")
    for host in ("localhost", "6.6.6.6", "lego.example.com"):
        page = send(client, "/users/1/link", host).text
        assert re.search(r">https://lego\.example\.com:8443/welcome/[\w-]{43}<", page)


def test_the_name_of_the_public_address_is_one_it_answers_to():
    web = WebSettings(public_url="https://Lego.example.com:8443", allowed_hosts=("other.example.com",))
    assert is_allowed("lego.example.com", web)
    assert not is_allowed("example.com", web)
