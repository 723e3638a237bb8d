"""Rules of addresses are compiled late, and build the addresses that werkzeug's own build."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Map, Rule
from werkzeug.routing.converters import NumberConverter

from web.http.addresses import IdConverter
from web.http.rules import LateRule

NUMBERS = (NumberConverter, IdConverter)


def test_every_address_is_the_one_that_werkzeug_builds(small_app: Flask) -> None:
    rules = list(small_app.url_map.iter_rules())
    assert len(rules) > 100 and {type(rule) for rule in rules} == {LateRule}
    own = Map(
        [Rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods, defaults=rule.defaults) for rule in rules],
        converters=small_app.url_map.converters,
    )
    for rule in rules:
        kinds = {name: rule._converters[name] for name in rule.arguments}
        values = {name: 7 if isinstance(kind, NUMBERS) else "a b/ü" for name, kind in kinds.items()}
        for asked in (values, values | {"page": 2, "search": "x & y"}):
            built, expected = (
                addresses.bind("localhost").build(rule.endpoint, asked) for addresses in (small_app.url_map, own)
            )
            assert built == expected, rule


def test_a_rule_is_compiled_when_an_address_is_built() -> None:
    addresses = Map([LateRule("/compiled/late/<int:number>", endpoint="late")])
    compiled = {rule for rule, *_ in LateRule._compiled}
    assert "/compiled/late/<int:number>" not in compiled
    assert addresses.bind("localhost").build("late", {"number": 5, "more": "1"}) == "/compiled/late/5?more=1"
    assert "/compiled/late/<int:number>" in {rule for rule, *_ in LateRule._compiled}
