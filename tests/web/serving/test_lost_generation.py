"""Whatever becomes of the files of generations: the command that is named heals it, and facts stay as they are.

Every state is one that a disk, a person or another program has made. Each is looked at from the page, the doctor and
both ways back; the facts are compared row by row.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from database import schema
from database.doctor.examination import cure, examine
from database.doctor.generations import judge_generations
from database.doctor.schedule import judge_schedule
from database.engines.ports import Store
from database.journal.run_log import last_generation
from database.people import users
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import GenerationLost, NeverRefreshed, Refused
from domain.findings import SERIOUS
from domain.moments import utc_now
from flask_app import create_app
from settings import Settings
from tests.conftest import embedded_settings
from tests.facts import add_brands, add_facts, add_products, all_summary_rows
from tests.web.conftest import PASSWORD, sign_in

FULL = RefreshOptions(full=True)
FILE, POINTER, EARLIER = "000002.duckdb", "current", "000001.duckdb"


@dataclasses.dataclass(frozen=True)
class Shop:
    """An instance folder with two generations, somebody's session in a browser, and what its tables hold."""

    settings: Settings
    cookies: list
    facts: list[tuple]
    summaries: dict[str, list[tuple]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path, password_hash: str) -> Shop:
    settings = embedded_settings(tmp_path_factory.mktemp("shop"))
    shutil.copytree(empty_instance, settings.database.path)
    app = create_app(settings)
    store: Store = app.extensions["lego_store"]
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None), ("B2", None, None))
    add_facts(store, [
        (asin, "US", metric, month, f"{n}.25") for n, asin in enumerate(("B1", "B2"))
        for month in ("2024-01", "2024-02") for metric in ("Net revenue", "CM3")
    ])
    refresh(store)
    refresh(store, FULL)
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="admin", password_hash=password_hash)
    client = app.test_client()
    assert sign_in(client, "anna", PASSWORD).status_code == 303
    made = Shop(settings, list(client._cookies.values()), facts_of(store), all_summary_rows(store))
    store.close()
    return made


def facts_of(store: Store) -> list[tuple]:
    with store.facts() as connection:
        return [tuple(row) for row in connection.execute(sa.select(schema.financials).order_by(schema.financials.c.id))]


def write(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "mine").write_text("kept")


def to_loop(path: Path) -> None:
    """Nobody can read it, root included."""
    path.unlink()
    path.symlink_to(path.name)


