"""A restore that is killed at any step leaves the old state or the new one, and whoever comes next clears up."""

import signal

import pytest
import sqlalchemy as sa

from database import schema
from database.backup.backup import back_up
from database.backup.restore import restore
from database.summaries.refresh import refresh
from settings import COLUMNAR
from tests.database.backup.test_backup import everything
from tests.databases import on_one_server
from tests.facts import add_brands, add_facts, add_products
from tests.faults.processes import start

pytestmark = on_one_server

STEPS = {
    "embedded": ("restore", "restoring", "restored-files", "restored"), "mysql": ("restore", "restoring", "restored"),
    COLUMNAR: ("restored-files", "restore", "restoring", "restored", "restored-pointer"),
}
"""`restore`: all is staged. `restoring`: it is decided, and with MariaDB done. `restored`: readers see it."""
UNDECIDED = {"embedded": ("restore",), "mysql": ("restore",), COLUMNAR: ("restored-files", "restore")}


@pytest.fixture
def shop(store):
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00")])
    refresh(store)
    return store


def test_a_killed_restore_leaves_one_whole_state(shop, engine, tmp_path):
    file, old = tmp_path / "lego.backup", everything(shop)
    back_up(shop, file)
    for number, step in enumerate(STEPS[engine]):
        add_facts(shop, [("B1", "US", "CM3", "2024-02", f"2.{number:02}")])
        refresh(shop)
        new = everything(shop)
        ended = start(shop.settings, tmp_path, str(file), "--replace", command=("restore",), crash_at=step)
        assert ended.code == -signal.SIGKILL, (step, ended.errors)
        shop.close()
        # Whoever gets the lock finishes what was decided, and clears away what was not.
        result = refresh(shop)
        assert everything(shop) == (new if step in UNDECIDED[engine] else old), step
        # With summaries in files none is live from before the swap until after it.
        is_built = engine == COLUMNAR and step != "restored-pointer"
        assert result.status == ("success" if is_built else "nothing to do"), step
        assert left_over(shop) == []
    restore(shop, file, replace=True)
    assert everything(shop) == old


def left_over(store) -> list[str]:
    """What only a restore makes."""
    database = store.settings.database
    if database.engine == "embedded":
        return [path.name for path in database.path.iterdir() if path.name.startswith(("restoring", "backup-"))]
    with store.facts() as connection:
        names = connection.execute(sa.text("SHOW DATABASES")).scalars()
        return [name for name in names if name.startswith(f"{database.database}_")]


def test_a_restore_waits_for_nobody_and_nobody_works_beside_it(shop, tmp_path):
    back_up(shop, tmp_path / "lego.backup")
    paused = start(
        shop.settings, tmp_path, str(tmp_path / "lego.backup"), "--replace", command=("restore",),
        crash_at="restore:pause",
    ).stopped()
    busy = start(shop.settings, tmp_path, str(tmp_path / "other.backup"), command=("backup",))
    assert busy.code == 3
    assert busy.errors.startswith("backup: a restore is running since ")
    assert paused.go_on().code == 0
    assert "Everybody signs in again" in paused.errors
    with shop.application_reading.connect() as connection:
        assert connection.execute(sa.select(schema.work_lock)).all() == []
