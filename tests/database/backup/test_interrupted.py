"""Ctrl-C while a restore is put in place: restored facts never stand beside figures of the state before."""

import signal

import pytest

from database.backup.backup import back_up
from database.summaries.refresh import refresh
from settings import COLUMNAR
from tests.database.backup.test_backup import everything
from tests.facts import add_brands, add_facts, add_products
from tests.faults.processes import start


@pytest.mark.parametrize("engine", ["mysql", COLUMNAR])
def test_ctrl_c_as_the_swap_is_answered_leaves_no_figures_of_the_old_state(store, engine, tmp_path):
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00")])
    refresh(store)
    file, restored = tmp_path / "lego.backup", everything(store)
    back_up(store, file)
    add_facts(store, [("B1", "US", "CM3", "2024-02", "2.00")])
    refresh(store)
    paused = start(
        store.settings, tmp_path, str(file), "--replace", command=("restore",), crash_at="restoring:pause"
    ).stopped()
    paused.signal(signal.SIGINT)
    assert paused.go_on().code != 0
    store.close()
    # With files none is live until it was found out whose facts are.
    assert (store.live_generation() is None) == (engine == COLUMNAR)
    refresh(store)
    assert everything(store) == restored