def scratch_out(path: Path) -> None:
    """Its header is whole, and its generation's row may be read; blocks of figures may not."""
    with path.open("r+b") as file:
        for block in range((path.stat().st_size - 12288) // 2**18):
            file.seek(12288 + block * 2**18 + 20_000)
            file.write(os.urandom(2**18 - 20_000))


def exchange(path: Path) -> None:
    shutil.copyfile(path.with_name(EARLIER), path)


SPOILT = {
    "gone": Path.unlink, "cut": halve, "garbage": write(os.urandom(300_000)), "empty": write(b""), "folder": to_folder,
    "unreadable": to_loop, "scratched": scratch_out, "another": exchange,
}
MISLED = {
    "gone": Path.unlink, "empty": write(b""), "no text": write(b"\xff\xfe\x00" * 9), "large": write(b"0" * 5_000_000),
    "unknown": write(b"000099.duckdb\n"), "outside": write(b"../../000001.duckdb\n"), "folder": to_folder,
    "unreadable": to_loop, "another word": write(b"facts.duckdb\n"),
}
STATES = [(FILE, name) for name in SPOILT] + [(POINTER, name) for name in MISLED]


@pytest.fixture(params=STATES, ids=lambda state: " ".join(state))
def state(request: pytest.FixtureRequest) -> tuple[str, str]:
    """What is spoilt, and how."""
    return request.param


@pytest.fixture
def spoilt(shop: Shop, state: tuple[str, str], tmp_path: Path) -> Iterator[Settings]:
    """The shop with one file of its generations spoilt."""
    yield spoil(shop, tmp_path, *state)


def spoil(shop: Shop, folder: Path, name: str, how: str) -> Settings:
    settings = embedded_settings(folder)
    shutil.copytree(shop.settings.database.path, settings.database.path)
    (SPOILT if name != POINTER else MISLED)[how](settings.database.path / "generations" / name)
    return settings


def visitor(app: Flask, shop: Shop) -> FlaskClient:
    client = app.test_client()
    for cookie in shop.cookies:
        client.set_cookie(cookie.key, cookie.value)
    return client


def checks(store: Store) -> set[str]:
    return {found.check for found in (*judge_generations(store), *judge_schedule(store, now=utc_now()))}


def test_pages_name_the_command_that_heals_it(spoilt: Settings, shop: Shop, state) -> None:
    app = create_app(spoilt)
    client, store = visitor(app, shop), app.extensions["lego_store"]
    told = client.get("/dashboard")
    # Without a pointer nobody can tell whether there ever was one.
    command = "flask refresh-summaries" + ("" if state == (POINTER, "gone") else " --full")
    if state != (FILE, "scratched"):
        assert told.status_code == 503 and f"{command}<" in told.text, told.text
    assert client.get("/products").status_code == 503 and client.get("/healthz").status_code == 200
    # Summaries that were never built are no trouble to whoever asks whether the app is in order.
    assert client.get("/readyz").text == ("ready\n" if state == (POINTER, "gone") else "unavailable\n")
    assert {client.get(address).status_code for address in ("/operations", "/imports", "/account")} <= {200, 503}
    assert client.get("/api/v1/dashboard").status_code in (200, 503)
    assert [(found.check, found.is_fixable) for found in examine(store).findings if found.severity == SERIOUS] == [
        ("generation-lost", True)
    ]
    run = app.test_cli_runner().invoke(args=["refresh-summaries", "--full", "--quiet"])
    assert (run.exit_code, run.stdout) == (0, ""), run.output
    assert facts_of(store) == shop.facts and all_summary_rows(store) == shop.summaries
    live = store.live_generation()
    assert live.generation == last_generation(store) and live.generation > 2
    assert [client.get(address).status_code for address in ("/dashboard", "/products", "/operations")] == [200] * 3
    assert checks(store) == set()
    store.close()


def test_the_doctor_and_a_rollback_go_back_to_what_can_be_read(spoilt: Settings, shop: Shop, state, tmp_path) -> None:
    copy = dataclasses.replace(spoilt, database=dataclasses.replace(spoilt.database, path=tmp_path / "copy"))
    shutil.copytree(spoilt.database.path, copy.database.path, symlinks=True)
    lost_number = state[0] == FILE
    for settings, go_back in ((spoilt, lambda store: cure(store, list(judge_generations(store)))), (copy, roll_back)):
        store = open_store(settings)
        go_back(store)
        # A pointer that is lost is found again: both generations are whole.
        assert store.live_generation().generation == (1 if lost_number else 2)
        assert all_summary_rows(store) == shop.summaries and facts_of(store) == shop.facts
        # What was live under a number is never given to other figures.
        assert last_generation(store) == 2
        store.close()


def test_an_earlier_generation_that_is_damaged_is_told_and_never_goes_live(shop: Shop, tmp_path: Path) -> None:
    for number, how in enumerate(("cut", "scratched")):
        store = open_store(spoil(shop, tmp_path / str(number), EARLIER, how))
        assert checks(store) == {"earlier-generation-lost"}
        with pytest.raises(Refused, match=r"the earlier generation cannot go live: .*; generation 2 still is"):
            roll_back(store)
        assert store.live_generation().generation == 2 and all_summary_rows(store) == shop.summaries
        store.close()
    store = open_store(spoil(shop, tmp_path / "healed", EARLIER, "garbage"))
    refresh(store, FULL)
    assert checks(store) == set() and roll_back(store).generation == 2
    store.close()


def test_with_no_generation_left_a_refresh_begins_anew_above_all_numbers(shop: Shop, tmp_path: Path) -> None:
    for number, pointer in enumerate(("gone", "empty")):
        settings = spoil(shop, tmp_path / str(number), POINTER, pointer)
        for name in (FILE, EARLIER):
            (settings.database.path / "generations" / name).write_bytes(b"no longer")
        store = open_store(settings)
        with pytest.raises(Refused, match="no other generation can be read.*refresh-summaries --full"):
            roll_back(store)
        with pytest.raises(NeverRefreshed):
            store.read(lambda reading: reading)
        assert refresh(store, FULL).generation.generation == 3
        assert (all_summary_rows(store), facts_of(store)) == (shop.summaries, shop.facts)
        store.close()


def test_without_the_folder_of_generations_everything_is_built_anew(shop: Shop, tmp_path: Path) -> None:
    settings = spoil(shop, tmp_path, POINTER, "gone")
    shutil.rmtree(settings.database.path / "generations")
    store = open_store(settings)
    assert checks(store) == {"never-refreshed"}
    assert refresh(store, FULL).generation.generation == 3
    assert (all_summary_rows(store), facts_of(store)) == (shop.summaries, shop.facts)
    store.close()


def test_a_generation_that_was_rolled_back_does_not_return_when_the_pointer_is_lost(shop: Shop, tmp_path: Path) -> None:
    settings = embedded_settings(tmp_path)
    shutil.copytree(shop.settings.database.path, settings.database.path)
    store = open_store(settings)
    assert roll_back(store).generation == 1
    (settings.database.path / "generations" / POINTER).write_bytes(b"\0")
    with pytest.raises(GenerationLost, match="does not name a generation; .*--full"):
        store.live_generation()
    assert roll_back(store).generation == 1
    store.close()
