"""`flask` finds the commands of the folder by their names, and reads in no more than it needs."""

import importlib
import subprocess
import sys

import click
import pytest

import commands
from settings import ROOT
from tests.conftest import embedded_settings, environment_of


def test_every_command_has_the_name_that_its_file_promises():
    folder = commands.CommandFolder("lego")
    context = click.Context(folder)
    names = folder.list_commands(context)
    assert "refresh-summaries" in names
    assert [folder.get_command(context, name).name for name in names] == names
    assert folder.get_command(context, "no-such-command") is None


@pytest.mark.parametrize(("arguments", "web_is_read_in"), [(["users"], False), (["routes"], True), ([], True)])
def test_only_what_serves_pages_reads_them_in(tmp_path, arguments, web_is_read_in):
    script = (
        "import sys\n"
        f"sys.argv = ['/somewhere/bin/flask', *{arguments!r}]\n"
        "import flask_app\n"
        "flask_app.create_app()\n"
        "print('web' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment_of(embedded_settings(tmp_path)),
        capture_output=True, text=True, check=True,
    )
    assert done.stdout == f"{web_is_read_in}\n", done.stderr


def test_a_module_of_a_command_holds_one():
    for module in commands._modules().values():
        assert isinstance(importlib.import_module(f"commands.{module}").command, click.Command)
