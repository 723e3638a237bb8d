"""Answers are kept under all they depend on, as JSON, in a private folder."""

import dataclasses
import json
import threading

import pytest
from flask import g

from domain.people import Person
from flask_app import create_app
from settings import CacheSettings
from web.serving.cache import cached

EVERYTHING = Person(1, "anna", "viewer")


def ask(app, key, value, person=EVERYTHING):
    """What `cached` gives for `key`, and whether it had to be produced."""
    produced = []

    def produce():
        produced.append(True)
        return value

    with app.test_request_context("/"):
        g.person = person
        return cached(key, produce), bool(produced)


def test_a_second_question_is_answered_from_the_cache(small_app):
    value = {"rows": [["Brick & Co", "1204311.20", None, 3]]}
    assert ask(small_app, ("dashboard", 7, "period=3m"), value) == (value, True)
    assert ask(small_app, ("dashboard", 7, "period=3m"), "another") == (value, False)


@pytest.mark.parametrize(
    "other", [("dashboard", 8, "period=3m"), ("dashboard", 7, "period=6m"), ("brands", 7, "period=3m")]
)
def test_another_generation_selection_or_question_is_another_answer(small_app, other):
    ask(small_app, ("dashboard", 7, "period=3m"), "first")
    assert ask(small_app, other, "second") == ("second", True)


def test_people_limited_to_other_brands_never_share_an_answer(small_app):
    key = ("dashboard", 7, "")
    limited = [None, frozenset({1}), frozenset({2}), frozenset({1, 2}), frozenset()]
    for number, brands in enumerate(limited):
        person = dataclasses.replace(EVERYTHING, brands=brands)
        assert ask(small_app, key, f"answer {number}", person) == (f"answer {number}", True)
    same = Person(2, "otto", "admin", frozenset({2, 1}))
    assert ask(small_app, key, "new", same) == ("answer 3", False)


def test_processes_share_the_cache(small_app):
    ask(small_app, ("a",), "kept")
    other = create_app(small_app.extensions["lego_store"].settings)
    assert ask(other, ("a",), "new") == ("kept", False)
    other.extensions["lego_store"].close()


def test_what_is_kept_is_json_in_a_private_folder(small_app):
    ask(small_app, ("a",), {"brand": "Ä"})
    folder = small_app.extensions["lego_store"].settings.database.path / "cache" / "answers"
    assert folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.iterdir())
    assert len(files) == 2
    values = []
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        # cachelib puts four bytes before the value: when it ends.
        values.append(json.loads(file.read_bytes()[4:]))
    assert sorted(values, key=str) == [1, {"brand": "Ä"}]


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\0\0\0cos\nsystem\n(S'true'\ntR.", b"\0\0\0\0{\"half"])
def test_a_damaged_entry_was_never_there(small_app, content):
    ask(small_app, ("a",), "kept")
    folder = small_app.extensions["lego_store"].settings.database.path / "cache" / "answers"
    for file in folder.iterdir():
        file.write_bytes(content)
    assert ask(small_app, ("a",), "new") == ("new", True)


def test_a_value_that_is_no_json_is_a_mistake_of_ours(small_app):
    with pytest.raises(TypeError):
        ask(small_app, ("a",), object())


def test_without_a_folder_pages_are_made_every_time(small_app):
    folder = small_app.extensions["lego_store"].settings.database.path / "cache"
    folder.write_text("in the way")
    assert ask(small_app, ("a",), "one") == ("one", True)
    assert ask(small_app, ("a",), "two") == ("two", True)


def test_a_redis_that_is_down_slows_pages_and_does_not_take_them_away(small_app):
    settings = small_app.extensions["lego_store"].settings
    app = create_app(dataclasses.replace(settings, cache=CacheSettings(backend="redis", url="redis://127.0.0.1:1/0")))
    assert ask(app, ("a",), "one") == ("one", True)
    app.extensions["lego_store"].close()


def test_many_threads_get_the_same_value(small_app):
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask(small_app, ("a",), "kept")[0])) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["kept"] * 16


def test_of_many_who_ask_at_once_one_has_the_answer_made(small_app):
    second = create_app(small_app.extensions["lego_store"].settings)
    everybody, produced, answers = threading.Barrier(8), [], []

    def produce():
        produced.append(True)
        # Long enough for the others to arrive.
        threading.Event().wait(0.2)
        return "made once"

    def reader(app):
        with app.test_request_context("/"):
            g.person = EVERYTHING
            everybody.wait()
            answers.append((cached(("busy",), produce), g.answered_from))

    readers = [threading.Thread(target=reader, args=(app,)) for app in [small_app, second] * 4]
    for thread in readers:
        thread.start()
    for thread in readers:
        thread.join()
    second.extensions["lego_store"].close()
    assert len(produced) == 1
    assert sorted(answers) == [("made once", "held")] * 7 + [("made once", "made")]


def test_an_answer_that_could_not_be_made_is_made_by_the_next(small_app):
    def fail():
        raise ValueError("no figures")

    with small_app.test_request_context("/"), pytest.raises(ValueError):
        g.person = EVERYTHING
        cached(("broken",), fail)
    assert ask(small_app, ("broken",), "made") == ("made", True)
