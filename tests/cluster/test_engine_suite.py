"""Tests that run on every engine run on a cluster as well."""

# ruff: noqa: F403
from tests.imports.conftest import take, write
from tests.imports.test_batch import *
from tests.summaries.test_refresh import *

__all__ = ["take", "write"]
