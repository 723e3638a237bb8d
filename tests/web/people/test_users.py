"""/users: who may sign in, as what, and which brands they see."""

import datetime
import threading

import pytest
import sqlalchemy as sa

from database import schema
from database.people import users
from domain.errors import SetupError
from flask_app import create_app
from tests.summaries_fixture import publish
from tests.web.conftest import PASSWORD, sign_in, text_of
from tests.web.forms import enrol, is_signed_in, post, stored, token_of, trail, user_id
from tests.web.shop import NAMES, ROWS

FOREIGN = ("Alder", "HYPERLINK", "Ünïcødé", "B000000001", "1234567", "1,234", "Toys", "+Games")


@pytest.fixture
def admin(signed_in):
    """An admin's browser."""
    return signed_in("admin")


def limits(store):
    with store.application_reading.connect() as connection:
        names = {user.id: user.name for user in users.all_users(connection)}
        return {names[number]: set(brands) for number, brands in users.brand_limits(connection).items()}


def test_somebody_new_is_made_with_their_role_and_brands(admin, store):
    publish(store, ROWS, **NAMES)
    page = admin.get("/users").text
    assert "Alder &lt;&amp; Ash&gt;" in page
    answer = post(admin, "/users", name=" Anna@Example.com ", role="analyst", limit="some", brand=["1", "3"])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert limits(store) == {"anna@example.com": {1, 3}}
    words = text_of(admin, "/users")
    assert "anna@example.com analyst 2 brands invited never 0 off" in words
    assert 'title="Alder &lt;&amp; Ash&gt;, Ünïcødé, &#34;quoted&#34;"' in admin.get("/users").text
    assert "admin you admin every brand active" in words
    assert trail(store)[-1][:2] == ("user created", "admin")
    assert trail(store)[-1][2].startswith("anna@example.com as analyst, Alder")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "anna maria"}, "A name has letters a to z"),
        ({"name": ""}, "A name has letters a to z"),
        ({"name": "admin"}, "There is a user admin already."),
        ({"role": "root"}, "A role is one of viewer, analyst, admin."),
        ({"limit": "none"}, "limit is all or some"),
        ({"limit": "some", "brand": "9"}, "brand is the number of a brand that is there"),
        ({"limit": "some", "brand": "1 OR 1=1"}, "brand is the number of a brand"),
        ({"role": "admin", "limit": "some"}, "an admin sees every brand"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(small_app, password_hash, fields, words):
    store, client = small_app.extensions["lego_store"], small_app.test_client()
    with store.application.begin() as connection:
        users.add_user(connection, name="admin", role="admin", password_hash=password_hash)
    sign_in(client, "admin")
    answer = post(client, "/users", **{"name": "anna", "role": "viewer"} | fields)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert [user.name for user in stored(store, schema.app_user)] == ["admin"]
    assert trail(store)[-1][0] == "sign-in"


def test_role_and_brands_hold_for_the_next_request(admin, signed_in, store):
    publish(store, ROWS, **NAMES)
    viewer, number = signed_in("viewer"), user_id(store, "viewer")
    assert viewer.get("/users").status_code == 403
    assert post(admin, f"/users/{number}/role", role="admin").status_code == 303
    assert viewer.get("/users").status_code == 200
    assert post(admin, f"/users/{number}/brands", limit="some", brand="1").status_code == 400
    assert post(admin, f"/users/{number}/role", role="viewer").status_code == 303
    assert viewer.get("/users").status_code == 403
    assert viewer.get("/products/=2+3?period=2025").status_code == 200
    assert post(admin, f"/users/{number}/brands", limit="some", brand="1").status_code == 303
    assert viewer.get("/products/=2+3?period=2025").status_code == 404
    assert post(admin, f"/users/{number}/role", role="admin").status_code == 400
    assert post(admin, f"/users/{number}/brands", limit="all").status_code == 303
    assert viewer.get("/products/=2+3?period=2025").status_code == 200
    assert [line for line in trail(store) if line[0] in ("role changed", "brands limited")] == [
        ("role changed", "admin", "viewer: viewer -> admin"), ("role changed", "admin", "viewer: admin -> viewer"),
        ("brands limited", "admin", "viewer: Alder <& Ash>"), ("brands limited", "admin", "viewer: every brand"),
    ]


def test_whoever_is_limited_to_no_brand_sees_nothing(admin, app, signed_in, store):
    publish(store, ROWS, **NAMES)
    viewer, number = signed_in("viewer"), user_id(store, "viewer")
    assert "1234567.89" in viewer.get("/dashboard.csv?period=2025").text
    token = token_of(viewer)
    post(admin, f"/users/{number}/brands", limit="some")
    assert limits(store) == {"viewer": set()}
    program = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    for address in ("/dashboard", "/profitability", "/categories", "/products", "/catalog"):
        for answer in (
            viewer.get(f"{address}?period=2025" if address != "/catalog" else address),
            viewer.get(f"{address}.csv"),
            *([program.get(f"/api/v1{address}", headers=headers)] if address != "/catalog" else []),
        ):
            assert answer.status_code == 200, answer.request.path
            assert not [word for word in FOREIGN if word in answer.text], answer.request.path
    assert program.get("/api/v1/choices", headers=headers).json["brands"] == []
    assert viewer.get("/brands/1").status_code == 404
    assert viewer.get("/products/B000000001").status_code == 404


def test_disabling_ending_sessions_and_a_lost_phone_hold_at_once_in_every_process(
    admin, signed_in, store, half_minute
):
    viewer, number = signed_in("viewer"), user_id(store, "viewer")
    other = create_app(store.settings)
    elsewhere = other.test_client()
    sign_in(elsewhere, "viewer")
    token = token_of(viewer)
    headers = {"Authorization": f"Bearer {token}"}
    enrol(viewer)
    assert post(admin, f"/users/{number}/second-factor/off").status_code == 303
    assert stored(store, schema.totp) == []
    assert post(admin, f"/users/{number}/sessions/end").status_code == 303
    assert not is_signed_in(viewer) and not is_signed_in(elsewhere)
    assert other.test_client().get("/api/v1/openapi.json", headers=headers).status_code == 401
    assert sign_in(elsewhere, "viewer").location == "/"
    headers = {"Authorization": f"Bearer {token_of(elsewhere)}"}
    assert other.test_client().get("/api/v1/openapi.json", headers=headers).status_code == 200
    assert post(admin, f"/users/{number}/disable").status_code == 303
    assert not is_signed_in(elsewhere)
    assert other.test_client().get("/api/v1/openapi.json", headers=headers).status_code == 401
    assert sign_in(elsewhere, "viewer").status_code == 403
    assert post(admin, f"/users/{number}/link").status_code == 400
    assert post(admin, f"/users/{number}/enable").status_code == 303
    assert sign_in(elsewhere, "viewer").location == "/"
    assert [action for action, user, _ in trail(store) if user == "admin"][1:] == [
        "second factor reset", "sessions ended", "user disabled", "user enabled",
    ]
    assert ("sessions ended", "admin", "viewer: every session, API tokens: a program") in trail(store)
    other.extensions["lego_store"].close()


def test_tokens_of_somebody_are_listed_and_revoked_one_by_one(admin, signed_in, app, store):
    viewer, number = signed_in("viewer"), user_id(store, "viewer")
    assert "tokens-title" not in admin.get(f"/users/{number}").text
    token, label = token_of(viewer), "<b>nightly</b>"
    assert post(viewer, "/account/tokens", label=label, password=PASSWORD).status_code == 200
    words = text_of(admin, f"/users/{number}")
    assert "a program made" in words and "<b>nightly</b> made" in words and "never used" in words
    assert label not in admin.get(f"/users/{number}").text
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/openapi.json", headers=headers).status_code == 200
    answer = post(admin, f"/users/{number}/tokens/revoke", label="a program")
    assert (answer.status_code, answer.location) == (303, f"/users/{number}")
    assert app.test_client().get("/api/v1/openapi.json", headers=headers).status_code == 401
    assert [row.label for row in stored(store, schema.api_token)] == [label]
    again = post(admin, f"/users/{number}/tokens/revoke", label="a program")
    assert (again.status_code, "Viewer has no token" in again.text) == (400, True)
    assert [line for line in trail(store) if line[0] == "token revoked"] == [
        ("token revoked", "admin", "viewer: a program"),
    ]


def test_an_admin_cannot_shut_themself_out(admin, add_person, store):
    add_person("second", "admin")
    own = user_id(store, "admin")
    for address, fields in (
        ("disable", {}), ("role", {"role": "viewer"}), ("sessions/end", {}), ("second-factor/off", {}),
        ("tokens/revoke", {"label": "a program"}),
    ):
        assert post(admin, f"/users/{own}/{address}", **fields).status_code == 400
    assert is_signed_in(admin)
    page = admin.get(f"/users/{own}").text
    assert "/disable" not in page and "This is you" in page


def test_of_two_admins_who_shut_each_other_out_at_once_one_stays(store):
    with store.application.begin() as connection:
        for name in ("anna", "bert"):
            users.add_user(connection, name=name, role="admin", password_hash="-")
        users.add_user(connection, name="carl", role="viewer", password_hash="-")
    outcomes, both = [], threading.Barrier(2)

    def shut_out(name):
        both.wait()
        try:
            with store.application.begin() as connection:
                users.disable_user(connection, name)
            outcomes.append("done")
        except SetupError as error:
            outcomes.append(str(error).partition(" ")[2])

    threads = [threading.Thread(target=shut_out, args=(name,)) for name in ("anna", "bert")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "is the last active admin; make somebody else one first"]
    with store.application.begin() as connection, pytest.raises(SetupError, match="last active admin"):
        [left] = [user.name for user in stored(store, schema.app_user) if user.role == "admin" and user.active]
        users.change_role(connection, left, "viewer")


def test_an_admin_who_is_limited_by_hand_sees_no_list_of_brands(app, add_person, store):
    add_person("admin", "admin")
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user_id(store, "admin"), brand_id=1))
    client = app.test_client()
    sign_in(client, "admin")
    assert [client.get(address).status_code for address in ("/users", "/users/1", "/users/audit")] == [403] * 3
    assert 'href="/users"' not in client.get("/account").text


def test_only_sessions_that_may_still_be_used_are_counted(admin, signed_in, store):
    signed_in("viewer")
    table = schema.app_session
    with store.application.begin() as connection:
        long_ago = connection.execute(sa.select(sa.func.max(table.c.last_seen_at))).scalar_one()
        long_ago -= datetime.timedelta(hours=9)
        connection.execute(sa.update(table).where(table.c.user_id == user_id(store, "viewer")).values(
            last_seen_at=long_ago
        ))
    words = text_of(admin, "/users")
    assert words.count("UTC 1 off") == 1
    assert words.count("UTC 0 off") == 1
