"""One real deployment for all tests of this folder: made from nothing, stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.clone import Clone


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone: no environment, no instance folder."""
    return Clone.create(tmp_path_factory.mktemp("lego") / "LEGO Dashboard")


@pytest.fixture(scope="session")
def first_output(clone: Clone) -> Iterator[str]:
    """What the first deployment of the clone printed; it serves until the last test."""
    done = clone.run()
    try:
        assert (done.returncode, done.stderr) == (0, "")
        yield done.stdout
    finally:
        clone.run("stop")


@pytest.fixture
def deployed(clone: Clone, first_output: str) -> Clone:
    """The clone while its dashboard serves."""
    if not clone.is_ready():
        assert clone.run().returncode == 0
    return clone


@pytest.fixture
def beside(deployed: Clone, tmp_path: Path) -> Iterator[Clone]:
    """The deployed code with an instance folder and a port of its own, empty. One worker does for what is asked."""
    other = deployed.beside(tmp_path / "other instance", LEGO_WEB_WORKERS="1")
    yield other
    other.run("stop")
