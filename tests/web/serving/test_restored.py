"""An app that is served while a backup is restored shows the restored figures, and nothing kept from before."""

import re

import pytest

from database.backup.backup import back_up
from database.backup.restore import restore
from database.store import open_store
from database.summaries.refresh import refresh
from tests.databases import ONE_SERVER
from tests.facts import add_brands, add_facts, add_products
from tests.web.conftest import sign_in

ADDRESS = "/dashboard?period=2024"


@pytest.mark.parametrize("engine", ONE_SERVER, indirect=True)
def test_pages_show_the_restored_figures_and_never_the_lost_ones(app, signed_in, tmp_path):
    store = app.extensions["lego_store"]
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    client = signed_in("viewer")
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "111.25")])
    refresh(store)
    other = open_store(store.settings)
    back_up(other, tmp_path / "lego.backup")
    assert "111.25" in client.get(ADDRESS).text
    for cents in (1, 2):
        # A number that was lost would be given again, if the restored log alone told which are taken.
        add_facts(store, [("B1", "US", "Net revenue", "2024-01", f"900.0{cents}")])
        refresh(store)
        lost = client.get(ADDRESS)
        assert f"1,011.2{5 + cents}" in lost.text
        restore(other, tmp_path / "lego.backup", replace=True)
        assert client.get(ADDRESS).status_code == 302, "sessions are in no backup"
        assert sign_in(client, "viewer").status_code == 303
        shown = client.get(ADDRESS, headers={"If-None-Match": lost.headers["ETag"]})
        assert (shown.status_code, "111.25" in shown.text, "1,011.2" in shown.text) == (200, True, False)
        assert number_of(shown) == number_of(lost) + 1
        assert client.get(f"{ADDRESS}&generation={number_of(lost)}").status_code == 410
    other.close()


def number_of(answer) -> int:
    """The generation that a page says it shows."""
    return int(re.search(r"generation (\d+)", answer.text, re.IGNORECASE)[1])
