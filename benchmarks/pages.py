"""Pages under gunicorn with two workers: not cached, cached, many readers at once."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from benchmarks.measure import ROOT, Figures, percentile, run
from benchmarks.stands import Stand
from database import schema
from database.engines.values import Reading
from database.store import open_store
from settings import Settings
from tests.conftest import environment_of
from tests.ports import free_port

PASSWORD = "a benchmark of figures"
MADE_P95, HELD_P95 = "{page}, not cached, p95 (ms)", "{page}, cached, p95 (ms)"
MADE, HELD = "{page}, not cached (ms)", "{page}, cached (ms)"
TIMES_MADE = "50 readers of one page at once: times it was made"
THROUGHPUT, CONSTANT = "cached page, requests/s", "constant of the same size, requests/s"
PAGES = ("dashboard", "profitability", "categories", "brand", "products", "product")
WORDS = (
    "b", "br", "brick", "B0", "B00000", "brand+1", "mug", "zzzz", "%25", "last+month", "2025", "import", "a", "12", "e",
)
"""What somebody types: the beginning of much, of one thing, of nothing."""
_SERVER_TIME = re.compile(r"app;dur=([\d.]+)(?:, cache;desc=\"(\w+)\")?")


@dataclass(frozen=True)
class Reader:
    """Somebody signed in: one connection that stays open, and their cookie."""

    port: int
    cookie: str

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def get(self, connection: http.client.HTTPConnection, address: str) -> tuple[float, str, bytes]:
        """Milliseconds of the server, whether the answer was `made` or `held`, and the body. Raises RuntimeError
        on anything but 200."""
        connection.request("GET", address, headers={"Cookie": self.cookie, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status}")
        found = _SERVER_TIME.search(answer.headers.get("Server-Timing", ""))
        return float(found[1]), found[2] or "", body


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[Reader]:
    """The app under gunicorn as the configuration says, with somebody signed in."""
    port = free_port()
    settings = replace(settings, web=replace(settings.web, port=port))
    run([sys.executable, "-c", _ADD_READER], environment_of(settings) | {"READER_PASSWORD": PASSWORD})
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environment_of(settings), stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )
        try:
            _wait_until_ready(port)
            yield _signed_in(port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


_ADD_READER = """
import os
from database.people import users
from database.people.passwords import hash_password
from database.store import open_store
from settings import load_settings
store = open_store(load_settings())
with store.application.begin() as connection:
    if users.find_user(connection, "reader") is None:
        users.add_user(connection, name="reader", role="viewer",
                        password_hash=hash_password(os.environ["READER_PASSWORD"]))
