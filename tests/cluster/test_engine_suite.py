"""Tests that run on every engine run on a cluster as well."""

# ruff: noqa: F403, F405, F821
from tests.imports.conftest import take, write
from tests.imports.test_batch import *
from tests.summaries.test_refresh import *

__all__ = ["take", "write"]

# Of one engine: it counts the rows that this server reads.
del test_a_file_after_the_demo_is_not_read_once_per_demo_product
