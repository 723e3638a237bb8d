"""The rules of addresses, which are compiled when an address is first built by one: most processes, such as those of
commands, build few or none of them, and to compile them all takes longer than the rest of an app's start.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from werkzeug.routing import Rule

_Builder = Callable[..., tuple[str, str]]


def register(app: Flask) -> None:
    """For every address that is added from here on."""
    app.url_rule_class = LateRule


class LateRule(Rule):
    """werkzeug's, which writes and compiles a Python function for each rule, from its text alone."""

    _compiled: dict[tuple, _Builder] = {}

    def _compile_builder(self, append_unknown: bool = True) -> _Builder:
        key = (self.rule, self.host, self.subdomain, repr(self.defaults), append_unknown)
        compile_builder = super()._compile_builder

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            if key not in self._compiled:
                self._compiled[key] = compile_builder(append_unknown)
            return self._compiled[key](rule, **values)

        return build
