"""/operations/rules: figures that should not cross a line, and the notices that went out of late.

A rule may name any brand, so nothing of this is for people who are limited to some.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.notices import rules as kept_rules
from database.notices.outbox import channels_set_up, recent
from database.notices.rules import KeptRule
from domain.errors import NeverRefreshed, SetupError
from domain.people import ANALYST
from domain.rules import COMPARISONS, Rule, threshold_from
from web.figures.page import formats_of_reader
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand
from web.http.parameters import takes_no_parameters
from web.operations.rules_view import (
    UNPUBLISHED,
    Choices,
    Published,
    notice_views,
    published_of,
    rule_in_words,
    rule_views,
    word_of,
)
from web.people.proof import Fault
from web.people.users import sentence

pages = Blueprint("rules", __name__)

NOTICES = 30
"""So many are shown."""


@pages.get("/operations/rules")
@needs(ANALYST)
@needs_every_brand
def show() -> Response:
    """The rules, the form for a new one, and the notices of late."""
    takes_no_parameters()
    return _list_page()


@pages.post("/operations/rules")
@needs(ANALYST)
@needs_every_brand
def create() -> Response:
    """Makes a rule; it is looked at from the next publication on."""
    takes_no_parameters()
    kept = _all_rules()
    published = _published(kept)
    rule = _asked(published.choices)
    if isinstance(rule, Fault):
        return _list_page(rule)
    fault = _write("rule made", rule, published, lambda connection: kept_rules.add_rule(connection, rule, by=_name()))
    return _list_page(fault) if fault else _back("The rule is made. It is looked at whenever figures are published.")


@pages.get("/operations/rules/<id:rule_id>")
@needs(ANALYST)
@needs_every_brand
def edit(rule_id: int) -> Response:
    """One rule, to change or to remove."""
    takes_no_parameters()
    return _rule_page(_existing(rule_id))


@pages.post("/operations/rules/<id:rule_id>")
@needs(ANALYST)
@needs_every_brand
def change(rule_id: int) -> Response:
    """Puts another rule in its place."""
    takes_no_parameters()
    kept = _existing(rule_id)
    published = _published([kept])
    rule = _asked(published.choices)
    if isinstance(rule, Fault):
        return _rule_page(kept, rule)
    if rule == kept.rule:
        return _back("The rule is as it was.")

    def put(connection: sa.Connection) -> None:
        if not kept_rules.change_rule(connection, kept.id, rule, by=_name()):
            raise SetupError("somebody removed that rule meanwhile")

    fault = _write("rule changed", rule, published, put)
    return _rule_page(kept, fault) if fault else _back("The rule is changed. It counts from the next publication on.")


@pages.post("/operations/rules/<id:rule_id>/remove")
@needs(ANALYST)
@needs_every_brand
def remove(rule_id: int) -> Response:
    """Forgets a rule; notices that it caused stay."""
    takes_no_parameters()
    kept = _existing(rule_id)
    _write("rule removed", kept.rule, _published([kept]), lambda found: kept_rules.remove_rule(found, kept.id))
    return _back("The rule is removed.")


def _list_page(fault: Fault | None = None) -> Response:
    kept = _all_rules()
    published = _published(kept)
    with current.store().application_reading.connect() as connection:
        noted = recent(connection, NOTICES)
    page = render_template(
        "operations/rules.html", fault=fault, rules=rule_views(kept, published, formats_of_reader()),
        notices=notice_views(noted), is_told_nobody=not (noted and noted[0][1] or channels_set_up(current.settings())),
        **_form(published.choices, request.form),
    )
    return make_response(page, fault.status if fault else 200)


def _rule_page(kept: KeptRule, fault: Fault | None = None) -> Response:
    published, formats, rule = _published([kept]), formats_of_reader(), kept.rule
    own = {
        "figure": rule.figure, "whose": word_of(rule), "comparison": rule.comparison, "threshold": str(rule.threshold),
    }
    page = render_template(
        "operations/rule.html", fault=fault, rule=rule_views([kept], published, formats)[0],
        **_form(published.choices, request.form or own),
    )
    return make_response(page, fault.status if fault else 200)


def _form(choices: Choices, typed) -> dict:
    """What the form offers, and what is chosen or typed in it."""
    names = ("figure", "whose", "comparison", "threshold")
    return {
        "choices": choices, "comparisons": COMPARISONS, "currency": current.settings().dashboard.currency,
        "chosen": {name: typed.get(name, "")[:100] for name in names},
    }


def _asked(choices: Choices) -> Rule | Fault:
    """The rule that the form is about."""
    figure, whose, comparison = (request.form.get(name, "") for name in ("figure", "whose", "comparison"))
    if figure not in choices.figures:
        return Fault("Choose one of the figures.")
    if whose not in choices.whose:
        return Fault("Choose what the figure is of: everything, a category or a brand.")
    if comparison not in COMPARISONS:
        return Fault("Choose how the figure crosses its line.")
    try:
        threshold = threshold_from(request.form.get("threshold", ""), comparison)
    except ValueError as error:
        return Fault(str(error))
    kind, _, number = whose.partition("-")
    return Rule(
        figure, comparison, threshold, brand_id=int(number) if kind == "brand" else None,
        category_id=int(number) if kind == "category" else None,
    )


def _write(action: str, rule: Rule, published: Published, change: Callable[[sa.Connection], object]) -> Fault | None:
    """Makes the change with its line in the audit trail, both or neither; or why not."""
    try:
        with current.store().application.begin() as connection:
            change(connection)
            trail.record_within(connection, action, rule_in_words(rule, published.names, formats_of_reader()))
    except SetupError as error:
        return Fault(sentence(error))
    return None


def _published(kept: list[KeptRule]) -> Published:
    try:
        return current.store().read(lambda reading: published_of(reading, kept))
    except NeverRefreshed:
        return UNPUBLISHED


def _all_rules() -> list[KeptRule]:
    with current.store().application_reading.connect() as connection:
        return kept_rules.kept_rules(connection)


def _existing(rule_id: int) -> KeptRule:
    with current.store().application_reading.connect() as connection:
        found = kept_rules.find_rule(connection, rule_id)
    if found is None:
        abort(404, "There is no such rule; it was removed.")
    return found


def _name() -> str:
    return identity.person().name


def _back(words: str) -> Response:
    flash(words, "done")
    return redirect(url_for("rules.show"), 303)
