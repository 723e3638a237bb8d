"""What commands do to the figures is in the audit trail, by whoever runs them."""

import os
import pwd

import pytest
import sqlalchemy as sa

from flask_app import create_app
from tests.database.imports.conftest import HEADINGS
from tests.databases import ONE_SERVER
from tests.web.forms import trail

ME = f"{pwd.getpwuid(os.getuid()).pw_name} (command line)"
FACTS = HEADINGS + "A1,Acme,Toys,US,CM1,2024-01,10.50\nA1,Acme,Toys,US,CM1,2024-02,1.00\n"


@pytest.fixture
def run(store):
    """Runs a command, which must go well; gives what it said on stderr."""
    app = create_app(store.settings)

    def run(*arguments):
        result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.stderr

    yield run
    app.extensions["lego_store"].close()


@pytest.fixture
def facts(tmp_path):
    """A file to import."""
    path = tmp_path / "facts.csv"
    path.write_text(FACTS, encoding="utf-8")
    return path


def test_imports_refreshes_undo_and_rollback_are_recorded_with_who_ran_them(run, store, facts):
    run("import", facts, "--refresh")
    (facts.parent / "more.csv").write_text(FACTS.replace("A1", "A2"), encoding="utf-8")
    run("import", facts.parent / "more.csv", "--source", "more", "--by", "anna")
    run("refresh-summaries", "--full", "--quiet")
    run("undo-import", "2", "--by", "bert")
    run("rollback-summaries")
    names = facts.parent / "names.csv"
    names.write_text("asin,name\nA1,Brick\n", encoding="utf-8")
    run("products", names)
    assert trail(store) == [
        ("file imported", ME, "import 1: facts.csv, 2 facts, 2024-01 to 2024-02"),
        ("summaries refreshed", ME, "generation 1: full, 2 months"),
        ("file imported", ME, "import 2: more.csv, 2 facts, 2024-01 to 2024-02, for anna"),
        ("summaries refreshed", ME, "generation 2: full, 2 months"),
        ("import undone", ME, "import 2: more.csv, 2 facts gone, 0 returned, for bert"),
        ("summaries rolled back", ME, "generation 1 is live again"),
        ("products imported", ME, "names.csv: 1 products, 1 cells changed"),
    ]


def test_what_changes_nothing_is_not_recorded(run, store, facts):
    run("import", facts, "--dry-run")
    assert trail(store) == []
    run("import", facts, "--refresh")
    before = trail(store)
    run("refresh-summaries")
    run("refresh-summaries", "--plan")
    run("archive", "--before", "2023-01")
    assert trail(store) == before


@pytest.mark.parametrize("engine", ONE_SERVER, indirect=True)
def test_archiving_backups_and_their_return_are_recorded(run, store, facts):
    run("import", facts, "--refresh")
    before, folder, backup = trail(store), facts.parent / "old", facts.parent / "lego.backup"
    run("archive", "--before", "2024-02", "--to", folder)
    run("unarchive", "2024-01")
    run("backup", backup)
    assert trail(store)[len(before):] == [
        ("facts archived", ME, f"2024-01: 1 facts to {folder}"), ("facts unarchived", ME, "2024-01: 1 facts"),
        ("backup written", ME, f"{backup}: 2 facts"),
    ]
    run("restore", backup, "--replace")
    *kept, last = trail(store)
    assert kept[len(before):] == [
        ("facts archived", ME, f"2024-01: 1 facts to {folder}"), ("facts unarchived", ME, "2024-01: 1 facts"),
    ]
    assert last[:2] == ("backup restored", ME)
    assert last[2].startswith("lego.backup, made 20") and last[2].endswith(": 2 facts")


def test_a_refresh_goes_well_though_its_line_cannot_be_written(run, store, facts):
    run("import", facts)
    with store.application.begin() as connection:
        connection.execute(sa.text("DROP TABLE audit_log"))
    told = run("refresh-summaries", "--quiet")
    assert told.startswith("warning: summaries refreshed, but the audit trail has no line of it (")
    assert told.count("\n") == 1
    assert store.live_generation().generation == 1


def test_who_ran_it_is_not_what_the_environment_claims(run, store, facts, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    run("import", facts)
    assert [user for _, user, _ in trail(store)] == [ME]
