"""What is asked of the operating system: who holds a lock, which process is which, files that are whole."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from machine import private_files
from machine.garbage import none_expected
from machine.locks import open_lock, take_if_free, try_lock
from machine.processes import (
    children_of,
    folders_at_work,
    is_running,
    memory_of,
    owner_of,
    process_start,
    processor_seconds,
    program_of,
    start_if_running,
    used_so_far,
    variables_of,
)

NO_PROCESS = 2**22


def test_a_lock_is_held_by_one_opened_file_until_it_is_closed(tmp_path: Path) -> None:
    held = try_lock(tmp_path / "lock")
    other = open_lock(tmp_path / "lock")
    assert (try_lock(tmp_path / "lock"), take_if_free(other)) == (None, False)
    os.close(held)
    assert take_if_free(other)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_process_that_is_over_is_told_from_one_that_runs(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path, env={"LEGO_X": "1"}
    )
    pid = process.pid
    # Until it has become the program it has our folder and our variables; a line read is an answer.
    started = process_start(pid)
    assert is_running(pid) and started and start_if_running(pid) == started
    assert pid in children_of(os.getpid()) and owner_of(pid) == os.geteuid()
    process.stdin.close()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert (is_running(pid), process_start(pid), start_if_running(pid)) == (False, started, "")
    process.wait()
    assert (is_running(pid), process_start(pid), memory_of(pid), processor_seconds(pid)) == (False, "", 0, 0.0)


def test_children_that_are_over_count_among_what_was_used() -> None:
    before = used_so_far()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    assert used_so_far() - before >= 0.299


def test_this_process_is_known() -> None:
    me = os.getpid()
    assert memory_of(me) > 1 << 20 and processor_seconds(me) > 0
    assert program_of(me) == Path(sys.executable).resolve() and Path.cwd() in folders_at_work()
    assert any(entry.startswith(b"PATH=") for entry in variables_of(me))
    with pytest.raises(FileNotFoundError):
        owner_of(NO_PROCESS)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    private_files.replace_whole(path, b"one")
    private_files.replace_whole(path, b"two")
    assert ([found.name for found in tmp_path.iterdir()], path.read_bytes()) == (["state.json"], b"two")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TypeError):
        private_files.replace_whole(path, "no bytes")
    assert ([found.name for found in tmp_path.iterdir()], path.read_bytes()) == (["state.json"], b"two")
    with pytest.raises(FileExistsError):
        private_files.create(path)


def test_while_imports_go_on_nobody_looks_for_garbage_and_then_as_before():
    assert gc.isenabled()
    with pytest.raises(ImportError), none_expected():
        with none_expected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
