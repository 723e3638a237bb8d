"""Signing in and out."""

from tests.web.conftest import PASSWORD, csrf_token, sign_in


def test_the_right_password_opens_a_session(client, add_person):
    add_person("anna")
    answer = sign_in(client, "anna")
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/login").location == "/"


def test_a_wrong_password_and_an_unknown_name_get_the_same_words(client, add_person):
    add_person("anna")
    wrong = sign_in(client, "anna", "not it at all")
    unknown = sign_in(client, "nobody", PASSWORD)
    assert wrong.status_code == unknown.status_code == 403
    assert "The name or the password is not right." in wrong.text
    assert "The name or the password is not right." in unknown.text


def test_signing_out_ends_the_session_for_a_stolen_cookie_too(signed_in):
    client = signed_in("viewer")
    stolen = client.get_cookie("lego").value
    answer = client.post("/logout", data={"csrf_token": csrf_token(client)})
    assert (answer.status_code, answer.location) == (303, "/login")
    client.set_cookie("lego", stolen)
    assert client.get("/login").status_code == 200
