"""Nothing that a test of faults started outlives it, whatever became of the test."""

import pytest

from tests.faults import processes


@pytest.fixture(autouse=True)
def _no_process_left():
    yield
    processes.end_all()
