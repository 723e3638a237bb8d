"""Whoever opens a page first after a publication does not wait for it to be made."""

import threading
import time

import pytest

from tests.summaries_fixture import publish
from tests.web.test_dashboard import NAMES, ROWS
from web import warm_up

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
