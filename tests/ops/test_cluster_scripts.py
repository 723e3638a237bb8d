"""ops/cluster/up.sh makes a cluster that can be used at once; down.sh stops it, and nothing else."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pymysql
import pytest

from database import migrations
from database.store import open_store
from settings import ROOT, load_settings
from tests.ports import free_port


def run(script: str, *arguments: str, **variables: str) -> list[str]:
    ended = subprocess.run(
        [ROOT / "ops/cluster" / script, *arguments], env=os.environ | variables, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=240, check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


@pytest.fixture
def folder(tmp_path: Path):
    yield tmp_path / "cluster"
    run("down.sh", str(tmp_path / "cluster"))


def test_a_cluster_to_try_out_is_up_once_and_goes_down(folder):
    port = free_port(2)
    words = [
        f"A head on port {port} and 1 data nodes are up. Use them with:",
        f"export LEGO_CONFIG={folder}/config.ini",
    ]
    assert run("up.sh", "1", str(folder), PORT=str(port), MEMORY="16M") == words
    pids = [(folder / name / "pid").read_text() for name in ("head", "node1")]
    assert (folder / "config.ini").stat().st_mode & 0o777 == 0o600
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=port, user="root")
    store = open_store(load_settings(folder / "config.ini", environment={}))
    migrations.upgrade(store)
    migrations.check(store)
    store.close()
    assert run("up.sh", "1", str(folder), MEMORY="16M") == words
    assert [(folder / name / "pid").read_text() for name in ("head", "node1")] == pids
    assert run("down.sh", str(folder)) == ["stopped head", "stopped node1"]
    assert run("down.sh", str(folder)) == []


def test_a_port_that_is_taken_is_named_at_once(folder):
    port = free_port(2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(AssertionError, match=f"head ended before it answered on port {port}, which"):
            run("up.sh", "1", str(folder), PORT=str(port), MEMORY="16M")
