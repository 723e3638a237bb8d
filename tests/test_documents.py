"""README.md says all there is: every command, every option of the deployment, every setting, every exit code."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import settings
from commands import CommandFolder
from database import schema
from domain import errors

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_has_its_row() -> None:
    folder = CommandFolder("lego")
    context = click.Context(folder)
    ours = {name for name in folder.list_commands(context) if not folder.get_command(context, name).hidden}
    described = set(re.findall(r"^\| `flask ([a-z-]+)", README, re.MULTILINE))
    assert described == ours


@pytest.mark.parametrize("section", settings.SECTIONS)
def test_every_setting_has_its_row_in_its_section(section: str) -> None:
    table = README.split(f"| **`[{section}]`** |")[1].split("| **`[")[0].split("\n\n")[0]
    described = re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)))
    assert described == settings.keys_of(section)


def test_every_exit_code_is_explained() -> None:
    table = README.split("### Exit codes")[1].split("##")[0]
    family = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == {0, *family}


def test_every_option_of_the_deployment_is_explained() -> None:
    script = (ROOT / "deploy_lego.sh").read_text(encoding="utf-8")
    for option in re.findall(r"--[a-z-]+", script.split("<<'TEXT'")[1].split("\nTEXT")[0]):
        assert option in README or option == "--help"


def test_the_web_is_granted_every_table_that_it_may_see_and_no_other() -> None:
    granted = set(re.findall(r"^GRANT .* ON lego\.(\w+) TO lego_web", README, re.MULTILINE))
    dimensions = {"category", "brand", "asin", "marketplace"}
    rooms = {table.name for table in schema.tables_of(schema.PUBLISHED, schema.APPLICATION)}
    # Where products stood is a note of the refresh to itself.
    assert granted == dimensions | rooms - {"summary_placement"} | {"lego_schema_version"}


def test_every_direct_dependency_has_its_reason() -> None:
    reasons = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Dependencies")[1]
    for name in ("requirements.in", "requirements-dev.in"):
        wanted = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if re.match(r"\w", line)]
        assert [line for line in wanted if line not in reasons] == []


def test_what_is_linked_is_there() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/ARCHITECTURE.md", "docs/OPERATIONS.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            assert ((ROOT / document).parent / target).exists(), f"{document} links {target}"


def test_the_runbook_knows_every_alert_and_no_check_that_the_doctor_does_not() -> None:
    runbook = (ROOT / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    alerts = re.findall(r"alert: (\w+)", (ROOT / "ops/prometheus/alerts.yml").read_text(encoding="utf-8"))
    assert [name for name in alerts if f"`{name}`" not in runbook] == []
    assert set(re.findall(r"`(Lego[A-Z]\w+)`", runbook)) == set(alerts)
    folders = ("database", "domain")
    code = "".join(path.read_text(encoding="utf-8") for name in folders for path in sorted((ROOT / name).rglob("*.py")))
    told = re.findall(r"[`](?:[a-z]+-)+[a-z]+[`]", runbook)
    assert [name for name in told if f'"{name[1:-1]}"' not in code] == []
