"""What an attacker tries, against a really served app: two workers of gunicorn, one database."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import schema
from tests.mariadb import PASSWORD as DATABASE_PASSWORD
from tests.security.served import SECRET_KEY, Served, Visitor
from tests.security.worlds import World
from tests.web.conftest import PASSWORD
from web.http.headers import ALWAYS


@pytest.fixture(scope="module")
def shop(make_world) -> World:
    """On MariaDB: it has a password that must not be told."""
    return make_world("mysql")


@pytest.fixture(scope="module")
def server(shop: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(shop.store.settings, tmp_path_factory.mktemp("served"))
    yield server
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def stalled(server: Served) -> Iterator[list[socket.socket]]:
    """Senders who stop in the middle of a line and of a form. They begin with the first test, so that the last
    one waits for less."""
    senders = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in STALLED]
    for sender, begun in zip(senders, STALLED, strict=True):
        sender.sendall(begun)
    yield senders
    for sender in senders:
        sender.close()


STALLED = (
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Le",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=",
)


def test_guesses_that_two_workers_get_at_once_are_counted_together(server):
    server.visitor().get("/login")
    visitors, statuses = [server.visitor() for _ in range(10)], []
    tokens = [visitor.csrf_token() for visitor in visitors]
    start = threading.Barrier(len(visitors))

    def guess(visitor: Visitor, token: str) -> None:
        answer = visitor.post("/login", {"csrf_token": token, "name": "solo", "password": "not it at all"})
        statuses.append((answer.status, answer.headers["Retry-After"]))

    def guess_at_once(visitor: Visitor, token: str) -> None:
        start.wait()
        guess(visitor, token)

    threads = [threading.Thread(target=guess_at_once, args=pair) for pair in zip(visitors, tokens, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [int(seconds) for status, seconds in statuses if status == 429]
    # Those that come together count each other, so that fewer may be tried, and never more.
    assert len(statuses) == 10 and len(refused) >= 5 and all(0 < seconds <= 900 for seconds in refused)
    tried = len(statuses) - len(refused)
    for visitor, token in list(zip(visitors, tokens, strict=True))[: 5 - tried]:
        guess(visitor, token)
    assert [status for status, _ in statuses].count(403) == 5
    assert server.visitor().sign_in("solo", PASSWORD).status == 429


def test_a_stolen_cookie_is_worthless_after_signing_out(server):
    owner, thief = server.visitor(), server.visitor()
    assert owner.sign_in("anna", PASSWORD).status == 303
    thief.cookies.update(owner.cookies)
    assert thief.get("/dashboard").status == 200
    assert owner.post("/logout", {}).status == 303
    for _ in range(6):  # whichever worker answers
        assert thief.get("/dashboard").status == 302
        assert thief.get("/api/v1/choices").status == 401


def test_a_selection_that_was_tampered_with_gives_nothing_of_other_brands(server, shop):
    visitor = server.visitor()
    assert visitor.sign_in("anna", PASSWORD).status == 303
    other = shop.id_of(schema.brand, "Zzforeign Birch")
    for address in (
        f"/dashboard?brand={other}", f"/dashboard.csv?brand=1,{other}", f"/api/v1/products?brand={other}",
        "/dashboard?scope=", "/dashboard?brands=", f"/brands/{other}", f"/brands/{other}.xlsx",
        "/products/ZZFOREIGN1", "/api/v1/products/ZZFOREIGN1", "/dashboard?marketplace=ZZFOREIGN",
    ):
        answer = visitor.get(address)
        led = (address, answer.headers["Location"])  # a word that no page knows is taken off
        assert answer.status in (400, 404) or led == ("/dashboard?scope=", "/dashboard"), address
        assert "Birch" not in answer.text and "7777" not in answer.text


def test_a_generation_that_is_not_kept_or_not_a_number_gives_no_figure(server):
    visitor = server.visitor()
    assert visitor.sign_in("anna", PASSWORD).status == 303
    expected = {"1": 200, "2": 200, "3": 410, "999": 410, "-1": 400, "x": 400}
    assert {number: visitor.get(f"/dashboard?generation={number}").status for number in expected} == expected


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.com", "//evil.com", "/\\evil.com", "/\t/evil.com", "javascript:alert(1)", "/\r\nX: y"],
)
def test_signing_in_leads_to_no_other_site(server, wanted):
    visitor = server.visitor()
    answer = visitor.sign_in("all", PASSWORD, next=wanted)
    assert answer.status == 303
    assert re.fullmatch(r"/(?:[^/\\\t\r\n].*)?", answer.headers["Location"])
    assert "X" not in answer.headers


def test_a_form_of_another_site_changes_nothing(server):
    visitor = server.visitor()
    assert visitor.sign_in("all", PASSWORD).status == 303
    for headers in ({"Origin": "https://evil.com"}, {"Referer": "https://evil.com/"}, {}):
        answer = visitor.ask(
            "POST", "/logout", b"csrf_token=guessed", {"Content-Type": "application/x-www-form-urlencoded", **headers}
        )
        assert answer.status == 400
    assert visitor.get("/dashboard").status == 200


def test_no_page_may_be_framed(server):
    visitor = server.visitor()
    visitor.sign_in("all", PASSWORD)
    for path in ("/login", "/dashboard", "/account", "/users", "/nowhere", "/dashboard?x=1"):
        headers = visitor.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"


def test_an_upload_that_is_too_large_is_refused_while_pages_are_served(server):
    visitor = server.visitor()
    assert visitor.sign_in("all", PASSWORD).status == 303
    for path in ("/catalog/upload", "/imports/upload"):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: lego={visitor.cookies['lego']}\r\n"
            "Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: 99999999999\r\n\r\n--edge\r\n"
        )
        assert server.raw(head.encode()).startswith(b"HTTP/1.1 413 "), path
    assert server.visitor().get("/healthz").status == 200


def test_headers_that_rewrite_a_request_are_not_believed(server):
    lies = {
        "X-Forwarded-Host": "evil.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1",
        "X-Real-IP": "192.0.2.1", "Forwarded": "for=192.0.2.1;proto=https;host=evil.com", "X-Forwarded-Prefix": "/evil",
        "X-Original-URL": "/dashboard", "X-Rewrite-URL": "/dashboard", "X-HTTP-Method-Override": "DELETE",
        "X-Forwarded-User": "all", "Remote-User": "all", "X-Script-Name": "/evil",
    }
    answer = server.visitor().get("/login", **lies)
    assert answer.status == 200
    assert "evil" not in answer.text + str(answer.headers)
    assert "192.0.2.1" not in server.log
    assert server.visitor().get("/dashboard", **lies).status == 302


SECRET = b"lego_Sesame1"
HOST = b"Host: localhost\r\n"
BROKEN = {
    "no HTTP": SECRET + b"\r\n\r\n",
    "a version from the future": b"GET /welcome/" + SECRET + b" HTTP/9.9\r\n\r\n",
    "a version with a secret": b"GET / HTTP/" + SECRET + b"\r\n\r\n",
    "an address with a space": b"GET /welcome/" + SECRET + b" x HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that is none": b"G<script>" + SECRET + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"Authorization Bearer " + SECRET + b"\r\n\r\n",
    "a header with a space": b"GET / HTTP/1.1\r\nAuthorization " + SECRET + b" : localhost\r\n\r\n",
    "a header with a zero": b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: " + SECRET + b"\0\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b" Cookie: lego=" + SECRET + b"\r\n\r\n",
    "an address of 9,000 characters": b"GET /" + SECRET + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header of 9,000 characters": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + SECRET + b"a" * 9000 + b"\r\n\r\n",
    "200 headers": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + SECRET + b"\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    "a negative length": b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n" + SECRET,
    "two lengths": (
        b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + SECRET
    ),
    "a length and chunks": (
        b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "an unknown coding": b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: " + SECRET + b"\r\n\r\n",
    "an unknown expectation": b"POST /login HTTP/1.1\r\n" + HOST + b"Expect: " + SECRET + b"\r\n\r\n",
}
BROKEN_BODIES = {
    "a form in place of chunks": b"password=" + SECRET + b"\r\n\r\n",
    "a chunk that is longer than it says": b"3\r\nabc" + SECRET + b"\r\n0\r\n\r\n",
    "a chunk with a broken extension": b"3;" + SECRET + b"=\x01\r\nabc\r\n0\r\n\r\n",
    "a trailer without a colon": b"3\r\nabc\r\n0\r\nAuthorization " + SECRET + b"\r\n\r\n",
    "chunks that end too early": b"FF\r\npassword=" + SECRET,
}


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN)
def test_what_is_no_request_gets_a_bare_answer_with_every_header(server, request_bytes):
    head, _, body = server.raw(request_bytes).partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = lines[0].split(" ", 2)
    assert status[0] == "HTTP/1.1" and 400 <= int(status[1]) < 600 and status[1] != "500"
    for header, value in {**ALWAYS, "Cache-Control": "no-store"}.items():
        assert lines.count(f"{header}: {value}") == 1, header
    assert not any(line.startswith("Server:") for line in lines)
    assert b"script" not in body and b"a" * 20 not in body and SECRET not in body
    # Longer than any number of a request can have.
    assert SECRET.decode() not in server.log and "a" * 20 not in server.log
    assert re.search(r"a broken request from 127\.0\.0\.1: [A-Z]\w+$", server.log, re.MULTILINE)
    assert server.visitor().get("/healthz").status == 200


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_broken_body_is_refused_and_not_quoted(server, body):
    head = (
        b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    answer = server.raw(head + body)
    assert answer.startswith(b"HTTP/1.1 400 ") and SECRET not in answer
    assert "POST /login 400" in server.log and SECRET.decode() not in server.log


# --- what is written down

MISTYPED = "Tr0ub4dor&3-mistyped"


def test_no_secret_is_in_the_log_the_audit_trail_or_the_list_of_processes(server, shop, tmp_path: Path):
    listed, over = set(), threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    listed.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue
            time.sleep(0.02)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        secrets = use_every_secret(server)
    finally:
        over.set()
        watcher.join()
    with shop.store.application_reading.connect() as connection:
        trail = "\n".join(map(str, connection.execute(sa.select(schema.audit_log)).all()))
    assert "POST /login 303" in server.log and "sign-in failed" in trail
    assert any("flask products" in line for line in listed)
    for name, secret in secrets.items():
        assert secret, name
        for place, text in (("log", server.log), ("trail", trail), ("processes", "\n".join(listed))):
            assert secret not in text, (name, place)


def use_every_secret(server: Served) -> dict[str, str]:
    """Does everything that a secret is part of, rightly and wrongly, and returns the secrets."""
    admin = server.visitor()
    assert admin.sign_in("all", MISTYPED).status == 403
    assert admin.sign_in("all", PASSWORD).status == 303
    page = admin.post("/account/tokens", {"label": "a program", "password": PASSWORD}).text
    token = re.search(r"lego_[\w-]{43}", page)[0]
    assert server.visitor().get("/api/v1/choices", Authorization=f"Bearer {token}").status == 200
    assert server.visitor().get("/api/v1/choices", Authorization=f"Bearer {token}x").status == 401
    page = admin.post("/users", {"name": "berta", "role": "viewer", "limit": "all"}).text
    link = re.search(r"/welcome/([\w-]+)", page)[1]
    guest = server.visitor()
    assert guest.get(f"/welcome/{link}").status == 200
    assert guest.get(f"/welcome/{link}x").status == 404
    chosen = "a password that berta chose"
    assert guest.post(f"/welcome/{link}", {"new": chosen, "again": chosen}).status == 303
    assert guest.sign_in("berta", chosen).status == 303
    page = guest.post("/account/second-factor", {"password": chosen})
    page = guest.get("/account/second-factor").text
    factor = re.search(r"\b[A-Z2-7]{4}(?: ?[A-Z2-7]{4}){7}\b", page)[0]
    admin.upload("/catalog/upload", "names.csv", b"asin,name\nOWN1,Own product OWN1\n")
    for path in ("/dashboard?x=" + token[:20], "/nowhere"):
        admin.get(path)
    session = admin.cookies["lego"]
    csrf = admin.csrf_token()
    assert admin.post("/logout", {}).status == 303
    return {
        "password": PASSWORD, "mistyped password": MISTYPED, "chosen password": chosen, "token": token, "link": link,
        "second factor": factor, "second factor without spaces": factor.replace(" ", ""), "session": session,
        "form token": csrf, "database password": DATABASE_PASSWORD, "key": SECRET_KEY, "hash": "$argon2id$",
    }


def test_whoever_stops_in_the_middle_of_a_request_is_let_go(server, stalled):
    assert [sender.recv(100) for sender in stalled] == [b"", b""]
    assert "Socket error" not in server.log


# --- crowds

FORM = b"Host: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HELD = {
    "nothing": b"",
    "half a head": b"POST /login HTTP/1.1\r\nHost: localhost\r\nX: ",
    "half a form": b"POST /login HTTP/1.1\r\n" + FORM + b"Content-Length: 65536\r\n\r\n",
    "a large form": b"POST /login HTTP/1.1\r\n" + FORM + b"Content-Length: 1000000\r\n\r\n",
    "half a chunk": b"POST /login HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\nFFFF\r\n",
    "a form that is asked for": (
        b"POST /login HTTP/1.1\r\n" + FORM + b"Expect: 100-continue\r\nContent-Length: 999\r\n\r\n"
    ),
    "an upload of nobody": b"POST /catalog/upload HTTP/1.1\r\n" + FORM + b"Content-Length: 9000000\r\n\r\n",
    "an answer that is not taken": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "what is no request": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_a_crowd_that_sends_a_byte_now_and_then_keeps_nobody_waiting(server, held):
    crowd = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(40)]
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.2):
            for sender in crowd:
                with contextlib.suppress(OSError):
                    sender.send(b"a" if held else b"")

    for sender in crowd:
        sender.sendall(held)
    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        for _ in range(10):
            began = time.monotonic()
            assert server.visitor().get("/healthz").status == 200
            assert time.monotonic() - began < 1
    finally:
        over.set()
        dripping.join()
        for sender in crowd:
            sender.close()


def test_one_address_gets_a_hundred_connections_to_a_worker(server):
    crowd = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(250)]
    try:
        for sender in crowd:
            with contextlib.suppress(OSError):
                sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answers = [_first_words(sender) for sender in crowd]
    finally:
        for sender in crowd:
            sender.close()
    assert set(answers) == {b"", b"HTTP/1.1 200 OK"} and answers.count(b"") >= 50
    end, status = time.monotonic() + 10, 0  # a worker learns of closed connections when its turn comes
    while status != 200 and time.monotonic() < end:
        with contextlib.suppress(ConnectionError):
            status = server.visitor().get("/healthz").status
    assert status == 200


def _first_words(sender: socket.socket) -> bytes:
    try:
        return sender.recv(100).partition(b"\r\n")[0]
    except ConnectionError:
        return b""


def test_a_slow_upload_and_a_form_in_chunks_arrive(server):
    visitor = server.visitor()
    assert visitor.sign_in("all", PASSWORD).status == 303
    token = visitor.csrf_token()
    rows = b"".join(b"OWN1,Own product OWN1\n" for _ in range(6000))
    form = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
    file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nasin,name\n'
    body = (form + file).encode() + rows + b"\r\n--x--\r\n"
    pause = threading.Event()

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(body), 8192):
            yield body[start : start + 8192]
            pause.wait(0.05)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    sent = visitor.ask("POST", "/catalog/upload", slowly(), {**kind, "Content-Length": str(len(body))})
    assert sent.status == 303 and "/catalog/drafts/" in sent.headers["Location"]
    chunked = visitor.ask("POST", "/logout", iter([b"csrf_", f"token={token}".encode()]), {
        "Content-Type": "application/x-www-form-urlencoded"
    })
    assert chunked.status == 303
