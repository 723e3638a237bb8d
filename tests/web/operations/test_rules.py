"""/operations/rules: made, changed and removed with their line in the audit trail; notices with how they went out."""

from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa

from database import schema
from database.notices import outbox
from database.notices import rules as kept_rules
from domain.moments import utc_now
from domain.months import add_months, format_month, month_name, month_of
from domain.notices import Notice
from domain.rules import Rule
from settings import MailSettings
from tests.summaries_fixture import publish
from tests.web.conftest import text_of
from tests.web.forms import post, trail

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

LAST, BEFORE = (add_months(month_of(utc_now().date()), -back) for back in (1, 2))
ROWS = [
    (1, 1, 5, "US", format_month(LAST), "Net revenue", "1000"), (1, 1, 5, "US", format_month(LAST), "CM3", "120"),
    (1, 1, 5, "US", format_month(BEFORE), "Net revenue", "2000"), (2, 2, 5, "US", format_month(LAST), "CM3", "900"),
]
FORM = {"figure": "CM3 %", "whose": "brand-1", "comparison": "below", "threshold": "15"}


@pytest.fixture
def shop(store):
    """Two brands of one category, published just now."""
    publish(store, ROWS, brands={1: "Alder", 2: "Birch <b>"}, categories={5: "Garden"}, published_at=utc_now())
    return store


def rules(store) -> list[tuple]:
    with store.application_reading.connect() as connection:
        return [(kept.rule, kept.revision, kept.changed_by) for kept in kept_rules.kept_rules(connection)]


def test_a_rule_is_made_seen_changed_and_removed(shop, signed_in):
    client = signed_in("analyst")
    page = text_of(client, "/operations/rules")
    assert "No rule is made yet." in page and "Nothing happened yet" in page and "Nobody is told yet" in page
    assert post(client, "/operations/rules", **FORM).location == "/operations/rules"
    page = text_of(client, "/operations/rules")
    assert "The rule is made." in page
    assert f"CM3 % of Alder is below 15.0% crossed 12.0% in {month_name(LAST)} analyst, " in page

    changed = {"figure": "Net revenue", "whose": "category-5", "comparison": "falls", "threshold": "60"}
    assert "Last changed by analyst" in text_of(client, "/operations/rules/1")
    assert post(client, "/operations/rules/1", **changed).status_code == 303
    page = text_of(client, "/operations/rules")
    words = "Net revenue of category Garden falls, against the month before, by more than 60.0%"
    assert f"{words} not crossed $1,000.00" in page
    assert f"down 50.0% from $2,000.00 in {month_name(BEFORE)}" in page
    assert [(rule.threshold, revision, by) for rule, revision, by in rules(shop)] == [(60, 2, "analyst")]
    assert post(client, "/operations/rules/1", **changed).status_code == 303
    assert rules(shop)[0][1] == 2, "nothing was changed"

    assert post(client, "/operations/rules/1/remove").status_code == 303
    assert rules(shop) == [] and client.get("/operations/rules/1").status_code == 404
    assert [line for line in trail(shop) if "rule" in line[0]] == [
        ("rule made", "analyst", "CM3 % of Alder is below 15.0%"), ("rule changed", "analyst", words),
        ("rule removed", "analyst", words),
    ]


@EMBEDDED
def test_what_is_no_rule_is_refused_and_what_was_typed_stays(shop, signed_in):
    client = signed_in("admin")
    for changes, words in (
        ({"figure": "nothing"}, "Choose one of the figures."), ({"whose": "brand-77"}, "Choose what the figure is of"),
        ({"whose": "brand-1 OR 1"}, "Choose what the figure is of"), ({"comparison": "is"}, "Choose how the figure"),
        ({"threshold": "1,5"}, "The line is a number like 15"),
        ({"threshold": "-3", "comparison": "falls"}, "A change is a positive number"),
    ):
        form = FORM | changes
        answer = post(client, "/operations/rules", **form)
        assert (answer.status_code, words in answer.text) == (400, True), words
        assert f'value="{form["threshold"]}"' in answer.text
    assert rules(shop) == []


@EMBEDDED
def test_the_same_rule_is_not_made_twice_and_there_is_an_end_to_many(shop, signed_in, monkeypatch):
    client = signed_in("admin")
    post(client, "/operations/rules", **FORM)
    answer = post(client, "/operations/rules", **FORM)
    assert answer.status_code == 400 and "That very rule is there already." in answer.text
    assert post(client, "/operations/rules", **FORM | {"threshold": "14"}).status_code == 303
    assert post(client, "/operations/rules/2", **FORM).status_code == 400
    monkeypatch.setattr(kept_rules, "MOST", 2)
    assert "There are 2 rules already" in post(client, "/operations/rules", **FORM | {"threshold": "13"}).text
    assert [rule.threshold for rule, *_ in rules(shop)] == [15, 14]


@EMBEDDED
def test_a_rule_about_what_is_gone_stays_and_has_no_figure(shop, signed_in):
    with shop.application.begin() as connection:
        for rule in (Rule("Gone", "below", 1, brand_id=77), Rule("CM3", "falls-year", 5, category_id=9)):
            kept_rules.add_rule(connection, rule, by="anna")
    client = signed_in("analyst")
    page = text_of(client, "/operations/rules")
    assert "Gone of brand 77 is below $1.00 no figure – in " in page
    assert "CM3 of category 9 falls, against a year ago, by more than 5.0% no figure" in page
    form = {"figure": "Gone", "whose": "brand-77", "comparison": "below", "threshold": "2"}
    assert post(client, "/operations/rules/1", **form).status_code == 303


@EMBEDDED
def test_before_the_first_refresh_rules_can_be_made_of_everything(store, signed_in):
    client = signed_in("analyst")
    assert post(client, "/operations/rules", **FORM).status_code == 400
    assert post(client, "/operations/rules", **FORM | {"whose": "all"}).status_code == 303
    assert "CM3 % of all brands is below 15.0% no figure –" in text_of(client, "/operations/rules")


@EMBEDDED
def test_notices_are_told_with_how_they_were_delivered(shop, signed_in):
    mail = MailSettings(host="mail.example", from_="lego@example.com", to=("ann@example.com",))
    shop = dataclasses.replace(shop, settings=dataclasses.replace(shop.settings, mail=mail))
    for number in range(1, 5):
        notice = Notice(f"run:{number}", "failed", f"Refresh <{number}> failed", "All of it", (), utc_now())
        outbox.write_down(shop, [notice])
    table = schema.notice_delivery
    with shop.application_reading.connect() as connection:
        first, second, third, _ = outbox.due(connection, "mail", now=utc_now())
    outbox.settle(shop, first, is_delivered=True, trouble="")
    outbox.claim(shop, second, now=utc_now())
    outbox.settle(shop, second, is_delivered=False, trouble="the server answered 451 later")
    with shop.application.begin() as connection:
        given_up = sa.update(table).where(table.c.notice_id == third.notice_id).values(state="given up", attempts=10)
        connection.execute(given_up)
    page = text_of(signed_in("analyst"), "/operations/rules")
    assert "Notices Newest first refresh failed Refresh <4> failed" in page
    assert "E-mail not tried yet" in page and "E-mail given up, 10 attempts" in page and "E-mail delivered " in page
    assert "E-mail again from " in page and "the server answered 451 later" in page
    assert "The whole notice All of it" in page
