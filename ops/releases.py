"""Copies of the code that are served, so that a `git pull` changes nothing for an app that runs.

    .releases/<fingerprint>         the code as it stood at a deployment, and its environment
    .releases/<fingerprint>/.venv   a link to the environment that was current then
    .releases/current               a link to the copy that is served; a reload follows it

Everything is taken that the app reads: modules, templates, static files. Settings, the instance folder and environments
stay where they are (`settings.HOME`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from machine.processes import folders_at_work
from settings import HOME, RELEASES, ROOT

CURRENT = "current"
_OF_NO_APP = ("tests", "benchmarks")
_BESIDE_MODULES = ("templates", "static")


def make_release() -> Path:
    """Copies the code that stands in the repository, unless that very code is there already; returns the folder. It is
    there whole or not at all."""
    environment = (HOME / ".venv").resolve()
    files = sorted(_files(HOME))
    release = HOME / RELEASES / _fingerprint(files, environment)
    if not release.is_dir():
        draft = release.with_name(f"{release.name}.{os.getpid()}.new")
        for path in files:
            target = draft / path.relative_to(HOME)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        (draft / ".venv").symlink_to(environment)
        draft.rename(release)
    return release


def serve_this() -> str:
    """Makes the copy in which this runs the one that the next start or reload serves."""
    link = HOME / RELEASES / CURRENT
    draft = link.with_name(f"{CURRENT}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(ROOT.name)
    draft.replace(link)
    return f"{RELEASES}/{ROOT.name} is served from now on"


def remove_old() -> None:
    """Removes the copies that are neither current nor used: the app of another instance folder may serve from one."""
    folder = HOME / RELEASES
    kept = {(folder / CURRENT).resolve(), *folders_at_work()}
    for found in folder.iterdir():
        if found.name != CURRENT and found not in kept:
            shutil.rmtree(found, ignore_errors=True)


def _files(root: Path) -> Iterator[Path]:
    for found in root.iterdir():
        if found.is_dir() and found.name not in _OF_NO_APP:
            if found.name in _BESIDE_MODULES or (found / "__init__.py").is_file():
                yield from (path for path in found.rglob("*") if path.is_file() and path.suffix != ".pyc")
        elif found.suffix == ".py" or found.name == ".flaskenv":
            yield found


def _fingerprint(files: list[Path], environment: Path) -> str:
    found = hashlib.sha256(f"{environment}\n".encode())
    for path in files:
        found.update(f"{path.relative_to(HOME)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:16]
