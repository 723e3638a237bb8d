"""The store of each test is a cluster of its own: schemas on a head and two data nodes that are started once."""

from __future__ import annotations

import os

import pytest

from tests.conftest import SPIDER

# Ten million facts: for the long run.
collect_ignore = [] if "LONG_PUBLICATIONS" in os.environ else ["test_large.py"]


@pytest.fixture
def engine() -> str:
    """The engine of every test here."""
    return SPIDER
