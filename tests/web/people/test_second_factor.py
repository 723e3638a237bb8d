"""Codes of an app on the phone beside the password, and recovery codes."""

import hashlib
import re
import threading

import pyotp
import pytest
import sqlalchemy as sa

from database import schema
from database.people import second_factor
from flask_app import create_app
from tests.web.conftest import PASSWORD, csrf_token, sign_in
from tests.web.forms import code_of, enrol, is_signed_in, post, stored, trail

pytestmark = pytest.mark.usefixtures("half_minute")


@pytest.fixture
def enrolled(signed_in):
    """The browser of a viewer who has a second factor, its secret and the recovery codes."""
    client = signed_in("viewer")
    return client, *enrol(client)


def ask(app, address="127.0.0.1"):
    """A new browser in which the viewer's password was given."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    answer = sign_in(client, "viewer", next="/account")
    assert (answer.status_code, answer.location) == (303, "/login/code?next=/account")
    return client


def give(client, code):
    return post(client, "/login/code", code=code, next="/account")


def test_it_is_switched_on_with_a_code_and_shows_ten_recovery_codes_once(signed_in, store):
    client = signed_in("viewer")
    assert post(client, "/account/second-factor", password="a guess").status_code == 403
    assert client.get("/account/second-factor").status_code == 303
    assert post(client, "/account/second-factor", password=PASSWORD).location == "/account/second-factor"
    page = client.get("/account/second-factor").text
    secret = re.search(r'class="secret">([A-Z2-7 ]{39})<', page)[1].replace(" ", "")
    drawing = re.search(r'<svg[^>]*class="qr".*?</svg>', page, re.DOTALL)[0]
    assert "style" not in drawing
    # Nothing is asked for before the first code was right.
    wrong = "000000" if code_of(secret) != "000000" else "000001"
    assert post(client, "/account/second-factor/confirm", code=wrong).status_code == 400
    with store.application_reading.connect() as connection:
        assert not second_factor.is_on(connection, stored(store, schema.app_user)[0].id)
    answer = post(client, "/account/second-factor/confirm", code=code_of(secret))
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)
    assert (answer.status_code, len(set(codes)), answer.headers["Cache-Control"]) == (200, 10, "no-store")
    expected = {hashlib.sha256(code.replace("-", "").encode()).hexdigest() for code in codes}
    assert {row.code_hash for row in stored(store, schema.recovery_code)} == expected
    assert client.get("/account/second-factor").status_code == 303
    page = client.get("/account").text
    assert "10 recovery codes are left" in page
    assert secret not in page
    assert trail(store)[-1] == ("second factor on", "viewer", "")


def test_the_picture_says_what_apps_read():
    address = second_factor.enrolment_address("A" * 32, name="anna@example.com", issuer="LEGO Dashboard")
    parsed = pyotp.parse_uri(address)
    assert (parsed.secret, parsed.name, parsed.issuer) == ("A" * 32, "anna@example.com", "LEGO Dashboard")


def test_between_password_and_code_nobody_is_signed_in(enrolled, app, store):
    _, secret, _ = enrolled
    sessions = len(stored(store, schema.app_session))
    client = ask(app)
    assert len(stored(store, schema.app_session)) == sessions
    assert client.get("/account").status_code == 302
    assert client.get("/api/v1/openapi.json").status_code == 401
    assert client.get("/login/code?next=/account").status_code == 200
    answer = give(client, code_of(secret))
    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_signed_in(client)
    assert stored(store, schema.one_time_token) == []
    assert trail(store)[-1] == ("sign-in", "viewer", "with a code of the app")


def test_a_code_works_once_and_so_do_all_before_it(enrolled, app):
    _, secret, _ = enrolled
    code = code_of(secret)
    assert give(ask(app), code).status_code == 303
    for spent in (code, code_of(secret, steps=-1)):
        client = ask(app)
        assert give(client, spent).status_code == 403
        assert not is_signed_in(client)
    assert give(ask(app), code_of(secret, steps=1)).status_code == 303


def test_of_the_same_code_sent_to_two_processes_at_once_one_is_taken(enrolled, app, store):
    _, secret, _ = enrolled
    other, code = create_app(store.settings), code_of(secret)
    browsers = [ask(app), ask(other)]
    statuses = []
    threads = [threading.Thread(target=lambda c=c: statuses.append(give(c, code).status_code)) for c in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 403]
    other.extensions["lego_store"].close()


def test_a_recovery_code_works_once(enrolled, app, store):
    _, _, codes = enrolled
    assert give(ask(app), codes[0].upper().replace("-", " ")).status_code == 303
    assert trail(store)[-1] == ("sign-in", "viewer", "with a recovery code")
    assert give(ask(app), codes[0]).status_code == 403
    assert give(ask(app), codes[1]).status_code == 303
    assert len(stored(store, schema.recovery_code)) == 8


def test_guessed_codes_count_however_often_the_password_is_given_again(enrolled, app, store):
    _, secret, codes = enrolled
    other = create_app(store.settings)
    for worker, guess in zip((app, other, app, other, app), ("1", "١٢٣٤٥٦", "x" * 5000, "", "abcd"), strict=True):
        assert give(ask(worker), guess).status_code == 403
    # The password alone is still answered alike from elsewhere; the account takes no code from anywhere.
    client = ask(app, "192.0.2.7")
    for code in (code_of(secret), codes[0]):
        answer = give(client, code)
        assert (answer.status_code, is_signed_in(client)) == (429, False)
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert sign_in(app.test_client(), "viewer").status_code == 429
    other.extensions["lego_store"].close()


def test_the_time_between_password_and_code_is_short_and_ends_with_the_password(enrolled, app, store):
    here, secret, _ = enrolled
    late, table = ask(app), schema.one_time_token
    [first] = stored(store, table)
    assert 590 < (first.expires_at - first.created_at).total_seconds() <= 600
    with store.application.begin() as connection:
        connection.execute(sa.update(table).values(expires_at=first.created_at))
    assert give(late, code_of(secret)).location == "/login"
    changed = ask(app)
    new = "quite another good one"
    assert post(here, "/account/password", password=PASSWORD, new=new, again=new).status_code == 303
    assert give(changed, code_of(secret)).location == "/login"
    assert not is_signed_in(late) and not is_signed_in(changed)


def test_the_step_of_another_browser_or_a_made_up_one_opens_nothing(enrolled, app):
    _, secret, _ = enrolled
    client = app.test_client()
    client.get("/login")
    with client.session_transaction() as session:
        session["step"] = "made up"
    assert give(client, code_of(secret)).location == "/login"
    with client.session_transaction() as session:
        session["step"] = ["no", "text"]
    assert give(client, code_of(secret)).location == "/login"


def test_it_is_switched_off_with_the_password_only(enrolled, app, store):
    client, _, _ = enrolled
    assert post(client, "/account/second-factor/off", password="a guess").status_code == 403
    assert len(stored(store, schema.totp)) == 1
    assert post(client, "/account/second-factor/off", password=PASSWORD).status_code == 303
    assert (stored(store, schema.totp), stored(store, schema.recovery_code)) == ([], [])
    assert sign_in(app.test_client(), "viewer").location == "/"
    assert post(client, "/account/second-factor/codes", password=PASSWORD).status_code == 400


def test_new_recovery_codes_end_the_old_ones(enrolled, app):
    client, _, old = enrolled
    answer = post(client, "/account/second-factor/codes", password=PASSWORD)
    new = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)
    assert (len(new), set(new) & set(old)) == (10, set())
    assert give(ask(app), old[0]).status_code == 403
    assert give(ask(app), new[0]).status_code == 303


def test_whoever_has_a_second_factor_does_not_lose_it_by_setting_it_up_again(enrolled, store):
    client, secret, _ = enrolled
    post(client, "/account/second-factor", password=PASSWORD)
    assert [row.secret for row in stored(store, schema.totp)] == [secret]
    assert csrf_token(client)
