"""One line per request, and no secret in any."""

import re

from tests.web.conftest import PASSWORD, csrf_token, sign_in


def test_a_request_is_one_line_with_id_user_status_and_time(signed_in, caplog):
    client = signed_in("viewer")
    caplog.clear()
    answer = client.get("/dashboard?period=3m")
    [line] = [record.getMessage() for record in caplog.records if record.name == "lego.web"]
    assert re.fullmatch(r"127\.0\.0\.1 viewer GET /dashboard\?period=3m 503 \d+\.\d ms", line)
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"])


def test_a_line_cannot_be_made_to_look_like_two(small_app, caplog):
    small_app.test_client().get("/a%0d%0a127.0.0.1 admin GET /users 200?x=%00%e2%80%ae")
    [line] = [record.getMessage() for record in caplog.records if record.name == "lego.web"]
    assert line.isprintable()
    assert "\\x0d\\x0a" in line


def test_no_password_token_or_key_is_in_the_log(app, signed_in, capfd, caplog):
    client = signed_in("viewer")
    with client.session_transaction() as session:
        token = session["token"]
    form_token = csrf_token(client)
    sign_in(app.test_client(), "viewer", "a wrong password, mistyped")
    client.post("/logout", data={"csrf_token": form_token})
    log = caplog.text + capfd.readouterr().err
    assert "POST /login 303" in log
    settings = app.extensions["lego_store"].settings
    for secret in (PASSWORD, "mistyped", token, form_token, app.secret_key, settings.database.password, "argon2"):
        assert not secret or secret not in log
