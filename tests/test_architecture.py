"""The house rules that a reader counts on: imports point down, engines differ in one place, commands are documented."""

from __future__ import annotations

import ast
import importlib
import keyword
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import commands

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    "domain": 0, "settings": 1, "database": 2, "charts": 3, "delivery": 3, "web": 4, "commands": 4, "flask_app": 5,
    "ops": 6, "gunicorn.conf": 6, "benchmarks": 6,
}
"""Whoever stands higher may know whoever stands lower; neighbours on one floor do not know each other."""

WEB_LIBRARIES = {"flask", "werkzeug", "jinja2", "flask_caching", "flask_wtf", "gunicorn"}
DATABASE_LIBRARIES = {"sqlalchemy", "duckdb", "duckdb_engine", "pymysql", "alembic", "sqlite3"}
STRANGERS = {
    "database": WEB_LIBRARIES | {"plotly", "click"},
    "charts": WEB_LIBRARIES | DATABASE_LIBRARIES | {"click"},
    "delivery": WEB_LIBRARIES | DATABASE_LIBRARIES | {"plotly", "click"},
    "web": {"duckdb", "duckdb_engine", "pymysql", "alembic", "sqlite3", "click"},
    "commands": {"plotly", "duckdb", "duckdb_engine", "pymysql", "alembic", "sqlite3"},
}
"""Libraries that a floor does not know."""

ENGINE_NAMES = {"embedded", "mysql", "mariadb", "duckdb", "sqlite", "spider"}
ENGINE_FOLDERS = ("database/engines", "database/migrations")


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the product, by its path from the root, with its syntax tree."""
    for folder in (*FLOORS, "."):
        pattern = "*.py" if folder == "." else "**/*.py"
        for path in sorted((ROOT / folder).glob(pattern)):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def floor(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, in functions and for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def imports() -> Iterator[tuple[Path, int, str]]:
    for path, tree in sources():
        yield from ((path, line, name) for line, name in imported(tree))


def package(name: str) -> str:
    return name.split(".")[0]


def test_every_file_stands_on_a_floor():
    assert {floor(path) for path, _ in sources()} <= set(FLOORS)


def test_imports_point_down():
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if package(name) in FLOORS.keys() - {floor(path)} and FLOORS[package(name)] >= FLOORS[floor(path)]
    ] == []


def test_business_words_need_the_standard_library_only():
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if floor(path) in ("domain", "settings")
        and package(name) not in {*sys.stdlib_module_names, "domain"}
    ] == []


@pytest.mark.parametrize("room", STRANGERS)
def test_a_floor_does_not_know_the_libraries_of_another(room):
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if floor(path) == room and package(name) in STRANGERS[room]
    ] == []


def test_only_open_store_chooses_an_engine():
    engine_module = re.compile(r"database\.engines\.(embedded|mysql|spider)")
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if engine_module.match(name) and not path.as_posix().startswith(ENGINE_FOLDERS)
    ] == []


def test_nothing_outside_the_engines_asks_which_engine_it_is():
    assert [
        f"{path}:{node.lineno} {ast.unparse(node)[:80]}"
        for path, tree in sources()
        if not path.as_posix().startswith(ENGINE_FOLDERS)
        for node in ast.walk(tree)
        # A benchmark compares each engine with its own bare self.
        if asks_for_an_engine(node) and not path.as_posix().startswith("benchmarks/")
    ] == []


def asks_for_an_engine(node: ast.AST) -> bool:
    """A comparison or a case with the name of an engine, or a lookup by it."""
    if isinstance(node, ast.Compare):
        return any(names_an_engine(side) for side in (node.left, *node.comparators))
    if isinstance(node, ast.MatchValue):
        return names_an_engine(node.value)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):
        return any(key is not None and names_an_engine(key) for key in node.value.keys)
    return False


def names_an_engine(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(names_an_engine(element) for element in node.elts)
    return isinstance(node, ast.Constant) and node.value in ENGINE_NAMES


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        ("engine == 'mysql'", True),
        ("'duckdb' != connection.dialect.name", True),
        ("engine in ('embedded', 'mysql')", True),
        ("{'mysql': 1, 'duckdb': 2}[name]", True),
        ("match name:\n    case 'mysql': pass", True),
        ("engine = 'mysql' if host else 'embedded'", False),
        ("metric == 'CM3'", False),
    ],
)
def test_the_search_for_engine_names_finds_what_it_should(line, asks):
    assert any(asks_for_an_engine(node) for node in ast.walk(ast.parse(line))) is asks


def test_every_module_says_its_duty():
    assert [
        str(path)
        for path, tree in sources()
        if tree.body and not ast.get_docstring(tree)
    ] == []


def registered_commands() -> dict[str, click.Command]:
    """File of the folder `commands` -> its command."""
    files = [found.name for found in pkgutil.iter_modules(commands.__path__)]
    return {file: importlib.import_module(f"commands.{file}").command for file in files}


COMMANDS = sorted(command.name for command in registered_commands().values())


def test_commands_are_called_like_their_files():
    for file, command in registered_commands().items():
        name = command.name.replace("-", "_")
        # A file cannot be called like a word of the language.
        assert file == (f"{name}_files" if keyword.iskeyword(name) else name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_in_the_readme(name):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"`flask {re.escape(name)}(?![\w-])", readme), f"README.md does not tell of `flask {name}`"


def test_every_command_explains_itself_in_a_sentence():
    assert [command.name for command in registered_commands().values() if not (command.help or "").strip()] == []
