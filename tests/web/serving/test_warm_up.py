"""Whoever opens a page first after a publication does not wait for it to be made."""

import subprocess
import sys
import threading
import time

import pytest

from settings import ROOT
from tests.summaries_fixture import publish
from tests.web.pages.test_dashboard import NAMES, ROWS
from web.serving import warm_up

GERMAN = {"Accept-Language": "de-DE"}


def made_or_held(client, address, **headers):
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.headers["Server-Timing"].partition("desc=")[2].strip('"')


@pytest.fixture
def reader(store, signed_in):
    publish(store, ROWS, **NAMES)
    return signed_in("viewer")


def test_the_first_pages_are_held_after_the_warm_up(app, reader):
    warm_up.warm(app, ["de-DE"])
    found = {path: made_or_held(reader, path, **GERMAN)
             for path in ("/dashboard", "/profitability", "/categories", "/products")}
    assert set(found.values()) == {"held"}, found
    assert made_or_held(reader, "/dashboard", **{"Accept-Language": "fr-FR"}) == "made"
    assert made_or_held(reader, "/dashboard?period=3m", **GERMAN) == "made"


def test_a_new_generation_is_noticed_and_warmed_for_the_languages_of_the_last_readers(app, store, reader):
    assert made_or_held(reader, "/dashboard", **GERMAN) == "made"
    answers = store.settings.database.path / "cache" / "answers"
    held_before = len(list(answers.iterdir()))
    publish(store, ROWS[:3], generation=2, **NAMES)
    end = warm_up.start(app, every=0.02)
    try:
        deadline = time.monotonic() + 30
        while len(list(answers.iterdir())) < held_before + len(warm_up.FIRST_PAGES):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        end()
    assert made_or_held(reader, "/categories", **GERMAN) == "held"
    assert made_or_held(reader, "/products", **GERMAN) == "held"


def test_it_tells_once_that_pages_were_made_ahead(app, store, reader):
    told = []
    answers = store.settings.database.path / "cache" / "answers"

    def wait_for(pages):
        deadline = time.monotonic() + 30
        while not answers.exists() or len(list(answers.iterdir())) < pages or not told:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    end = warm_up.start(app, every=0.02, once_warm=lambda: told.append(True))
    try:
        wait_for(len(warm_up.FIRST_PAGES))
        publish(store, ROWS[:3], generation=2, **NAMES)
        wait_for(2 * len(warm_up.FIRST_PAGES))
    finally:
        end()
    assert told == [True]


def test_what_a_serving_process_has_loaded_is_not_looked_through_again():
    script = (
        "import gc; from web.serving import warm_up; warm_up.keep_what_is_there(); print(gc.get_freeze_count() > 9999)"
    )
    outcome = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert outcome.stdout == "True\n"


def test_a_database_that_does_not_answer_ends_no_warm_up(small_app):
    # Never refreshed: there is no generation to warm, and the watcher waits for one.
    end = warm_up.start(small_app, every=0.01)
    end()
    with pytest.raises(Exception, match="never built"):
        warm_up.warm(small_app, ["en-US"])


def test_whoever_ends_it_waits_for_the_page_at_hand_and_no_further_one_is_begun(app, reader):
    begun, go_on, made = threading.Event(), threading.Event(), []

    def take_long() -> str:
        made.append("page")
        begun.set()
        assert go_on.wait(30)
        return ""

    for endpoint in warm_up.FIRST_PAGES:
        app.view_functions[endpoint] = take_long
    ending = threading.Thread(target=warm_up.start(app))
    assert begun.wait(30)
    ending.start()
    ending.join(0.2)
    assert ending.is_alive()
    go_on.set()
    ending.join(30)
    assert not ending.is_alive() and made == ["page"]