store.close()
"""


def measure_pages(stand: Stand, figures: Figures, *, label: str = "") -> None:
    """Server time of every page over many selections, first not cached, then cached. `label` sets these figures
    apart from others of the same engine."""
    shutil.rmtree(stand.settings.database.path / "cache", ignore_errors=True)
    engine = stand.engine + label
    addresses = addresses_of(stand.settings)
    with served(stand.settings) as reader:
        connection = reader.connect()
        time.sleep(3)  # The warm-up is over; each worker has its templates.
        for page, found in addresses.items():
            made = [reader.get(connection, address) for address in found]
            held = [reader.get(connection, address) for address in found for _ in range(3)]
            times = [milliseconds for milliseconds, how, _ in made if how == "made"]
            figures.add(engine, MADE.format(page=page), *times)
            figures.add(engine, MADE_P95.format(page=page), percentile(times, 0.95))
            times = [milliseconds for milliseconds, how, _ in held if how == "held"]
            figures.add(engine, HELD.format(page=page), *times)
            figures.add(engine, HELD_P95.format(page=page), percentile(times, 0.95))


def measure_crowd(stand: Stand, figures: Figures, *, runs: int) -> None:
    """Fifty readers ask for the same page that nobody asked for before: how often it is made."""
    with served(stand.settings) as reader:
        for turn in range(runs):
            address = f"/profitability?from=2023-{turn % 9 + 1:02}&to=2025-0{turn % 9 + 1}"
            ready, found = threading.Barrier(50), []

            def ask(address=address, ready=ready, found=found) -> None:
                connection = reader.connect()
                connection.connect()
                ready.wait()
                found.append(reader.get(connection, address)[1])

            crowd = [threading.Thread(target=ask) for _ in range(50)]
            for one in crowd:
                one.start()
            for one in crowd:
                one.join()
            if len(found) != 50:
                raise RuntimeError(f"{50 - len(found)} of 50 readers got no page")
            figures.add(stand.engine, TIMES_MADE, found.count("made"))


def measure_throughput(stand: Stand, figures: Figures, *, runs: int) -> None:
    """Cached pages per second beside a Flask view that returns a constant of the same size, by ApacheBench."""
    if shutil.which("ab") is None:
        figures.notes.append("Throughput was not measured: ab (apache2-utils) is not installed.")
        return
    with served(stand.settings) as reader:
        connection = reader.connect()
        body = [reader.get(connection, "/dashboard")[2] for _ in range(3)][-1]
        with _constant(stand.settings, len(body)) as port:
            for _ in range(runs):
                figures.add(stand.engine, THROUGHPUT, _rate(reader.port, "/dashboard", reader.cookie))
                figures.add(stand.engine, CONSTANT, _rate(port, "/", reader.cookie))


def addresses_of(settings: Settings) -> dict[str, list[str]]:
    """Page -> addresses that differ in their selection, so that none of them is cached."""
    ranges = [f"from={first}&to={last}" for first in ("2023-01", "2023-07", "2024-01", "2024-07", "2025-01")
              for last in ("2025-06", "2025-09", "2025-12")]
    brands, products, categories = _largest(settings)
    wheres = ["", "&marketplace=US", f"&category={categories[0]}", "&compare=none"]
    choices = [f"{span}{where}" for span in ranges for where in wheres]
    found = {page: [f"/{page}?{choice}" for choice in choices] for page in ("dashboard", "profitability", "categories")}
    found["brand"] = [f"/brands/{brand}?{span}" for brand in brands for span in ranges[::4]]
    found["products"] = [f"/products?{choice}" for choice in choices] + [
        f"/products?{ranges[0]}&{order}" for order in
        ("sort=name", "sort=value&order=asc", "page=2", "metric=CM3", "search=brick", "search=B0")
    ]
    found["product"] = [f"/products/{asin}?{span}" for asin in products for span in ranges[::4]]
    return found


def other_addresses_of(settings: Settings) -> dict[str, list[str]]:
    """The same of pages that answer a question about figures, which readers ask less often."""
    choices = [address.partition("?")[2] for address in addresses_of(settings)["dashboard"]]
    metrics = ("CM3", "TACoS", "Net%20revenue", "CM3%20%25")
    return {
        "drivers": [f"/drivers?{choice}" for choice in choices if "compare=none" not in choice],
        "explain": [f"/explain?metric={metrics[turn % 4]}&{choice}" for turn, choice in enumerate(choices)],
        "search": [f"/search?q={words}" for words in WORDS],
    }


def _largest(settings: Settings) -> tuple[list[int], list[str], list[int]]:
    """The brands, products and categories with the most rows, those not sorted in yet left out."""

    def question(reading: Reading) -> tuple[list[int], list[str], list[int]]:
        brand, asin, product = schema.summary_brand, schema.summary_asin, schema.asin
        brands, categories = (
            sa.select(column).where(column != 0).group_by(column).order_by(sa.func.count().desc()).limit(15)
            for column in (brand.c.brand_id, brand.c.category_id)
        )
        products = (
            sa.select(product.c.asin).join(asin, asin.c.asin_id == product.c.id)
            .where(asin.c.month == reading.generation.last_month)
            .group_by(product.c.asin).order_by(sa.func.count().desc()).limit(15)
        )
        return tuple(list(reading.connection.execute(found).scalars()) for found in (brands, products, categories))

    store = open_store(settings)
    try:
        return store.read(question)
    finally:
        store.close()


def _signed_in(port: int) -> Reader:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    page, cookie = answer.read().decode(), answer.headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = urllib.parse.urlencode({"name": "reader", "password": PASSWORD, "csrf_token": token})
    connection.request("POST", "/login", form, {
        "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie,
    })
    answer = connection.getresponse()
    answer.read()
    if answer.status != 303:
        raise RuntimeError(f"signing in: {answer.status}")
    return Reader(port, answer.headers["Set-Cookie"].partition(";")[0])


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the app is not ready after 60 s")


@contextlib.contextmanager
def _constant(settings: Settings, size: int) -> Iterator[int]:
    """A Flask app that answers with so many bytes, under the same gunicorn."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "constant.py").write_text(
            "from flask import Flask\napp = Flask(__name__)\n"
            f"body = b'x' * {size}\n@app.get('/')\ndef show():\n    return body\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "/dev/null", "-b", f"127.0.0.1:{port}", "-w",
             str(settings.web.workers), "--threads", str(settings.web.threads), "constant:app"],
            cwd=folder, env={**os.environ, "PYTHONPATH": folder}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
                    break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _rate(port: int, address: str, cookie: str) -> float:
    answer = run(
        ["ab", "-q", "-k", "-c", "8", "-n", "4000", "-H", f"Cookie: {cookie}", "-H", "Accept-Encoding: gzip",
         f"http://127.0.0.1:{port}{address}"], dict(os.environ),
    ).output
    failed = re.search(r"Non-2xx responses: +(\d+)", answer)
    if failed:
        raise RuntimeError(f"{address}: {failed[1]} answers were not 200")
    return float(re.search(r"Requests per second: +([\d.]+)", answer)[1])

