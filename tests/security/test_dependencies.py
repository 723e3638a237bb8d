"""What is installed is what was pinned, and nothing comes from anywhere but the index."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]

def pins(name: str) -> dict[str, str]:
    """Package -> version, of those that this machine needs."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    assert [str(one) for one in asked if one.url or not re.fullmatch(r"==[0-9][\w.]*", str(one.specifier))] == []
    return {one.name: str(one.specifier)[2:] for one in asked if one.marker is None or one.marker.evaluate()}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_is_pinned_to_one_version_of_the_index(name):
    assert len(pins(name)) > 10


def test_the_application_runs_on_the_pinned_versions():
    assert {name: metadata.version(name) for name in pins("requirements.txt")} == pins("requirements.txt")


def test_tests_and_application_pin_the_same_versions():
    ours, theirs = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: theirs[name] for name in ours if name in theirs} == {n: ours[n] for n in ours if n in theirs}
