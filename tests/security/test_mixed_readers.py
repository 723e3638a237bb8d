"""Eight threads ask one app for everything, in random order, as people with other brands, in several languages, about
two generations, compressed or not, with marks of pages that they or others hold; sessions end, people are disabled and
their brands change meanwhile. Every answer is, byte for byte, the one that was made alone, by an app that keeps
nothing.

`LONG_ANSWERS=10000` asks so often, of every route; `LONG_SEED` makes the order of an earlier run again."""

from __future__ import annotations

import gzip
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_caching import Cache
from werkzeug.test import TestResponse

from database.people import users
from database.people.sessions import HANDLE, end_own_session, sessions_of
from flask_app import create_app
from tests.conftest import LONG_SEED
from tests.counts import count
from tests.security.answers import told
from tests.security.routes import VALUES, paths_of, routes_of
from tests.security.worlds import World, limit
from tests.web.conftest import sign_in
from web.serving.cache import NOTHING_KEPT

ANSWERS = int(os.environ.get("LONG_ANSWERS", "160"))
IS_LONG = "LONG_ANSWERS" in os.environ
THREADS, QUESTIONS = 8, 400 if IS_LONG else 16
LANGUAGES = ("en-US", "de-DE", "fr-FR;q=0.9,en", "sv-SE")
QUERIES = ("", "period=2025&compare=year", "generation=1", "generation=1&metric=CM3&sort=name")
PATHS = ("/dashboard", "/brands/1", "/products.csv", "/api/v1/products")
"""What the short run asks; the long one takes every route that answers the same twice."""
NOT_COMPARED = ("/static/", "/login", "/logout", "/metrics", "/healthz", "/readyz", "/account", "/users", "/welcome")
"""What tells of moments and counts, or who signed in when, or counts who asks: no two answers are the same."""
TWO_AT_A_TIME = ("/figures", "/api/v1/figures")
"""Whoever asks for a third such file at a time is told to wait."""
CHANGING, STAYING = "solo", ("all", "anna")
ENDS = ("session", "disabled", "brands")


@dataclass(frozen=True)
class Question:
    """Somebody's; `brands` are those that CHANGING sees at the time."""

    reader: str
    address: str
    language: str
    brands: tuple[str, ...] = ()


Told = tuple[int, dict[str, str], str]


@pytest.mark.parametrize("engine", ["embedded", "mysql"])
def test_every_answer_is_the_one_that_was_made_alone_whoever_else_asks(make_world, engine):
    world = make_world(engine)
    chance = random.Random(os.environ[LONG_SEED])
    try:
        answers = made_alone(world, chance)
        with ThreadPoolExecutor(THREADS) as threads:
            several = [Several(world, answers, random.Random(chance.random())) for _ in range(THREADS)]
            wrong = [fault for faults in threads.map(Several.ask_all, several) for fault in faults]
    finally:
        let_in(world, "Alder")
    assert [(fault[0].reader, fault[0].address, *fault[1:]) for fault in wrong] == []
    asked = sum((each.asked for each in several), Counter())
    assert min(asked[kind] for kind in ("whole", "304", *ENDS)) > 0, asked
    count("answers to mixed readers compared", by=asked["whole"] + asked["304"])
    print(f"{engine}: {len(answers)} questions, {dict(asked)}")


def made_alone(world: World, chance: random.Random) -> dict[Question, Told]:
    """What each question is answered by an app that keeps nothing and is asked nothing else at the time."""
    found: dict[Question, Told] = {}
    for reader, brands in ((STAYING[0], ()), (STAYING[1], ()), (CHANGING, ("Alder",)), (CHANGING, ("Ash",))):
        if brands:
            let_in(world, *brands)
        app = create_app(world.store.settings)
        app.extensions["lego_cache"] = Cache(app, with_jinja2_ext=False, config=NOTHING_KEPT)
        client = app.test_client()
        assert sign_in(client, reader).status_code == 303
        asked = [(address, language) for address in addresses(app) for language in LANGUAGES]
        for address, language in chance.sample(asked, min(len(asked), QUESTIONS)):
            answer = told(client.get(address, headers={"Accept-Language": language}))
            if not IS_LONG or answer == told(client.get(address, headers={"Accept-Language": language})):
                found[Question(reader, address, language, brands)] = answer
        app.extensions["lego_store"].close()
    return found


def addresses(app: Flask) -> Iterator[str]:
    paths = [path for rule in routes_of(app) for path in paths_of(rule, VALUES)] if IS_LONG else PATHS
    for path in paths:
        if not path.startswith(NOT_COMPARED):
            yield from (f"{path}?{query}".removesuffix("?") for query in (QUERIES if IS_LONG else QUERIES[:3:2]))


def let_in(world: World, *brands: str) -> None:
    """CHANGING may sign in, and sees these brands."""
    with world.store.application.begin() as connection:
        users.enable_user(connection, CHANGING)
    limit(world, CHANGING, *brands)


