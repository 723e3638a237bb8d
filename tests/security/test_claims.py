"""docs/SECURITY.md names tests that are there, for each of its twenty requirements."""

from __future__ import annotations

import ast
import re

from tests.security.claims import DOCUMENT, ROOT, named_tests


def test_every_requirement_has_its_tests():
    parts = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    numbers = [re.match(r"(\d+)\. ", part) for part in parts]
    assert [int(number[1]) for number in numbers if number] == list(range(1, 21))
    assert [part.partition("\n")[0] for part in parts if "- `tests/" not in part] == []


def test_every_test_that_is_named_is_there():
    missing = []
    for name in named_tests():
        file, _, test = name.partition("::")
        path = ROOT / file
        if not path.is_file() or (test and test not in functions_of(path.read_text(encoding="utf-8"))):
            missing.append(name)
    assert missing == []


def functions_of(source: str) -> set[str]:
    return {found.name for found in ast.parse(source).body if isinstance(found, ast.FunctionDef)}


def test_every_file_of_the_security_suite_is_named():
    named = {name.partition("::")[0] for name in named_tests()}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/security").glob("test_*.py")}
    assert files - named == {"tests/security/test_claims.py"}
