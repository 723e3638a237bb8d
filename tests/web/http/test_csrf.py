"""Nothing is changed without the token of this browser's own page."""

import pytest

from tests.web.conftest import PASSWORD, csrf_token, sign_in


@pytest.mark.parametrize("token", [None, "", "nonsense", "IjAwMDAi.aaaa.bbbb"])
def test_a_form_without_its_token_is_refused_and_does_nothing(small_app, token):
    client = small_app.test_client()
    client.get("/login")
    form = {"name": "anna", "password": PASSWORD} | ({} if token is None else {"csrf_token": token})
    answer = client.post("/login", data=form)
    assert answer.status_code == 400
    assert "This form is too old" in answer.text


def test_a_token_of_another_browser_is_refused(signed_in, app):
    client = signed_in("viewer")
    stranger = app.test_client()
    stranger.get("/login")
    with stranger.session_transaction() as session:
        session["csrf_token"] = "1" * 40
    assert client.post("/logout", data={"csrf_token": csrf_token(stranger)}).status_code == 400
    assert client.get("/login").status_code == 303


def test_signing_in_replaces_the_secret(client, add_person):
    add_person("anna")
    client.get("/login")
    before = csrf_token(client)
    sign_in(client, "anna")
    with client.session_transaction() as session:
        assert "csrf_token" not in session
    csrf_token(client)
    assert client.post("/logout", data={"csrf_token": before.replace("0", "1")}).status_code == 400


def test_the_token_may_come_in_a_header(signed_in):
    client = signed_in("viewer")
    assert client.post("/logout", headers={"X-CSRFToken": csrf_token(client)}).status_code == 303


def test_under_tls_the_form_must_come_from_this_site(small_app):
    client = small_app.test_client()
    client.get("/login", base_url="https://localhost")
    answer = client.post(
        "/login", base_url="https://localhost", headers={"Referer": "https://evil.com/"}, data={"csrf_token": "x"}
    )
    assert answer.status_code == 400


def test_signing_out_by_a_link_is_not_possible(signed_in):
    client = signed_in("viewer")
    assert client.get("/logout").status_code == 405
    assert client.get("/login").status_code == 303
