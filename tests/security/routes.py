"""The addresses of an app, from its url map. What is not understood here fails: no new route is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from flask import Flask
from werkzeug.routing import Rule

VALUES = {
    "brand_id": ["1"], "asin": ["OWN1"], "token": ["0" * 32], "filename": ["css/base.css"], "user_id": ["1"],
    "secret": ["s" * 43], "import_id": ["1"], "rule_id": ["1"], "template": ["long"],
    "settlement_id": ["28400001001"], "kind_id": ["4"], "view_id": ["1"],
}
"""What may stand in the addresses of routes with a variable."""

HOSTILE = (
    "", " ", "\0", "a\0b", "'", "' OR '1'='1", "\";DROP TABLE brand;--", "%", "_", "\\", "<script>alert(1)</script>",
    "{{7*7}}", "%s%n", "../../etc/passwd", "a\r\nSet-Cookie: x=1", "9" * 40, "-1", "0", "1e9", "1e400", "NaN", "1_000",
    "\u0661\u0662", "\u202eevil", "\U0001f9f1" * 100, "x" * 5000, "e\u0301" * 60, "2024-13", "//evil.com", "null",
)
"""What nobody means, in a parameter of an address or a field of a form."""


def routes_of(app: Flask, method: str = "GET") -> list[Rule]:
    """Every rule that takes `method`, by its text."""
    return sorted((rule for rule in app.url_map.iter_rules() if method in rule.methods), key=lambda rule: rule.rule)


def paths_of(rule: Rule, values: Mapping[str, Sequence[str]] = VALUES) -> Iterator[str]:
    """The rule's addresses, one for each value of its variable. A variable without values is a KeyError: give it
    some in VALUES, so that its route is tried."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)
    paths = [rule.rule]
    for name in names:
        paths = [re.sub(rf"<(?:\w+:)?{name}>", value, path) for path in paths for value in values[name]]
    yield from paths


def is_file(path: str) -> bool:
    """Whether the address is a page's .csv or .xlsx."""
    return path.endswith((".csv", ".xlsx"))