class Several:
    """One thread's readers: a browser each, and what it was told."""

    one_at_a_time = threading.Lock()
    """Whoever changes CHANGING's account."""
    marks: list[str] = []
    """Of pages that somebody holds."""

    def __init__(self, world: World, answers: dict[Question, Told], chance: random.Random) -> None:
        self.world, self.answers, self.chance = world, answers, chance
        self.asked: Counter[str] = Counter()
        self._own: dict[Question, str] = {}
        self._browsers = {reader: world.visitor(reader) for reader in STAYING}
        self._staying = [question for question in answers if question.reader in STAYING]
        self._changing = [question for question in answers if question.reader == CHANGING]

    def ask_all(self) -> list[tuple]:
        """What was answered otherwise than alone."""
        faults = []
        for _ in range(ANSWERS // THREADS):
            if self.chance.random() < 1 / 10:
                with self.one_at_a_time:
                    faults += self._change()
            else:
                question = self.chance.choice(self._staying)
                faults += self._ask(self._browsers[question.reader], question, self._own)
        return faults

    def _ask(self, browser: FlaskClient, question: Question, own: dict[Question, str]) -> list[tuple]:
        headers = {"Accept-Language": question.language}
        if self.chance.random() < 0.5:
            headers["Accept-Encoding"] = "gzip"
        held = own.get(question) if self.chance.random() < 0.5 else None
        if held or (self.marks and self.chance.random() < 0.3):
            # Its own mark, or one of another reader, page, language or generation.
            headers["If-None-Match"] = held or self.chance.choice(self.marks)
        answer = browser.get(question.address, headers=headers)
        if answer.status_code == 503 and question.address.startswith(TWO_AT_A_TIME):
            self.asked["told to wait"] += 1
            return []
        if held or (answer.status_code == 304 and headers.get("If-None-Match") == own.get(question)):
            self.asked["304"] += 1
            return [] if (answer.status_code, answer.data) == (304, b"") else [(question, "304 was due", answer.status)]
        self.asked["whole"] += 1
        if "ETag" in answer.headers and answer.status_code == 200:
            own[question] = answer.headers["ETag"]
            if len(self.marks) < 500:
                self.marks.append(answer.headers["ETag"])
        found = told(unpacked(answer))
        alone = self.answers[question]
        return [] if found == alone else [(question, headers, difference(found, alone))]

    def _change(self) -> list[tuple]:
        """Signs CHANGING in, asks, and ends that: afterwards no page, whatever is kept or held, opens any more."""
        question, end = self.chance.choice(self._changing), self.chance.choice(ENDS)
        let_in(self.world, *question.brands)
        browser, own = self.world.app.test_client(), {}
        assert sign_in(browser, CHANGING).status_code == 303
        faults = [*self._ask(browser, question, own), *self._ask(browser, question, own)]
        self.asked[end] += 1
        if end == "brands":
            brands = ("Ash",) if question.brands == ("Alder",) else ("Alder",)
            limit(self.world, CHANGING, *brands)
            # With other brands it is another answer, or the sign-in page, but never the one of before.
            changed = Question(CHANGING, question.address, question.language, brands)
            answer = unpacked(browser.get(question.address, headers={
                "Accept-Language": question.language, "If-None-Match": own.get(question, ""),
            }))
            if answer.status_code == 302 or told(answer) == self.answers.get(changed, told(answer)):
                return faults
            return [*faults, (changed, "other brands", difference(told(answer), self.answers[changed]))]
        self._end(end)
        answer = browser.get(question.address, headers={"If-None-Match": own.get(question, "")})
        is_out = answer.status_code in (302, 401) or told(answer) == self.answers[question] == closed_to_all(answer)
        return faults if is_out else [*faults, (question, f"open after: {end}", answer.status)]

    def _end(self, end: str) -> None:
        idle = self.world.app.config["PERMANENT_SESSION_LIFETIME"]
        with self.world.store.application.begin() as connection:
            found = users.find_user(connection, CHANGING)
            if end == "disabled":
                users.disable_user(connection, CHANGING)
                return
            for each in sessions_of(connection, found.id, idle=idle):
                assert len(each.handle) == HANDLE and end_own_session(connection, found.id, each.handle)


def closed_to_all(answer: TestResponse) -> Told | None:
    """The answer itself where it shows nothing of anybody's: what is refused or not there."""
    return told(answer) if answer.status_code in (400, 403, 404, 410) else None


def unpacked(answer: TestResponse) -> TestResponse:
    """As a browser reads it."""
    if answer.headers.get("Content-Encoding") == "gzip":
        answer.data = gzip.decompress(answer.data)
    return answer


def difference(found: Told, alone: Told) -> str:
    """Where two answers part, for whoever reads the failure."""
    if found[:2] != alone[:2]:
        return f"{found[:2]} and alone {alone[:2]}"
    place = next((n for n, (a, b) in enumerate(zip(found[2], alone[2], strict=False)) if a != b), 0)
    return f"…{found[2][max(0, place - 60):place + 60]}… and alone …{alone[2][max(0, place - 60):place + 60]}…"
