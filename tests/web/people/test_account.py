"""/account: one's own password, sessions and tokens."""

import re

import pytest

from database import schema
from database.people.passwords import is_password
from flask_app import create_app
from tests.web.conftest import PASSWORD, csrf_token, sign_in
from tests.web.forms import is_signed_in, post, stored, token_of, trail

NEW = "quite another good one"


@pytest.fixture
def other_process(app, store):
    """A second process of the same dashboard."""
    other = create_app(store.settings)
    yield other
    other.extensions["lego_store"].close()


def test_a_new_password_ends_every_other_session_at_once_in_every_process(signed_in, other_process, store):
    here, before = signed_in("viewer"), None
    elsewhere = other_process.test_client()
    sign_in(elsewhere, "viewer")
    before = here.get_cookie("lego").value
    assert is_signed_in(here) and is_signed_in(elsewhere)
    answer = post(here, "/account/password", password=PASSWORD, new=NEW, again=NEW)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "signed out everywhere else" in here.get("/account").text
    assert not is_signed_in(elsewhere)
    stolen = other_process.test_client()
    stolen.set_cookie("lego", before)
    assert not is_signed_in(stolen)
    assert len(stored(store, schema.app_session)) == 1
    [user] = stored(store, schema.app_user)
    assert is_password(NEW, user.password_hash)
    assert trail(store)[-1] == ("password changed", "viewer", "")


def test_a_new_password_leaves_the_tokens_and_says_so(signed_in, app):
    client = signed_in("viewer")
    assert "API tokens stay until you revoke them." in client.get("/account").text
    headers = {"Authorization": f"Bearer {token_of(client)}"}
    post(client, "/account/password", password=PASSWORD, new=NEW, again=NEW)
    assert "Your API tokens still work: revoke those that you do not know." in client.get("/account").text
    assert app.test_client().get("/api/v1/openapi.json", headers=headers).status_code == 200


def test_without_the_present_password_nothing_is_changed_and_guesses_are_limited(signed_in, app, store):
    client = signed_in("viewer")
    [before] = stored(store, schema.app_user)
    for new, again, words in (
        (NEW, NEW + "x", "The new password was not typed twice alike."),
        ("short", "short", "The password has 5 characters; it must have 8 to 128."),
        ("viewer123", "viewer123", "The password is the user name; choose another one."),
        (NEW, NEW, "Type your present password first."),
    ):
        answer = post(client, "/account/password", password="", new=new, again=again)
        assert (answer.status_code, words in answer.text) == (400, True), words
    for _ in range(5):
        answer = post(client, "/account/password", password="a guess", new=NEW, again=NEW)
        assert (answer.status_code, "That is not your present password." in answer.text) == (403, True)
    answer = post(client, "/account/password", password=PASSWORD, new=NEW, again=NEW)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    # A stolen session buys no more guesses at the door.
    assert sign_in(app.test_client(), "viewer").status_code == 429
    assert stored(store, schema.app_user) == [before]


def test_sessions_are_listed_and_ended_one_by_one_or_all_at_once(signed_in, app, store):
    here, there, third = signed_in("viewer"), signed_in("viewer"), app.test_client()
    third.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    sign_in(third, "viewer")
    page = here.get("/account").text
    assert "Firefox on Linux" in page
    assert page.count("this one") == 1
    handles = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
    assert len(handles) == 2
    assert [here.post("/account/sessions/end", data={"session": handles[0]}).status_code, is_signed_in(there)] == [
        400, True,
    ]
    post(here, "/account/sessions/end", session=handles[0])
    assert [is_signed_in(client) for client in (here, there, third)].count(True) == 2
    post(here, "/account/sessions/end", session="others")
    assert [is_signed_in(client) for client in (here, there, third)] == [True, False, False]
    assert trail(store)[-2:] == [("sessions ended", "viewer", "1 of their own")] * 2


def test_a_session_of_somebody_else_cannot_be_ended(signed_in, add_person, app):
    viewer, admin = signed_in("viewer"), signed_in("admin")
    for handle in (_mark_of(admin), "%" * 16, "0" * 16, "x", ""):
        assert post(viewer, "/account/sessions/end", session=handle).status_code in (303, 400)
    assert is_signed_in(admin)


def _mark_of(client):
    with client.application.test_request_context(
        "/", headers={"Cookie": f"lego={client.get_cookie('lego').value}"}
    ):
        from web.http.sessions import session_mark

        return session_mark()


def test_a_token_is_shown_once_works_and_can_be_revoked(signed_in, app, store):
    client = signed_in("viewer")
    for guess, status in (("", 400), ("a guess", 403)):
        assert post(client, "/account/tokens", label="x", password=guess).status_code == status
    assert stored(store, schema.api_token) == []
    answer = post(client, "/account/tokens", label=" Excel  at work ", password=PASSWORD)
    [token] = re.findall(r">(lego_[\w-]{43})<", answer.text)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert token not in client.get("/account").text
    programs = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert programs.get("/api/v1/openapi.json", headers=headers).status_code == 200
    assert post(client, "/account/tokens", label="Excel at work", password=PASSWORD).status_code == 400
    assert post(client, "/account/tokens", label="a\x07b", password=PASSWORD).status_code == 400
    assert post(client, "/account/tokens/revoke", label="Excel at work").status_code == 303
    assert programs.get("/api/v1/openapi.json", headers=headers).status_code == 401
    assert trail(store)[-2:] == [
        ("token created", "viewer", "viewer: Excel at work"), ("token revoked", "viewer", "viewer: Excel at work"),
    ]


def test_a_label_is_shown_as_text(signed_in):
    client = signed_in("viewer")
    label = "<script>alert(1)</script>"
    assert label not in post(client, "/account/tokens", label=label, password=PASSWORD).text
    page = client.get("/account").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert label not in page


def test_nothing_is_changed_for_a_form_of_another_site(signed_in):
    client = signed_in("viewer")
    for address in ("password", "sessions/end", "tokens", "tokens/revoke", "second-factor", "second-factor/off"):
        assert client.post(f"/account/{address}", data={"password": PASSWORD}).status_code == 400
    assert "This form is too old" in client.post("/account/tokens", data={"label": "x"}).text
    assert csrf_token(client)
