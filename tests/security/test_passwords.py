"""How passwords are kept, what a fresh database holds of people, and what a served app refuses to be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import sqlalchemy as sa
from argon2 import Type, extract_parameters

from database import schema
from database.people import passwords
from database.people.passwords import NOBODY, hash_password
from settings import ROOT
from tests.security.worlds import World

OWASP_MEMORY = 46 * 1024
"""KiB for one pass of argon2id that OWASP takes as the equal of scrypt with N = 2^17, r = 8, p = 1."""


def test_a_hash_costs_what_was_promised_also_for_nobody(real_hashes):
    for stored in (hash_password("correct horse battery"), NOBODY):
        cost = extract_parameters(stored)
        assert cost.type is Type.ID
        assert (cost.memory_cost, cost.time_cost, cost.parallelism) == (64 * 1024, 3, 1)
        assert cost.memory_cost >= OWASP_MEMORY and cost.salt_len >= 16 and cost.hash_len >= 32


def test_the_same_password_twice_is_two_hashes():
    assert hash_password("correct horse battery") != hash_password("correct horse battery")


def test_of_three_hashes_at_once_the_third_waits():
    done = threading.Event()

    def third() -> None:
        hash_password("correct horse battery")
        done.set()

    with passwords._two_at_once, passwords._two_at_once:
        thread = threading.Thread(target=third)
        thread.start()
        assert not done.wait(0.5)
    assert done.wait(30)
    thread.join()


def test_hashes_of_other_processes_count(tmp_path, monkeypatch):
    monkeypatch.setattr(passwords, "_shared", [])
    passwords.share_places(tmp_path)
    program = (
        "import sys; from pathlib import Path; from database.people import passwords; "
        "passwords.share_places(Path(sys.argv[1])); place = passwords._place(); place.__enter__(); "
        "print('here', flush=True); sys.stdin.read()"
    )
    others = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    assert [other.stdout.readline() for other in others] == [b"here\n"] * 2
    done = threading.Event()
    thread = threading.Thread(target=lambda: hash_password("correct horse battery") and done.set())
    thread.start()
    assert not done.wait(0.5)
    # One that dies gives its place away.
    others[0].kill()
    assert done.wait(30)
    thread.join()
    for other in others:
        other.communicate()


def test_no_table_holds_a_password_token_or_cookie_in_the_clear(small_world: World):
    client = small_world.visitor("anna")
    with client.session_transaction() as session:
        token = session["token"]
    with small_world.store.application_reading.connect() as connection:
        everything = "\n".join(
            repr(row) for table in schema.tables_of(schema.APPLICATION) for row in connection.execute(sa.select(table))
        )
    assert "$argon2id$" in everything
    for secret in ("correct horse battery", token, client.get_cookie("lego").value):
        assert secret not in everything


def test_a_fresh_database_has_nobody_and_no_page_that_makes_somebody(small_app):
    store = small_app.extensions["lego_store"]
    with store.application_reading.connect() as connection:
        assert connection.execute(sa.select(schema.app_user)).all() == []
    client = small_app.test_client()
    for name, password in (("admin", "admin"), ("admin", ""), ("admin", "password"), ("root", "root")):
        page = client.get("/login").text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        form = {"name": name, "password": password, "csrf_token": token}
        assert client.post("/login", data=form).status_code == 403
    assert {client.get(path).status_code for path in ("/setup", "/install", "/register", "/signup", "/admin")} == {404}


def test_an_app_in_debug_mode_does_not_start(tmp_path):
    variables = {name: text for name, text in os.environ.items() if not name.startswith("LEGO_")}
    variables |= {"FLASK_DEBUG": "1", "LEGO_DATABASE_PATH": str(tmp_path)}
    for command in (["-m", "gunicorn", "--check-config"], ["-m", "flask", "users"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120,
        )
        assert done.returncode != 0, command
        assert "its debugger runs anybody's code" in done.stdout + done.stderr
