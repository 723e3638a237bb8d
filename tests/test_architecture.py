"""The house rules that a reader counts on: imports point down and never in a circle, engines differ in one place,
commands are documented."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import keyword
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import commands
from database.engines.build import Build
from database.engines.health import Health
from database.engines.lock import WorkLock
from database.engines.ports import FactsRoom, Published, Store

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    "domain": 0, "settings": 1, "machine": 1, "database": 2, "charts": 3, "delivery": 3, "jobs": 3, "web": 4,
    "commands": 4, "flask_app": 5, "ops": 6, "gunicorn.conf": 6, "benchmarks": 6,
}
"""Whoever stands higher may know whoever stands lower; neighbours on one floor do not know each other."""

ROOMS = {
    "database": (
        "schema.py", "engines", "store.py", "facts", "lines", "imports", "journal", "rates", "names", "people",
        "summaries", "queries", "archive", "migrations", "demo", "notices", "doctor", "backup", "refresh_summaries.py",
    ),
    "database/engines": (
        "marketplace_level.py", "month_ranges.py", "id_ranges.py", "duckdb_dialect.py", "duckdb_inserts.py",
        "whole_numbers.py", "ddl.py", "schema_versions.py", "values.py", "lock.py", "fact_marks.py", "build.py",
        "copying.py", "health.py", "ports.py", "embedded", "mariadb", "cluster", "columnar",
    ),
    "web": (
        "http", "serving", "figures", "exports", "pages", "people", "catalog", "imports", "lines", "operations",
        "menu.py", "search",
    ),
}
"""What stands in a folder, from the ground up: whoever comes later may know whoever comes before."""

WEB_LIBRARIES = {"flask", "werkzeug", "jinja2", "flask_caching", "flask_wtf", "gunicorn"}
DATABASE_LIBRARIES = {"sqlalchemy", "duckdb", "duckdb_engine", "pymysql", "alembic", "sqlite3"}
STRANGERS = {
    "database": WEB_LIBRARIES | {"plotly", "click"},
    "charts": WEB_LIBRARIES | DATABASE_LIBRARIES | {"click"},
    "delivery": WEB_LIBRARIES | DATABASE_LIBRARIES | {"plotly", "click"},
    "jobs": WEB_LIBRARIES | DATABASE_LIBRARIES | {"plotly", "click"},
    "web": {"duckdb", "duckdb_engine", "pymysql", "alembic", "sqlite3", "click"},
    "commands": {"plotly", "duckdb", "duckdb_engine", "pymysql", "alembic", "sqlite3"},
}
"""Libraries that a floor does not know."""

LONGEST = 400
"""Lines of a file. Every table stands in one, whatever its length."""

ENGINE_NAMES = {"embedded", "mysql", "mariadb", "duckdb", "sqlite", "spider", "columnar"}
ENGINE_PLACES = ("database/engines", "database/migrations", "database/store.py")


def paths() -> Iterator[Path]:
    """Every Python file of the product, from the root."""
    for folder in (*FLOORS, "."):
        pattern = "*.py" if folder == "." else "**/*.py"
        yield from (path.relative_to(ROOT) for path in sorted((ROOT / folder).glob(pattern)))


@functools.cache
def sources() -> tuple[tuple[Path, ast.Module], ...]:
    """Every Python file of the product with its syntax tree."""
    return tuple((path, ast.parse((ROOT / path).read_text(encoding="utf-8"))) for path in paths())


@pytest.fixture(scope="module", autouse=True)
def _trees_go_with_the_last_test() -> Iterator[None]:
    """They are many, and whatever is kept slows every later test that has its garbage collected."""
    yield
    sources.cache_clear()


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


@functools.cache
def imports() -> tuple[tuple[Path, int, str], ...]:
    return tuple((path, line, name) for path, tree in sources() for line, name in imported(tree))


def package(name: str) -> str:
    return name.split(".")[0]


def test_every_file_stands_on_a_floor():
    assert {floor(path) for path in paths()} <= set(FLOORS)


def test_imports_point_down():
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if package(name) in FLOORS.keys() - {floor(path)} and FLOORS[package(name)] >= FLOORS[floor(path)]
    ] == []


def tied_together(arrows: dict[Path, set[Path]]) -> list[list[str]]:
    """Groups of places each of which leads to each other of its group, in the order of their names."""
    reached = {place: _reached_from(place, arrows) for place in arrows}
    groups = {
        tuple(sorted(str(other) for other in reached[place] if place in reached.get(other, ())))
        for place in arrows
        if place in reached[place]
    }
    return [list(group) for group in sorted(groups)]


def _reached_from(start: Path, arrows: dict[Path, set[Path]]) -> set[Path]:
    reached, waiting = set(), [start]
    while waiting:
        new = arrows.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    return reached


@functools.cache
def arrows_of_files() -> dict[Path, set[Path]]:
    """Each file of the product -> the files that it imports."""
    files = set(paths())
    arrows: dict[Path, set[Path]] = {path: set() for path in files}
    for path, _, name in imports():
        arrows[path].update(filter(None, [file_of(name, files)]))
    return arrows


def file_of(name: str, files: set[Path]) -> Path | None:
    """The file that an imported name stands in; None for other people's."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = Path(*parts[:length])
        for path in (module.with_suffix(".py"), module / "__init__.py"):
            if path in files:
                return path
    return None


