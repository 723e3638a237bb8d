"""Archived months are told of: by the summaries, the plan and the doctor; and the commands say what they did."""

import json

import pytest

import commands
from database.archive.archiving import archive
from database.doctor.archive import judge_archive
from database.facts.archived import archived_months
from flask_app import create_app
from tests.database.archive.test_archive import MARCH, filled_by, shop  # noqa: F401

pytestmark = pytest.mark.parametrize("engine", ["embedded"], indirect=True)


@pytest.fixture
def runner(shop):  # noqa: F811
    """Runs commands of an app on the shop."""
    app = create_app(shop.settings)
    yield app.test_cli_runner()
    app.extensions[commands.EXTENSION].close()


def test_commands_say_what_they_did(runner, shop, tmp_path):  # noqa: F811
    folder = tmp_path / "old"
    done = runner.invoke(args=["archive", "--before", "2024-03", "--to", str(folder)])
    assert (done.exit_code, done.stdout.splitlines()[-1].partition(":")[0]) == (
        0, "Archived 11 facts of 2024-01 to 2024-02",
    )
    assert "Keep these files" in done.stderr
    again = runner.invoke(args=["archive", "--before", "2024-03"])
    assert again.stdout == "Nothing to do: no month before that has facts that are not archived.\n"
    assert f"Archived 2024-01 to 2024-02: 11 facts in files in {folder}" in runner.invoke(args=["summaries"]).stdout
    told = json.loads(runner.invoke(args=["summaries", "--json"]).stdout)["archived"]
    assert [(each["month"], each["facts"], each["value"]) for each in told] == [
        ("2024-01", 10, "1123.76"), ("2024-02", 1, "7.00"),
    ]
    listed = runner.invoke(args=["summaries", "--left-out", "unknown-product"])
    assert listed.stderr.endswith(
        "Facts of archived months (2024-01 to 2024-02) are not listed; flask unarchive brings them back.\n"
    )
    assert "2024-01  archive\n" in runner.invoke(args=["refresh-summaries", "--plan"]).stdout
    back = runner.invoke(args=["unarchive", "2024-02", "2024-01"])
    assert back.stdout == "11 facts of 2024-01 to 2024-02 are back.\n"
    assert runner.invoke(args=["unarchive"]).stdout == "Nothing to do: no month is archived.\n"


def test_the_doctor_misses_a_file_and_only_then(shop):  # noqa: F811
    archive(shop, before=MARCH)
    assert list(judge_archive(shop)) == []
    first, second = archived_months(shop)
    first.file.rename(first.file.with_suffix(".away"))
    second.file.write_bytes(second.file.read_bytes()[:-1])
    (found,) = judge_archive(shop)
    assert (found.check, found.severity) == ("archive-file-missing", "warning")
    assert found.finding == "The archived facts of 2024-01 to 2024-02 cannot be brought back"
    assert "No such file" in found.evidence
    assert f"has {second.bytes - 1:,} bytes instead of {second.bytes:,}" in found.evidence
