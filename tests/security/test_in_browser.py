"""What another site can do to somebody who is signed in, in a real Chromium: nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import BaseWSGIServer, make_server

from tests.security.worlds import World
from tests.web.conftest import PASSWORD

HOSTILE = """<!doctype html><title>You have won</title>
<iframe name="framed" src="{site}/dashboard"></iframe>
<iframe name="answer"></iframe>
<form id="form" method="post" action="{site}/logout" target="answer"><input name="csrf_token" value="guessed"></form>
<img id="picture" src="{site}/static/images/mark.svg">
<script id="script" src="{site}/api/v1/choices"></script>
"""


def served(app: Flask) -> Iterator[BaseWSGIServer]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()


@pytest.fixture
def site(small_world: World) -> Iterator[str]:
    """The dashboard, at 127.0.0.1."""
    for server in served(small_world.app):
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def hostile(site: str) -> Iterator[str]:
    """Another site, at localhost: browsers take the two names for two sites."""
    app = Flask("hostile")
    app.add_url_rule("/", view_func=lambda: HOSTILE.format(site=site))
    for server in served(app):
        yield f"http://localhost:{server.port}/"


@pytest.fixture
def victim(browser: Browser, site: str) -> Iterator[Page]:
    """A browser in which somebody is signed in to the dashboard."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site}/login")
    page.fill("#name", "all")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site}/")
    yield page
    context.close()


def test_another_site_frames_reads_and_sends_nothing(victim: Page, site: str, hostile: str) -> None:
    with victim.expect_console_message(lambda message: "\"frame-ancestors 'none'\"" in message.text):
        victim.goto(hostile)
    assert [frame.url for frame in victim.frames if frame.url.startswith(site)] == []
    for path in ("/api/v1/choices", "/dashboard", "/dashboard.csv"):
        for mode in ("cors", "same-origin"):
            read = victim.evaluate(
                "([url, mode]) => fetch(url, {credentials: 'include', mode}).then(a => a.text(), e => e.name)",
                [site + path, mode],
            )
            assert read == "TypeError", path
    assert victim.evaluate("document.getElementById('picture').naturalWidth") == 0
    with victim.expect_response(f"{site}/logout") as sent:
        victim.evaluate("document.getElementById('form').submit()")
    # The cookie stayed at home, so nobody is signed in there.
    assert (sent.value.status, sent.value.headers["location"]) == (303, "/login")
    assert "cookie" not in sent.value.request.all_headers()
    victim.goto(f"{site}/account")
    assert victim.url == f"{site}/account"


def test_a_script_that_got_into_a_page_does_not_run(victim: Page, site: str) -> None:
    victim.goto(f"{site}/account")
    victim.evaluate("""() => {
        const script = document.createElement("script"); script.textContent = "window.ran = 'inline'";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = 1'>");
        const other = document.createElement("script"); other.src = "data:text/javascript,window.ran='data'";
        document.body.append(other);
        setTimeout("window.ran = 'text'", 0);
        setTimeout(() => { window.later = true; }, 100);
    }""")
    victim.wait_for_function("() => window.later && document.querySelector('img[src=x]').complete")
    assert victim.evaluate("window.ran") is None
