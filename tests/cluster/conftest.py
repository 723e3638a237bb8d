"""The store of each test is a cluster of its own: schemas on a head and two data nodes that are started once."""

from __future__ import annotations

import os

import pytest

from tests.conftest import SPIDER, SPIDER_COLUMNAR

# Ten million facts: for the long run.
collect_ignore = [] if "LONG_PUBLICATIONS" in os.environ else ["test_large.py"]


@pytest.fixture(params=(SPIDER, SPIDER_COLUMNAR) if "LONG_PUBLICATIONS" in os.environ else (SPIDER,))
def engine(request) -> str:
    """The engine of every test here; with summaries in columns for the long run, but for test_columnar.py."""
    return request.param
