"""A backup that somebody else made, or that was tampered with: one line, exit 4, and nothing was changed."""

from __future__ import annotations

import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from database.backup.backup import back_up
from database.backup.backup_file import open_backup
from database.backup.restore import restore
from database.engines.ports import Store
from domain.errors import Refused, SetupError
from tests.database.backup.test_backup import EMBEDDED, everything, filled_by, rewritten, shop  # noqa: F401

pytestmark = EMBEDDED
Members = dict[str, bytes]


def said(**changes) -> Callable[[Members], Members]:
    """The manifest with other values."""

    def change(members: Members) -> Members:
        manifest = json.loads(members["manifest.json"])
        return members | {"manifest.json": json.dumps(manifest | changes).encode()}

    return change


def raw(content: bytes) -> Callable[[Members], Members]:
    return lambda members: members | {"manifest.json": content}


def renamed(name: str) -> Callable[[Members], Members]:
    """A member under another name, in the manifest, too."""

    def change(members: Members) -> Members:
        manifest = json.loads(members["manifest.json"])
        manifest["members"][name] = manifest["members"].pop("generations/current")
        others = {key: value for key, value in members.items() if key != "generations/current"}
        return others | {name: members["generations/current"], "manifest.json": json.dumps(manifest).encode()}

    return change


WRONG_MANIFESTS = {
    "no object": raw(b"[1]"), "no json": raw(b"{"), "deep": raw(b"[" * 200_000), "no text": raw(b"\xff\xfe"),
    "long": raw(b" " * (64 * 2**20 + 1)), "format": said(format=["lego-backup"]), "version": said(format_version="1"),
    "true": said(format_version=True), "engine": said(engine={"a": 1}), "schema": said(schema=["0011"]),
    "schema with a line": said(schema="0011\n\x1b[2J"), "moment": said(made_at="yesterday"),
    "generation": said(generation="2"), "negative": said(generation=-1), "members": said(members=[]),
    "member": said(members={"facts.duckdb": 7}),
    "bytes": said(members={"facts.duckdb": {"bytes": "7", "sha256": "0" * 64}}),
    "digest": said(members={"facts.duckdb": {"bytes": 7, "sha256": "x"}}), "fingerprints": said(fingerprints=[]),
    "no facts": said(fingerprints={}), "rows": said(fingerprints={"facts": [7]}),
    "count": said(fingerprints={"facts": [["2024-01-01", "CM3", "many", "1.00"]]}),
    "tables": said(fingerprints={"facts": [], "tables": ["brand"]}),
    "table": said(fingerprints={"facts": [], "tables": {"brand": "3"}}),
}
WRONG_NAMES = (
    "../secret_key", "/etc/cron.d/lego", "generations/../../secret_key", "generations/current\0",
    "generations\\current", "generations/" + "9" * 5000 + ".duckdb", "secret_key", "config.ini",
    "generations/\x1b[2Jcurrent", "CON", "archive/",
)


def test_what_a_stranger_made_is_refused_in_one_line_and_changes_nothing(
    shop: Store, tmp_path: Path  # noqa: F811
) -> None:
    file, spoilt = tmp_path / "lego.backup", tmp_path / "spoilt"
    back_up(shop, file)
    before, files = everything(shop), sorted(shop.settings.database.path.rglob("*"))
    changes = [*WRONG_MANIFESTS.items(), *((name[:40], renamed(name)) for name in WRONG_NAMES)]
    for name, change in changes:
        refused(shop, rewritten(file, spoilt, change), name)
    for name, made in HOSTILE.items():
        made(file, spoilt)
        refused(shop, spoilt, name)
    assert everything(shop) == before
    assert sorted(shop.settings.database.path.rglob("*")) == files
    assert not (tmp_path / "secret_key").exists()


def refused(store: Store, file: Path, name: str) -> None:
    with pytest.raises(Refused) as error:
        restore(store, file, replace=True)
    words = str(error.value)
    is_line = words.isprintable() and len(words) < 600
    assert is_line and "nothing was changed" in words.lower(), (name, words)


def bomb(file: Path, target: Path) -> None:
    """Two GiB of nothing, in two MiB; the manifest says so, too."""
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["members"] = {"facts.duckdb": {"bytes": 2**31, "sha256": "0" * 64}}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("facts.duckdb", "w", force_zip64=True) as member:
            for _ in range(2**31 // 2**24):
                member.write(ZEROS)
        archive.writestr("manifest.json", json.dumps(manifest))


ZEROS = bytes(2**24)


def same_name_twice(file: Path, target: Path) -> None:
    target.write_bytes(file.read_bytes())
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("generations/current", "000001.duckdb\n")


def two_manifests(file: Path, target: Path) -> None:
    target.write_bytes(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        content = archive.read("manifest.json")
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("manifest.json", content)


def packed_otherwise(file: Path, target: Path) -> None:
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name))


def link(file: Path, target: Path) -> None:
    """A member that is a symbolic link to some program."""
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(target, "w") as other:
        for entry in archive.infolist():
            content = archive.read(entry)
            if entry.filename == "generations/current":
                entry.external_attr, content = 0o120777 << 16, b"/etc/passwd\0\0"
            other.writestr(entry, content)


HOSTILE = {"twice": same_name_twice, "two manifests": two_manifests, "packed": packed_otherwise, "link": link}


def test_a_member_that_unpacks_to_two_gib_is_not_unpacked(shop: Store, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "lego.backup"
    back_up(shop, file)
    bomb(file, tmp_path / "bomb")
    tracemalloc.start()
    with pytest.raises(Refused, match="facts.duckdb would become 200 times as large and more.*nothing was changed"):
        restore(shop, tmp_path / "bomb", replace=True)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_any_bytes_changed_in_a_backup_are_refused_or_mean_nothing(shop: Store, tmp_path: Path) -> None:  # noqa: F811
    """Half of the places are in the ZIP's own directory, at its end."""
    file, spoilt = tmp_path / "lego.backup", tmp_path / "spoilt"
    back_up(shop, file)
    whole, known = file.read_bytes(), read(file)
    found = set()
    for seed in range(150):
        chance = random.Random(seed)
        place = chance.randrange(len(whole) - 900, len(whole)) if seed % 2 else chance.randrange(len(whole))
        content = whole[:place] + chance.randbytes(chance.randrange(1, 5)) + whole[place + 4 :]
        spoilt.write_bytes(content if seed % 3 else whole[: place + 1])
        try:
            assert read(spoilt) == known
        except (Refused, SetupError) as error:
            assert str(error).isprintable() and isinstance(error, Refused), (seed, str(error))
            found.add(type(error))
    assert found == {Refused}


def read(file: Path) -> Members:
    """Every member, as a restore reads it."""
    members = {}
    with open_backup(file) as backup:
        for name in backup.manifest.members:
            with backup.member(name, lambda *told: None) as source:
                members[name] = source.read()
    return members
