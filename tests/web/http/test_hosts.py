"""Which names the dashboard answers to."""

import socket

import pytest

from domain.networks import is_loopback_name
from settings import WebSettings
from web.http.hosts import is_allowed

MACHINE = socket.gethostname()


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.0.2.10:8000", MACHINE, f"{MACHINE}:8000",
     f"{MACHINE.upper()}.", f"{MACHINE}.local", "lego.localhost"],
)
def test_by_default_own_names_and_addresses_are_answered(host):
    assert is_allowed(host, WebSettings())


@pytest.mark.parametrize(
    "host", ["evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "", "evil.com:8000", "127.1", "0x7f.1"]
)
def test_by_default_a_foreign_name_is_not(host):
    assert not is_allowed(host, WebSettings())


def test_the_name_it_is_bound_to_is_answered():
    assert is_allowed("dash.lan:8000", WebSettings(host="dash.lan"))


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("dash.example.com", True), ("DASH.example.com:443", True), ("a.team.example.com", True),
        ("team.example.com", False), ("evil.com", False), ("192.0.2.10", False), (MACHINE, False), ("localhost", True),
    ],
)
def test_a_list_is_the_whole_list_besides_loopback(host, answered):
    web = WebSettings(allowed_hosts=("dash.example.com", ".team.example.com"))
    assert is_allowed(host, web) is answered


@pytest.mark.parametrize("host", ["localhost.evil.com", "128.0.0.1", "evil.com", "localhostx", "[fe80::1]"])
def test_only_loopback_names_count_as_this_machine(host):
    assert not is_loopback_name(host)


@pytest.mark.parametrize("path", ["/login", "/healthz", "/static/css/base.css", "/nowhere"])
def test_a_foreign_host_gets_400_everywhere(small_app, path):
    answer = small_app.test_client().get(path, headers={"Host": "evil.com"})
    assert answer.status_code == 400
    assert "The dashboard is not served under this name." in answer.text


@pytest.mark.parametrize(
    "host", ["evil.com/x", "a b", "<script>", "localhost:8000@evil.com", "\u00e9.com", "localhost,evil.com"]
)
def test_a_host_that_cannot_be_one_gets_400(small_app, host):
    answer = small_app.test_client().get("/healthz", headers={"Host": host.encode().decode("latin-1")})
    assert answer.status_code == 400
