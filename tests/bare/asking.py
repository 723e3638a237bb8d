"""Asks a served dashboard for pages every 100 ms until it is terminated: asking.py PASSWORD FILE

Signs in as admin. FILE is written when the first page has come, and with every other: how many answers there were of
each kind. For a bare machine: standard library only.
"""

from __future__ import annotations

import http.client
import itertools
import os
import re
import signal
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path

PORT = int(os.environ["LEGO_WEB_PORT"])
EVERY_SECONDS = 0.1
PAGES = ("/dashboard", "/login", "/profitability", "/products", "/static/css/base.css")


def ask(method: str, path: str, headers: dict[str, str], body: str | None = None) -> tuple[int, str, str, str]:
    """Status, cookie, ETag and text of an answer over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        return answer.status, cookie, answer.getheader("ETag") or "", answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def sign_in(password: str) -> dict[str, str]:
    """Headers of a request as admin."""
    _, cookie, _, page = ask("GET", "/login", {})
    (token,) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    form = urllib.parse.urlencode({"csrf_token": token, "name": "admin", "password": password})
    status, cookie, _, _ = ask("POST", "/login", {
        "Cookie": cookie, "Origin": f"http://127.0.0.1:{PORT}", "Content-Type": "application/x-www-form-urlencoded",
    }, form)
    if status not in (302, 303):
        raise SystemExit(f"admin could not sign in: {status}")
    return {"Cookie": cookie}


def main(password: str, file: Path) -> None:
    """Asks, and counts."""
    signed_in = sign_in(password)
    # Pages that this version does not have yet are not asked for.
    pages = [path for path in PAGES if ask("GET", path, signed_in)[0] in (200, 302)]
    found: Counter[str] = Counter()
    kept: dict[str, str] = {}
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: over.append(number))
    longest = 0.0
    for path in itertools.cycle(pages):
        if over:
            break
        began = time.monotonic()
        known = {"If-None-Match": kept[path]} if path in kept else {}
        try:
            status, _, tag, _ = ask("GET", path, signed_in | known)
            found[f"{status}"] += 1
            if tag:
                kept[path] = tag
        except (OSError, http.client.HTTPException) as error:
            found[f"no answer ({type(error).__name__})"] += 1
        longest = max(longest, time.monotonic() - began)
        file.write_text(said(found, longest), encoding="utf-8")
        time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - began)))


def said(found: Counter[str], longest: float) -> str:
    """`200 × 120, 304 × 30, the longest 0.4 s`."""
    return ", ".join(f"{kind} × {count}" for kind, count in sorted(found.items())) + f", the longest {longest:.1f} s"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