def arrows_inside(folder: Path) -> dict[Path, set[Path]]:
    """Each file or folder of a folder -> those beside it that are imported somewhere in it."""
    arrows: dict[Path, set[Path]] = {}
    for importing, imported_files in arrows_of_files().items():
        here = _child(folder, importing)
        if here is not None:
            arrows.setdefault(here, set()).update({_child(folder, path) for path in imported_files} - {None, here})
    return arrows


def _child(folder: Path, path: Path) -> Path | None:
    """What of a folder a path lies in, or is; None if elsewhere, or the folder's own `__init__.py`."""
    if not path.is_relative_to(folder) or path == folder / "__init__.py":
        return None
    return folder / path.relative_to(folder).parts[0]


def folders() -> list[Path]:
    return sorted({folder for path in paths() for folder in path.parents} - {Path()})


def test_no_files_import_each_other_in_a_circle():
    assert tied_together(arrows_of_files()) == []


@pytest.mark.parametrize("folder", ROOMS)
def test_rooms_know_only_those_below(folder):
    order = [f"{folder}/{name}" for name in ROOMS[folder]]
    arrows = arrows_inside(Path(folder))
    assert {str(room) for room in arrows} == set(order)
    assert [
        f"{room} -> {other}"
        for room in order
        for other in sorted(str(other) for other in arrows[Path(room)])
        if order.index(other) > order.index(room)
    ] == []


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_no_rooms_of_a_folder_import_each_other_in_a_circle(folder):
    assert tied_together(arrows_inside(folder)) == []


def test_the_search_for_circles_finds_what_it_should():
    imports = {"a": "b", "b": "c", "c": "bd", "d": "", "e": "e"}
    arrows = {Path(importing): {Path(found) for found in names} for importing, names in imports.items()}
    assert tied_together(arrows) == [["b", "c"], ["e"]]


def test_business_words_need_the_standard_library_only():
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if floor(path) in ("domain", "settings", "machine")
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
    engine_module = re.compile(r"database\.engines\.(embedded|mariadb|cluster)\.")
    assert [
        f"{path}:{line} imports {name}"
        for path, line, name in imports()
        if engine_module.match(name) and not path.as_posix().startswith(ENGINE_PLACES)
    ] == []


def test_a_store_is_put_together_from_parts_that_inherit_no_part_of_another():
    assert Store.__dataclass_params__.frozen
    assert not inspect.isabstract(Store)
    classes = [
        node for path, tree in sources() if path.is_relative_to("database/engines")
        for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    ports = {"FactsRoom", "Published", "WorkLock", "Build", "Health", "Copying", "Staging", "FactMarks", "TakingIn"}
    bases = {base for node in classes for base in map(ast.unparse, node.bases)}
    assert bases & {node.name for node in classes} == ports


def test_what_a_port_asks_of_an_engine_stays_little():
    asked = {port.__name__: len(port.__abstractmethods__) for port in (FactsRoom, Published, WorkLock, Build, Health)}
    assert asked == {"FactsRoom": 6, "Published": 11, "WorkLock": 1, "Build": 9, "Health": 4}


def test_nothing_outside_the_engines_asks_which_engine_it_is():
    assert [
        f"{path}:{node.lineno} {ast.unparse(node)[:80]}"
        for path, tree in sources()
        if not path.as_posix().startswith(ENGINE_PLACES)
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


def test_only_one_place_of_the_web_writes_lines_of_the_audit_trail():
    writing = {"database.journal.audit.record", "database.journal.audit.record_done", "database.journal.audit"}
    assert {str(path) for path, _, name in imports() if floor(path) == "web" and name in writing} == {
        "web/http/trail.py"
    }


def test_locks_of_files_and_proc_are_the_business_of_machine():
    assert {str(path) for path, _, name in imports() if package(name) == "fcntl"} == {"machine/locks.py"}
    read = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if path.parts[0] != "machine"
        for node in ast.walk(tree)
        # What gunicorn itself reads can import nothing of ours; and of processors no process is asked.
        if isinstance(node, ast.Constant) and re.search("^/proc/(?!cpuinfo)", str(node.value))
        and floor(path) != "gunicorn.conf"
    ]
    assert read == []


def test_no_file_is_longer_than_a_person_reads():
    long = {
        str(path.relative_to(ROOT))
        for folder in (*(name for name in FLOORS if (ROOT / name).is_dir()), "tests")
        for path in (ROOT / folder).rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert long == {"database/schema.py"}


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
