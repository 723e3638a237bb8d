"""A browser that holds the very page gets 304; anything the page depends on changes its mark."""

import datetime

import pytest
from flask import g

from domain.people import Person
from tests.clock import set_today
from web.figures.not_modified import page_with_figures

ANNA = Person(1, "anna", "viewer")


@pytest.fixture
def ask(small_app):
    """Asks for a page as somebody; returns status, mark and whether the page was made."""

    def ask(path="/dashboard", *, person=ANNA, generation=7, more=(), session="", mark=None):
        made = []

        def render():
            made.append(True)
            return "figures"

        headers = {"If-None-Match": mark} if mark else {}
        with small_app.test_request_context(path, headers=headers) as context:
            g.person = person
            if session:
                context.session["token"] = session
            answer = page_with_figures(generation, render, *more)
            assert answer.headers["Cache-Control"] == "private, no-cache"
            return answer.status_code, answer.headers["ETag"], bool(made)

    return ask


def test_the_same_page_is_not_made_again(ask):
    status, mark, made = ask()
    assert (status, made) == (200, True)
    assert mark.startswith('W/"')
    assert ask(mark=mark) == (304, mark, False)


@pytest.mark.parametrize(
    "other",
    [
        {"generation": 8},
        {"path": "/dashboard?period=3m"},
        {"path": "/brands/1"},
        {"person": Person(2, "anna", "viewer")},
        {"person": Person(1, "anna", "admin")},
        {"person": Person(1, "anna", "viewer", frozenset({1}))},
        {"person": Person(1, "anna", "viewer", closed_notes=frozenset({("corrections", "7")}))},
        {"session": "another sign-in, another form token"},
        {"more": ("the last refresh failed",)},
    ],
)
def test_anything_else_is_made(ask, other):
    _, mark, _ = ask()
    assert ask(mark=mark, **other)[::2] == (200, True)


def test_the_next_day_it_is_made_again(ask, monkeypatch):
    _, mark, _ = ask()
    set_today(monkeypatch, datetime.date(2030, 1, 1))
    assert ask(mark=mark)[::2] == (200, True)
